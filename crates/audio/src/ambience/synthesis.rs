//! What sounds are made of. All of it goes round: what is longer than the loop goes on at
//! its beginning, and filters have heard its end when they begin.

use std::f32::consts::{PI, TAU};

use super::random::Random;

/// A filter with two poles and two zeros. Its coefficients follow the cookbook formulas of
/// Robert Bristow-Johnson.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    feed: [f32; 3],
    back: [f32; 2],
    state: [f32; 2],
}

impl Filter {
    /// Lets pass what lies below `hertz`.
    pub(super) fn low_pass(rate: f32, hertz: f32) -> Self {
        let (cos, alpha) = Self::shape(rate, hertz, 0.707);
        let edge = (1.0 - cos) / 2.0;
        Self::normalised([edge, 1.0 - cos, edge], cos, alpha)
    }

    /// Lets pass what lies above `hertz`.
    pub(super) fn high_pass(rate: f32, hertz: f32) -> Self {
        let (cos, alpha) = Self::shape(rate, hertz, 0.707);
        let edge = (1.0 + cos) / 2.0;
        Self::normalised([edge, -1.0 - cos, edge], cos, alpha)
    }

    /// Lets pass what lies around `hertz`, within `hertz` / `quality`.
    pub(super) fn band_pass(rate: f32, hertz: f32, quality: f32) -> Self {
        let (cos, alpha) = Self::shape(rate, hertz, quality);
        Self::normalised([alpha, 0.0, -alpha], cos, alpha)
    }

    fn shape(rate: f32, hertz: f32, quality: f32) -> (f32, f32) {
        // What lies beyond what the rate can hold is taken to its edge.
        let omega = TAU * hertz.min(rate * 0.47) / rate;
        (omega.cos(), omega.sin() / (2.0 * quality))
    }

    fn normalised(feed: [f32; 3], cos: f32, alpha: f32) -> Self {
        let scale = 1.0 / (1.0 + alpha);
        Self {
            feed: feed.map(|coefficient| coefficient * scale),
            back: [-2.0 * cos * scale, (1.0 - alpha) * scale],
            state: [0.0; 2],
        }
    }

    pub(super) fn next(&mut self, sample: f32) -> f32 {
        let output = self.feed[0] * sample + self.state[0];
        self.state[0] = self.feed[1] * sample - self.back[0] * output + self.state[1];
        self.state[1] = self.feed[2] * sample - self.back[1] * output;
        output
    }
}

/// Filters a loop in place.
pub(super) fn filter(sound: &mut [f32], mut filter: Filter) {
    // A second is far longer than any of the filters rings.
    let heard = sound.len().saturating_sub(16_000);
    for &sample in &sound[heard..] {
        filter.next(sample);
    }
    for sample in sound {
        *sample = filter.next(*sample);
    }
}

/// White noise from −1 to 1.
pub(super) fn white(random: &mut Random, len: usize) -> Vec<f32> {
    (0..len).map(|_| random.between(-1.0, 1.0)).collect()
}

/// Noise that has the same power in each octave, roughly.
pub(super) fn pink(random: &mut Random, len: usize) -> Vec<f32> {
    let mut sound = vec![0.0; len];
    for keep in [0.999, 0.99, 0.93, 0.5] {
        let noise = white(random, len);
        let mut slow = 0.0;
        let scale = f32::sqrt(1.0 - keep);
        let mut step = |sample: f32| {
            slow = slow * keep + sample * (1.0 - keep);
            slow / scale
        };
        for &sample in &noise[len.saturating_sub(16_000)..] {
            step(sample);
        }
        for (place, &sample) in sound.iter_mut().zip(&noise) {
            *place += step(sample);
        }
    }
    sound
}

/// A curve around one that rises and falls slowly, by up to `depth`.
pub(super) fn swell(random: &mut Random, len: usize, depth: f32) -> Vec<f32> {
    let waves: [(f32, f32); 4] = std::array::from_fn(|_| {
        let turns = random.whole(1, 9) as f32;
        (turns * TAU / len as f32, random.between(0.0, TAU))
    });
    (0..len)
        .map(|n| {
            let wave = |&(speed, start): &(f32, f32)| (n as f32 * speed + start).sin();
            1.0 + depth / 4.0 * waves.iter().map(wave).sum::<f32>()
        })
        .collect()
}

/// Adds a sound to the loop from `place` on, round its end if it is longer.
pub(super) fn put(target: &mut [f32], place: usize, sound: &[f32], gain: f32) {
    let len = target.len();
    for (n, sample) in sound.iter().enumerate() {
        target[(place + n) % len] += sample * gain;
    }
}

/// Adds a layer, brought to an RMS level of `decibels` relative to one.
pub(super) fn lay(target: &mut [f32], layer: &[f32], decibels: f32) {
    let gain = 10f32.powf(decibels / 20.0) / rms(layer);
    for (place, sample) in target.iter_mut().zip(layer) {
        *place += sample * gain;
    }
}

/// The root mean square, but never zero.
pub(super) fn rms(sound: &[f32]) -> f32 {
    let energy: f64 = sound.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    ((energy / sound.len().max(1) as f64).sqrt() as f32).max(1e-9)
}

/// A rise and a fall of cosine shape, 0 to 1 to 0, for `part` from 0 to 1.
pub(super) fn hump(part: f32) -> f32 {
    0.5 - 0.5 * (TAU * part).cos()
}

/// What a room of hard walls makes of a sound: the sound itself and a tail of
/// reflections that fades by 60 dB within `seconds`, after Schroeder.
pub(super) fn reverberate(sound: &mut [f32], rate: f32, seconds: f32, wet: f32) {
    let dry = sound.to_vec();
    let mut tail = vec![0.0; sound.len()];
    for delay in [0.0297, 0.0371, 0.0411, 0.0437] {
        let lag = (delay * rate) as usize;
        let keep = 10f32.powf(-3.0 * delay / seconds);
        echo(&mut tail, &dry, lag, keep);
    }
    for delay in [0.005, 0.0017] {
        diffuse(&mut tail, (delay * rate) as usize);
    }
    for (place, reflections) in sound.iter_mut().zip(tail) {
        *place = *place * (1.0 - wet) + reflections * wet;
    }
}

/// Adds the echoes of `dry` at every multiple of `lag`, each weaker by the factor `keep`.
fn echo(tail: &mut [f32], dry: &[f32], lag: usize, keep: f32) {
    let mut line = vec![0.0; lag.max(1)];
    let len = dry.len();
    // Once round to be heard at the beginning, and once more to be kept.
    for n in 0..2 * len {
        let place = n % line.len();
        line[place] = dry[n % len] + line[place] * keep;
        if n >= len {
            tail[n - len] += line[place];
        }
    }
}

/// Smears a loop in time without colouring it: an all-pass filter.
fn diffuse(sound: &mut [f32], lag: usize) {
    const GAIN: f32 = 0.7;
    let dry = sound.to_vec();
    let mut line = vec![0.0; lag.max(1)];
    let len = dry.len();
    for n in 0..2 * len {
        let place = n % line.len();
        let delayed = line[place];
        line[place] = dry[n % len] + delayed * GAIN;
        if n >= len {
            sound[n - len] = delayed - line[place] * GAIN;
        }
    }
}

/// A tone that was struck: it fades by 60 dB within `seconds`.
pub(super) fn struck(rate: f32, hertz: f32, seconds: f32) -> Vec<f32> {
    (0..(seconds * rate) as usize)
        .map(|n| {
            let time = n as f32 / rate;
            (TAU * hertz * time).sin() * 10f32.powf(-3.0 * time / seconds)
        })
        .collect()
}

/// A burst of noise around `hertz` that fades by 60 dB within `seconds`.
pub(super) fn knock(random: &mut Random, rate: f32, hertz: f32, seconds: f32) -> Vec<f32> {
    let mut band = Filter::band_pass(rate, hertz, 1.2);
    (0..(seconds * rate) as usize)
        .map(|n| {
            let fade = 10f32.powf(-3.0 * n as f32 / rate / seconds);
            band.next(random.between(-1.0, 1.0)) * fade
        })
        .collect()
}

/// The shape of a sound that comes nearer and goes away again, for `part` from 0 to 1.
pub(super) fn passing(part: f32) -> f32 {
    (PI * part).sin().powi(3)
}
