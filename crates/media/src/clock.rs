//! The one place where a call's clock is read.

use std::time::{Duration, Instant};

use audio::Moment;

/// The node's monotonic clock. Copies share the origin, so their moments compare.
///
/// Only code at the edge holds one; everything below is told the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose [`Moment::ZERO`] is now.
    #[expect(
        clippy::new_without_default,
        reason = "a clock with another origin is not a default"
    )]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// The time since the origin, to the microsecond.
    pub fn now(self) -> Moment {
        Moment::from_micros(self.origin.elapsed().as_micros() as u64)
    }

    /// `moment` as the operating system's clock shows it, for timers.
    pub fn instant(self, moment: Moment) -> Instant {
        self.origin + Duration::from_micros(moment.as_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_its_instant_are_the_same_point() {
        let clock = Clock::new();
        let before = Instant::now();
        let now = clock.now();
        let instant = clock.instant(now);
        assert!(instant + Duration::from_micros(1) >= before);
        assert!(instant <= Instant::now());
    }
}
