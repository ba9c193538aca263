//! Sine tones, for tests and tools.

use crate::level::Decibels;
use crate::units::SampleRate;

/// An endless sine tone that starts at a zero crossing.
#[derive(Clone, Debug)]
pub struct Tone {
    /// In turns, 0 to 1.
    phase: f64,
    turns_per_sample: f64,
    amplitude: f64,
}

impl Tone {
    /// A tone of `hertz` sampled at `rate`, whose peaks (not its RMS level) are
    /// at `peak`; peaks above full scale are clipped.
    pub fn new(rate: SampleRate, hertz: f32, peak: Decibels) -> Self {
        Self {
            phase: 0.0,
            turns_per_sample: f64::from(hertz) / f64::from(rate.hertz()),
            amplitude: f64::from(peak.amplitude()) * f64::from(i16::MAX),
        }
    }
}

impl Iterator for Tone {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        let sample = self.amplitude * (self.phase * std::f64::consts::TAU).sin();
        self.phase = (self.phase + self.turns_per_sample).fract();
        Some(sample.round() as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    #[test]
    fn a_tone_has_the_level_asked_for() {
        let samples: Vec<i16> = Tone::new(SampleRate::HZ_8000, 1_000.0, Decibels::new(-20.0))
            .take(8_000)
            .collect();
        assert_eq!(level::peak(&samples), 3_277);
        assert!((level::rms(&samples).value() - -23.01).abs() < 0.01);
    }

    #[test]
    fn a_tone_crosses_zero_upwards_once_a_period() {
        let samples: Vec<i16> = Tone::new(SampleRate::HZ_16000, 440.0, Decibels::FULL_SCALE)
            .take(16_001)
            .collect();
        let crossings = samples
            .windows(2)
            .filter(|pair| pair[0] < 0 && pair[1] >= 0)
            .count();
        assert_eq!(crossings, 440);
    }

    #[test]
    fn a_tone_above_full_scale_is_clipped() {
        let mut tone = Tone::new(SampleRate::HZ_8000, 1_000.0, Decibels::new(6.0));
        let samples: Vec<i16> = tone.by_ref().take(8).collect();
        assert_eq!((samples[2], samples[6]), (i16::MAX, i16::MIN));
    }
}
