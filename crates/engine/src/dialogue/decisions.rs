//! What is told of every decision on the caller, and of every answer that was begun ahead, whatever
//! came after it.

use audio::Moment;
use turn::{Completeness, Ended, Evidence};

use super::answer::Answer;
use super::{Dialogue, Effect};
use crate::event::{CallEventKind, SpeculationTry, TurnDecision, Verdict};

impl Dialogue {
    /// Tells what was decided of what was heard until `heard_until`.
    pub(super) fn tell_decision(&mut self, verdict: Verdict, ended: &Ended, heard_until: Moment) {
        let decision = TurnDecision {
            verdict,
            at_ms: self.millis(ended.decided),
            start_ms: self.millis(ended.started),
            end_ms: self.millis(heard_until),
            evidence: ended.evidence.into(),
        };
        let told = CallEventKind::Decision(Box::new(decision));
        self.effects.push_back(Effect::Tell(told));
    }

    /// Tells that a turn that was taken to be over turned out, at `now`, to be none.
    pub(super) fn tell_dismissed_late(
        &mut self,
        now: Moment,
        ended: &Ended,
        heard_until: Moment,
        has_words: bool,
    ) {
        let words = (!has_words).then_some(Completeness::Wordless);
        let known = Ended {
            decided: now,
            evidence: Evidence {
                words: words.or(ended.evidence.words),
                ..ended.evidence
            },
            ..*ended
        };
        self.tell_decision(Verdict::Dismissed, &known, heard_until);
    }

    /// Tells that an answer which was begun ahead is heard, by so much earlier.
    pub(super) fn tell_used(&mut self, began: Moment, saved_ms: u64, tokens: u64) {
        let began_ms = self.millis(began);
        self.effects
            .push_back(Effect::Tell(CallEventKind::Tried(SpeculationTry {
                began_ms,
                used: true,
                saved_ms,
                tokens,
            })));
    }

    /// Nothing of this answer is heard any more: if it was begun ahead and never was, it was
    /// wasted.
    pub(super) fn give_up_try(&mut self, answer: &mut Answer) {
        let Some(began) = answer.tried.take() else {
            return;
        };
        let began_ms = self.millis(began);
        self.effects
            .push_back(Effect::Tell(CallEventKind::Tried(SpeculationTry {
                began_ms,
                used: false,
                saved_ms: 0,
                tokens: answer.words,
            })));
    }

    /// Milliseconds from the start of the recording.
    pub(super) fn millis(&self, moment: Moment) -> u64 {
        moment
            .since(self.origin.unwrap_or(self.started))
            .as_millis() as u64
    }
}
