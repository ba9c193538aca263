//! The sound of the place that an agent seems to speak from.
//!
//! A [`Bed`] is a piece of such sound that goes on without a seam, and a [`Mixer`] puts it
//! under what one leg plays. Nothing in it was recorded: rooms, voices without words, keys
//! and cars are computed, the same ones at each start. Start reading at [`Ambience`].

mod mixer;
mod random;
mod scene;
mod synthesis;
mod voices;

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

pub use mixer::{Ducking, Mixer};

use serde::{Deserialize, Serialize};

use crate::level::{self, Decibels};
use crate::units::SampleRate;

/// How long a bed lasts until it begins again.
const LENGTH: Duration = Duration::from_secs(16);
/// The RMS level of a bed.
const LEVEL: Decibels = Decibels::new(-28.0);

/// A place that has a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ambience {
    /// `office`: ventilation, keys now and then, and voices far away.
    Office,
    /// `cafe`: many voices, cups, and the coffee machine.
    Cafe,
    /// `call_center`: voices at the next desks and a lot of typing.
    CallCenter,
    /// `street`: traffic that swells and fades, and cars that pass.
    Street,
}

impl Ambience {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::Office, Self::Cafe, Self::CallCenter, Self::Street];

    /// The place with this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.name() == name)
    }

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Cafe => "cafe",
            Self::CallCenter => "call_center",
            Self::Street => "street",
        }
    }

    /// Its bed at 8 or 16 kHz; `None` for other rates.
    ///
    /// The first call for each place and rate computes the bed, which takes a part of a
    /// second: it does not belong on a real-time thread. Then the bed stays for as long as
    /// the process does.
    pub fn bed(self, rate: SampleRate) -> Option<&'static Bed> {
        static NARROW: [OnceLock<Bed>; Ambience::ALL.len()] =
            [const { OnceLock::new() }; Ambience::ALL.len()];
        static WIDE: [OnceLock<Bed>; Ambience::ALL.len()] =
            [const { OnceLock::new() }; Ambience::ALL.len()];
        let beds = match rate {
            SampleRate::HZ_8000 => &NARROW,
            SampleRate::HZ_16000 => &WIDE,
            _ => return None,
        };
        let bed = beds.get(self as usize)?;
        Some(bed.get_or_init(|| Bed::compute(self, rate)))
    }
}

/// A piece of sound without beginning and end: after its last sample comes its first.
///
/// It lasts for 16 s, at an RMS level of −28 dBFS.
pub struct Bed {
    ambience: Ambience,
    rate: SampleRate,
    samples: Box<[i16]>,
}

impl Bed {
    /// Whose sound it is.
    pub const fn ambience(&self) -> Ambience {
        self.ambience
    }

    /// The rate of its samples.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Its samples, once round.
    pub const fn samples(&self) -> &[i16] {
        &self.samples
    }

    fn compute(ambience: Ambience, rate: SampleRate) -> Self {
        let sound = scene::sound(ambience, rate, rate.samples_in(LENGTH));
        let gain = LEVEL.amplitude() * 32_768.0 / synthesis::rms(&sound);
        // Converts with saturation.
        let samples = sound.iter().map(|sample| (sample * gain).round() as i16);
        Self {
            ambience,
            rate,
            samples: samples.collect(),
        }
    }
}

impl fmt::Debug for Bed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bed")
            .field("ambience", &self.ambience)
            .field("rate", &self.rate)
            .field("level", &level::rms(&self.samples))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bed_is_the_same_each_time_it_is_computed() {
        for ambience in Ambience::ALL {
            let rate = SampleRate::HZ_8000;
            let first = Bed::compute(ambience, rate);
            assert_eq!(first.samples(), Bed::compute(ambience, rate).samples());
        }
    }

    #[test]
    fn places_are_found_by_their_names() {
        for ambience in Ambience::ALL {
            assert_eq!(Ambience::named(ambience.name()), Some(ambience));
        }
        assert_eq!(Ambience::named("office"), Some(Ambience::Office));
        assert_eq!(Ambience::named("call_center"), Some(Ambience::CallCenter));
        assert_eq!(Ambience::named("beach"), None);
    }
}
