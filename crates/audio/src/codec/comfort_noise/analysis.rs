//! The description of a piece of background noise.

use super::AMPLITUDES;

/// Coefficients in a description that is sent. RFC 3389 leaves the number open;
/// ten are enough for a telephone line.
const ORDER: usize = 10;
/// Bytes of a description that is sent.
pub const DESCRIPTION: usize = 1 + ORDER;

/// Describes `samples`, some 100 ms or more of background noise, as the payload
/// of a comfort-noise packet (RFC 3389 §3) for the same rate.
pub fn describe(samples: &[i16]) -> [u8; DESCRIPTION] {
    let mut description = [0; DESCRIPTION];
    description[0] = level(samples);
    let coefficients = reflections(&autocorrelation(samples));
    for (byte, coefficient) in description[1..].iter_mut().zip(coefficients) {
        let steps = (coefficient * (32_768.0 / 258.0)).round_ties_even();
        *byte = (127.0 + steps).clamp(0.0, 254.0) as u8;
    }
    description
}

/// The level that is nearest in its ratio, 127 for silence.
fn level(samples: &[i16]) -> u8 {
    let energy: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample) * f64::from(sample))
        .sum();
    let power = energy / samples.len().max(1) as f64;
    // The border between two levels is their geometric mean.
    let louder = AMPLITUDES
        .windows(2)
        .take_while(|pair| f64::from(pair[0]) * f64::from(pair[1]) > power);
    louder.count() as u8
}

/// Autocorrelation at lags 0 to [`ORDER`], under a parabolic window.
fn autocorrelation(samples: &[i16]) -> [f64; ORDER + 1] {
    let middle = (samples.len() as f64 - 1.0) / 2.0;
    let half = (samples.len() as f64 + 1.0) / 2.0;
    let windowed = |(index, &sample): (usize, &i16)| {
        let from_middle = (index as f64 - middle) / half;
        f64::from(sample) * (1.0 - from_middle * from_middle)
    };
    let mut sums = [0.0; ORDER + 1];
    let mut recent = [0.0; ORDER + 1];
    for sample in samples.iter().enumerate().map(windowed) {
        recent.copy_within(..ORDER, 1);
        recent[0] = sample;
        for (sum, earlier) in sums.iter_mut().zip(recent) {
            *sum += sample * earlier;
        }
    }
    sums
}

/// The reflection coefficients of the all-pole model with this autocorrelation,
/// by the recursion of Levinson and Durbin; zeros for silence.
fn reflections(correlation: &[f64; ORDER + 1]) -> [f64; ORDER] {
    let mut reflections = [0.0; ORDER];
    // A touch of white noise keeps the error from vanishing.
    let mut error = correlation[0] * 1.000_1;
    if error <= 0.0 {
        return reflections;
    }
    let mut predictor = [0.0; ORDER];
    for order in 0..ORDER {
        let sum: f64 = (0..order)
            .map(|lag| predictor[lag] * correlation[order - lag])
            .sum();
        let reflection = -(correlation[order + 1] + sum) / error;
        let shorter = predictor;
        for lag in 0..order {
            predictor[lag] = shorter[lag] + reflection * shorter[order - 1 - lag];
        }
        predictor[order] = reflection;
        reflections[order] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    reflections
}
