//! How loud a piece of audio is.

use std::fmt;

/// A level relative to full scale (dBFS): 0 is the largest sample there is, a
/// full-scale sine has an RMS level of −3.01, silence is [`Decibels::SILENCE`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Decibels(f32);

impl Decibels {
    /// Full scale.
    pub const FULL_SCALE: Self = Self(0.0);
    /// Stands for the level of digital silence, which has none: below the
    /// quietest RMS level that 16-bit samples can have over a minute at 16 kHz.
    pub const SILENCE: Self = Self(-160.0);

    /// A level in dBFS. Anything below [`Decibels::SILENCE`], and what is not a
    /// number, is [`Decibels::SILENCE`].
    pub const fn new(decibels: f32) -> Self {
        if decibels > Self::SILENCE.0 {
            Self(decibels)
        } else {
            Self::SILENCE
        }
    }

    /// The level of a linear `amplitude`, where 1.0 is full scale.
    pub fn from_amplitude(amplitude: f32) -> Self {
        Self::new(20.0 * amplitude.log10())
    }

    /// The level in dBFS.
    pub const fn value(self) -> f32 {
        self.0
    }

    /// The linear amplitude, where 1.0 is full scale.
    pub fn amplitude(self) -> f32 {
        10f32.powf(self.0 / 20.0)
    }
}

impl fmt::Display for Decibels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBFS", self.0)
    }
}

/// The smallest peak that counts as audible: one hundredth of full scale,
/// −40 dBFS. Line noise and the idle codes of G.711 stay below it.
const AUDIBLE_PEAK: i16 = 328;

/// The root mean square of `samples`; [`Decibels::SILENCE`] if there are none.
pub fn rms(samples: &[i16]) -> Decibels {
    if samples.is_empty() {
        return Decibels::SILENCE;
    }
    let energy: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample).powi(2))
        .sum();
    let mean = energy / samples.len() as f64;
    Decibels::from_amplitude((mean.sqrt() / 32_768.0) as f32)
}

/// The largest distance from zero in `samples`, 0 if there are none; −32768
/// counts as 32767.
pub fn peak(samples: &[i16]) -> i16 {
    samples
        .iter()
        .map(|sample| sample.saturating_abs())
        .max()
        .unwrap_or(0)
}

/// Whether anybody could hear `samples`: their peak reaches −40 dBFS (0.01 of
/// full scale).
pub fn is_audible(samples: &[i16]) -> bool {
    peak(samples) >= AUDIBLE_PEAK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(level: Decibels, expected: f32) -> bool {
        (level.value() - expected).abs() < 0.01
    }

    #[test]
    fn a_full_scale_square_wave_is_at_zero() {
        assert!(close(rms(&[-32_768, 32_767, -32_768, 32_767]), 0.0));
    }

    #[test]
    fn half_the_amplitude_is_six_decibels_less() {
        assert!(close(rms(&[16_384, -16_384]), -6.02));
        assert!(close(Decibels::from_amplitude(0.5), -6.02));
        assert!((Decibels::new(-6.0206).amplitude() - 0.5).abs() < 1e-4);
    }

    #[test]
    fn nothing_and_silence_have_the_lowest_level() {
        assert_eq!(rms(&[]), Decibels::SILENCE);
        assert_eq!(rms(&[0; 160]), Decibels::SILENCE);
        assert_eq!(Decibels::new(f32::NAN), Decibels::SILENCE);
        assert_eq!(Decibels::new(f32::NEG_INFINITY), Decibels::SILENCE);
    }

    #[test]
    fn the_peak_is_found_on_either_side_of_zero() {
        assert_eq!(peak(&[3, -9, 8]), 9);
        assert_eq!(peak(&[i16::MIN]), i16::MAX);
        assert_eq!(peak(&[]), 0);
    }

    #[test]
    fn audible_begins_at_one_hundredth_of_full_scale() {
        assert!(!is_audible(&[0, 327, -327]));
        assert!(is_audible(&[0, -328]));
        assert!(!is_audible(&[]));
    }
}
