//! Comfort noise (RFC 3389): the background of a silent line, made from a
//! description of a few bytes.
//!
//! A description is one byte of level, then one byte for each reflection
//! coefficient of an all-pole model of the spectrum, as many as the sender likes.
//! With the sign that is in use, a negative first coefficient means that low
//! frequencies are the stronger ones.

mod analysis;

pub use analysis::{DESCRIPTION, describe};

use crate::units::SampleRate;

/// Coefficients that are made use of; the RFC leaves it to the receiver to take
/// further ones for zero.
const ORDER: usize = 12;
/// How often coefficients move, in samples.
const STEP: u8 = 40;
/// By what part of the way they move.
const APPROACH: f32 = 0.125;

/// A source of comfort noise, which depends on its seed and the descriptions alone.
///
/// The filter is a normalised lattice: each stage turns a pair of signals by the
/// angle whose sine is the coefficient, which cannot change their power. So the
/// level is exact for every spectrum, and a moving spectrum is as stable as a
/// resting one.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    random: u64,
    /// Samples until the coefficients move.
    countdown: u8,
    /// Amplitude and coefficients, and what they move to; `None` is silence.
    target: Option<Spectrum>,
    now: Spectrum,
    /// By what part of the way the amplitude moves with each sample.
    amplitude_approach: f32,
    /// Cosines to the coefficients.
    cosines: [f32; ORDER],
    /// The signal that runs backwards through the stages, one sample ago.
    backward: [f32; ORDER],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Spectrum {
    amplitude: f32,
    coefficients: [f32; ORDER],
}

impl ComfortNoise {
    /// A source that is silent until it gets a description. `rate` is that of the
    /// samples; descriptions are meant for the same.
    pub fn new(rate: SampleRate, seed: u64) -> Self {
        let mut source = Self {
            random: seed.wrapping_mul(2).wrapping_add(1),
            countdown: 0,
            target: None,
            now: Spectrum {
                amplitude: 0.0,
                coefficients: [0.0; ORDER],
            },
            amplitude_approach: 50.0 / rate.hertz() as f32,
            cosines: [1.0; ORDER],
            backward: [0.0; ORDER],
        };
        // The state of a lattice that has run for ever on such noise.
        source.backward = std::array::from_fn(|_| source.excitation());
        source
    }

    /// Takes the payload of a comfort-noise packet for what to sound like. An
    /// empty one says nothing. The first takes effect at once, later ones
    /// gradually.
    pub fn describe(&mut self, description: &[u8]) {
        let Some((&level, coefficients)) = description.split_first() else {
            return;
        };
        let mut target = Spectrum {
            amplitude: AMPLITUDES[usize::from(level & 0x7F)],
            coefficients: [0.0; ORDER],
        };
        for (coefficient, &byte) in target.coefficients.iter_mut().zip(coefficients) {
            *coefficient = reflection(byte);
        }
        if self.target.is_none() {
            self.now = target;
            self.turn();
        }
        self.target = Some(target);
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        let Some(target) = self.target else {
            out.fill(0);
            return;
        };
        for sample in out {
            if self.countdown == 0 {
                self.countdown = STEP;
                self.approach(&target);
            }
            self.countdown -= 1;
            self.now.amplitude += (target.amplitude - self.now.amplitude) * self.amplitude_approach;
            *sample = (self.next() * self.now.amplitude).round_ties_even() as i16;
        }
    }

    fn approach(&mut self, target: &Spectrum) {
        if self.now.coefficients == target.coefficients {
            return;
        }
        for (now, target) in self.now.coefficients.iter_mut().zip(target.coefficients) {
            let way = target - *now;
            *now = if way.abs() < 1e-3 {
                target
            } else {
                *now + way * APPROACH
            };
        }
        self.turn();
    }

    /// Finds the cosines to the coefficients, which are sines.
    fn turn(&mut self) {
        for (cosine, sine) in self.cosines.iter_mut().zip(self.now.coefficients) {
            *cosine = (1.0 - sine * sine).max(0.0).sqrt();
        }
    }

    /// The next sample of unit power.
    fn next(&mut self) -> f32 {
        let mut forward = self.excitation();
        for stage in (0..ORDER).rev() {
            let (sine, cosine) = (self.now.coefficients[stage], self.cosines[stage]);
            let delayed = self.backward[stage];
            let onward = cosine * forward - sine * delayed;
            if let Some(next) = self.backward.get_mut(stage + 1) {
                *next = sine * forward + cosine * delayed;
            }
            forward = onward;
        }
        self.backward[0] = forward;
        forward
    }

    /// White noise of unit power: the sum of four even distributions, which is
    /// close enough to a normal one for the ear.
    fn excitation(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let sum: i32 = self
            .random
            .to_le_bytes()
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&pair| i32::from(i16::from_le_bytes(pair)))
            .sum();
        // The sum of four has a standard deviation of 2/√12 of a range of 2¹⁶.
        sum as f32 * (1.732_050_8 / 65_536.0)
    }
}

/// A coefficient from its byte (RFC 3389 §3.2). 255 has no meaning and is taken
/// for the largest.
fn reflection(byte: u8) -> f32 {
    f32::from(i16::from(byte.min(254)) - 127) * (258.0 / 32_768.0)
}

/// The amplitude (root mean square) of each level: 0 is that of the strongest
/// signal there is, a full-scale square wave, and each step is 1 dB less
/// (RFC 3389 §3.1).
static AMPLITUDES: [f32; 128] = {
    let mut amplitudes = [0.0; 128];
    let mut amplitude = 32_767.0f64;
    let mut level = 0;
    while level < 128 {
        amplitudes[level] = amplitude as f32;
        amplitude *= 0.891_250_938_133_745_6;
        level += 1;
    }
    amplitudes
};
