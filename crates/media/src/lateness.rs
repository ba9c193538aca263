//! How punctual the ticks are.

use std::time::Duration;

use crate::statistics::Counter;

/// Upper ends of the histogram's buckets in microseconds; one more takes the rest.
const BOUNDS: [u64; 15] = [
    50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000,
];

/// A histogram of how long after its deadline each tick began.
#[derive(Clone, Debug, Default)]
pub struct Lateness {
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
    max: Duration,
}

impl Lateness {
    /// Each bucket's upper end, inclusive, and how many ticks fell into it. Ticks
    /// later than the last bucket are in [`Lateness::count`] only.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        BOUNDS
            .iter()
            .map(|&bound| Duration::from_micros(bound))
            .zip(self.counts.iter().copied())
    }

    /// How many ticks there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The lateness of all ticks together.
    pub const fn sum(&self) -> Duration {
        self.sum
    }

    /// What came after `earlier`, a state of the same histogram. If the latest tick of
    /// all times came before it, [`Lateness::max`] is an upper bound: the end of the
    /// last bucket that was filled since.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts;
        for (count, before) in counts.iter_mut().zip(earlier.counts) {
            *count = count.saturating_sub(before);
        }
        let max = match counts.iter().rposition(|&count| count > 0) {
            None => Duration::ZERO,
            Some(_) if self.max > earlier.max => self.max,
            Some(last) => BOUNDS
                .get(last)
                .map_or(self.max, |&end| Duration::from_micros(end).min(self.max)),
        };
        Self {
            counts,
            sum: self.sum.saturating_sub(earlier.sum),
            max,
        }
    }

    /// The latest tick.
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// An upper bound of the lateness of the given share of all ticks, 0.0 to 1.0:
    /// the end of the bucket in which that share is reached. Zero without ticks.
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (self.count() as f64 * share.clamp(0.0, 1.0)).ceil() as u64;
        if rank == 0 {
            return Duration::ZERO;
        }
        let mut reached = 0;
        for (bound, count) in self.buckets() {
            reached += count;
            if reached >= rank {
                return bound.min(self.max);
            }
        }
        self.max
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }
}

/// The live side of [`Lateness`]: one thread records, any thread reads.
#[derive(Debug, Default)]
pub(crate) struct LatenessRecorder {
    counts: [Counter; BOUNDS.len() + 1],
    sum_micros: Counter,
    max_micros: Counter,
}

impl LatenessRecorder {
    pub(crate) fn record(&self, lateness: Duration) {
        let micros = u64::try_from(lateness.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|&bound| bound < micros);
        if let Some(count) = self.counts.get(bucket) {
            count.add(1);
        }
        self.sum_micros.add(micros);
        if micros > self.max_micros.get() {
            self.max_micros.set(micros);
        }
    }

    pub(crate) fn snapshot(&self) -> Lateness {
        Lateness {
            counts: self.counts.each_ref().map(Counter::get),
            sum: Duration::from_micros(self.sum_micros.get()),
            max: Duration::from_micros(self.max_micros.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(micros: impl IntoIterator<Item = u64>) -> Lateness {
        let recorder = LatenessRecorder::default();
        for micros in micros {
            recorder.record(Duration::from_micros(micros));
        }
        recorder.snapshot()
    }

    #[test]
    fn a_bucket_includes_its_upper_end() {
        let lateness = recorded([0, 50, 51, 100]);
        let filled: Vec<_> = lateness.buckets().filter(|(_, count)| *count > 0).collect();
        let expected = [
            (Duration::from_micros(50), 2),
            (Duration::from_micros(100), 2),
        ];
        assert_eq!(filled, expected);
    }

    #[test]
    fn quantiles_are_upper_bounds() {
        let lateness = recorded((0..99).map(|_| 120).chain([400_000]));
        assert_eq!(lateness.quantile(0.5), Duration::from_micros(200));
        assert_eq!(lateness.quantile(0.99), Duration::from_micros(200));
        assert_eq!(lateness.quantile(1.0), Duration::from_millis(400));
        assert_eq!(lateness.max(), Duration::from_millis(400));
        assert_eq!(lateness.count(), 100);
    }

    #[test]
    fn without_ticks_everything_is_zero() {
        assert_eq!(recorded([]).quantile(0.99), Duration::ZERO);
    }

    #[test]
    fn a_quantile_is_never_above_the_maximum() {
        assert_eq!(recorded([60]).quantile(0.5), Duration::from_micros(60));
    }

    #[test]
    fn what_was_late_before_is_not_the_latest_since() {
        let recorder = LatenessRecorder::default();
        let record = |micros| recorder.record(Duration::from_micros(micros));
        record(80_000);
        let before = recorder.snapshot();
        let latest = || recorder.snapshot().since(&before).max();
        assert_eq!(latest(), Duration::ZERO);
        record(1_200);
        assert_eq!(latest(), Duration::from_micros(1_500));
        record(90_000);
        assert_eq!(latest(), Duration::from_micros(90_000));
    }

    #[test]
    fn merging_adds_up() {
        let mut lateness = recorded([10, 20]);
        lateness.merge(&recorded([3_000]));
        assert_eq!(
            (lateness.count(), lateness.max()),
            (3, Duration::from_millis(3))
        );
    }
}
