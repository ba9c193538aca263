//! Recorded speech with known pauses.

use std::time::Duration;

use audio::{Moment, SampleRate};
use serde::Serialize;

/// The rate of a passage's audio.
pub(crate) const RATE: SampleRate = SampleRate::HZ_16000;

/// What a pause is in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The turn is over: it should be answered soon.
    TurnEnd,
    /// The speaker goes on; the pause may stand between two sentences.
    MidTurn,
    /// The speaker goes on, and the pause stands in the middle of a clause.
    MidClause,
    /// The end of one utterance that stands for itself: it should be answered soon.
    Whole,
    /// Nobody knows: a change of speaker or a breath. Not counted.
    Between,
}

impl Kind {
    /// Whether a decision in this pause is right.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::TurnEnd | Self::Whole)
    }

    /// Whether a decision in this pause cuts the speaker off.
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::MidTurn | Self::MidClause)
    }
}

/// A pause of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What it is.
    pub kind: Kind,
    /// When the turn began that it ends or interrupts.
    pub turn: Moment,
    /// When the speech stopped.
    pub start: Moment,
    /// When speech went on, or the passage ends.
    pub end: Moment,
}

impl Pause {
    /// How long it is.
    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }
}

/// A recording and its pauses, in order. Moments count from the recording's first sample.
#[derive(Clone, Debug)]
pub struct Passage {
    /// What it is called in reports.
    pub name: String,
    /// 16 kHz, mono.
    pub samples: Vec<i16>,
    /// Its pauses.
    pub pauses: Vec<Pause>,
}

/// The moment of a sample.
pub(crate) fn moment(place: usize) -> Moment {
    Moment::ZERO + RATE.duration_of(place)
}
