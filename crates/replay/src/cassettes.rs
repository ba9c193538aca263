//! What the stages of a live call answered, for a replay of it: by what they were asked.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use audio::{Moment, SampleRate};
use engine::dialogue::{ReplyId, ToolId};
use engine::keeping::{Did, Input, fingerprint, fingerprint_of};
use engine::{ForwardOutcome, Script, ToolOutcome, ToolReply};
use llm::{ReplyPart, ReplyRequest, ToolCall};
use media::SegmentId;
use speech::{SpeakRequest, SpokenWord, Utterance};
use turn::Attempt;
use uuid::Uuid;

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
    /// What came of passing the call on, by whom it was passed on to.
    transfers: HashMap<String, Transfer>,
    /// The scripts of agents that took over.
    successors: HashMap<Uuid, Script>,
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

/// What the far end answered that was asked to call somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// It told what came of it.
    Told {
        /// What.
        outcome: ForwardOutcome,
        /// The SIP status of a refusal.
        sip_code: Option<u16>,
        /// How long after it was asked.
        after: Duration,
    },
    /// Nothing, before the call was over.
    Nothing,
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

    /// What came of asking the far end to call `target`.
    pub(crate) fn transfer(&self, target: &str) -> Option<Transfer> {
        self.transfers.get(target).copied()
    }

    /// The script of an agent that took over.
    pub(crate) fn successor(&self, agent: Uuid) -> Option<Script> {
        self.successors.get(&agent).cloned()
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

/// Whom a call is being passed on to.
enum Passing {
    To(String, Moment),
    Over(Uuid),
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
    /// Whom the call is being passed on to.
    passing: Option<Passing>,
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
            passing: None,
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
            Did::Transfer(target) => {
                let transfers = &mut self.cassettes.transfers;
                transfers.entry(target.clone()).or_insert(Transfer::Nothing);
                self.passing = Some(Passing::To(target.clone(), self.now));
            }
            Did::HandOver(agent) => self.passing = Some(Passing::Over(*agent)),
            Did::Hold | Did::Release | Did::Silence | Did::Tell(_) | Did::HangUp(_) => {}
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
                let reply = ToolReply {
                    text: answer.clone(),
                    is_spoken: *is_spoken,
                    passes_to: None,
                    outcome: ToolOutcome::Done,
                };
                self.tool_answered(*now, *id, reply);
            }
            Input::ToolPassesOn {
                now,
                id,
                agent,
                answer,
            } => {
                let reply = ToolReply {
                    text: answer.clone(),
                    ..ToolReply::passed_on(*agent)
                };
                self.tool_answered(*now, *id, reply);
            }
            Input::Forwarded {
                now,
                outcome,
                sip_code,
            } => {
                if let Some(Passing::To(target, asked)) = self.passing.take()
                    && let Some(known @ Transfer::Nothing) =
                        self.cassettes.transfers.get_mut(&target)
                {
                    *known = Transfer::Told {
                        outcome: *outcome,
                        sip_code: *sip_code,
                        after: now.since(asked),
                    };
                }
            }
            Input::TakenOver { script, .. } => {
                if let Some(Passing::Over(agent)) = self.passing.take() {
                    let successors = &mut self.cassettes.successors;
                    successors
                        .entry(agent)
                        .or_insert_with(|| (**script).clone());
                }
            }
            Input::Synthesised { segment, .. } => self.spoken(*segment),
            Input::Close
            | Input::CutOff { .. }
            | Input::FallSilent { .. }
            | Input::Forward { .. }
            | Input::Mute { .. }
            | Input::SayLine { .. }
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

    /// A tool answered. What it is known by is what was called, and how.
    fn tool_answered(&mut self, now: Moment, id: ToolId, reply: ToolReply) {
        if let Some((call, asked)) = self.running.remove(&id) {
            let answer = (reply, now.since(asked));
            let tools = &mut self.cassettes.tools;
            tools.entry((call.name, call.arguments)).or_insert(answer);
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

#[cfg(test)]
mod tests {
    use agent::AgentDefinition;
    use engine::keeping::Record;
    use engine::{Direction, Occasion};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::kept::example;

    const AGENT: Uuid = Uuid::from_u128(7);

    fn at(millis: u64) -> Moment {
        example::BEGAN + Duration::from_millis(millis)
    }

    fn call() -> ToolCall {
        let call = json!({ "name": "sales", "arguments": "{}" });
        serde_json::from_value(call).expect("a call")
    }

    fn script(name: &str) -> Script {
        let agent = AgentDefinition {
            name: name.to_owned(),
            ..AgentDefinition::default()
        };
        Script::for_call(
            &agent,
            &Occasion {
                direction: Direction::Inbound,
                number: "caller",
                about: None,
                prompt: None,
                first_message: Some("This is sales."),
                local_time: agent.local_time(Timestamp::UNIX_EPOCH),
            },
        )
    }

    #[test]
    fn a_tool_that_passed_the_call_on_does_so_again_and_the_same_agent_takes_over() {
        let bundle = example::bundle(&[
            Record::Did(Did::RunTool(ToolId(0), call())),
            Record::Told(Input::ToolPassesOn {
                now: at(400),
                id: ToolId(0),
                agent: AGENT,
                answer: "Passed on.".to_owned(),
            }),
            Record::Did(Did::HandOver(AGENT)),
            Record::Told(Input::TakenOver {
                now: at(900),
                script: Box::new(script("Sales")),
            }),
        ]);
        let cassettes = Cassettes::of(&bundle);
        let (reply, after) = cassettes.tool(&call()).expect("an answer");
        assert_eq!(reply.passes_to, Some(AGENT));
        assert_eq!(reply.text, "Passed on.");
        assert_eq!(after, Duration::from_millis(400));
        let successor = cassettes.successor(AGENT).expect("a script");
        assert_eq!(successor.first_message.as_deref(), Some("This is sales."));
        assert!(cassettes.successor(Uuid::nil()).is_none());
    }

    #[test]
    fn what_came_of_passing_a_call_on_is_known_by_whom_it_was_passed_on_to() {
        let bundle = example::bundle(&[
            Record::Told(Input::Timeout { now: at(100) }),
            Record::Did(Did::Transfer("+14155550199".to_owned())),
            Record::Told(Input::Forwarded {
                now: at(600),
                outcome: ForwardOutcome::Refused,
                sip_code: Some(603),
            }),
            Record::Did(Did::Transfer("200".to_owned())),
        ]);
        let cassettes = Cassettes::of(&bundle);
        let refused = Transfer::Told {
            outcome: ForwardOutcome::Refused,
            sip_code: Some(603),
            after: Duration::from_millis(500),
        };
        assert_eq!(cassettes.transfer("+14155550199"), Some(refused));
        assert_eq!(cassettes.transfer("200"), Some(Transfer::Nothing));
        assert_eq!(cassettes.transfer("201"), None);
    }

    #[test]
    fn what_the_recogniser_said_of_a_turns_end_comes_with_its_words_again() {
        let utterance = Utterance {
            samples: vec![7; 160],
            rate: SampleRate::HZ_8000,
        };
        let bundle = example::bundle(&[
            Record::Did(Did::Recognise {
                attempt: Attempt(0),
                samples: 160,
                sound: fingerprint(utterance.rate, &utterance.samples),
            }),
            Record::Told(Input::ProviderSays {
                now: at(300),
                attempt: Attempt(0),
                over: true,
            }),
            Record::Told(Input::Recognised {
                now: at(300),
                attempt: Attempt(0),
                words: Ok(("Hello.".to_owned(), Duration::from_millis(60))),
            }),
        ]);
        let words = Words {
            text: "Hello.".to_owned(),
            is_over: Some(true),
        };
        let kept = Recognition::Words {
            words,
            took: Duration::from_millis(60),
            after: Duration::from_millis(300),
        };
        assert_eq!(Cassettes::of(&bundle).recognition(&utterance), Some(kept));
    }
}
