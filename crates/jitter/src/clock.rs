//! The time of a stream, free of jitter.

use audio::Moment;

use crate::reception::Reception;

/// By more than this, in microseconds, the clock is not off: the line has changed.
const LARGEST_ERROR: i64 = 20_000;
/// By how much it is set right with each frame in which nobody speaks.
const STEP: i64 = 1_000;
/// For so many frames it is set right at once after the stream began anew.
const SETTLING: u32 = 50;

/// Says when a position of the stream arrives without jitter, so that successive
/// frames are 20 ms apart although the estimate of the jitter moves.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// When position zero arrives, in microseconds.
    origin: Option<i64>,
    /// Frames since the stream began.
    frames: u32,
    last: Moment,
}

impl Clock {
    pub(crate) const fn new() -> Self {
        Self {
            origin: None,
            frames: 0,
            last: Moment::ZERO,
        }
    }

    /// Notes that the stream begins anew; time goes on.
    pub(crate) fn unsettle(&mut self) {
        self.origin = None;
        self.frames = 0;
    }

    /// The time of `position`, never earlier than what was said before and never later
    /// than `now`. `quiet` says that nobody speaks.
    pub(crate) fn at(&mut self, rx: &Reception, now: Moment, position: i64, quiet: bool) -> Moment {
        let ideal = rx.arrivals.origin();
        let origin = self.origin.unwrap_or(ideal);
        let error = ideal - origin;
        self.frames = self.frames.saturating_add(1);
        let at_once = error.abs() > LARGEST_ERROR || (error < 0 && self.frames < SETTLING);
        let origin = if at_once {
            ideal
        } else if quiet {
            origin + error.clamp(-STEP, STEP)
        } else {
            origin
        };
        self.origin = Some(origin);
        let micros = (origin + rx.scale.micros(position)).max(0);
        let time = Moment::from_micros(micros.unsigned_abs()).min(now);
        self.last = self.last.max(time);
        self.last
    }
}
