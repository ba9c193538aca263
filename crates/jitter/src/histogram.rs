//! How often lateness of each size was seen, the past forgotten little by little.

use std::time::Duration;

/// How wide a bucket is.
pub(crate) const BUCKET: Duration = Duration::from_millis(2);
/// How many buckets there are; together they hold lateness below 256 ms.
pub(crate) const BUCKETS: usize = 128;
/// Above this the weights are scaled down, long before they lose precision.
const LARGEST_WEIGHT: f32 = 1e6;

/// A histogram in which each value counts a little less with each new one.
///
/// Instead of shrinking every bucket, each new value weighs more than the one
/// before it, so that adding one touches a single bucket.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    weights: [f32; BUCKETS],
    total: f32,
    /// What the next value weighs.
    weight: f32,
    /// What is left of a value's weight after the next one, in the long run.
    memory: f32,
    /// Values so far, as long as that matters.
    count: u16,
}

impl Histogram {
    /// A histogram of which, after each new value, `memory` of the weight of the
    /// older ones is left. In its beginning it forgets faster, so that few values
    /// count much. `prior` is a value to start from.
    pub(crate) fn new(memory: f32, prior: Duration) -> Self {
        let mut histogram = Self {
            weights: [0.0; BUCKETS],
            total: 0.0,
            weight: 1.0,
            memory,
            count: 0,
        };
        histogram.put(prior);
        histogram
    }

    /// Adds a value; one too large for the buckets counts as the largest.
    pub(crate) fn add(&mut self, value: Duration) {
        self.count = self.count.saturating_add(1);
        let settled = f32::from(self.count) / (f32::from(self.count) + 2.0);
        self.weight /= self.memory.min(settled);
        self.put(value);
        if self.weight > LARGEST_WEIGHT {
            self.scale_down();
        }
    }

    fn put(&mut self, value: Duration) {
        let place = (bucket_of(value)).min(BUCKETS - 1);
        self.weights[place] += self.weight;
        self.total += self.weight;
    }

    fn scale_down(&mut self) {
        for weight in &mut self.weights {
            *weight /= self.weight;
        }
        self.total = self.weights.iter().sum();
        self.weight = 1.0;
    }

    /// The weights of the buckets, smallest value first, and their sum.
    pub(crate) const fn weights(&self) -> (&[f32; BUCKETS], f32) {
        (&self.weights, self.total)
    }

    /// The smallest bucket that at most `share` of all values exceed; its upper
    /// edge is what to provide for.
    pub(crate) fn exceeded_by(&self, share: f32) -> Duration {
        let limit = self.total * share;
        let mut above = 0.0;
        for place in (0..BUCKETS).rev() {
            above += self.weights[place];
            if above > limit {
                return value_of(place);
            }
        }
        Duration::ZERO
    }
}

/// The bucket that holds `value`: the first holds nothing but zero, each further
/// one reaches up to its [`value_of`].
pub(crate) fn bucket_of(value: Duration) -> usize {
    value.as_micros().div_ceil(BUCKET.as_micros()) as usize
}

/// The largest value that a bucket holds.
pub(crate) const fn value_of(bucket: usize) -> Duration {
    Duration::from_micros(BUCKET.as_micros() as u64 * bucket as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_quantile_is_the_upper_edge_of_its_bucket() {
        let mut histogram = Histogram::new(0.999, Duration::ZERO);
        for n in 0..1_000 {
            histogram.add(Duration::from_micros(n % 100 * 1_000 + 500));
        }
        let quantile = histogram.exceeded_by(0.05);
        assert!(
            (millis(93)..=millis(97)).contains(&quantile),
            "{quantile:?}"
        );
    }

    #[test]
    fn nothing_but_zero_needs_no_delay() {
        let mut histogram = Histogram::new(0.98, Duration::ZERO);
        histogram.add(Duration::ZERO);
        assert_eq!(histogram.exceeded_by(0.0), Duration::ZERO);
        histogram.add(Duration::from_micros(1));
        assert_eq!(histogram.exceeded_by(0.0), millis(2));
    }

    #[test]
    fn the_first_values_outweigh_the_prior() {
        let mut histogram = Histogram::new(0.98, millis(80));
        assert_eq!(histogram.exceeded_by(0.1), millis(80));
        for _ in 0..8 {
            histogram.add(Duration::ZERO);
        }
        assert_eq!(histogram.exceeded_by(0.1), Duration::ZERO);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let mut histogram = Histogram::new(0.9, Duration::ZERO);
        for _ in 0..100 {
            histogram.add(millis(100));
        }
        for _ in 0..30 {
            histogram.add(millis(10));
        }
        assert_eq!(histogram.exceeded_by(0.05), millis(10));
    }

    #[test]
    fn scaling_down_changes_no_quantile() {
        let mut histogram = Histogram::new(0.5, Duration::ZERO);
        for n in 0..1_000 {
            histogram.add(millis(if n % 2 == 0 { 40 } else { 20 }));
            let (weights, total) = histogram.weights();
            assert!(total.is_finite() && weights.iter().all(|weight| weight.is_finite()));
        }
        assert_eq!(histogram.exceeded_by(0.5), millis(20));
        assert_eq!(histogram.exceeded_by(0.2), millis(40));
    }

    #[test]
    fn a_value_beyond_the_buckets_counts_as_the_largest() {
        let mut histogram = Histogram::new(0.9, Duration::ZERO);
        histogram.add(Duration::from_secs(10));
        assert_eq!(histogram.exceeded_by(0.0), value_of(BUCKETS - 1));
    }
}
