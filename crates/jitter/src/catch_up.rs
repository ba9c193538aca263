//! When to leave out a frame, so that a delay that has grown comes back.
//!
//! A sender whose clock is fast, or a network that held packets back and then
//! delivered them all at once, leaves more audio buffered than the depth asks
//! for. Nothing of it need be lost in speech: the pauses are long enough.

use std::time::Duration;

use audio::Moment;

/// How far above the depth the level may stay.
const TOLERANCE: Duration = Duration::from_millis(60);
/// How long the level must be too high; it sways while packets come in bursts.
const PATIENCE: Duration = Duration::from_millis(500);
/// The least time between two skips of audible frames.
const AUDIBLE_INTERVAL: Duration = Duration::from_secs(1);

/// Watches the level of a buffer and picks the frames to leave out.
pub(crate) struct CatchUp {
    depth: Duration,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Resting,
    TooHigh { since: Moment },
    Skipping { audible_after: Moment },
}

impl CatchUp {
    /// Brings levels above `depth` and the tolerance back to `depth`.
    pub(crate) const fn above(depth: Duration) -> Self {
        Self {
            depth,
            state: State::Resting,
        }
    }

    /// Takes note of the `level` left after a pull.
    pub(crate) fn observe(&mut self, now: Moment, level: Duration) {
        self.state = match self.state {
            State::Resting | State::TooHigh { .. } if level <= self.depth + TOLERANCE => {
                State::Resting
            }
            State::Resting => State::TooHigh { since: now },
            State::TooHigh { since } if now.since(since) >= PATIENCE => State::Skipping {
                audible_after: now + AUDIBLE_INTERVAL,
            },
            State::Skipping { .. } if level <= self.depth => State::Resting,
            unchanged @ (State::TooHigh { .. } | State::Skipping { .. }) => unchanged,
        };
    }

    /// Whether the frame about to be played is to be left out. An audible one
    /// is, at most once a second, when the stream never becomes quiet.
    pub(crate) fn skips(&mut self, now: Moment, audible: bool) -> bool {
        let State::Skipping { audible_after } = &mut self.state else {
            return false;
        };
        if !audible {
            return true;
        }
        if now < *audible_after {
            return false;
        }
        *audible_after = now + AUDIBLE_INTERVAL;
        true
    }

    /// Forgets what it has seen.
    pub(crate) fn rest(&mut self) {
        self.state = State::Resting;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTH: Duration = Duration::from_millis(40);

    fn millis(count: u64) -> Moment {
        Moment::from_millis(count)
    }

    fn watched(level: u64, until: u64) -> CatchUp {
        let mut catch_up = CatchUp::above(DEPTH);
        for now in (0..=until).step_by(20) {
            catch_up.observe(millis(now), Duration::from_millis(level));
        }
        catch_up
    }

    #[test]
    fn nothing_is_skipped_within_the_tolerance() {
        assert!(!watched(100, 5_000).skips(millis(5_000), false));
    }

    #[test]
    fn quiet_frames_are_skipped_once_the_level_stayed_too_high() {
        assert!(!watched(101, 480).skips(millis(480), false));
        assert!(watched(101, 500).skips(millis(500), false));
    }

    #[test]
    fn a_level_that_dips_is_not_too_high() {
        let mut catch_up = watched(140, 480);
        catch_up.observe(millis(500), Duration::from_millis(100));
        catch_up.observe(millis(520), Duration::from_millis(140));
        assert!(!catch_up.skips(millis(520), false));
    }

    #[test]
    fn skipping_goes_on_down_to_the_depth() {
        let mut catch_up = watched(140, 500);
        catch_up.observe(millis(520), Duration::from_millis(41));
        assert!(catch_up.skips(millis(520), false));
        catch_up.observe(millis(540), Duration::from_millis(40));
        assert!(!catch_up.skips(millis(540), false));
    }

    #[test]
    fn an_audible_frame_is_skipped_at_most_once_a_second() {
        let mut catch_up = watched(140, 500);
        let skipped: Vec<u64> = (500..4_000)
            .step_by(20)
            .filter(|&now| catch_up.skips(millis(now), true))
            .collect();
        assert_eq!(skipped, [1_500, 2_500, 3_500]);
    }

    #[test]
    fn a_watch_that_rests_skips_nothing_until_the_level_stays_high_again() {
        let mut catch_up = watched(140, 500);
        catch_up.rest();
        catch_up.observe(millis(520), Duration::from_millis(140));
        assert!(!catch_up.skips(millis(520), false));
    }
}
