//! Random numbers that never change.

use crate::units::Share;

/// The generator SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014), with the constants of Vigna's
/// public-domain implementation.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A generator whose numbers have nothing to do with the next ones of this.
    pub(crate) const fn split(&mut self) -> Self {
        Self(self.bits())
    }

    /// Uniform from 0, inclusive, to 1, exclusive.
    pub(crate) const fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        (self.bits() >> 11) as f64 * STEP
    }

    /// Uniform below `limit`; zero if that is zero.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        ((self.bits() as u128 * limit as u128) >> 64) as u64
    }

    /// True with the probability `share`.
    pub(crate) fn hits(&mut self, share: Share) -> bool {
        self.unit() < share.fraction()
    }

    /// Normal with mean 0 and deviation 1, as the sum of twelve uniform numbers:
    /// within ±6, and made of additions alone, where the usual ways take
    /// logarithms and sines, whose last bits differ between machines.
    pub(crate) fn normal(&mut self) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            sum += self.unit();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers: [u64; 5] = std::array::from_fn(|_| random.bits());
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn normal_numbers_have_the_mean_deviation_and_tails_of_the_normal_distribution() {
        let mut random = SplitMix64::new(1);
        let numbers: Vec<f64> = (0..200_000).map(|_| random.normal()).collect();
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
        let beyond = |limit: f64| numbers.iter().filter(|x| x.abs() > limit).count() as f64 / count;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.01, "{variance}");
        assert!((beyond(1.0) - 0.317).abs() < 0.01, "{}", beyond(1.0));
        assert!((beyond(2.0) - 0.0455).abs() < 0.003, "{}", beyond(2.0));
    }

    #[test]
    fn numbers_below_a_limit_are_uniform_and_stay_below_it() {
        let mut random = SplitMix64::new(2);
        let mut counts = [0u32; 10];
        for _ in 0..100_000 {
            counts[random.below(10) as usize] += 1;
        }
        assert!(
            counts.iter().all(|count| (9_600..=10_400).contains(count)),
            "{counts:?}"
        );
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn what_is_certain_always_happens_and_what_is_impossible_never() {
        let mut random = SplitMix64::new(3);
        assert!((0..10_000).all(|_| random.hits(Share(1.0)) && !random.hits(Share::NONE)));
    }
}
