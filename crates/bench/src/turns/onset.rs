//! When somebody begins to speak in a recording, told from its loudness alone.

use std::time::Duration;

use audio::SampleRate;

/// The step in which loudness is looked at.
const STEP: Duration = Duration::from_millis(10);

/// How much softer than loud speech its beginning may be, as an amplitude: 28 dB.
const SOFTER: f64 = 0.04;

/// How much louder than the recording's own noise speech is at least: 9 dB. What is the softest in
/// a recording may be speech, so that less than 20 dB below loud speech is no noise.
const LOUDER: f64 = 2.8;
const NOISE: f64 = 0.1;

/// Below this there are bumps, wind and the mains, and no voice without overtones above.
const LOWEST_HZ: f64 = 250.0;

/// Of so many steps as many have to be loud at the beginning: a click is no speech.
const STEPS: usize = 6;
const LOUD: usize = 4;

/// When speech begins in a recording that holds some.
pub fn onset(samples: &[i16], rate: SampleRate) -> Option<Duration> {
    let length = rate.samples_in(STEP);
    let voice = above(samples, rate);
    let levels: Vec<f64> = voice.chunks_exact(length).map(amplitude).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (sorted.len() as f64 * share) as usize;
        sorted
            .get(place.min(sorted.len().saturating_sub(1)))
            .copied()
    };
    let (noise, speech) = (at(0.05)?, at(0.95)?);
    let least = (LOUDER * noise).min(NOISE * speech).max(SOFTER * speech);
    let begins = |steps: &[f64]| {
        let loud = steps.iter().filter(|level| **level >= least).count();
        steps.first().is_some_and(|first| *first >= least) && loud >= LOUD
    };
    let place = levels.windows(STEPS).position(begins)?;
    Some(STEP * place as u32)
}

/// What lies above [`LOWEST_HZ`]: twice the same filter of one pole.
fn above(samples: &[i16], rate: SampleRate) -> Vec<f64> {
    let keeps = (-std::f64::consts::TAU * LOWEST_HZ / f64::from(rate.hertz())).exp();
    let mut low = [0.0; 2];
    let filter = |sample: &i16| {
        low.iter_mut().fold(f64::from(*sample), |high, low| {
            *low = keeps * *low + (1.0 - keeps) * high;
            high - *low
        })
    };
    samples.iter().map(filter).collect()
}

fn amplitude(samples: &[f64]) -> f64 {
    let power: f64 = samples.iter().map(|sample| sample.powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn made(parts: &[(usize, i16)]) -> Vec<i16> {
        let parts = parts.iter().flat_map(|&(millis, level)| {
            (0..8 * millis).map(move |place| if place % 2 == 0 { level } else { -level })
        });
        parts.collect()
    }

    #[test]
    fn speech_begins_where_it_gets_loud() {
        let samples = made(&[(300, 10), (500, 4_000), (300, 10)]);
        assert_eq!(onset(&samples, RATE), Some(Duration::from_millis(300)));
    }

    #[test]
    fn a_soft_beginning_counts_and_a_click_does_not() {
        let samples = made(&[(100, 10), (10, 6_000), (190, 10), (60, 400), (500, 4_000)]);
        assert_eq!(onset(&samples, RATE), Some(Duration::from_millis(300)));
    }

    #[test]
    fn silence_has_no_beginning() {
        assert_eq!(onset(&[], RATE), None);
    }
}
