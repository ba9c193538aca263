//! The conversation of one call, without I/O: what was heard goes in with its moment, what is to
//! be done comes out.
//!
//! The driver feeds [`Dialogue`] with audio windows, recognised words, the model's reply and the
//! playout's progress, and carries out the [`Effect`]s it polls. The dialogue never reads a
//! clock, so a replay drives the same code on a virtual one.

mod ahead;
mod answer;
mod articulation;
mod bridging;
mod caller;
mod cut;
mod held_back;
mod keys;
mod ledger;
#[cfg(test)]
mod tests;
mod tools;

use std::collections::VecDeque;
use std::time::Duration;

use agent::{Conversation, SentenceSplitter};
use audio::dtmf::Digit;
use audio::{Moment, SampleRate, level};
use llm::{ReplyPart, ReplyRequest, ToolCall};
use media::SegmentId;
use serde::{Deserialize, Serialize};
use speech::Utterance;
use turn::{AgentState, Attempt, Ended, Machine, Window};

use self::ahead::{Ahead, Tally};
pub use self::answer::TimedWord;
use self::answer::{Answer, Bridged, Heard};
use self::articulation::Articulation;
use self::caller::CallerAudio;
use self::cut::Cut;
use self::keys::{Entry, Keys};
use self::ledger::{Lag, Ledger};
pub use self::tools::ToolId;
use self::tools::{Tools, Used};
use crate::event::{CallEventKind, Speaker, SpeculationTally, TranscriptTurn};
use crate::patience::Patience;
use crate::script::Script;

/// Consecutive answers that may fail, for want of words or of a voice, before the agent gives up
/// on the call.
const TOLERATED_FAILURES: u32 = 2;

/// Entries by keys that wait for the agent to finish.
const WAITING_ENTRIES: usize = 8;

/// Why a call ends that the model ended.
const ENDED_BY_AGENT: &str = "the agent ended the conversation";

/// Names one reply of the language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyId(pub u32);

/// One window of the caller's audio with the voice detector's judgement.
#[derive(Clone, Copy, Debug)]
pub struct HeardWindow<'a> {
    /// When the last sample was heard.
    pub at: Moment,
    /// When the leg delivered it.
    pub delivered: Moment,
    /// When the detector could begin to judge the window.
    pub gathered: Moment,
    /// Probability that the window holds a voice.
    pub probability: f32,
    /// The audio, at the leg's rate.
    pub samples: &'a [i16],
}

/// Progress of the agent's voice on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Playback {
    /// The first audible sample of a segment went out.
    Started(SegmentId),
    /// The last sample of a segment went out.
    Finished(SegmentId),
}

/// What the driver has to do.
#[derive(Debug)]
pub enum Effect {
    /// Recognise this audio; answer with [`Dialogue::recognised`].
    Recognise(Attempt, Utterance),
    /// Judge by its sound whether this audio is a whole turn; answer with
    /// [`Dialogue::judged`].
    Judge(Attempt, Utterance),
    /// Stop recognising: the audio has grown since.
    CancelRecognise(Attempt),
    /// Ask the language model; answer with [`Dialogue::reply_part`] and
    /// [`Dialogue::reply_ended`].
    Ask(ReplyId, ReplyRequest),
    /// Stop asking: the reply is no longer wanted.
    CancelAsk(ReplyId),
    /// Use this tool; answer with [`Dialogue::tool_answered`].
    RunTool(ToolId, ToolCall),
    /// Synthesise and play, after all that was ordered before.
    Speak(SegmentId, String),
    /// Synthesise what is ordered from now on, and keep it from being heard.
    Hold,
    /// Let what was kept back be heard, from the next tick on.
    Release,
    /// Fall silent within a tick and forget all that was ordered, kept back or not.
    Silence,
    /// Tell the world.
    Tell(CallEventKind),
    /// End the call, for this reason.
    HangUp(&'static str),
}

/// The conversation of one call. See the module's documentation for the contract.
#[derive(Debug)]
pub struct Dialogue {
    script: Script,
    patience: Patience,
    rate: SampleRate,
    origin: Option<Moment>,
    started: Moment,
    last_activity: Moment,
    machine: Machine,
    caller: CallerAudio,
    articulation: Articulation,
    keys: Keys,
    words: Words,
    undecided: Vec<Undecided>,
    dropped: Option<Ledger>,
    conversation: Conversation,
    answer: Option<Answer>,
    /// An answer that is kept back until the turn is over.
    ahead: Option<Ahead>,
    tally: Tally,
    /// What the agent was saying when it was interrupted by what may have been nothing.
    suspended: Option<Suspended>,
    /// What was cut off last, while it is not known what was heard of it.
    cut: Option<Cut>,
    /// Tools that are still at work for an answer that was given up.
    unattended: Vec<Used>,
    /// Keys that are answered when that is known.
    entered: VecDeque<Entry>,
    /// Times that the silent caller was asked in a row.
    prompts: u32,
    /// How far hearing lags behind the line.
    lag: Lag,
    turns: usize,
    failures: u32,
    unspoken: u32,
    hanging_up: Option<Moment>,
    /// Since when the far end has held the call, if it does.
    held: Option<Moment>,
    next_reply: u32,
    next_tool: u32,
    next_segment: u32,
    effects: VecDeque<Effect>,
}

/// The words of the caller's turn so far.
#[derive(Debug, Default)]
struct Words {
    started: Option<Moment>,
    settled: Vec<String>,
    attempt: Option<(Attempt, Moment)>,
    latest: Option<Recognised>,
}

#[derive(Clone, Debug)]
struct Recognised {
    attempt: Attempt,
    /// `None` when the recogniser failed.
    text: Option<String>,
    took: Duration,
    at: Moment,
}

/// An answer that was cut off and may yet go on.
#[derive(Debug)]
struct Suspended {
    /// Whose reply may still bring words.
    asking: Option<ReplyId>,
    ends_call: Option<&'static str>,
    tools: Tools,
    /// The account of an answer of which only a filler was heard.
    ledger: Option<Ledger>,
    /// What the model has said of it since it was asked.
    said: String,
    splitter: SentenceSplitter,
    rest: Vec<String>,
}

/// A turn that is over while its words are still being recognised.
#[derive(Debug)]
struct Undecided {
    ended: Ended,
    voiced_until: Moment,
    settled: Vec<String>,
    wants_answer: bool,
}

impl Dialogue {
    /// The dialogue of a call answered at `now`. Its recording began at `origin`, or begins with
    /// the first window heard.
    pub fn new(
        script: Script,
        patience: Patience,
        rate: SampleRate,
        origin: Option<Moment>,
        now: Moment,
    ) -> Self {
        let machine = Machine::new(script.turn.clone());
        let mut dialogue = Self {
            script,
            patience,
            rate,
            origin,
            started: now,
            last_activity: now,
            machine,
            caller: CallerAudio::new(rate),
            articulation: Articulation::new(rate),
            keys: Keys::default(),
            words: Words::default(),
            undecided: Vec::new(),
            dropped: None,
            conversation: Conversation::default(),
            answer: None,
            ahead: None,
            tally: Tally::default(),
            suspended: None,
            cut: None,
            unattended: Vec::new(),
            entered: VecDeque::new(),
            prompts: 0,
            lag: Lag::default(),
            turns: 0,
            failures: 0,
            unspoken: 0,
            hanging_up: None,
            held: None,
            next_reply: 0,
            next_tool: 0,
            next_segment: 0,
            effects: VecDeque::new(),
        };
        if let Some(greeting) = dialogue.script.first_message.clone() {
            dialogue.say(&greeting, None);
            dialogue.close_answer_if_over(now);
        }
        dialogue
    }

    /// Takes the next window of the caller's audio. What sounds while the far end holds the call
    /// is music, or meant for others: it counts as silence, which ends the turn that was begun.
    pub fn heard(&mut self, now: Moment, window: &HeardWindow<'_>) {
        self.settle_cut_if_due(now);
        let silence: Vec<i16>;
        let (samples, probability) = if self.held.is_some() {
            silence = vec![0; window.samples.len()];
            (silence.as_slice(), 0.0)
        } else {
            (window.samples, window.probability)
        };
        self.caller.push(window.at, samples);
        let duration = self.rate.duration_of(window.samples.len());
        self.origin.get_or_insert(window.at - duration);
        let audible = samples
            .iter()
            .rposition(|sample| level::is_audible(&[*sample]));
        let sound = self.articulation.hear(samples);
        let judged = Window {
            at: window.at,
            duration,
            probability,
            audible_until: audible
                .map(|last| window.at - self.rate.duration_of(samples.len() - last - 1)),
            articulated: sound.articulated,
            unbroken: sound.unbroken,
        };
        self.lag = Lag {
            jitter_buffer: window.delivered.since(window.at),
            decode: window.gathered.since(window.delivered),
            detection: now.since(window.gathered),
        };
        self.machine.window(now, judged);
        if self.machine.caller_has_turn() {
            self.last_activity = now;
            self.prompts = 0;
        }
        self.run_machine(now);
    }

    /// Takes a key that the caller pressed at `at`. It stops the agent where speech may; keys in a
    /// row are answered together, like a turn.
    pub fn pressed(&mut self, now: Moment, at: Moment, digit: Digit) {
        if self.held.is_some() {
            return;
        }
        self.last_activity = now;
        self.prompts = 0;
        self.discard_ahead();
        if self.keys_interrupt() {
            self.interrupt_answer(now);
        }
        if let Some(entry) = self.keys.press(at, digit) {
            self.entered(now, entry);
        }
    }

    /// Takes the words of an attempt, or that there are none to be had.
    pub fn recognised(
        &mut self,
        now: Moment,
        attempt: Attempt,
        result: Result<(String, Duration), speech::RecogniseError>,
    ) {
        let recognised = match result {
            Ok((text, took)) => Recognised {
                attempt,
                text: Some(text),
                took,
                at: now,
            },
            Err(_) => Recognised {
                attempt,
                text: None,
                took: Duration::ZERO,
                at: now,
            },
        };
        let awaited = self
            .undecided
            .iter()
            .position(|held| held.ended.attempt == attempt);
        if let Some(index) = awaited {
            let undecided = self.undecided.remove(index);
            self.turn_ended(now, undecided, &recognised);
            return;
        }
        if self
            .words
            .attempt
            .is_some_and(|(current, _)| current == attempt)
        {
            // Without words the turn waits for its longest delay, and is then not understood.
            if let Some(text) = &recognised.text {
                self.machine.recognised(now, attempt, text);
            }
            self.words.latest = Some(recognised);
            self.run_machine(now);
        }
    }

    /// Takes how likely the turn is over by the sound of an attempt, 0 to 1; `None` if nobody
    /// could tell.
    pub fn judged(&mut self, now: Moment, attempt: Attempt, completeness: Option<f32>) {
        if let Some(completeness) = completeness {
            self.machine.judged(now, attempt, completeness);
            self.run_machine(now);
        }
    }

    /// Takes the next part of a reply.
    pub fn reply_part(&mut self, now: Moment, reply: ReplyId, part: ReplyPart) {
        let text = match part {
            ReplyPart::Text(text) => text,
            ReplyPart::Call(call) => {
                self.called(now, reply, call);
                return;
            }
        };
        if let Some(suspended) = self.suspended_of(reply) {
            suspended.said.push_str(&text);
            let sentences = suspended.splitter.push(&text);
            suspended.rest.extend(sentences);
            return;
        }
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        if let Some(ledger) = &mut answer.ledger {
            ledger.first_token.get_or_insert(now);
            if ledger.tools.is_some() {
                ledger.after_tools.get_or_insert(now);
            }
        }
        answer.said.push_str(&text);
        answer.words += text.split_whitespace().count() as u64;
        let bridged = answer.bridged.take();
        let sentences = answer.splitter.push(&text);
        self.tell_bridged(bridged, Some(now));
        for sentence in sentences {
            self.speak(now, reply, sentence);
        }
    }

    /// A reply is complete, or broke off.
    pub fn reply_ended(
        &mut self,
        now: Moment,
        reply: ReplyId,
        result: Result<(), llm::ReplyError>,
    ) {
        if let Some(suspended) = self.suspended_of(reply) {
            suspended.asking = None;
            let sentences = suspended.splitter.finish();
            suspended.rest.extend(sentences);
            return;
        }
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        let sentences = answer.splitter.finish();
        let bridged = answer.bridged.take();
        self.tell_bridged(bridged, None);
        for sentence in sentences {
            self.speak(now, reply, sentence);
        }
        let goodbye = self.script.goodbye.clone();
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        let worded = answer.has_words() && !answer.said.trim().is_empty();
        let ends_call = answer.ends_call.is_some() || answer.tools.end_the_call();
        if worded || !(ends_call || answer.tools.are_idle()) {
            answer.asking = None;
            self.failures = 0;
        } else if ends_call {
            self.speak(now, reply, goodbye);
            if let Some(answer) = self.answer_to(reply) {
                answer.asking = None;
            }
        } else if self
            .ahead
            .as_ref()
            .is_some_and(|ahead| ahead.answer.asking == Some(reply))
        {
            // Nobody waits for it yet; it is asked again when somebody does.
            self.discard_ahead();
            return;
        } else {
            self.failures += 1;
            let failed = result.is_err() && self.failures > TOLERATED_FAILURES;
            let trouble = self.script.trouble.clone();
            self.speak(now, reply, trouble);
            if let Some(answer) = self.answer_to(reply) {
                answer.asking = None;
                if failed {
                    answer.ends_call = Some("the language model failed repeatedly");
                }
            }
        }
        self.go_on_with_tools(now);
        self.close_answer_if_over(now);
    }

    /// The first audio of a segment is synthesised.
    pub fn synthesis_started(&mut self, at: Moment, segment: SegmentId) {
        if let Some(ledger) = self
            .answer_with(segment)
            .and_then(|answer| answer.ledger.as_mut())
        {
            ledger.first_audio.get_or_insert(at);
        }
    }

    /// Takes when words of a segment sound, before they are played. They come in the order of the
    /// text; none ever come for a voice that does not know.
    pub fn word_times(&mut self, segment: SegmentId, words: &[TimedWord]) {
        if let Some(answer) = self.answer_with(segment) {
            answer.timed(segment, words);
        }
    }

    /// A segment is synthesised in full and lasts this long.
    pub fn synthesised(&mut self, now: Moment, segment: SegmentId, duration: Duration) {
        if let Some(answer) = self.answer_with(segment) {
            answer.synthesised(now, segment, duration);
        }
        self.goodbye_goes_on(now + duration);
        self.close_answer_if_over(now);
    }

    /// A segment could not be spoken, or not to its end: only `spoken` of it is to be heard. The
    /// agent goes on with the next one. When nothing of an answer can be heard it says that it has
    /// trouble, and when that cannot be heard either, the turn is the caller's.
    pub fn synthesis_failed(
        &mut self,
        now: Moment,
        segment: SegmentId,
        spoken: Duration,
        reason: &str,
    ) {
        let reason = reason.to_owned();
        self.effects
            .push_back(Effect::Tell(CallEventKind::Unspoken { reason }));
        if !spoken.is_zero() {
            self.synthesised(now, segment, spoken);
            return;
        }
        if let Some(answer) = self.answer_with(segment) {
            answer.lost(now, segment);
        }
        self.close_answer_if_over(now);
    }

    /// Takes the progress of the agent's voice, as it happened at `at`.
    pub fn playback(&mut self, at: Moment, playback: Playback) {
        if !self.prompts_only() {
            self.last_activity = self.last_activity.max(at);
        }
        self.goodbye_goes_on(at);
        match playback {
            Playback::Started(segment) => self.segment_started(at, segment),
            Playback::Finished(segment) => {
                let answers = self.cut.iter_mut().map(Cut::answer);
                for answer in answers.chain(&mut self.answer) {
                    answer.finished(at, segment);
                }
                if self.answer.as_ref().is_some_and(Answer::is_bridged_in_vain) {
                    self.machine.agent_is(AgentState::Thinking);
                }
                self.close_answer_if_over(at);
            }
        }
    }

    /// Has the agent say goodbye, with these words or its own, and hang up after them. On hold
    /// nobody would hear them, so the call ends at once.
    pub fn hang_up(&mut self, now: Moment, message: Option<&str>, reason: &'static str) {
        if self.hanging_up.is_some() {
            return;
        }
        self.interrupt_answer(now);
        if self.held.is_some() {
            self.end(reason);
            return;
        }
        self.hanging_up = Some(now + self.patience.longest_goodbye);
        let message = message.unwrap_or(&self.script.goodbye).to_owned();
        self.say(&message, Some(reason));
        self.close_answer_if_over(now);
    }

    /// The far end holds the call, or takes it back. Silence on hold is no silence, but a hold
    /// that lasts too long ends the call; being told of it again does not prolong it.
    pub fn hold(&mut self, now: Moment, held: bool) {
        if held == self.held.is_some() {
            return;
        }
        self.held = held.then_some(now);
        self.last_activity = now;
    }

    /// When [`timeout`](Self::timeout) is due.
    pub fn deadline(&self) -> Moment {
        let ends = self.started + self.script.max_duration;
        let own = self.hanging_up.unwrap_or_else(|| {
            let own = match self.held {
                Some(since) => ends.min(since + self.patience.longest_hold),
                None => ends,
            };
            let asks = [
                self.silence_due(),
                self.next_prompt(),
                self.filler_due(),
                self.resumption_due(),
            ];
            asks.into_iter().flatten().fold(own, Moment::min)
        });
        let others = [
            self.machine.deadline(),
            self.keys.deadline(),
            self.cut_deadline(),
            self.tools_deadline(),
        ];
        others.into_iter().flatten().fold(own, Moment::min)
    }

    /// Acts on the passing of time. Harmless when nothing is due.
    pub fn timeout(&mut self, now: Moment) {
        self.settle_cut_if_due(now);
        self.give_up_tools_if_due(now);
        self.machine.timeout(now);
        self.run_machine(now);
        if let Some(entry) = self.keys.due(now) {
            self.entered(now, entry);
        }
        if let Some(latest) = self.hanging_up {
            if now >= latest {
                self.end("the goodbye could not be played in time");
            }
            return;
        }
        if now >= self.started + self.script.max_duration {
            let message = self.script.max_duration_message.clone();
            self.hang_up(now, Some(&message), "the call reached its maximum duration");
        } else if let Some(since) = self.held {
            if now >= since + self.patience.longest_hold {
                self.end("the far end held the call for too long");
            }
        } else if self.silence_due().is_some_and(|due| now >= due) {
            if self.answer.is_some() {
                self.last_activity = now;
            } else {
                self.hang_up(now, None, "neither side said anything for too long");
            }
        } else if self.next_prompt().is_some_and(|due| now >= due) {
            self.prompt();
        } else if self.filler_due().is_some_and(|due| now >= due) {
            self.fill(now);
        } else if self.resumption_due().is_some_and(|due| now >= due) {
            self.go_on(now);
        }
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The call is ending: what is still heard is noted and not answered.
    pub fn close(&mut self) {
        self.hanging_up = Some(Moment::from_micros(u64::MAX));
    }

    /// Nobody listens any more: the agent falls silent. To be told before
    /// [`finish`](Self::finish), for as long as the leg can still say what was played.
    pub fn fall_silent(&mut self, now: Moment) {
        self.interrupt_answer(now);
    }

    /// Accounts for what was under way when the call ended.
    pub fn finish(&mut self, now: Moment) {
        self.settle_cut();
        self.catch_up(now);
        for undecided in std::mem::take(&mut self.undecided) {
            let text = undecided.settled.join(" ");
            self.caller_turn(&text, undecided.ended.started, undecided.voiced_until);
        }
        if let Some(entry) = self.keys.due(Moment::from_micros(u64::MAX)) {
            self.caller_turn(&entry.text, entry.first, entry.last);
        }
        if let Some(started) = self.words.started.take() {
            let text = self.words.take();
            let until = self.caller.voiced_until(started).unwrap_or(now);
            self.caller_turn(&text, started, until);
        }
        self.interrupt_answer(now);
        self.settle_cut();
    }

    /// Ends the call without another word.
    fn end(&mut self, reason: &'static str) {
        self.close();
        self.effects.push_back(Effect::HangUp(reason));
    }

    /// Gives a goodbye that makes progress more time.
    fn goodbye_goes_on(&mut self, until: Moment) {
        if let Some(latest) = &mut self.hanging_up {
            *latest = (*latest).max(until + self.patience.longest_goodbye);
        }
    }

    fn run_machine(&mut self, now: Moment) {
        while let Some(effect) = self.machine.poll() {
            match effect {
                turn::Effect::SpeechStarted(started) => {
                    self.discard_ahead();
                    self.caller.begin(started);
                    self.words = Words {
                        started: Some(started),
                        ..Words::default()
                    };
                }
                turn::Effect::Decode(attempt) => {
                    self.words.attempt = Some((attempt, now));
                    let utterance = self.caller.utterance();
                    self.effects
                        .push_back(Effect::Recognise(attempt, utterance));
                    self.effects
                        .push_back(Effect::Judge(attempt, self.caller.turn()));
                }
                turn::Effect::Speculate(attempt) => self.answer_ahead(now, attempt),
                turn::Effect::Superseded(attempt) => {
                    self.discard_ahead();
                    self.words.latest = None;
                    self.effects.push_back(Effect::CancelRecognise(attempt));
                }
                turn::Effect::Settle(attempt) => {
                    self.discard_ahead();
                    self.settle(attempt);
                }
                turn::Effect::Interrupt => {
                    for undecided in &mut self.undecided {
                        undecided.wants_answer = false;
                    }
                    if self.hanging_up.is_none() {
                        self.suspend(now);
                    }
                }
                turn::Effect::Dismissed => {
                    self.discard_ahead();
                    self.words = Words::default();
                    self.caller.forget();
                    self.was_no_turn(now);
                }
                turn::Effect::TurnEnded(ended) => self.decided(now, ended),
            }
        }
    }

    /// Answers what was entered by keys: at once, or when an agent that may not be interrupted has
    /// finished.
    fn entered(&mut self, now: Moment, entry: Entry) {
        if !self.agent_has_the_word() && self.hanging_up.is_none() {
            self.interrupt_answer(now);
        }
        if self.entered.len() >= WAITING_ENTRIES {
            // overflow: drops oldest
            self.entered.pop_front();
        }
        self.entered.push_back(entry);
        self.catch_up(now);
    }

    /// Whether a key stops the agent where speech may.
    fn keys_interrupt(&self) -> bool {
        self.script.turn.allow_interruptions && self.hanging_up.is_none()
    }

    /// Whether the agent speaks, and may not be interrupted.
    fn agent_has_the_word(&self) -> bool {
        let speaks = self.answer.is_some() && self.machine.agent() == AgentState::Speaking;
        speaks && !self.script.turn.allow_interruptions && self.hanging_up.is_none()
    }

    fn answer_entry(&mut self, now: Moment, entry: &Entry) {
        self.caller_turn(&entry.text, entry.first, entry.last);
        if self.hanging_up.is_some() {
            return;
        }
        self.ask(Ledger {
            last_voiced: entry.last,
            last_window: entry.last,
            decided: now,
            lag: Lag::default(),
            recognition_took: Duration::ZERO,
            recognised: now,
            asked: now,
            first_token: None,
            filler: None,
            tools: None,
            after_tools: None,
            first_sentence: None,
            first_audio: None,
            evidence: None,
            speculation: SpeculationTally::default(),
        });
    }

    fn settle(&mut self, attempt: Attempt) {
        let latest = self.words.latest.take();
        if let (Some((current, until)), Some(latest)) = (self.words.attempt, latest)
            && current == attempt
        {
            self.words.settled.extend(latest.text);
            self.caller.settle(until);
        }
    }

    fn decided(&mut self, now: Moment, ended: Ended) {
        let voiced_until = self
            .caller
            .voiced_until(ended.started)
            .unwrap_or(ended.last_voiced)
            .min(ended.last_voiced);
        self.caller.forget();
        let words = std::mem::take(&mut self.words);
        let undecided = Undecided {
            ended,
            voiced_until,
            settled: words.settled,
            wants_answer: true,
        };
        match words
            .latest
            .filter(|latest| latest.attempt == ended.attempt)
        {
            Some(latest) => self.turn_ended(now, undecided, &latest),
            None => {
                self.discard_ahead();
                self.machine.agent_is(AgentState::Thinking);
                self.undecided.push(undecided);
            }
        }
    }

    fn turn_ended(&mut self, now: Moment, undecided: Undecided, latest: &Recognised) {
        let mut parts = undecided.settled;
        parts.extend(latest.text.as_deref().map(|text| text.trim().to_owned()));
        parts.retain(|part| !part.is_empty());
        let text = parts.join(" ");
        let agrees = !text.is_empty() && turn::is_backchannel(&text);
        if self.suspended.is_some() && agrees {
            if undecided.wants_answer {
                self.was_no_turn(now);
            }
            return;
        }
        let goes_on = self.answer.is_some() && self.script.turn.allow_interruptions;
        if goes_on && undecided.wants_answer && self.hanging_up.is_none() && !text.is_empty() {
            // The agent did not wait for these words.
            self.interrupt_answer(now);
        }
        self.caller_turn(&text, undecided.ended.started, undecided.voiced_until);
        if self.hanging_up.is_some() {
            return;
        }
        if text.is_empty() {
            if undecided.wants_answer {
                self.without_words(now, latest.text.is_none());
            }
            return;
        }
        self.give_up_suspended();
        let ledger = Ledger {
            last_voiced: undecided.voiced_until,
            last_window: undecided.ended.last_window,
            decided: undecided.ended.decided,
            lag: self.lag,
            recognition_took: latest.took,
            recognised: latest.at,
            asked: now,
            first_token: None,
            filler: None,
            tools: None,
            after_tools: None,
            first_sentence: None,
            first_audio: None,
            evidence: Some(undecided.ended.evidence),
            speculation: SpeculationTally::default(),
        };
        if undecided.wants_answer {
            for other in &mut self.undecided {
                other.wants_answer = false;
            }
            if !self.release_ahead(undecided.ended.attempt, &text, &ledger) {
                self.ask(ledger);
            }
            return;
        }
        // What came after it is answered together with it, unless that turns out to be noise.
        let awaited = self.undecided.iter().any(|other| other.wants_answer);
        if awaited || self.machine.caller_has_turn() {
            self.dropped = Some(ledger);
        }
    }

    /// A turn that was to be answered has no words: it was noise, or could not be recognised.
    fn without_words(&mut self, now: Moment, failed: bool) {
        if !failed {
            self.was_no_turn(now);
        } else if self.answer.is_none() {
            let message = self.script.not_understood.clone();
            self.say(&message, None);
        }
        if self.answer.is_none() && self.undecided.is_empty() {
            self.machine.agent_is(AgentState::Silent);
        }
    }

    /// What was heard was no turn: what it stopped or dropped is taken up again. While an earlier
    /// turn still waits for its words, those decide.
    fn was_no_turn(&mut self, now: Moment) {
        if let Some(last) = self.undecided.last_mut() {
            last.wants_answer = true;
        } else if !self.go_on(now) {
            self.take_up_dropped(now);
        }
    }

    fn ask(&mut self, mut ledger: Ledger) {
        self.settle_cut();
        self.discard_ahead();
        self.dropped = None;
        if let Some(earlier) = self.answer.take() {
            self.leave_tools(earlier.tools);
        }
        let tally = self.tally.take_turn();
        if tally.tries > 0 {
            ledger.speculation = tally;
        }
        let reply = self.order_reply(self.conversation.messages(), true);
        self.answer = Some(Answer::new(Some(reply), Some(ledger)));
        self.machine.agent_is(AgentState::Thinking);
    }

    /// Asks the model to answer the last message, with tools or without.
    fn order_reply(&mut self, mut messages: Vec<llm::Message>, with_tools: bool) -> ReplyId {
        if let Some(message) = self.still_at_work() {
            messages.insert(messages.len().saturating_sub(1), message);
        }
        let reply = ReplyId(self.next_reply);
        self.next_reply += 1;
        let request = ReplyRequest {
            system: self.script.system.clone(),
            messages,
            knowledge: self.script.knowledge.clone(),
            tools: if with_tools {
                self.script.tools.clone()
            } else {
                Vec::new()
            },
            may_end_call: true,
            goodbye: self.script.goodbye.clone(),
        };
        self.effects.push_back(Effect::Ask(reply, request));
        reply
    }

    /// Says fixed words, as an answer of their own.
    fn say(&mut self, text: &str, ends_call: Option<&'static str>) {
        let mut splitter = SentenceSplitter::default();
        let mut sentences = splitter.push(text);
        sentences.extend(splitter.finish());
        let mut answer = Answer::new(None, None);
        answer.ends_call = ends_call;
        self.discard_ahead();
        self.give_up_suspended();
        self.dropped = None;
        self.answer = Some(answer);
        // Fixed words are on their way at once: only what may interrupt the agent stops them.
        self.machine.agent_is(AgentState::Speaking);
        for sentence in sentences {
            self.order(sentence);
        }
    }

    /// Speaks a sentence of a reply, in earshot or not.
    fn speak(&mut self, now: Moment, reply: ReplyId, sentence: String) {
        let segment = SegmentId(self.next_segment);
        let Some(answer) = self.answer_to(reply) else {
            return;
        };
        if let Some(ledger) = &mut answer.ledger {
            ledger.first_sentence.get_or_insert(now);
        }
        answer.add(segment, sentence.clone());
        self.next_segment += 1;
        self.effects.push_back(Effect::Speak(segment, sentence));
    }

    fn order(&mut self, sentence: String) {
        let segment = SegmentId(self.next_segment);
        self.next_segment += 1;
        if let Some(answer) = &mut self.answer {
            answer.add(segment, sentence.clone());
            self.effects.push_back(Effect::Speak(segment, sentence));
        }
    }

    /// The answer, heard or kept back, that waits for this reply.
    fn answer_to(&mut self, reply: ReplyId) -> Option<&mut Answer> {
        let ahead = self.ahead.as_mut().map(|ahead| &mut ahead.answer);
        let mut answers = self.answer.as_mut().into_iter().chain(ahead);
        answers.find(|answer| answer.asking == Some(reply))
    }

    /// The answer, heard or kept back, that this segment belongs to.
    fn answer_with(&mut self, segment: SegmentId) -> Option<&mut Answer> {
        let ahead = self.ahead.as_mut().map(|ahead| &mut ahead.answer);
        let mut answers = self.answer.as_mut().into_iter().chain(ahead);
        answers.find(|answer| answer.holds(segment))
    }

    fn segment_started(&mut self, at: Moment, segment: SegmentId) {
        if let Some(cut) = &mut self.cut {
            cut.answer().started(at, segment);
        }
        let Some(answer) = &mut self.answer else {
            return;
        };
        if !answer.started(at, segment) {
            return;
        }
        self.unspoken = 0;
        self.machine.agent_is(AgentState::Speaking);
        if !answer.goes_on {
            self.machine.agent_begins(at);
        }
        if let Some(mut ledger) = answer.ledger.take() {
            if ledger.speculation.used > 0 {
                ledger.speculation.used_tokens = answer.words;
            }
            let origin = self.origin.unwrap_or(self.started);
            let latency = Box::new(ledger.close(self.turns, origin, at));
            if ledger.filler.is_some() && ledger.first_token.is_none() {
                answer.bridged = Some(Bridged { ledger, latency });
            } else {
                self.effects
                    .push_back(Effect::Tell(CallEventKind::Latency(latency)));
            }
        }
    }

    fn close_answer_if_over(&mut self, now: Moment) {
        let Some(answer) = self.answer.take_if(|answer| answer.is_over()) else {
            return;
        };
        if !answer.is_prompt {
            self.last_activity = now;
        }
        self.machine.agent_is(AgentState::Silent);
        self.settle_cut();
        let heard = answer.heard();
        self.remember(heard.as_ref());
        self.tell_agent_turn(heard, false);
        if let Some(reason) = answer.ends_call {
            self.end(reason);
        } else if answer.was_lost() {
            self.apologise();
        }
        self.catch_up(now);
    }

    /// The caller waits for an answer that could not be spoken.
    fn apologise(&mut self) {
        self.unspoken += 1;
        if self.unspoken > TOLERATED_FAILURES {
            self.end("the agent's voice failed repeatedly");
            return;
        }
        let trouble = self.script.trouble.clone();
        self.say(&trouble, None);
    }

    fn interrupt_answer(&mut self, now: Moment) {
        self.discard_ahead();
        self.give_up_suspended();
        let Some(mut answer) = self.answer.take() else {
            self.machine.agent_is(AgentState::Silent);
            return;
        };
        if let Some(reply) = answer.asking {
            self.effects.push_back(Effect::CancelAsk(reply));
        }
        self.leave_tools(std::mem::take(&mut answer.tools));
        // The ledger is still there when nothing of the answer was audible.
        self.dropped = answer.ledger.take();
        if let Some(bridged) = answer.bridged.take() {
            self.dropped = Some(bridged.ledger.clone());
            self.tell_bridged(Some(bridged), None);
        } else if let Some(dropped) = &mut self.dropped {
            let tally = std::mem::take(&mut dropped.speculation);
            self.tally.unheard(tally, answer.words);
        }
        self.effects.push_back(Effect::Silence);
        self.machine.agent_is(AgentState::Silent);
        self.cut(now, answer);
    }

    /// Asks again for an answer that was dropped before it was audible, because what dropped it
    /// was no turn.
    fn take_up_dropped(&mut self, now: Moment) {
        if let Some(ledger) = self.dropped.take()
            && self.answer.is_none()
            && self.hanging_up.is_none()
        {
            self.ask(ledger.asked_again(now));
        }
    }

    /// The model is to know what was heard of its words.
    fn remember(&mut self, heard: Option<&Heard>) {
        if let Some(heard) = heard {
            self.conversation.push_agent(&heard.text);
        }
    }

    fn tell_agent_turn(&mut self, heard: Option<Heard>, interrupted: bool) {
        let Some(heard) = heard else {
            return;
        };
        self.tell_turn(
            Speaker::Agent,
            heard.text,
            heard.started,
            heard.finished,
            interrupted,
        );
    }

    fn caller_turn(&mut self, text: &str, started: Moment, ended: Moment) {
        if text.is_empty() {
            return;
        }
        self.settle_cut();
        self.conversation.push_caller(text);
        self.tell_turn(Speaker::Caller, text.to_owned(), started, ended, false);
    }

    fn tell_turn(
        &mut self,
        speaker: Speaker,
        text: String,
        started: Moment,
        ended: Moment,
        interrupted: bool,
    ) {
        self.turns += 1;
        let origin = self.origin.unwrap_or(self.started);
        let millis = |moment: Moment| moment.since(origin).as_millis() as u64;
        let turn = TranscriptTurn {
            speaker,
            text,
            start_ms: millis(started),
            end_ms: millis(ended),
            interrupted,
        };
        self.effects
            .push_back(Effect::Tell(CallEventKind::Turn(turn)));
    }
}

impl Words {
    fn take(&mut self) -> String {
        let mut parts = std::mem::take(&mut self.settled);
        parts.extend(self.latest.take().and_then(|latest| latest.text));
        parts.join(" ")
    }
}
