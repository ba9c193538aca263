//! ADPCM of one band: a quantiser whose steps follow the signal, around a
//! predictor that adapts to it (G.722 §3.2 to §3.6).
//!
//! Numbers are fractions of 16 bits; [`mult`] multiplies two and drops the
//! lower half of the product.

mod predictor;

use super::qmf::limit;
use predictor::Predictor;

/// `a` by `b` as fractions, rounded down; −1 by −1 is just short of 1.
pub(super) fn mult(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 15).min(i16::MAX.into()) as i16
}

/// The lower band, 0 to 4 kHz.
#[derive(Clone, Debug)]
pub(super) struct Lower {
    predictor: Predictor,
    /// The quantiser's scale and its logarithm.
    scale: i16,
    log_scale: i16,
}

impl Default for Lower {
    fn default() -> Self {
        Self {
            predictor: Predictor::default(),
            scale: 32,
            log_scale: 0,
        }
    }
}

impl Lower {
    /// The 6 bits for the next sample.
    pub(super) fn encode(&mut self, sample: i16) -> u8 {
        let error = sample.saturating_sub(self.predictor.prediction());
        let magnitude = if error < 0 { !error } else { error };
        // To count them all is quicker than to search: it takes no decisions.
        let interval: u16 = LOWER_DECISIONS
            .iter()
            .map(|&level| u16::from(mult(level, self.scale) <= magnitude))
            .sum();
        let interval = usize::from(interval);
        let code = if error < 0 {
            NEGATIVE_CODES[interval]
        } else {
            POSITIVE_CODES[interval]
        };
        self.adapt(code);
        code
    }

    /// The sample for the next 6 bits.
    pub(super) fn decode(&mut self, code: u8) -> i16 {
        let difference = mult(LOWER_LEVELS[usize::from(code & 0x3F)], self.scale);
        let sample = limit(self.predictor.prediction().saturating_add(difference));
        self.adapt(code);
        sample
    }

    /// Encoder and decoder adapt by the upper 4 bits of the 6 alone.
    fn adapt(&mut self, code: u8) {
        let coarse = usize::from(code >> 2 & 0x0F);
        self.predictor
            .update(mult(COARSE_LEVELS[coarse], self.scale));
        let log_scale = mult(self.log_scale, LEAK) + LOWER_STEPS[coarse];
        self.log_scale = log_scale.clamp(0, 18_432);
        self.scale = linear(self.log_scale, 8);
    }
}

/// The upper band, 4 to 8 kHz.
#[derive(Clone, Debug)]
pub(super) struct Upper {
    predictor: Predictor,
    /// The quantiser's scale and its logarithm.
    scale: i16,
    log_scale: i16,
}

impl Default for Upper {
    fn default() -> Self {
        Self {
            predictor: Predictor::default(),
            scale: 8,
            log_scale: 0,
        }
    }
}

impl Upper {
    /// The 2 bits for the next sample.
    pub(super) fn encode(&mut self, sample: i16) -> u8 {
        let error = sample.saturating_sub(self.predictor.prediction());
        let magnitude = if error < 0 { !error } else { error };
        let far = magnitude >= mult(UPPER_DECISION, self.scale);
        let code = match (error < 0, far) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        self.adapt(code);
        code
    }

    /// The sample for the next 2 bits.
    pub(super) fn decode(&mut self, code: u8) -> i16 {
        limit(self.adapt(code))
    }

    /// Returns the sample as the decoder reconstructs it.
    fn adapt(&mut self, code: u8) -> i16 {
        let code = usize::from(code & 0b11);
        let difference = mult(UPPER_LEVELS[code], self.scale);
        let reconstructed = self.predictor.update(difference);
        let log_scale = mult(self.log_scale, LEAK) + UPPER_STEPS[code];
        self.log_scale = log_scale.clamp(0, 22_528);
        self.scale = linear(self.log_scale, 10);
        reconstructed
    }
}

/// By what a scale's logarithm shrinks with each sample: 127/128.
const LEAK: i16 = 32_512;

/// The scale whose logarithm to the base 2 is `log_scale`, in units of 2⁻¹¹,
/// less `offset`.
fn linear(log_scale: i16, offset: i16) -> i16 {
    let fraction = POWERS[usize::from((log_scale >> 6).cast_unsigned() & 31)];
    let shift = offset - (log_scale >> 11);
    let scale = if shift < 0 {
        fraction << -shift
    } else {
        fraction >> shift
    };
    scale << 2
}

/// 2^(n/32), n from 0 to 31, in units of 2⁻¹¹ (G.722 table 12).
const POWERS: [i16; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

/// Where the intervals on one side of zero end, all but the last of 30, which
/// does not (G.722 table 14).
const LOWER_DECISIONS: [i16; 29] = scaled([
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
]);

/// The codes of the intervals below zero and above it, from zero outwards.
const NEGATIVE_CODES: [u8; 30] = [
    63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10,
    9, 8, 7, 6, 5, 4,
];
const POSITIVE_CODES: [u8; 30] = [
    61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38,
    37, 36, 35, 34, 33, 32,
];

/// What each interval decodes to, from zero outwards (G.722 table 16).
const LOWER_OUTPUTS: [i16; 30] = scaled([
    17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682, 750, 822, 899, 982,
    1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101,
]);

/// What each 6-bit code decodes to. No encoder sends the codes 0 to 3; they
/// are taken for the smallest negative one.
const LOWER_LEVELS: [i16; 64] = {
    let mut levels = [-LOWER_OUTPUTS[0]; 64];
    let mut interval = 0;
    while interval < LOWER_OUTPUTS.len() {
        levels[NEGATIVE_CODES[interval] as usize] = -LOWER_OUTPUTS[interval];
        levels[POSITIVE_CODES[interval] as usize] = LOWER_OUTPUTS[interval];
        interval += 1;
    }
    levels
};

/// What the upper 4 bits of a code decode to, for adaptation.
const COARSE_LEVELS: [i16; 16] = scaled([
    0, -2557, -1612, -1121, -786, -530, -323, -150, 2557, 1612, 1121, 786, 530, 323, 150, 0,
]);

/// By what the logarithm of the scale grows with each of them.
const LOWER_STEPS: [i16; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];

/// Which errors of the upper band are large.
const UPPER_DECISION: i16 = 564 << 3;
/// What each 2-bit code decodes to, and by what the logarithm of the scale
/// grows with it.
const UPPER_LEVELS: [i16; 4] = scaled([-926, -202, 926, 202]);
const UPPER_STEPS: [i16; 4] = [798, -214, 798, -214];

/// Levels are given in units of 2⁻¹².
const fn scaled<const N: usize>(levels: [i16; N]) -> [i16; N] {
    let mut scaled = levels;
    let mut index = 0;
    while index < N {
        scaled[index] = levels[index] << 3;
        index += 1;
    }
    scaled
}
