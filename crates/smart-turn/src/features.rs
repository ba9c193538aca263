//! The front end: the log-mel spectrogram of Whisper, over 8 s.
//!
//! As `WhisperFeatureExtractor` of Hugging Face's transformers computes it with
//! `chunk_length=8` and `do_normalize=True`, on audio that was padded in front:
//!
//! 1. The last 8 s, with zeros before audio that is shorter.
//! 2. Those 128,000 samples, zeros included, are shifted and scaled to a mean of 0
//!    and a variance of 1.
//! 3. Frames of 400 samples (25 ms), one for every 160 samples (10 ms), centred on
//!    the hop; the audio is mirrored at either end. Each is seen through a periodic
//!    Hann window and transformed; the power of its 201 spectral lines counts.
//! 4. The power in 80 mel bands, its logarithm to base 10, no lower than 8 below
//!    the largest value of all, then `(x + 4) / 4`.
//!
//! It is done in double precision, as there: the model is sensitive enough for the
//! last bits to show in its answer.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::mel::{BANDS, Filters};
use crate::{HEARD, SAMPLE_RATE};

/// Frames of 10 ms in the 8 s that are heard.
pub const FRAMES: usize = HEARD / HOP;

/// Samples from one frame to the next.
const HOP: usize = 160;
/// Samples of a frame, of which neighbours share most.
const WINDOW: usize = 400;
/// Spectral lines of a frame: 40 Hz apart, from 0 Hz to 8 kHz.
const LINES: usize = WINDOW / 2 + 1;
/// Samples that are mirrored at either end, so that a frame is centred on its hop.
const MIRRORED: usize = WINDOW / 2;

/// Added to the variance, so that silence is not divided by zero.
const VARIANCE_FLOOR: f64 = 1e-7;
/// The least power in a band.
const POWER_FLOOR: f64 = 1e-10;
/// How far below the loudest value the quietest may be, in powers of ten.
const RANGE: f32 = 8.0;

/// Computes features, and holds the memory that it takes: about 0.8 MB.
pub struct Features {
    transform: Arc<dyn RealToComplex<f64>>,
    hann: Vec<f64>,
    filters: Filters,
    /// The normalised audio with its mirrored ends.
    audio: Vec<f32>,
    windowed: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    power: Vec<f64>,
    features: Vec<f32>,
}

impl fmt::Debug for Features {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Features").finish_non_exhaustive()
    }
}

impl Features {
    /// Plans the transform and lays out the memory.
    pub fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(WINDOW);
        let hann = (0..WINDOW)
            .map(|index| 0.5 - 0.5 * (TAU * index as f64 / WINDOW as f64).cos())
            .collect();
        Self {
            hann,
            filters: Filters::new(LINES, f64::from(SAMPLE_RATE) / 2.0),
            audio: vec![0.0; HEARD + 2 * MIRRORED],
            windowed: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            power: vec![0.0; LINES],
            features: vec![0.0; BANDS * FRAMES],
            transform,
        }
    }

    /// The features of the last 8 s of `samples` (16 kHz, any number of them, none
    /// included): [`BANDS`] rows, the lowest band first, of [`FRAMES`] values, the
    /// earliest frame first. They lie between -1.5 and 3, and no more than 2
    /// apart.
    pub fn compute(&mut self, samples: &[i16]) -> &[f32] {
        let padding = self.normalise(samples);
        self.logarithms(padding);
        let loudest = self.features.iter().copied().fold(f32::MIN, f32::max);
        for value in &mut self.features {
            *value = (value.max(loudest - RANGE) + 4.0) / 4.0;
        }
        &self.features
    }

    /// Fills the audio and returns how many samples of padding it begins with.
    fn normalise(&mut self, samples: &[i16]) -> usize {
        let heard = &samples[samples.len().saturating_sub(HEARD)..];
        let padding = HEARD - heard.len();
        let (mean, variance) = moments(heard);
        let scale = (variance + VARIANCE_FLOOR).sqrt().recip();
        let normal = |sample: i16| ((amplitude(sample) - mean) * scale) as f32;
        let body = &mut self.audio[MIRRORED..MIRRORED + HEARD];
        body[..padding].fill(normal(0));
        for (place, &sample) in body[padding..].iter_mut().zip(heard) {
            *place = normal(sample);
        }
        for distance in 1..=MIRRORED {
            self.audio[MIRRORED - distance] = self.audio[MIRRORED + distance];
            let last = MIRRORED + HEARD - 1;
            self.audio[last + distance] = self.audio[last - distance];
        }
        padding
    }

    /// Fills the features with the logarithms of the bands' power.
    fn logarithms(&mut self, padding: usize) {
        for frame in 0..FRAMES {
            // Where this frame and the one before hold padding alone, they are alike.
            let ends = frame * HOP + WINDOW - MIRRORED;
            if frame > 0 && ends <= padding {
                for row in self.features.chunks_exact_mut(FRAMES) {
                    row[frame] = row[frame - 1];
                }
                continue;
            }
            self.transform(frame * HOP);
            let rows = self.features.chunks_exact_mut(FRAMES);
            for (row, power) in rows.zip(self.filters.apply(&self.power)) {
                row[frame] = power.max(POWER_FLOOR).log10() as f32;
            }
        }
    }

    /// Fills the power spectrum from the frame that begins at `start`.
    fn transform(&mut self, start: usize) {
        let frame = &self.audio[start..start + WINDOW];
        for ((place, sample), weight) in self.windowed.iter_mut().zip(frame).zip(&self.hann) {
            *place = f64::from(*sample) * weight;
        }
        self.transform
            .process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch)
            .expect("the transform made these buffers itself");
        for (power, line) in self.power.iter_mut().zip(&self.spectrum) {
            *power = line.norm_sqr();
        }
    }
}

impl Default for Features {
    fn default() -> Self {
        Self::new()
    }
}

/// Mean and variance of the 8 s that end with `heard` and begin with zeros.
fn moments(heard: &[i16]) -> (f64, f64) {
    let total: i64 = heard.iter().map(|&sample| i64::from(sample)).sum();
    let squares: i64 = heard
        .iter()
        .map(|&sample| i64::from(sample) * i64::from(sample))
        .sum();
    let mean = total as f64 / HEARD as f64;
    let variance = squares as f64 / HEARD as f64 - mean * mean;
    let full = f64::from(1_u32 << 15);
    (mean / full, variance.max(0.0) / (full * full))
}

fn amplitude(sample: i16) -> f64 {
    f64::from(sample) / f64::from(1_u32 << 15)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A second of a tone that falls in pitch, as at the end of a statement.
    fn falling() -> Vec<i16> {
        (0..16_000)
            .map(|index| {
                let second = f64::from(index) / 16_000.0;
                ((TAU * (200.0 - 60.0 * second) * second).sin() * 9_000.0) as i16
            })
            .collect()
    }

    #[test]
    fn silence_is_at_the_floor_everywhere() {
        let mut features = Features::new();
        assert!(features.compute(&[]).iter().all(|&value| value == -1.5));
        assert!(features.compute(&[0; 999]).iter().all(|&v| v == -1.5));
    }

    #[test]
    fn audio_that_is_too_long_counts_with_its_last_eight_seconds() {
        let recent: Vec<i16> = falling().repeat(8);
        let mut long = vec![12_345; 77_777];
        long.extend(&recent);
        let mut features = Features::new();
        let expected = features.compute(&recent).to_vec();
        assert_eq!(features.compute(&long), expected);
    }

    #[test]
    fn zeros_in_front_change_nothing() {
        let tone = falling();
        let mut padded = vec![0; 4_321];
        padded.extend(&tone);
        let mut features = Features::new();
        let expected = features.compute(&tone).to_vec();
        assert_eq!(features.compute(&padded), expected);
    }

    #[test]
    fn loudness_hardly_matters() {
        let tone = falling();
        let quiet: Vec<i16> = tone.iter().map(|sample| sample / 8).collect();
        let mut features = Features::new();
        let expected = features.compute(&tone).to_vec();
        let apart = features
            .compute(&quiet)
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .sum::<f32>()
            / expected.len() as f32;
        assert!(apart < 0.05, "{apart} apart on average");
    }

    #[test]
    fn what_was_heard_before_leaves_no_trace() {
        let mut features = Features::new();
        let expected = features.compute(&falling()).to_vec();
        features.compute(&[i16::MIN; 200_000]);
        assert_eq!(features.compute(&falling()), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn any_audio_has_features_in_range(
            samples in prop::collection::vec(any::<i16>(), 0..2_000),
            repeats in 0_usize..100,
        ) {
            let audio = samples.repeat(repeats);
            let mut features = Features::new();
            let values = features.compute(&audio);
            prop_assert_eq!(values.len(), BANDS * FRAMES);
            prop_assert!(values.iter().all(|value| (-1.5..=3.0).contains(value)));
        }
    }
}
