//! An answer that is begun before the caller's turn is surely over, out of earshot.

use audio::Moment;
use turn::Attempt;

use super::answer::Answer;
use crate::event::SpeculationTally;

/// Answers that may be thrown away in a call, beyond as many as were spoken.
const WASTE: u32 = 20;

/// An answer that is kept back.
#[derive(Debug)]
pub(super) struct Ahead {
    /// The decode that it answers.
    pub(super) attempt: Attempt,
    /// The words that it answers.
    pub(super) text: String,
    pub(super) answer: Answer,
    pub(super) asked: Moment,
}

/// What answering ahead has brought and cost.
#[derive(Debug, Default)]
pub(super) struct Tally {
    call_used: u32,
    call_wasted: u32,
    turn: SpeculationTally,
}

impl Tally {
    /// Whether another answer may be begun.
    pub(super) const fn allows_another(&self) -> bool {
        self.call_wasted < self.call_used + WASTE
    }

    pub(super) const fn began(&mut self) {
        self.turn.tries += 1;
    }

    pub(super) const fn used(&mut self) {
        self.call_used += 1;
        self.turn.used += 1;
    }

    pub(super) const fn wasted(&mut self, words: u64) {
        self.call_wasted += 1;
        self.turn.wasted += 1;
        self.turn.wasted_tokens += words;
    }

    /// An answer with this account, which had brought so many words, was stopped before anything of
    /// it was audible: whatever was begun ahead for it was wasted.
    pub(super) const fn unheard(&mut self, tally: SpeculationTally, words: u64) {
        self.call_used = self.call_used.saturating_sub(tally.used);
        self.call_wasted += tally.used;
        self.turn.tries += tally.tries;
        self.turn.wasted += tally.wasted + tally.used;
        self.turn.wasted_tokens += tally.wasted_tokens;
        if tally.used > 0 {
            self.turn.wasted_tokens += words;
        }
    }

    /// What the turn that ends now had of it.
    pub(super) fn take_turn(&mut self) -> SpeculationTally {
        std::mem::take(&mut self.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_in_which_it_never_helps_stops_answering_ahead() {
        let mut tally = Tally::default();
        for _ in 0..WASTE {
            assert!(tally.allows_another());
            tally.wasted(10);
        }
        assert!(!tally.allows_another());
        tally.used();
        assert!(tally.allows_another());
    }
}
