//! Units of audio and time: a bare integer never crosses a crate's border.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Samples per second of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SampleRate(u32);

impl SampleRate {
    /// Narrow band: telephone lines, G.711.
    pub const HZ_8000: Self = Self(8_000);
    /// Wide band: recogniser, synthesiser, G.722.
    pub const HZ_16000: Self = Self(16_000);
    /// Full band: the RTP clock of Opus.
    pub const HZ_48000: Self = Self(48_000);

    /// A rate in hertz; `None` outside 4 kHz to 192 kHz.
    pub const fn new(hertz: u32) -> Option<Self> {
        if hertz >= 4_000 && hertz <= 192_000 {
            Some(Self(hertz))
        } else {
            None
        }
    }

    /// Samples per second.
    pub const fn hertz(self) -> u32 {
        self.0
    }

    /// Whole samples in `duration`, rounded down.
    pub const fn samples_in(self, duration: Duration) -> usize {
        (duration.as_micros() * self.0 as u128 / 1_000_000) as usize
    }

    /// How long `samples` last at this rate.
    pub const fn duration_of(self, samples: usize) -> Duration {
        Duration::from_nanos((samples as u128 * 1_000_000_000 / self.0 as u128) as u64)
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = &'static str;

    fn try_from(hertz: u32) -> Result<Self, Self::Error> {
        Self::new(hertz).ok_or("a sample rate must be from 4000 to 192000 Hz")
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> Self {
        rate.0
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

/// A point on a call's clock: microseconds since an origin that the owner of
/// the clock chose (the start of the node, or zero in a replay).
///
/// Code below the edge never asks what time it is; it is told, in this type.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The clock's origin.
    pub const ZERO: Self = Self(0);

    /// A point `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A point `millis` milliseconds after the origin; the last one that there is if that is beyond
    /// it.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the origin, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Time from `earlier` to `self`; zero if `earlier` is the later one.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

/// Whole microseconds, as many as can be counted.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// An RTP timestamp: counts samples of the payload's clock and wraps at 2³²
/// (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RtpTimestamp(pub u32);

impl RtpTimestamp {
    /// This timestamp moved on by `samples`, wrapping.
    pub const fn advanced(self, samples: u32) -> Self {
        Self(self.0.wrapping_add(samples))
    }

    /// Signed distance from `earlier` to `self`, by the shorter way round.
    pub const fn distance_from(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }
}

/// An RTP sequence number: counts packets and wraps at 2¹⁶ (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SequenceNumber(pub u16);

impl SequenceNumber {
    /// The number of the next packet.
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Signed distance from `earlier` to `self`, by the shorter way round.
    pub const fn distance_from(self, earlier: Self) -> i16 {
        self.0.wrapping_sub(earlier.0) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_outside_4_to_192_khz_is_none() {
        assert_eq!(SampleRate::new(3_999), None);
        assert_eq!(SampleRate::new(8_000), Some(SampleRate::HZ_8000));
        assert!(SampleRate::new(192_000).is_some());
        assert_eq!(SampleRate::new(192_001), None);
    }

    #[test]
    fn units_are_numbers_in_json_and_a_rate_that_is_none_is_refused() {
        let units = (SampleRate::HZ_8000, Moment::from_millis(2));
        let json = serde_json::to_string(&units).unwrap();
        assert_eq!(json, "[8000,2000]");
        let read: (SampleRate, Moment) = serde_json::from_str(&json).unwrap();
        assert_eq!(read, units);
        assert!(serde_json::from_str::<SampleRate>("0").is_err());
    }

    #[test]
    fn a_moment_beyond_the_last_one_is_the_last_one() {
        let last = Moment::from_micros(u64::MAX);
        assert_eq!(Moment::from_millis(u64::MAX), last);
        assert_eq!(Moment::from_millis(1) + Duration::MAX, last);
        assert_eq!(Moment::from_millis(1) - Duration::MAX, Moment::ZERO);
    }

    #[test]
    fn samples_and_durations_turn_into_each_other() {
        let frame = Duration::from_millis(20);
        assert_eq!(SampleRate::HZ_8000.samples_in(frame), 160);
        assert_eq!(SampleRate::HZ_8000.duration_of(160), frame);
        assert_eq!(
            SampleRate::HZ_16000.samples_in(Duration::from_micros(62)),
            0
        );
        assert_eq!(
            SampleRate::HZ_16000.samples_in(Duration::from_micros(63)),
            1
        );
        let day = Duration::from_secs(86_400);
        assert_eq!(
            SampleRate::HZ_48000.duration_of(SampleRate::HZ_48000.samples_in(day)),
            day
        );
    }

    #[test]
    fn time_never_runs_below_its_origin() {
        let (earlier, later) = (Moment::from_millis(5), Moment::from_millis(7));
        assert_eq!(later.since(earlier), Duration::from_millis(2));
        assert_eq!(earlier.since(later), Duration::ZERO);
        assert_eq!(earlier - Duration::from_secs(1), Moment::ZERO);
        assert_eq!(
            earlier + Duration::from_micros(2_500),
            Moment::from_micros(7_500)
        );
        assert_eq!(Moment::from_micros(7_999).as_millis(), 7);
    }

    #[test]
    fn distances_go_the_shorter_way_round_the_wrap() {
        assert_eq!(SequenceNumber(2).distance_from(SequenceNumber(65_534)), 4);
        assert_eq!(SequenceNumber(65_534).distance_from(SequenceNumber(2)), -4);
        assert_eq!(SequenceNumber(65_535).next(), SequenceNumber(0));
        let late = RtpTimestamp(u32::MAX - 59);
        assert_eq!(late.advanced(160), RtpTimestamp(100));
        assert_eq!(RtpTimestamp(100).distance_from(late), 160);
        assert_eq!(late.distance_from(RtpTimestamp(100)), -160);
    }
}
