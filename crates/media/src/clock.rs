//! The one place where a call's clock is read.

use std::time::{Duration, Instant, SystemTime};

use audio::Moment;

use crate::rtcp::WallClock;

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

    /// The same to the nanosecond, for measuring.
    pub(crate) fn nanos(self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    /// How the system's time of day stands against this clock.
    pub(crate) fn reference(self) -> Reference {
        Reference {
            now: self.now(),
            since_1970: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
        }
    }

    /// The time of day, running on as evenly as this clock does.
    pub fn wall_clock(self) -> WallClock {
        let Reference { now, since_1970 } = self.reference();
        WallClock::new(now, since_1970)
    }

    /// `moment` as the operating system's clock shows it, for timers.
    pub fn instant(self, moment: Moment) -> Instant {
        self.origin + Duration::from_micros(moment.as_micros())
    }
}

/// The same instant by a [`Clock`] and by the system's time of day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    pub(crate) now: Moment,
    pub(crate) since_1970: Duration,
}

/// Nothing that is read now has waited for longer, so a time of day further back
/// was set anew meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

impl Reference {
    /// The moment of something that has just been read and had happened at the
    /// time of day `since_1970`; now, if that cannot be.
    pub(crate) fn moment_of(self, since_1970: Option<Duration>) -> Moment {
        let age = since_1970.and_then(|then| self.since_1970.checked_sub(then));
        let age = age.filter(|age| *age <= LONGEST_WAIT);
        self.now - age.unwrap_or_default()
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

    #[test]
    fn a_time_of_day_is_told_by_the_clock_unless_it_cannot_be() {
        let reference = Reference {
            now: Moment::from_millis(10_000),
            since_1970: Duration::from_secs(1_000_000),
        };
        let moment = |since_1970| reference.moment_of(Some(since_1970));
        let before = Duration::from_millis(999_999_998);
        assert_eq!(moment(before), Moment::from_millis(9_998));
        assert_eq!(moment(Duration::from_secs(1_000_001)), reference.now);
        assert_eq!(moment(Duration::from_secs(900_000)), reference.now);
        assert_eq!(reference.moment_of(None), reference.now);
    }
}
