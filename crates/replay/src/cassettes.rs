//! What the stages of a live call answered, for a replay of it: by what they were asked.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use audio::{Moment, SampleRate};
use engine::dialogue::{ReplyId, ToolId};
use engine::keeping::{Did, Input, fingerprint, fingerprint_of};
use engine::{ToolOutcome, ToolReply};
use llm::{ReplyPart, ReplyRequest, ToolCall};
use media::SegmentId;
use speech::{SpeakRequest, SpokenWord, Utterance};
use turn::Attempt;

use crate::kept::{Bundle, Sentence, Step};
use crate::stages::{Sound, Words};

/// How many requests were answered by cassettes, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reused {
    /// Utterances that were recognised.
    pub utterances: Share,
    /// Replies of the language model.
    pub replies: Share,
    /// Sentences that were spoken.
    pub sentences: Share,
}

/// Some of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that the cassettes had.
    pub kept: usize,
    /// All of them.
    pub all: usize,
}

/// Answers that are known, and how long each took.
#[derive(Debug, Default)]
pub(crate) struct Cassettes {
    words: HashMap<u64, Recognition>,
    judgements: HashMap<u64, (Option<f32>, Duration)>,
    replies: HashMap<u64, Reply>,
    /// What tools answered, by what was called.
    tools: HashMap<(String, String), (ToolReply, Duration)>,
    sentences: HashMap<String, Spoken>,
    /// The pace and the rate that the sentences were spoken at.
    voice: Option<(f32, SampleRate)>,
    reused: Cell<Reused>,
}

/// What became of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recognition {
    /// Its words came.
    Words {
        /// The words.
        words: Words,
        /// How long the work took.
        took: Duration,
        /// How long after the request they came.
        after: Duration,
    },
    /// It was given up before they came.
    Late {
        /// How long after the request.
        after: Duration,
    },
}

/// The parts of a reply, each with the time from the request, and the time of its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) parts: Vec<(Duration, ReplyPart)>,
    pub(crate) ended: Duration,
}

#[derive(Clone, Debug)]
struct Spoken {
    samples: Vec<i16>,
    words: Vec<SpokenWord>,
    first: Duration,
}

impl Cassettes {
    /// What the stages answered in a call that was kept. An answer that did not come to its end,
    /// or failed, is none.
    pub(crate) fn of(bundle: &Bundle) -> Self {
        let mut reading = Reading::new(bundle);
        for step in &bundle.steps {
            reading.take(step);
        }
        reading.cassettes
    }

    /// What became of an utterance.
    pub(crate) fn recognition(&self, utterance: &Utterance) -> Option<Recognition> {
        let sound = fingerprint(utterance.rate, &utterance.samples);
        let recognition = self.words.get(&sound).cloned();
        self.count(|reused| &mut reused.utterances, recognition.is_some());
        recognition
    }

    /// How much a turn sounded complete.
    pub(crate) fn judgement(&self, turn: &Utterance) -> Option<(Option<f32>, Duration)> {
        let sound = fingerprint(turn.rate, &turn.samples);
        self.judgements.get(&sound).copied()
    }

    /// A reply.
    pub(crate) fn reply(&self, request: &ReplyRequest) -> Option<Reply> {
        let reply = self.replies.get(&fingerprint_of(request)).cloned();
        self.count(|reused| &mut reused.replies, reply.is_some());
        reply
    }

    /// What a tool answered, and how long after it was called.
    pub(crate) fn tool(&self, call: &ToolCall) -> Option<(ToolReply, Duration)> {
        let known = (call.name.clone(), call.arguments.clone());
        self.tools.get(&known).cloned()
    }

    /// What a sentence sounds like.
    pub(crate) fn sound(&self, request: &SpeakRequest) -> Option<Sound> {
        let same = self.voice == Some((request.speed, request.rate));
        let spoken = self.sentences.get(&request.text).filter(|_| same);
        self.count(|reused| &mut reused.sentences, spoken.is_some());
        let spoken = spoken?;
        Some(Sound {
            samples: spoken.samples.clone(),
            words: spoken.words.clone(),
            failure: None,
            first: spoken.first,
        })
    }

    /// How many requests were answered so far.
    pub(crate) fn reused(&self) -> Reused {
        self.reused.get()
    }

    fn count(&self, share: impl FnOnce(&mut Reused) -> &mut Share, kept: bool) {
        let mut reused = self.reused.get();
        let share = share(&mut reused);
        share.all += 1;
        share.kept += usize::from(kept);
        self.reused.set(reused);
    }
}

/// Goes through a conversation and joins what was asked to what was answered.
struct Reading<'a> {
    bundle: &'a Bundle,
    cassettes: Cassettes,
    now: Moment,
    recognising: HashMap<Attempt, (u64, Moment)>,
    judging: HashMap<Attempt, (u64, Moment)>,
    /// What the recogniser said of a turn's end before it told the words.
    over: HashMap<Attempt, bool>,
    asking: HashMap<ReplyId, (u64, Moment, Reply)>,
    running: HashMap<ToolId, (ToolCall, Moment)>,
    texts: HashMap<SegmentId, String>,
    words: HashMap<SegmentId, Vec<SpokenWord>>,
    first: HashMap<SegmentId, Duration>,
}

impl<'a> Reading<'a> {
    fn new(bundle: &'a Bundle) -> Self {
        let began = &bundle.began;
        Self {
            bundle,
            cassettes: Cassettes {
                voice: Some((began.script.speed, began.rate)),
                ..Cassettes::default()
            },
            now: began.now,
            recognising: HashMap::new(),
            judging: HashMap::new(),
            over: HashMap::new(),
            asking: HashMap::new(),
            running: HashMap::new(),
            texts: HashMap::new(),
            words: HashMap::new(),
            first: HashMap::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Heard { now, .. } => self.now = *now,
            Step::Told(input) => {
                self.now = input.now().unwrap_or(self.now);
                self.told(input);
            }
            Step::Did(_, did) => self.did(did),
        }
    }

    fn did(&mut self, did: &Did) {
        match did {
            Did::Recognise { attempt, sound, .. } => {
                self.recognising.insert(*attempt, (*sound, self.now));
            }
            Did::Judge { attempt, sound, .. } => {
                self.judging.insert(*attempt, (*sound, self.now));
            }
            Did::Ask { reply, request, .. } => {
                self.asking
                    .insert(*reply, (*request, self.now, Reply::default()));
            }
            Did::CancelAsk(reply) => drop(self.asking.remove(reply)),
            Did::RunTool(id, call) => {
                self.running.insert(*id, (call.clone(), self.now));
            }
            Did::Speak(segment, text) => drop(self.texts.insert(*segment, text.clone())),
            Did::CancelRecognise(attempt) => {
                if let Some((sound, asked)) = self.recognising.remove(attempt) {
                    let after = self.now.since(asked);
                    let late = Recognition::Late { after };
                    self.cassettes.words.entry(sound).or_insert(late);
                }
            }
            Did::Hold
            | Did::Release
            | Did::Silence
            | Did::Tell(_)
            | Did::Transfer(_)
            | Did::HandOver(_)
            | Did::HangUp(_) => {}
        }
    }

    fn told(&mut self, input: &Input) {
        match input {
            Input::Recognised {
                now,
                attempt,
                words,
            } => {
                if let (Some((sound, asked)), Ok((text, took))) =
                    (self.recognising.remove(attempt), words)
                {
                    let words = Recognition::Words {
                        words: Words {
                            text: text.clone(),
                            is_over: self.over.remove(attempt),
                        },
                        took: *took,
                        after: now.since(asked),
                    };
                    self.cassettes.words.entry(sound).or_insert(words);
                }
            }
            Input::ProviderSays { attempt, over, .. } => {
                self.over.insert(*attempt, *over);
            }
            Input::Judged {
                now,
                attempt,
                completeness,
            } => {
                if let Some((sound, asked)) = self.judging.remove(attempt) {
                    let judgement = (completeness.map(f32::from_bits), now.since(asked));
                    self.cassettes.judgements.entry(sound).or_insert(judgement);
                }
            }
            Input::ReplyPart { now, reply, part } => {
                if let Some((_, asked, kept)) = self.asking.get_mut(reply) {
                    kept.parts.push((now.since(*asked), part.clone()));
                }
            }
            Input::ReplyEnded {
                now,
                reply,
                failure: None,
            } => {
                if let Some((request, asked, mut kept)) = self.asking.remove(reply) {
                    kept.ended = now.since(asked);
                    self.cassettes.replies.entry(request).or_insert(kept);
                }
            }
            Input::SynthesisStarted { at, segment } => {
                if let Some(sentence) = self.bundle.sentences.get(segment) {
                    self.first.insert(*segment, at.since(sentence.asked));
                }
            }
            Input::WordTimes { segment, words } => {
                let rate = self.bundle.began.rate;
                let sentence = self.bundle.sentences.get(segment);
                let lead = sentence.map_or(Duration::ZERO, Sentence::silence);
                let sample = |time: Duration| {
                    // A word's time is that of its sample, rounded down.
                    rate.samples_in(time.saturating_sub(lead) + Duration::from_micros(1))
                };
                let words = words.iter().map(|word| SpokenWord {
                    text: word.text.clone(),
                    audio: sample(word.sounds.start)..sample(word.sounds.end),
                });
                self.words.entry(*segment).or_default().extend(words);
            }
            Input::ToolAnswered {
                now,
                id,
                answer,
                is_spoken,
            } => {
                if let Some((call, asked)) = self.running.remove(id) {
                    let reply = ToolReply {
                        text: answer.clone(),
                        is_spoken: *is_spoken,
                        passes_to: None,
                        outcome: ToolOutcome::Done,
                    };
                    let answer = (reply, now.since(asked));
                    let tools = &mut self.cassettes.tools;
                    tools.entry((call.name, call.arguments)).or_insert(answer);
                }
            }
            Input::Synthesised { segment, .. } => self.spoken(*segment),
            Input::Close
            | Input::CutOff { .. }
            | Input::FallSilent { .. }
            | Input::Forward { .. }
            | Input::Forwarded { .. }
            | Input::Mute { .. }
            | Input::SayLine { .. }
            | Input::TakenOver { .. }
            | Input::ToolPassesOn { .. }
            | Input::Finish { .. }
            | Input::HangUp { .. }
            | Input::Hold { .. }
            | Input::Playback { .. }
            | Input::Pressed { .. }
            | Input::ReplyEnded { .. }
            | Input::SynthesisFailed { .. }
            | Input::Timeout { .. } => {}
        }
    }

    /// A sentence was spoken to its end.
    fn spoken(&mut self, segment: SegmentId) {
        let (Some(text), Some(sentence)) = (
            self.texts.remove(&segment),
            self.bundle.sentences.get(&segment),
        ) else {
            return;
        };
        let spoken = Spoken {
            samples: sentence.samples.clone(),
            words: self.words.remove(&segment).unwrap_or_default(),
            first: self.first.remove(&segment).unwrap_or_default(),
        };
        self.cassettes.sentences.entry(text).or_insert(spoken);
    }
}
