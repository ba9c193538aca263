//! A bed under what one leg plays.

use std::time::Duration;

use super::Bed;
use super::random::Random;
use crate::level::Decibels;

/// How a bed makes room for the agent's voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ducking {
    /// By how much it is turned down, as a level below its own; default −8 dB.
    pub depth: Decibels,
    /// How long it takes to turn it down; default 80 ms.
    pub attack: Duration,
    /// How long it takes to turn it up again; default 800 ms.
    pub release: Duration,
}

impl Default for Ducking {
    fn default() -> Self {
        Self {
            depth: Decibels::new(-8.0),
            attack: Duration::from_millis(80),
            release: Duration::from_millis(800),
        }
    }
}

/// Puts a bed under the frames of one leg. It allocates nothing.
#[derive(Clone, Debug)]
pub struct Mixer {
    bed: &'static Bed,
    /// Where in the bed the next sample is.
    place: usize,
    /// What the bed is multiplied by now, and what it comes to rest at while the agent is
    /// silent and while it speaks.
    gain: f32,
    open: f32,
    ducked: f32,
    /// By how much the gain changes from sample to sample, down and up.
    fall: f32,
    rise: f32,
}

impl Mixer {
    /// A mixer of `bed` at a `volume` from 0 (nothing) to 1 (as it is, about as loud as
    /// somebody who speaks softly); what lies outside counts as the nearer of the two.
    ///
    /// The `seed` decides where in the bed it starts, so that different legs, with
    /// different seeds, do not sound in step.
    pub fn new(bed: &'static Bed, volume: f32, ducking: Ducking, seed: u64) -> Self {
        let open = if volume > 0.0 { volume.min(1.0) } else { 0.0 };
        let ducked = open * ducking.depth.amplitude().min(1.0);
        let per_sample = |duration| (open - ducked) / bed.rate().samples_in(duration).max(1) as f32;
        Self {
            bed,
            place: (Random::new(seed).bits() % bed.samples().len().max(1) as u64) as usize,
            gain: open,
            open,
            ducked,
            fall: per_sample(ducking.attack),
            rise: per_sample(ducking.release),
        }
    }

    /// Adds the next piece of the bed to `frame`, which has the bed's rate, and turns it
    /// down or up on the way, depending on whether the frame has the agent's voice in it.
    /// Sums beyond 16 bits are clipped.
    pub fn mix(&mut self, frame: &mut [i16], agent_speaks: bool) {
        let mut rest = frame;
        while !rest.is_empty() {
            let bed = &self.bed.samples()[self.place..];
            let (now, later) = rest.split_at_mut(rest.len().min(bed.len()));
            for (sample, &sound) in now.iter_mut().zip(bed) {
                self.gain = if agent_speaks {
                    (self.gain - self.fall).max(self.ducked)
                } else {
                    (self.gain + self.rise).min(self.open)
                };
                *sample = sample.saturating_add((f32::from(sound) * self.gain) as i16);
            }
            self.place += now.len();
            if self.place == self.bed.samples().len() {
                self.place = 0;
            }
            rest = later;
        }
    }
}
