//! What sounds are made of: noise, pulses, resonances, and how they come and go.

use std::f64::consts::TAU;

use rand::Rng;
use rand::rngs::StdRng;

use super::sounds::RATE;

/// Noise of one colour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Noise {
    /// The same at all frequencies.
    White,
    /// Falls by 3 dB per octave.
    Pink,
    /// Falls by 6 dB per octave.
    Brown,
}

impl Noise {
    /// So many seconds of it.
    pub(super) fn of(self, seconds: f64, random: &mut StdRng) -> Vec<f64> {
        let mut slow = [0.0_f64; 3];
        (0..places(seconds))
            .map(|_| {
                let white = random.random_range(-1.0..1.0);
                match self {
                    Self::White => white,
                    // Three leaky sums, a factor of about ten apart, come close to 1/f.
                    Self::Pink => {
                        slow[0] = 0.997 * slow[0] + 0.03 * white;
                        slow[1] = 0.963 * slow[1] + 0.1 * white;
                        slow[2] = 0.57 * slow[2] + 0.35 * white;
                        slow.iter().sum::<f64>() + 0.05 * white
                    }
                    Self::Brown => {
                        slow[0] = 0.995 * slow[0] + 0.1 * white;
                        slow[0]
                    }
                }
            })
            .collect()
    }
}

/// One resonance: a filter of two poles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resonance {
    feed: f64,
    back: [f64; 2],
}

impl Resonance {
    /// At `hertz`, `width` wide at -3 dB, as loud as what comes in at its centre.
    pub(super) fn new(hertz: f64, width: f64) -> Self {
        let rate = f64::from(RATE.hertz());
        let radius = (-TAU / 2.0 * width / rate).exp();
        let angle = TAU * hertz / rate;
        let feed =
            (1.0 - radius) * (1.0 - 2.0 * radius * (2.0 * angle).cos() + radius * radius).sqrt();
        Self {
            feed,
            back: [2.0 * radius * angle.cos(), -radius * radius],
        }
    }

    /// What it makes of `samples`, so much louder.
    pub(super) fn through(self, samples: &[f64], gain: f64) -> Vec<f64> {
        let (mut last, mut before) = (0.0, 0.0);
        samples
            .iter()
            .map(|sample| {
                let now = self.feed * gain * sample + self.back[0] * last + self.back[1] * before;
                (before, last) = (last, now);
                now
            })
            .collect()
    }
}

/// So many seconds of a voice without a mouth: pulses of the pitch that `pitch` gives for each
/// time in seconds, a little uneven as voices are.
pub(super) fn hum(seconds: f64, random: &mut StdRng, pitch: impl Fn(f64) -> f64) -> Vec<f64> {
    let rate = f64::from(RATE.hertz());
    let mut phase = 1.0;
    let mut uneven = 1.0;
    // Two leaky sums give a pulse the fall of 12 dB per octave that a glottis has.
    let (mut first, mut second) = (0.0, 0.0);
    (0..places(seconds))
        .map(|place| {
            let hertz = pitch(place as f64 / rate).max(20.0) * uneven;
            phase += hertz / rate;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                uneven = 1.0 + random.random_range(-0.015..0.015);
                1.0
            } else {
                0.0
            };
            first = 0.9 * first + pulse - hertz / rate;
            second = 0.9 * second + first;
            second
        })
        .collect()
}

/// A tone that falls to a third within `decay` seconds.
pub(super) fn ring(hertz: f64, gain: f64, decay: f64, seconds: f64) -> Vec<f64> {
    let rate = f64::from(RATE.hertz());
    (0..places(seconds))
        .map(|place| {
            let time = place as f64 / rate;
            gain * (-time / decay).exp() * (TAU * hertz * time).sin()
        })
        .collect()
}

/// Lets samples come within `rise` seconds and go within `fall`.
pub(super) fn fade(mut samples: Vec<f64>, rise: f64, fall: f64) -> Vec<f64> {
    let count = samples.len();
    let (rise, fall) = (places(rise).max(1), places(fall).max(1));
    for (place, sample) in samples.iter_mut().enumerate() {
        let comes = (place as f64 / rise as f64).min(1.0);
        let goes = ((count - place) as f64 / fall as f64).min(1.0);
        *sample *= comes * goes;
    }
    samples
}

/// Adds `more` to `all`, beginning at so many seconds.
pub(super) fn mix(all: &mut Vec<f64>, seconds: f64, more: &[f64]) {
    let from = places(seconds);
    if all.len() < from + more.len() {
        all.resize(from + more.len(), 0.0);
    }
    let there = all.iter_mut().skip(from);
    there.zip(more).for_each(|(there, more)| *there += more);
}

/// As samples of which the largest is `peak` of full scale.
pub(super) fn scaled(samples: &[f64], peak: f64) -> Vec<i16> {
    let largest = samples
        .iter()
        .fold(1e-9_f64, |most, one| most.max(one.abs()));
    let scale = peak * f64::from(i16::MAX) / largest;
    samples.iter().map(|one| (one * scale) as i16).collect()
}

/// A level in dBFS as a share of full scale.
pub(super) fn decibels(level: f64) -> f64 {
    10_f64.powf(level / 20.0)
}

/// Something from `low` to `high`.
pub(super) fn between(random: &mut StdRng, low: f64, high: f64) -> f64 {
    random.random_range(low..high)
}

fn places(seconds: f64) -> usize {
    (seconds * f64::from(RATE.hertz())) as usize
}
