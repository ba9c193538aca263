//! What the agent says of its own accord: to a caller who is silent, and while the model is.

use audio::Moment;
use turn::AgentState;

use super::Dialogue;
use super::answer::Answer;

impl Dialogue {
    /// When both sides have been silent for too long. The question whether the caller is still
    /// there is no sound of the conversation, but it is asked to its end.
    pub(super) fn silence_due(&self) -> Option<Moment> {
        let listens = self.held.is_none() && !self.prompts_only();
        listens.then(|| self.last_activity + self.script.silence_timeout)
    }

    /// When the silent caller is to be asked next.
    pub(super) fn next_prompt(&self) -> Option<Moment> {
        let prompt = self.script.silence_prompt.as_ref()?;
        let idle = self.answer.is_none()
            && self.held.is_none()
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

    /// When the wait for the model's first words is to be bridged.
    pub(super) fn filler_due(&self) -> Option<Moment> {
        let filler = self.script.filler.as_ref()?;
        let answer = self.answer.as_ref().filter(|answer| waits(answer))?;
        let ledger = answer.ledger.as_ref()?;
        Some(ledger.decided.max(ledger.asked) + filler.after)
    }

    /// Bridges the wait for the model's first words.
    pub(super) fn fill(&mut self, now: Moment) {
        let Some(filler) = &self.script.filler else {
            return;
        };
        let message = filler.message.clone();
        if let Some(ledger) = self
            .answer
            .as_mut()
            .and_then(|answer| answer.ledger.as_mut())
        {
            ledger.first_sentence.get_or_insert(now);
        }
        self.order(message);
        self.machine.agent_is(AgentState::Thinking);
    }
}

/// Whether the model has not said a word of this answer yet, and nothing else bridges it.
fn waits(answer: &Answer) -> bool {
    answer.asking.is_some() && answer.words == 0 && !answer.has_words()
}
