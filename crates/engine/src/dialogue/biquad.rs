//! A filter of the second order.

use std::f32::consts::TAU;

use audio::SampleRate;

/// A filter and what it remembers of its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Biquad {
    feed: [f32; 3],
    back: [f32; 2],
    memory: [f32; 2],
}

impl Biquad {
    /// Lets pass what lies above `hertz`.
    pub(super) fn high_pass(hertz: f32, quality: f32, rate: SampleRate) -> Self {
        let (cosine, alpha) = place(hertz, quality, rate);
        let edge = (1.0 + cosine) / 2.0;
        Self::of([edge, -2.0 * edge, edge], cosine, alpha)
    }

    /// Lets pass what lies below `hertz`.
    pub(super) fn low_pass(hertz: f32, quality: f32, rate: SampleRate) -> Self {
        let (cosine, alpha) = place(hertz, quality, rate);
        let edge = (1.0 - cosine) / 2.0;
        Self::of([edge, 2.0 * edge, edge], cosine, alpha)
    }

    fn of(feed: [f32; 3], cosine: f32, alpha: f32) -> Self {
        let scale = 1.0 / (1.0 + alpha);
        Self {
            feed: feed.map(|factor| factor * scale),
            back: [-2.0 * cosine * scale, (1.0 - alpha) * scale],
            memory: [0.0; 2],
        }
    }

    /// What comes out for the next sample.
    pub(super) fn pass(&mut self, input: f32) -> f32 {
        let passed = self.feed[0].mul_add(input, self.memory[0]);
        self.memory[0] = self.feed[1] * input - self.back[0] * passed + self.memory[1];
        self.memory[1] = self.feed[2] * input - self.back[1] * passed;
        passed
    }
}

/// The cosine of the corner's angle, and what the quality makes of its sine.
fn place(hertz: f32, quality: f32, rate: SampleRate) -> (f32, f32) {
    let (sine, cosine) = (TAU * hertz / rate.hertz() as f32).sin_cos();
    (cosine, sine / (2.0 * quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_16000;

    /// What is left of a tone's power, once the filter has settled.
    fn left(mut filter: Biquad, hertz: f32) -> f32 {
        let tone = |place: i32| (TAU * hertz * place as f32 / RATE.hertz() as f32).sin();
        let passed: Vec<f32> = (0..3_200).map(|place| filter.pass(tone(place))).collect();
        let settled = &passed[1_600..];
        2.0 * settled.iter().map(|sample| sample * sample).sum::<f32>() / settled.len() as f32
    }

    #[test]
    fn half_is_left_at_the_corner_and_most_on_one_side_of_it() {
        let quality = std::f32::consts::FRAC_1_SQRT_2;
        let low = Biquad::low_pass(1_000.0, quality, RATE);
        let high = Biquad::high_pass(1_000.0, quality, RATE);
        for filter in [low, high] {
            assert!((left(filter, 1_000.0) - 0.5).abs() < 0.02);
        }
        assert!(left(low, 100.0) > 0.98 && left(low, 6_000.0) < 0.001);
        assert!(left(high, 7_000.0) > 0.98 && left(high, 100.0) < 0.001);
    }
}
