//! The mel filters: which frequencies each of the 80 bands listens to.

use std::ops::Range;

/// Bands of the mel scale, from 0 to 8 kHz.
pub const BANDS: usize = 80;

/// Up to here, in hertz, the scale of Slaney's Auditory Toolbox is linear with
/// 200/3 Hz to the mel; above it is logarithmic, 27 mels to a factor of 6.4.
const LINEAR_END: f64 = 1_000.0;
const HERTZ_PER_MEL: f64 = 200.0 / 3.0;
const MELS_PER_RATIO: f64 = 27.0;
const RATIO: f64 = 6.4;

/// Triangular filters, evenly spaced on the mel scale, each from the peak of the
/// one below to the peak of the one above and with an area of one (in hertz).
#[derive(Clone, Debug)]
pub(crate) struct Filters {
    bands: Vec<Filter>,
}

#[derive(Clone, Debug)]
struct Filter {
    /// The spectral lines that it hears.
    lines: Range<usize>,
    /// How much it hears of each.
    weights: Vec<f64>,
}

impl Filters {
    /// Filters for power spectra of `lines` values evenly from 0 Hz to `highest`.
    pub(crate) fn new(lines: usize, highest: f64) -> Self {
        let spacing = highest / (lines - 1) as f64;
        let step = mel(highest) / (BANDS + 1) as f64;
        let edge = |number: usize| hertz(step * number as f64);
        let bands = (0..BANDS)
            .map(|band| {
                let (low, peak, high) = (edge(band), edge(band + 1), edge(band + 2));
                let weight = |line: usize| {
                    let frequency = line as f64 * spacing;
                    let rising = (frequency - low) / (peak - low);
                    let falling = (high - frequency) / (high - peak);
                    rising.min(falling).max(0.0) * 2.0 / (high - low)
                };
                let first = (0..lines).find(|&line| weight(line) > 0.0).unwrap_or(0);
                let weights: Vec<f64> = (first..lines)
                    .map(weight)
                    .take_while(|&weight| weight > 0.0)
                    .collect();
                Filter {
                    lines: first..first + weights.len(),
                    weights,
                }
            })
            .collect();
        Self { bands }
    }

    /// The power in each band of a spectrum, from the lowest band on.
    pub(crate) fn apply(&self, power: &[f64]) -> impl Iterator<Item = f64> {
        self.bands.iter().map(|band| {
            let heard = power.get(band.lines.clone()).unwrap_or_default();
            heard.iter().zip(&band.weights).map(|(a, b)| a * b).sum()
        })
    }
}

fn mel(hertz: f64) -> f64 {
    if hertz < LINEAR_END {
        return hertz / HERTZ_PER_MEL;
    }
    LINEAR_END / HERTZ_PER_MEL + (hertz / LINEAR_END).ln() * MELS_PER_RATIO / RATIO.ln()
}

fn hertz(mel: f64) -> f64 {
    let linear_end = LINEAR_END / HERTZ_PER_MEL;
    if mel < linear_end {
        return mel * HERTZ_PER_MEL;
    }
    LINEAR_END * ((mel - linear_end) * RATIO.ln() / MELS_PER_RATIO).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_undone_by_its_inverse() {
        for frequency in [0.0, 440.0, 999.9, 1_000.0, 3_400.0, 8_000.0] {
            assert!((hertz(mel(frequency)) - frequency).abs() < 1e-9);
        }
    }

    #[test]
    fn every_band_hears_something() {
        let filters = Filters::new(201, 8_000.0);
        let flat = vec![1.0; 201];
        assert!(filters.apply(&flat).all(|power| power > 0.0));
        assert_eq!(filters.apply(&flat).count(), BANDS);
    }

    #[test]
    fn a_tone_is_loudest_in_the_band_that_has_its_frequency() {
        let filters = Filters::new(201, 8_000.0);
        let mut tone = vec![0.0; 201];
        tone[25] = 1.0; // 1 kHz, a third of the way up the scale.
        let bands: Vec<f64> = filters.apply(&tone).collect();
        let loudest = (0..BANDS).max_by(|&a, &b| bands[a].total_cmp(&bands[b]));
        assert_eq!(loudest, Some(26));
    }

    #[test]
    fn a_spectrum_that_is_too_short_is_heard_as_far_as_it_goes() {
        let filters = Filters::new(201, 8_000.0);
        assert_eq!(filters.apply(&[]).sum::<f64>(), 0.0);
    }
}
