//! The conversation of one call, without I/O: what was heard goes in with its moment, what is to
//! be done comes out.
//!
//! The driver feeds [`Dialogue`] with audio windows, recognised words, the model's reply and the
//! playout's progress, and carries out the [`Effect`]s it polls. The dialogue never reads a
//! clock, so a replay drives the same code on a virtual one.

mod ahead;
mod answer;
mod articulation;
mod biquad;
mod bridging;
mod caller;
mod cut;
mod decisions;
mod ending;
mod entries;
pub(crate) mod forwarding;
mod hearing;
mod held_back;
mod keys;
mod ledger;
mod orders;
mod replying;
#[cfg(test)]
mod tests;
mod tools;
mod transcript;
mod turns;
mod voice;
mod voicemail;

use std::collections::VecDeque;
use std::time::Duration;

use agent::{Conversation, SentenceSplitter};
use audio::{Moment, SampleRate};
use llm::{ReplyRequest, ToolCall};
use media::SegmentId;
use serde::{Deserialize, Serialize};
use speech::Utterance;
use turn::{Attempt, Ended, Machine};
use uuid::Uuid;

use self::ahead::{Ahead, Tally};
use self::answer::Answer;
pub use self::answer::TimedWord;
use self::articulation::Articulation;
use self::caller::CallerAudio;
use self::cut::Cut;
use self::forwarding::Forwarding;
use self::keys::{Entry, Keys};
use self::ledger::{Lag, Ledger};
use self::orders::Line;
pub use self::tools::ToolId;
use self::tools::{Tools, Used};
use self::voicemail::Voicemail;
pub use self::voicemail::is_of_voicemail;
use crate::event::CallEventKind;
use crate::patience::Patience;
use crate::script::Script;

/// Consecutive answers that may fail, for want of words or of a voice, before the agent gives up
/// on the call.
const TOLERATED_FAILURES: u32 = 2;

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
    /// Ask the far end to call this number or extension instead; answer with
    /// [`Dialogue::forwarded`].
    Transfer(String),
    /// Find the script of this agent for the call; answer with [`Dialogue::taken_over`], or with
    /// [`Dialogue::forwarded`] where there is no such agent.
    HandOver(Uuid),
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
    /// What is to be said when neither side speaks.
    lines: VecDeque<Line>,
    /// Whether the agent may say nothing.
    muted: bool,
    /// Whom the call is being passed on to.
    forwarding: Option<Forwarding>,
    voicemail: Voicemail,
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
        let voicemail = Voicemail::new(script.voicemail.is_some(), rate);
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
            lines: VecDeque::new(),
            muted: false,
            forwarding: None,
            voicemail,
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

    /// The far end holds the call, or takes it back. Silence on hold is no silence, but a hold
    /// that lasts too long ends the call; being told of it again does not prolong it.
    pub fn hold(&mut self, now: Moment, held: bool) {
        if held == self.held.is_some() {
            return;
        }
        self.held = held.then_some(now);
        self.last_activity = now;
        self.say_next_line(now);
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
                self.voicemail_due(),
            ];
            asks.into_iter().flatten().fold(own, Moment::min)
        });
        let others = [
            self.machine.deadline(),
            self.keys.deadline(),
            self.cut_deadline(),
            self.tools_deadline(),
            self.forwarding_due(),
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
                self.end(self.late_ending());
            }
            return;
        }
        self.pass_on_if_due(now);
        if now >= self.started + self.script.max_duration {
            let message = self.script.max_duration_message.clone();
            self.hang_up(now, Some(&message), "the call reached its maximum duration");
        } else if let Some(since) = self.held {
            if now >= since + self.patience.longest_hold {
                self.end("the far end held the call for too long");
            }
        } else if self.forwarding.is_some() {
            // The far end, or the caller's next agent, is to speak next.
        } else if self.voicemail_due().is_some_and(|due| now >= due) {
            self.leave_message_after_silence(now);
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
}

impl Words {
    fn take(&mut self) -> String {
        let mut parts = std::mem::take(&mut self.settled);
        parts.extend(self.latest.take().and_then(|latest| latest.text));
        parts.join(" ")
    }
}
