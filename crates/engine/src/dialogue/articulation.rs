//! Whether a sound is articulated: words have energy above their lowest resonance, a hum has not.

use std::f32::consts::{FRAC_1_SQRT_2, TAU};

use audio::SampleRate;

/// A hum lies below, the second formant of a vowel above.
const BORDER_HZ: f32 = 700.0;

/// What words have above the border at least, of their whole energy: -17 dB.
const LEAST_SHARE: f32 = 0.02;

/// Below this mean square nothing is said about a sound.
const LEAST_POWER: f32 = 400.0;

/// Listens to one line: two second-order high-passes (Butterworth) in a row, and two sums.
#[derive(Debug)]
pub(super) struct Articulation {
    feed: [f32; 3],
    back: [f32; 2],
    memory: [[f32; 2]; 2],
}

impl Articulation {
    pub(super) fn new(rate: SampleRate) -> Self {
        let angle = TAU * BORDER_HZ / rate.hertz() as f32;
        let (sine, cosine) = angle.sin_cos();
        let alpha = sine * FRAC_1_SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        let edge = (1.0 + cosine) / 2.0 * scale;
        Self {
            feed: [edge, -2.0 * edge, edge],
            back: [-2.0 * cosine * scale, (1.0 - alpha) * scale],
            memory: [[0.0; 2]; 2],
        }
    }

    /// Hears the next samples of the line and says whether they are articulated.
    pub(super) fn hear(&mut self, samples: &[i16]) -> bool {
        let (mut whole, mut above) = (0.0_f32, 0.0_f32);
        for sample in samples {
            let input = f32::from(*sample);
            let mut high = input;
            for memory in &mut self.memory {
                let passed = self.feed[0].mul_add(high, memory[0]);
                memory[0] = self.feed[1] * high - self.back[0] * passed + memory[1];
                memory[1] = self.feed[2] * high - self.back[1] * passed;
                high = passed;
            }
            whole += input * input;
            above += high * high;
        }
        whole > LEAST_POWER * samples.len() as f32 && above >= LEAST_SHARE * whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    /// Harmonics of 110 Hz, each as strong as `gain` makes it at its frequency.
    fn voice(gain: impl Fn(f32) -> f32) -> Vec<i16> {
        (0..800)
            .map(|place| {
                let time = place as f32 / RATE.hertz() as f32;
                let harmonics = (1..30).map(|index| {
                    let hertz = 110.0 * index as f32;
                    gain(hertz) * (TAU * hertz * time).sin()
                });
                (2_000.0 * harmonics.sum::<f32>()) as i16
            })
            .collect()
    }

    #[test]
    fn a_hum_is_not_articulated() {
        let hum = voice(|hertz| if hertz < 400.0 { 1.0 } else { 0.02 });
        assert!(!Articulation::new(RATE).hear(&hum));
    }

    #[test]
    fn a_vowel_is() {
        let vowel = voice(|hertz| if hertz < 800.0 { 1.0 } else { 0.25 });
        assert!(Articulation::new(RATE).hear(&vowel));
    }

    #[test]
    fn next_to_nothing_is_not() {
        assert!(!Articulation::new(RATE).hear(&[5, -5, 5, -5, 5, -5, 5, -5]));
    }
}
