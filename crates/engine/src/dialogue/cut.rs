//! What was heard of an answer that was cut off: known for sure when the leg says how much of it
//! was sent, which takes until its next tick.

use std::time::Duration;

use audio::Moment;
use media::SegmentId;

use super::Dialogue;
use super::answer::Answer;

/// How long to wait for the leg's word: two ticks, and one to be sure.
const LEG_ANSWERS_WITHIN: Duration = Duration::from_millis(60);

/// An answer that was cut off, until it is known what was heard of it.
#[derive(Debug)]
pub(super) struct Cut {
    answer: Answer,
    at: Moment,
}

impl Cut {
    pub(super) const fn answer(&mut self) -> &mut Answer {
        &mut self.answer
    }
}

impl Dialogue {
    /// The agent's audio was cut off; `segment` was under way, and of it `played` was sent,
    /// counted from its first frame. What was heard follows from it to the word, where the
    /// synthesiser knows the times of words; see [`word_times`](Self::word_times).
    pub fn cut_off(&mut self, now: Moment, segment: Option<SegmentId>, played: Duration) {
        let cut = self.cut.as_mut().map(|cut| &mut cut.answer);
        let mut answers = cut.into_iter().chain(self.answer.as_mut());
        if let Some(segment) = segment
            && let Some(answer) = answers.find(|answer| answer.holds(segment))
        {
            answer.sent(segment, played);
        }
        // Word of an earlier interruption says nothing of this one.
        let known = |cut: &Cut| !cut.answer.is_uncertain();
        if self.cut.as_ref().is_some_and(known) {
            self.settle_cut();
        }
        self.catch_up(now);
    }

    /// Whether [`cut_off`](Self::cut_off) is still to come for what was interrupted.
    pub const fn awaits_cut_off(&self) -> bool {
        self.cut.is_some()
    }

    /// Accounts for an answer that was interrupted at `at`, as soon as it is known what was heard
    /// of it.
    pub(super) fn cut(&mut self, at: Moment, answer: Answer) {
        self.settle_cut();
        if answer.is_audible() {
            self.cut = Some(Cut { answer, at });
        }
    }

    /// When the wait for the leg's word is over.
    pub(super) fn cut_deadline(&self) -> Option<Moment> {
        self.cut.as_ref().map(|cut| cut.at + LEG_ANSWERS_WITHIN)
    }

    /// Gives up the wait for the leg's word when it is due.
    pub(super) fn settle_cut_if_due(&mut self, now: Moment) {
        if self.cut_deadline().is_some_and(|due| now >= due) {
            self.settle_cut();
        }
        self.catch_up(now);
    }

    /// Accounts for the cut answer with what is known of it.
    pub(super) fn settle_cut(&mut self) {
        let Some(Cut { answer, at }) = self.cut.take() else {
            return;
        };
        if let Some(suspended) = &mut self.suspended {
            suspended.rest.splice(..0, answer.unheard_from(at));
        }
        let heard = answer.heard_until(at);
        // A filler is no contribution of the model, which has still to answer.
        if !answer.only_fills() {
            self.remember(heard.as_ref());
        }
        self.tell_agent_turn(heard, true);
    }

    /// Answers the keys that were entered, unless it is still to be known what the agent said
    /// before them, or the agent has to be heard to its end first.
    pub(super) fn catch_up(&mut self, now: Moment) {
        while self.cut.is_none()
            && !self.agent_has_the_word()
            && let Some(entry) = self.entered.pop_front()
        {
            self.answer_entry(now, &entry);
        }
    }
}
