//! What the agent says of its own accord: to a caller who is silent, and while the model is.

use audio::Moment;
use turn::AgentState;

use super::answer::{Answer, Bridged};
use super::{Dialogue, Effect};
use crate::event::CallEventKind;

impl Dialogue {
    /// When both sides have been silent for too long. The question whether the caller is still
    /// there is no sound of the conversation, but it is asked to its end.
    pub(super) fn silence_due(&self) -> Option<Moment> {
        let leaves = self.forwarding.is_some() || self.voicemail.is_reached();
        let listens = self.held.is_none() && !leaves && !self.prompts_only();
        listens.then(|| self.last_activity + self.script.silence_timeout)
    }

    /// When the silent caller is to be asked next.
    pub(super) fn next_prompt(&self) -> Option<Moment> {
        let prompt = self.script.silence_prompt.as_ref()?;
        let idle = self.answer.is_none()
            && self.held.is_none()
            && !self.muted
            && !self.is_leaving()
            && self.undecided.is_empty()
            && !self.machine.caller_has_turn();
        let due = self.last_activity + prompt.interval * (self.prompts + 1);
        (idle && self.prompts < prompt.most).then_some(due)
    }

    /// Whether nothing but such a question is being said.
    pub(super) fn prompts_only(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.is_prompt)
    }

    /// Asks the silent caller whether they are still there.
    pub(super) fn prompt(&mut self) {
        let Some(prompt) = &self.script.silence_prompt else {
            return;
        };
        let message = prompt.message.clone();
        self.prompts += 1;
        self.say(&message, None);
        if let Some(answer) = &mut self.answer {
            answer.is_prompt = true;
        }
    }

    /// When the wait for the model's first words is to be bridged, or that for a tool: each time
    /// after a longer silence. On hold nobody would hear it.
    pub(super) fn filler_due(&self) -> Option<Moment> {
        let filler = self.script.filler.as_ref();
        let filler = filler.filter(|_| self.held.is_none() && self.forwarding.is_none())?;
        let speaks = |answer: &&Answer| !answer.is_silent && !answer.passes_on;
        let answer = self.answer.as_ref().filter(speaks)?;
        if waits(answer) {
            let ledger = answer.ledger.as_ref()?;
            return Some(ledger.decided.max(ledger.asked) + filler.after);
        }
        let silent = answer.tools.at_work_since()?.max(answer.quiet_since()?);
        Some(silent + filler.after * (answer.fillers + 1))
    }

    /// Tells how long the model took whose first words a filler was said for, or that it had none.
    pub(super) fn tell_bridged(&mut self, bridged: Option<Bridged>, first_token: Option<Moment>) {
        if let Some(bridged) = bridged {
            self.effects
                .push_back(Effect::Tell(told(bridged, first_token)));
        }
    }

    /// Bridges the wait for the model's first words, or for a tool.
    pub(super) fn fill(&mut self, now: Moment) {
        let Some(filler) = &self.script.filler else {
            return;
        };
        let message = filler.message.clone();
        if let Some(answer) = &mut self.answer {
            answer.fillers += 1;
            if let Some(ledger) = &mut answer.ledger {
                ledger.filler = Some(now);
                ledger.first_sentence = Some(now);
            }
        }
        self.order(message);
        self.machine.agent_is(AgentState::Thinking);
    }
}

/// What of a bridged wait was not known when the filler was heard: when the model's words came, if
/// they did.
pub(super) fn told(bridged: Bridged, first_token: Option<Moment>) -> CallEventKind {
    let Bridged {
        ledger,
        mut latency,
    } = bridged;
    let token = first_token.map(|token| token.since(ledger.asked).as_millis() as u64);
    latency.model_first_token_ms = token;
    CallEventKind::Latency(latency)
}

/// Whether the model has not said a word of this answer yet, and nothing else bridges it.
fn waits(answer: &Answer) -> bool {
    !answer.goes_on && answer.is_being_composed() && answer.words == 0 && !answer.has_words()
}
