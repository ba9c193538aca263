//! When to play faster or slower, and by how much.
//!
//! The position of the stream that is about to be played lies behind the one that
//! would arrive now if there were no jitter; the distance is the delay. A packet may
//! be late by the time from its ideal arrival to the pull that needs it. Since pulls
//! come every 20 ms, that time depends on how packets and pulls lie to each other,
//! and of all delays that are good for the same lateness only the smallest is worth
//! having: [`room`] says how far the delay is from it.

use std::time::Duration;

use audio::Moment;

use crate::activity::Activity;
use crate::reception::Reception;
use crate::stretch::{Care, Stretch};
use crate::tape::Tape;

/// A delay that is larger than needed falls only so far …
const MARGIN: Duration = Duration::from_millis(10);
/// … and one that is larger by more than this falls fast.
const FAST: Duration = Duration::from_millis(40);
/// Speech is changed where it repeats itself this well …
const ALIKE: f32 = 0.85;
/// … or, in haste, this well …
const LEAST_ALIKE: f32 = 0.5;
/// … and, unless in haste, only every so many frames.
const SPACING: u32 = 3;
/// Speech that did not repeat itself for so many frames, or, in haste, for so many, is
/// changed all the same.
const PATIENCE: u32 = 60;
const LEAST_PATIENCE: u32 = 8;
/// Of packets that are late, so large a share must be late by a frame more for it
/// to be worth making the audio before them longer.
const LATER_STILL: f32 = 0.1;

/// Where the playout stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standpoint {
    pub(crate) now: Moment,
    /// The position about to be played.
    pub(crate) first: i64,
    /// The position up to which there is decoded audio; a packet begins there.
    pub(crate) end: i64,
    /// Samples in a frame.
    pub(crate) frame: i64,
}

/// What is to be done to the audio about to be played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// Take out at most so many samples.
    Shorten { most: i64, haste: bool },
    /// Put in at most so many samples, or one pitch cycle.
    Lengthen { most: i64, haste: bool },
}

/// Sets the pace of the playout.
#[derive(Debug)]
pub(crate) struct Pace {
    stretch: Stretch,
    activity: Activity,
    /// Frames since speech was changed.
    unchanged: u32,
}

impl Pace {
    /// A pace for audio at `hertz` samples a second.
    pub(crate) const fn new(hertz: u32) -> Self {
        Self {
            stretch: Stretch::new(hertz),
            activity: Activity::new(),
            unchanged: 0,
        }
    }

    /// Takes note of a frame that is played.
    pub(crate) fn note(&mut self, frame: &[i16]) {
        self.activity.note(frame);
        self.unchanged = self.unchanged.saturating_add(1);
    }

    /// How many samples beyond a frame are looked at to shorten it.
    pub(crate) const fn look_ahead(&self) -> usize {
        self.stretch.needed_to_shorten(self.stretch.longest())
    }

    /// Compares the delay with the one that the network asks for.
    pub(crate) fn decide(&self, rx: &Reception, at: Standpoint) -> Change {
        let target = rx.arrivals.target();
        let margin = (target / 4).min(MARGIN);
        let safe = if rx.leaves_out_late() {
            target
        } else {
            (target + margin).max(rx.arrivals.last())
        };
        let excess = room(rx, at, at.end, safe.min(rx.ceiling()));
        if excess > 0 {
            let haste = excess > rx.scale.samples_in(FAST);
            return Change::Shorten {
                most: excess,
                haste,
            };
        }
        if !rx.leaves_out_late() && is_running_dry(rx, at) {
            let most = self.stretch.longest() as i64;
            return Change::Lengthen { most, haste: true };
        }
        let short = -room(rx, at, at.end, target);
        if short > 0 {
            return Change::Lengthen {
                most: short,
                haste: false,
            };
        }
        Change::None
    }

    /// Makes a change to the first `frame` samples of what is to be played, which
    /// leaves at least as many.
    pub(crate) fn make(
        &mut self,
        change: Change,
        tape: &mut Tape,
        frame: usize,
        rx: &mut Reception,
    ) {
        let changed = match change {
            Change::None => 0,
            Change::Shorten { most, haste } => {
                let spare = tape.pending().saturating_sub(frame);
                let most = usize::try_from(most).unwrap_or(0).min(spare);
                let removed = self
                    .care(tape, frame, haste)
                    .map_or(0, |care| self.stretch.shorten(tape, most, care));
                rx.statistics.shrunk_samples += removed as u64;
                removed
            }
            Change::Lengthen { most, haste } => {
                let added = self.care(tape, frame, haste).map_or(0, |care| {
                    let most = match care {
                        Care::Quiet => usize::try_from(most).unwrap_or(0),
                        Care::Alike(_) => self.stretch.longest(),
                    };
                    self.stretch.lengthen(tape, most, care)
                });
                rx.statistics.stretched_samples += added as u64;
                added
            }
        };
        if changed > 0 {
            self.unchanged = 0;
        }
    }

    /// How the frame may be changed, if at all.
    fn care(&self, tape: &Tape, frame: usize, haste: bool) -> Option<Care> {
        let next = tape.next();
        if self.activity.is_quiet(next.get(..frame).unwrap_or(next)) {
            return Some(Care::Quiet);
        }
        let (alike, spacing, patience) = if haste {
            (LEAST_ALIKE, 0, LEAST_PATIENCE)
        } else {
            (ALIKE, SPACING, PATIENCE)
        };
        if self.unchanged >= patience {
            return Some(Care::Alike(-1.0));
        }
        (self.unchanged >= spacing).then_some(Care::Alike(alike))
    }
}

/// How many samples the delay is above the smallest one at which packets may be late
/// by `lateness`; negative if it is too small for that. A packet begins at
/// `boundary`.
pub(crate) fn room(rx: &Reception, at: Standpoint, boundary: i64, lateness: Duration) -> i64 {
    let live = rx.arrivals.live(at.now);
    let arrived = live - rx.scale.samples_in(lateness);
    // The pull that first needs a packet must not come before it. Of packets whose
    // length is no multiple of a frame, two in a row lie differently to the pulls.
    let room_at = |boundary: i64| {
        let pulls = (boundary - arrived + at.frame - 1).div_euclid(at.frame);
        boundary - at.first - pulls * at.frame
    };
    let room = room_at(boundary).min(room_at(boundary + rx.packet));
    // No lateness is worth a delay above the ceiling.
    room.max(live - at.first - rx.scale.samples_in(rx.ceiling()))
}

/// Whether the next pull will find nothing unless a packet comes that is late
/// already, on a line on which such packets are late by more.
fn is_running_dry(rx: &Reception, at: Standpoint) -> bool {
    let received = at.end + rx.queued_after(at.end);
    let overdue = rx.arrivals.live(at.now) - received;
    received - at.first < 2 * at.frame
        && overdue > 0
        && rx.arrivals.later_still(rx.scale.duration(overdue)) > LATER_STILL
}
