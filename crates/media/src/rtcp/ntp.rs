//! The time of day as RTCP carries it.

use std::time::Duration;

use audio::Moment;

/// Seconds from the origin of NTP, 1900, to that of Unix, 1970.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// A time of day (RFC 3550 §4): seconds since 1900 in the upper 32 bits, 2³²nds
/// of a second in the lower. It wraps in 2036.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The middle 32 bits.
    pub const fn short(self) -> ShortNtpTime {
        ShortNtpTime((self.0 >> 16) as u32)
    }
}

/// The middle 32 bits of an [`NtpTime`], or a length of time: seconds in the
/// upper 16 bits, 65 536ths of a second in the lower. It wraps every 18 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShortNtpTime(pub u32);

impl ShortNtpTime {
    /// A length of time, rounded down; one of 18 hours and more is the longest
    /// there is.
    pub const fn from_duration(duration: Duration) -> Self {
        let units = duration.as_micros() * 65_536 / 1_000_000;
        if units > u32::MAX as u128 {
            Self(u32::MAX)
        } else {
            Self(units as u32)
        }
    }

    /// The length of time, rounded down to microseconds.
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0 as u64 * 1_000_000 / 65_536)
    }

    /// The time from `earlier` to `self`, by the way round that leads ahead.
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.wrapping_sub(earlier.0))
    }
}

/// Tells the time of day at any moment of a call's clock.
///
/// It runs as evenly as that clock does: a correction of the system's time of day
/// during a call does not show in it, so that spans between two reports are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    anchor: Moment,
    then: NtpTime,
}

impl WallClock {
    /// A clock that showed `since_1970`, the time passed since 1970-01-01 UTC, at
    /// the moment `anchor`.
    pub const fn new(anchor: Moment, since_1970: Duration) -> Self {
        let seconds = since_1970.as_secs().wrapping_add(UNIX_EPOCH) << 32;
        let fraction = ((since_1970.subsec_nanos() as u64) << 32) / 1_000_000_000;
        Self {
            anchor,
            then: NtpTime(seconds | fraction),
        }
    }

    /// The time of day at `moment`, which may lie before the anchor.
    pub const fn at(self, moment: Moment) -> NtpTime {
        let micros = moment.as_micros() as i128 - self.anchor.as_micros() as i128;
        let units = (micros << 32) / 1_000_000;
        NtpTime(self.then.0.wrapping_add(units as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_1970_is_2_208_988_800_seconds_of_ntp() {
        let clock = WallClock::new(Moment::from_millis(10), Duration::from_millis(500));
        assert_eq!(
            clock.at(Moment::from_millis(10)),
            NtpTime(0x83AA_7E80_8000_0000)
        );
    }

    #[test]
    fn the_clock_runs_both_ways_from_its_anchor_and_wraps_in_2036() {
        let clock = WallClock::new(
            Moment::from_millis(1_000),
            Duration::from_secs(2_085_978_495),
        );
        assert_eq!(
            clock.at(Moment::from_millis(1_250)),
            NtpTime(0xFFFF_FFFF_4000_0000)
        );
        assert_eq!(
            clock.at(Moment::from_millis(500)),
            NtpTime(0xFFFF_FFFE_8000_0000)
        );
        assert_eq!(
            clock.at(Moment::from_millis(2_500)),
            NtpTime(0x0000_0000_8000_0000)
        );
    }

    #[test]
    fn the_middle_of_the_time_is_what_rfc_3550_shows() {
        assert_eq!(
            NtpTime(0xB44D_B705_2000_0000).short(),
            ShortNtpTime(0xB705_2000)
        );
    }

    #[test]
    fn short_times_turn_into_durations_and_back() {
        assert_eq!(
            ShortNtpTime(0x0005_4000).duration(),
            Duration::from_millis(5_250)
        );
        assert_eq!(
            ShortNtpTime::from_duration(Duration::from_millis(5_250)),
            ShortNtpTime(0x0005_4000)
        );
        assert_eq!(
            ShortNtpTime::from_duration(Duration::MAX),
            ShortNtpTime(u32::MAX)
        );
        assert_eq!(
            ShortNtpTime(1).since(ShortNtpTime(u32::MAX)),
            ShortNtpTime(2)
        );
    }
}
