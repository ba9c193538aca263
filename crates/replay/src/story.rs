//! What a conversation was, pieced together from what it ordered and told.

use std::collections::VecDeque;
use std::mem;

use audio::Moment;
use engine::{
    CallEventKind, Script, Speaker, SpeculationTry, TranscriptTurn, TurnDecision, TurnLatency,
};

/// Contributions that may be cut off before the first of them is told.
const MOST_CUT: usize = 4;

/// What the conversation was, as it told while it went on.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// The turns of both sides.
    pub(crate) turns: Vec<Told>,
    /// One for each answer that was heard.
    pub(crate) latencies: Vec<TurnLatency>,
    /// The decisions on what was heard of the caller.
    pub(crate) decisions: Vec<TurnDecision>,
    /// The answers that were begun ahead.
    pub(crate) tries: Vec<SpeculationTry>,
    /// The tools that the model called.
    pub(crate) tools: Vec<Used>,
    /// Why sentences could not be spoken.
    pub(crate) unspoken: Vec<String>,
    /// Why the language model could not be asked.
    pub(crate) unreachable: Option<String>,
}

/// A tool that the model called.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) at: Moment,
    pub(crate) tool: String,
    /// A JSON object.
    pub(crate) arguments: String,
}

/// A turn, and what is known of it beside.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) turn: TranscriptTurn,
    /// All that the agent had to say; for its own turns.
    pub(crate) wanted: String,
    /// When the turn was told.
    pub(crate) at: Moment,
    /// Whether the agent only asks if the caller is still there.
    pub(crate) is_prompt: bool,
}

/// Pieces a story together.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    story: Story,
    /// The words with which the agent asks a silent caller whether they are still there.
    prompt: Option<String>,
    /// What the agent has to say since it last fell silent.
    wanted: Vec<String>,
    /// What it had to say when it was cut off, as long as it is not told what was heard of that.
    cut: VecDeque<String>,
}

impl Narrator {
    /// The narrator of a call with this script.
    pub(crate) fn of(script: &Script) -> Self {
        let prompt = script.silence_prompt.as_ref();
        Self {
            prompt: prompt.map(|prompt| spaced(&prompt.message)),
            ..Self::default()
        }
    }

    /// The agent is to say this.
    pub(crate) fn order(&mut self, text: &str) {
        self.wanted.push(text.to_owned());
    }

    /// All that was ordered is forgotten.
    pub(crate) fn silence(&mut self) {
        // overflow: drops oldest; nothing was heard of it
        self.cut.truncate(MOST_CUT - 1);
        self.cut.push_front(mem::take(&mut self.wanted).join(" "));
    }

    /// Takes what the conversation told at `now`.
    pub(crate) fn tell(&mut self, now: Moment, kind: CallEventKind) {
        match kind {
            CallEventKind::Turn(turn) => {
                let wanted = match turn.speaker {
                    Speaker::Agent if turn.interrupted => self.cut_off(&turn.text),
                    Speaker::Agent => mem::take(&mut self.wanted).join(" "),
                    Speaker::Caller => String::new(),
                };
                let is_prompt = self.prompt.as_ref() == Some(&spaced(&wanted));
                self.story.turns.push(Told {
                    turn,
                    wanted,
                    at: now,
                    is_prompt,
                });
            }
            CallEventKind::Latency(latency) => self.story.latencies.push(*latency),
            CallEventKind::Decision(decision) => self.story.decisions.push(*decision),
            CallEventKind::Tried(tried) => self.story.tries.push(tried),
            CallEventKind::ToolCalled {
                name, arguments, ..
            } => {
                self.story.tools.push(Used {
                    at: now,
                    tool: name,
                    arguments,
                });
            }
            CallEventKind::Unspoken { reason } => self.story.unspoken.push(reason),
            CallEventKind::Started { .. }
            | CallEventKind::Ringing
            | CallEventKind::Answered
            | CallEventKind::ToolAnswered { .. }
            | CallEventKind::Muted { .. }
            | CallEventKind::RuleFired { .. }
            | CallEventKind::Forwarding { .. }
            | CallEventKind::Forwarded(_)
            | CallEventKind::Ended(_) => {}
        }
    }

    /// What the agent had to say when it was cut off after this much.
    fn cut_off(&mut self, heard: &str) -> String {
        let mut cut = self.cut.iter();
        let place = cut.position(|wanted| wanted.starts_with(heard));
        // What was cut off before it will not be told any more.
        let mut since = self.cut.drain(place.unwrap_or(0)..);
        since.next().unwrap_or_else(|| heard.to_owned())
    }

    /// The whole story.
    pub(crate) fn story(self) -> Story {
        self.story
    }
}

/// Words with one space between them.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
