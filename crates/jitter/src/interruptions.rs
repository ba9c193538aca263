//! How often a line falls silent for so long that no delay bridges it.

/// So many of the last spaces between interruptions count about the same.
const COUNTED: u16 = 8;
/// After so many times the usual space without one, they are taken to be getting rarer.
const OVERDUE: f32 = 3.0;

/// Learns from the interruptions of a line how far they are apart.
///
/// Their rate follows from that and does not fade until the next is long overdue: a
/// rate that fell from one interruption to the next would be lowest when it is needed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Interruptions {
    /// How many there were, as long as that matters.
    count: u16,
    /// When the last one ended, in microseconds.
    last: i64,
    /// How far they are apart on average, in microseconds.
    spacing: f32,
}

impl Interruptions {
    /// Notes one that ended at `now`.
    pub(crate) fn note(&mut self, now: i64) {
        if self.count > 0 {
            let since = (now - self.last) as f32;
            self.spacing += (since - self.spacing) / f32::from(self.count);
        }
        self.count = (self.count + 1).min(COUNTED);
        self.last = now;
    }

    /// How many are to be expected in the next `span`, as of `now`. One alone may have
    /// been the only one.
    pub(crate) fn in_the_next(&self, span: i64, now: i64) -> f32 {
        if self.count < 2 {
            return 0.0;
        }
        let spacing = self.spacing.max((now - self.last) as f32 / OVERDUE);
        span as f32 / spacing.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn every(seconds: i64, count: i64) -> Interruptions {
        let mut interruptions = Interruptions::default();
        for n in 1..=count {
            interruptions.note(n * seconds * SECOND);
        }
        interruptions
    }

    #[test]
    fn one_interruption_says_nothing_of_the_next() {
        assert_eq!(every(10, 0).in_the_next(SECOND, 0), 0.0);
        assert_eq!(every(10, 1).in_the_next(SECOND, 11 * SECOND), 0.0);
    }

    #[test]
    fn the_rate_stays_until_the_next_is_long_overdue_and_fades_from_then_on() {
        let interruptions = every(10, 5);
        let rate = |now| interruptions.in_the_next(SECOND, now * SECOND);
        assert_eq!((rate(50), rate(80)), (0.1, 0.1));
        assert_eq!((rate(110), rate(200)), (0.05, 0.02));
    }

    #[test]
    fn a_line_that_is_interrupted_more_often_is_known_after_a_few() {
        let mut interruptions = every(60, 100);
        for n in 1..=24 {
            interruptions.note((6_000 + n * 6) * SECOND);
        }
        let rate = interruptions.in_the_next(60 * SECOND, (6_000 + 24 * 6) * SECOND);
        assert!((7.0..=10.0).contains(&rate), "{rate}");
    }
}
