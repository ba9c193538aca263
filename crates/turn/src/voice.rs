//! The caller's speech of one turn, as far as the machine follows it.

use std::time::Duration;

use audio::Moment;

use crate::evidence::Evidence;
use crate::machine::{Attempt, Window};

/// The speech of a turn so far.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) started: Moment,
    /// End of the last window that held speech.
    pub(crate) last_voiced: Moment,
    /// The last sound within such a window.
    pub(crate) last_audible: Moment,
    /// How much of it was articulated.
    pub(crate) articulated: Duration,
    pub(crate) unsettled_since: Moment,
    pub(crate) settled_words: bool,
    pub(crate) interrupted: bool,
    /// Whether the agent was speaking meanwhile.
    pub(crate) overlapped: bool,
    /// A decode that only counts the words of an interruption, and when it was asked for.
    pub(crate) probe: Option<(Attempt, Moment)>,
    /// Answers that were begun ahead of the turn's end.
    pub(crate) tries: u32,
}

impl Voice {
    pub(crate) const fn begin(started: Moment) -> Self {
        Self {
            started,
            last_voiced: started,
            last_audible: started,
            articulated: Duration::ZERO,
            unsettled_since: started,
            settled_words: false,
            interrupted: false,
            overlapped: false,
            probe: None,
            tries: 0,
        }
    }

    /// Takes a window of speech.
    pub(crate) fn goes_on(&mut self, window: &Window) {
        self.last_voiced = window.at;
        if let Some(audible) = window.audible_until {
            self.last_audible = self.last_audible.max(audible);
        }
        if window.articulated {
            self.articulated += window.duration;
        }
    }
}

/// What is known of a turn at one of its pauses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decode {
    pub(crate) attempt: Attempt,
    pub(crate) evidence: Evidence,
    /// Whether an answer to it was begun.
    pub(crate) answered_ahead: bool,
    /// Whether its words only show that the caller listens.
    pub(crate) backchannel: bool,
}
