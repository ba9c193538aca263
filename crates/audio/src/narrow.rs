//! Streams of either rate of a line, as what listens at 8 kHz wants them.

use std::time::Duration;

use crate::halfband::Downsampler;
use crate::units::SampleRate;

/// Brings one stream to 8 kHz, piece by piece. It allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct Narrow(Option<Downsampler>);

impl Narrow {
    /// For a stream at 8 or 16 kHz that has not begun; `None` for other rates.
    pub(crate) fn new(rate: SampleRate) -> Option<Self> {
        match rate {
            SampleRate::HZ_8000 => Some(Self(None)),
            SampleRate::HZ_16000 => Some(Self(Some(Downsampler::new()))),
            _ => None,
        }
    }

    /// The next samples of the stream at 8 kHz; `room` has to be half as long as `samples`.
    pub(crate) fn process<'a>(&mut self, samples: &'a [i16], room: &'a mut [i16]) -> &'a [i16] {
        match &mut self.0 {
            None => samples,
            Some(filter) => {
                let written = filter.process(samples, room);
                room.get(..written).unwrap_or_default()
            }
        }
    }

    /// By how much later a sound comes out.
    pub(crate) const fn delay(&self) -> Duration {
        match self.0 {
            None => Duration::ZERO,
            Some(_) => Downsampler::DELAY,
        }
    }
}
