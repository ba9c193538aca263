//! The caller's speech of one turn, as far as the machine follows it.

use std::time::Duration;

use audio::Moment;

use crate::completeness::Completeness;
use crate::evidence::Evidence;
use crate::machine::{Attempt, Window};

/// Speech is articulated for a part of its length at least: a third.
const ARTICULATED: u32 = 3;

/// From this probability on the detector is sure of a voice, and what sounds like words
/// counts so many times.
pub(crate) const SURE: f32 = 0.97;
const SURELY: f32 = 4.0;

/// The speech of a turn so far.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) started: Moment,
    /// End of the last window that held speech, or its end dying away.
    pub(crate) last_voiced: Moment,
    /// The last sound within it.
    pub(crate) last_audible: Moment,
    /// How long it has sounded since the last longer pause.
    pub(crate) sounding: Duration,
    /// How much of that was articulated.
    pub(crate) articulated: Duration,
    pub(crate) unsettled_since: Moment,
    /// The words that are settled.
    pub(crate) settled: String,
    /// The words of the last decode since then.
    latest: String,
    pub(crate) interrupted: bool,
    /// Whether the agent was speaking meanwhile.
    pub(crate) overlapped: bool,
    /// A decode that only counts the words of an interruption, and when it was asked for.
    pub(crate) probe: Option<(Attempt, Moment)>,
    /// Answers that were begun ahead of the turn's end.
    pub(crate) tries: u32,
}

impl Voice {
    /// A voice that the detector notices with this window. What sounded without a pause before it
    /// counts as well.
    pub(crate) fn begin(window: &Window) -> Self {
        let started = window.at - window.duration;
        Self {
            started,
            last_voiced: started,
            last_audible: started,
            sounding: window.unbroken.saturating_sub(window.duration),
            articulated: window.articulated_before,
            unsettled_since: started,
            settled: String::new(),
            latest: String::new(),
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
        self.sounding += window.duration;
        let weight = if window.probability >= SURE {
            SURELY
        } else {
            1.0
        };
        let articulated = (weight * window.articulated).clamp(0.0, 1.0);
        self.articulated += window.duration.mul_f32(articulated);
    }

    /// Takes the first window after speech. The detector has lost the voice, but its last sound may
    /// still be dying away.
    pub(crate) fn dies_away(&mut self, window: &Window) {
        if let Some(audible) = window.audible_until {
            self.last_voiced = window.at;
            self.last_audible = self.last_audible.max(audible);
        }
    }

    /// Goes on after a longer pause.
    pub(crate) const fn sounds_anew(&mut self) {
        self.sounding = Duration::ZERO;
        self.articulated = Duration::ZERO;
    }

    /// Takes the words of a decode, and says what they mean for the end of the turn together with
    /// those that are settled.
    pub(crate) fn words(&mut self, text: &str) -> Completeness {
        text.trim().clone_into(&mut self.latest);
        match Completeness::of(text) {
            words if self.settled.is_empty() || words == Completeness::Wordless => words,
            _ => Completeness::of(&format!("{} {}", self.settled, self.latest)),
        }
    }

    /// Keeps the words of the last decode. A recogniser ends them on a full stop even where the
    /// sentence goes on.
    pub(crate) fn settle(&mut self, words: Completeness) {
        let whole = matches!(words, Completeness::Question | Completeness::Finished);
        let marks: &[char] = if whole { &[] } else { &['.', '!', '?'] };
        let latest = self.latest.trim_end_matches(marks);
        if !self.settled.is_empty() {
            self.settled.push(' ');
        }
        self.settled.push_str(latest);
        self.latest.clear();
    }

    /// Whether it has sounded for so long, and like speech: a syllable of nasals and closed vowels
    /// is articulated at its end alone.
    pub(crate) fn is_speech_of(&self, length: Duration) -> bool {
        self.sounding >= length && self.articulated >= length / ARTICULATED
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
