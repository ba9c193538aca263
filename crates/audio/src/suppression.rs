//! Takes noise out of what a caller says.
//!
//! The filter is the noise suppression of WebRTC, in its port to Rust (`sonora-ns`): an
//! estimate of the steady part of each frequency, and a Wiener filter that holds it
//! back by up to 12 dB. It works on 10 ms at 16 kHz; a stream at 8 kHz goes there and
//! back through the half-band filters.
//!
//! It is right for noise that goes on: lines, fans, engines. It hardly touches voices
//! in the background. What it does for a recogniser is little: with the embedded one, of
//! 100 words under noise 10 dB below the speech, one to four more are understood, and
//! without noise one less is, at either rate. So it is for those who ask for it.

use std::fmt;
use std::time::Duration;

use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor as WienerFilter;

use crate::halfband::{Downsampler, Upsampler};
use crate::units::SampleRate;

/// The samples at 16 kHz that are filtered at a time: 10 ms.
const BLOCK: usize = 160;

/// The blocks of faint noise that the filter hears before the stream begins. It takes
/// the first sound that it hears for noise, which would cost a caller who speaks at once
/// 1 to 7 dB; after 400 ms of this it costs 0.1 to 0.3 dB.
const REHEARSAL: u32 = 40;
/// The largest sample of that noise, whose RMS level is −50 dBFS, about that of a line
/// without speech: from there a filter is soon at home in another noise.
const FAINT: i16 = 173;
/// The blocks of silence after which nothing of it is left.
const FLUSH: u32 = 2;

/// The rate of a stream has no noise suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot suppress noise at {rate}; use 8000 or 16000 Hz")]
pub struct UnsupportedRateError {
    /// The rate asked for.
    pub rate: SampleRate,
}

/// Suppresses the noise of one stream.
///
/// It has learnt a noise after 0.75 s, allocates nothing after its construction, and
/// takes 27 kB.
pub struct NoiseSuppressor {
    filter: Box<WienerFilter>,
    /// For a stream at 8 kHz: the way to 16 kHz and back.
    detour: Option<(Upsampler, Downsampler)>,
}

impl NoiseSuppressor {
    /// How much later a stream at 16 kHz comes out than it goes in: 96 samples.
    pub const WIDE_DELAY: Duration = Duration::from_millis(6);
    /// How much later a stream at 8 kHz comes out than it goes in.
    pub const NARROW_DELAY: Duration = Duration::from_nanos(6_000_000 + 1_937_500 + 1_875_000);

    /// A suppressor of a stream at 8 or 16 kHz that has not begun.
    ///
    /// # Errors
    ///
    /// [`UnsupportedRateError`] for another rate.
    pub fn new(rate: SampleRate) -> Result<Self, UnsupportedRateError> {
        let detour = match rate {
            SampleRate::HZ_8000 => Some((Upsampler::new(), Downsampler::new())),
            SampleRate::HZ_16000 => None,
            _ => return Err(UnsupportedRateError { rate }),
        };
        let config = NsConfig {
            target_level: SuppressionLevel::K12dB,
        };
        let mut suppressor = Self {
            filter: Box::new(WienerFilter::new(config)),
            detour,
        };
        suppressor.rehearse();
        Ok(suppressor)
    }

    /// How much later the stream comes out than it goes in.
    pub const fn delay(&self) -> Duration {
        match self.detour {
            Some(_) => Self::NARROW_DELAY,
            None => Self::WIDE_DELAY,
        }
    }

    /// Replaces the next samples of the stream by those that are ready. There should
    /// be a whole number of 10 ms of them, as in any frame: what is left over at the
    /// end stays as it is.
    pub fn process(&mut self, samples: &mut [i16]) {
        let Some((upsampler, downsampler)) = &mut self.detour else {
            for block in samples.as_chunks_mut::<BLOCK>().0 {
                suppress(&mut self.filter, block);
            }
            return;
        };
        for narrow in samples.as_chunks_mut::<{ BLOCK / 2 }>().0 {
            let mut block = [0; BLOCK];
            upsampler.process(narrow, &mut block);
            suppress(&mut self.filter, &mut block);
            downsampler.process(&block, narrow);
        }
    }

    fn rehearse(&mut self) {
        let mut random = 1u32;
        for _ in 0..REHEARSAL {
            let mut block = [0; BLOCK];
            for sample in &mut block {
                // A linear congruential generator (Knuth, Lewis).
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = (random >> 16) as i16 % FAINT;
            }
            suppress(&mut self.filter, &mut block);
        }
        for _ in 0..FLUSH {
            suppress(&mut self.filter, &mut [0; BLOCK]);
        }
    }
}

impl fmt::Debug for NoiseSuppressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoiseSuppressor")
            .field("delay", &self.delay())
            .finish_non_exhaustive()
    }
}

fn suppress(filter: &mut WienerFilter, block: &mut [i16; BLOCK]) {
    let mut samples = block.map(f32::from);
    filter.analyze(&samples);
    filter.process(&mut samples);
    // Converts with saturation.
    *block = samples.map(|sample| sample.round() as i16);
}
