//! Shares, rates and clock drift.

use std::time::Duration;

use audio::Moment;

/// A probability, or a share of all packets, from zero to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(pub(crate) f64);

impl Share {
    /// Never.
    pub const NONE: Self = Self(0.0);

    /// A share in per cent; `None` outside 0 to 100.
    pub fn percent(percent: f64) -> Option<Self> {
        (0.0..=100.0)
            .contains(&percent)
            .then_some(Self(percent / 100.0))
    }

    /// The share as a fraction from 0 to 1.
    pub const fn fraction(self) -> f64 {
        self.0
    }
}

/// How much faster a sender's clock runs than the network's, in parts per
/// million; negative if it is slower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drift(pub(crate) i32);

impl Drift {
    /// No drift.
    pub const NONE: Self = Self(0);
    /// The largest drift either way: a tenth.
    pub const LIMIT: Self = Self(100_000);

    /// A drift in parts per million; `None` beyond ±[`Drift::LIMIT`].
    pub const fn ppm(ppm: i32) -> Option<Self> {
        if ppm >= -Self::LIMIT.0 && ppm <= Self::LIMIT.0 {
            Some(Self(ppm))
        } else {
            None
        }
    }

    /// Parts per million.
    pub const fn as_ppm(self) -> i32 {
        self.0
    }

    /// When a sender with this drift, that started at `start`, sends what it
    /// takes to be due `media` after its start. A fast sender is early.
    pub fn send_time(self, start: Moment, media: Duration) -> Moment {
        let rate = i64::from(self.0) + 1_000_000;
        let micros = media.as_micros() * 1_000_000 / rate.unsigned_abs() as u128;
        start + Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

/// How fast a link sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BitRate(pub(crate) u32);

impl BitRate {
    /// A rate in bits per second; `None` outside 1 kbit/s to 100 Mbit/s, above which
    /// no queue holds up a call.
    pub const fn bits_per_second(bits: u64) -> Option<Self> {
        if bits >= 1_000 && bits <= 100_000_000 {
            Some(Self(bits as u32))
        } else {
            None
        }
    }

    /// Bits per second.
    pub const fn as_bits_per_second(self) -> u64 {
        self.0 as u64
    }

    /// How long the link is busy with a packet of `bytes`, rounded up to a microsecond.
    pub const fn time_for(self, bytes: usize) -> Duration {
        let micros = (bytes as u64 * 8_000_000).div_ceil(self.0 as u64);
        Duration::from_micros(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_between_nothing_and_everything() {
        assert_eq!(Share::percent(25.0).map(Share::fraction), Some(0.25));
        assert_eq!(Share::percent(100.0).map(Share::fraction), Some(1.0));
        assert_eq!(Share::percent(-0.1), None);
        assert_eq!(Share::percent(100.1), None);
        assert_eq!(Share::percent(f64::NAN), None);
    }

    #[test]
    fn a_rate_has_bounds_and_tells_how_long_a_packet_takes() {
        assert_eq!(BitRate::bits_per_second(999), None);
        assert_eq!(BitRate::bits_per_second(100_000_001), None);
        let rate = BitRate::bits_per_second(64_000).expect("a rate");
        assert_eq!(rate.time_for(160), Duration::from_millis(20));
        assert_eq!(rate.time_for(0), Duration::ZERO);
        let fast = BitRate::bits_per_second(100_000_000).expect("a rate");
        assert_eq!(fast.time_for(1), Duration::from_micros(1));
    }

    #[test]
    fn drift_is_bounded_both_ways() {
        assert_eq!(Drift::ppm(-100_000).map(Drift::as_ppm), Some(-100_000));
        assert_eq!(Drift::ppm(100_001), None);
        assert_eq!(Drift::ppm(i32::MIN), None);
    }

    #[test]
    fn a_fast_sender_is_early_and_a_slow_one_late() {
        let (start, hour) = (Moment::from_millis(500), Duration::from_secs(3_600));
        assert_eq!(Drift::NONE.send_time(start, hour), start + hour);
        let sent = |ppm| Drift(ppm).send_time(start, hour).since(start).as_micros();
        assert_eq!(sent(300), 3_598_920_323);
        assert_eq!(sent(-300), 3_601_080_324);
    }
}
