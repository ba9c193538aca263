//! The end of a call: the goodbye, and the account of what was under way.

use audio::Moment;

use super::{Dialogue, Effect};

impl Dialogue {
    /// Has the agent say goodbye, with these words or its own, and hang up after them. On hold
    /// nobody would hear them, and who is muted says nothing, so the call ends at once.
    pub fn hang_up(&mut self, now: Moment, message: Option<&str>, reason: &'static str) {
        // Nobody waits for the end of what is said to a machine.
        if self.hanging_up.is_some() && !self.voicemail.is_leaving() {
            return;
        }
        self.voicemail.stop();
        self.interrupt_answer(now);
        self.lines.clear();
        if self.forwarding_due().is_some() {
            self.forwarding = None;
        }
        if self.held.is_some() || self.muted {
            self.end(reason);
            return;
        }
        self.hanging_up = Some(now + self.patience.longest_goodbye);
        let message = message.unwrap_or(&self.script.goodbye).to_owned();
        self.say(&message, Some(reason));
        self.close_answer_if_over(now);
    }

    /// The call is ending: what is still heard is noted and not answered.
    pub fn close(&mut self) {
        self.voicemail.stop();
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
    pub(super) fn end(&mut self, reason: &'static str) {
        self.close();
        self.effects.push_back(Effect::HangUp(reason));
    }

    /// Gives a goodbye that makes progress more time.
    pub(super) fn goodbye_goes_on(&mut self, until: Moment) {
        if let Some(latest) = &mut self.hanging_up {
            *latest = (*latest).max(until + self.patience.longest_goodbye);
        }
    }
}
