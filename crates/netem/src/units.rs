//! Shares and clock drift.

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
