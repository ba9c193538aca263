//! Decoding, whatever the codec.

use super::comfort_noise::ComfortNoise;
use super::{Codec, OpenCodecError, g722, l16, opus};
use crate::g711::Companding;

/// Turns the payloads of RTP packets into audio at [`Codec::rate`].
///
/// Nothing is allocated after construction; [`Encoder`](super::Encoder) says how
/// much memory the two take. Payloads may hold anything: what is not valid is
/// refused.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    state: State,
    noise: ComfortNoise,
}

#[derive(Debug)]
enum State {
    G711(Companding),
    G722(Box<g722::Decoder>),
    Opus(opus::Decoder),
    L16,
}

impl Decoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// [`OpenCodecError`] if the codec has no memory left.
    pub fn new(codec: Codec) -> Result<Self, OpenCodecError> {
        let state = match codec {
            Codec::Pcmu => State::G711(Companding::MuLaw),
            Codec::Pcma => State::G711(Companding::ALaw),
            Codec::G722 => State::G722(Box::default()),
            Codec::Opus => State::Opus(opus::Decoder::new()?),
            Codec::L16Narrow | Codec::L16Wide => State::L16,
        };
        let noise = ComfortNoise::new(codec.rate(), NOISE_SEED);
        Ok(Self {
            codec,
            state,
            noise,
        })
    }

    /// The codec.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes one payload into the start of `out` and returns how many samples
    /// it wrote: as many as [`Decoder::samples`] says, never 0. 120 ms of room,
    /// 1920 samples at 16 kHz, are enough for any packet of Opus.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the payload is not one of the codec's or has more
    /// audio than `out` holds. `out` may then hold anything.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        let bytes = payload.len();
        let samples = self
            .samples(payload)
            .ok_or(DecodeError::Invalid { bytes })?;
        let room = out.len();
        let out = out
            .get_mut(..samples)
            .ok_or(DecodeError::TooLong { samples, room })?;
        match &mut self.state {
            State::G711(law) => Ok(law.decode(payload, out)),
            State::G722(decoder) => Ok(decoder.decode(payload, out)),
            State::Opus(decoder) => decoder.decode(payload, out),
            State::L16 => Ok(l16::decode(payload, out)),
        }
    }

    /// How many samples `payload` decodes to, found without decoding it; `None`
    /// if it is not one of the codec's payloads.
    pub fn samples(&self, payload: &[u8]) -> Option<usize> {
        match self.state {
            State::G711(_) => Some(payload.len()),
            State::G722(_) => payload.len().checked_mul(2),
            State::Opus(_) => opus::Packet::parse(payload).map(|packet| packet.samples()),
            State::L16 => l16::samples(payload),
        }
        .filter(|&samples| samples > 0)
    }

    /// Recovers what was lost right before the payload `next` from the coarser
    /// copy that Opus can carry along (in-band FEC, RFC 6716 §2.1.7). `out` is as
    /// long as the loss, in whole steps of 2.5 ms; the return value is its length,
    /// or 0 if `next` has no copy that helps, and then nothing changes. A copy
    /// lasts as long as a frame of `next`; of a longer loss, what lies before the
    /// copy is concealed, and for a shorter one the copy does not help.
    ///
    /// `next` itself is to be decoded afterwards.
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) -> usize {
        match &mut self.state {
            State::Opus(decoder) => decoder.recover(next, out),
            State::G711(_) | State::G722(_) | State::L16 => 0,
        }
    }

    /// Goes on from what was decoded last as plausibly as the codec itself can,
    /// to cover up a loss of `out`'s length, in whole steps of 2.5 ms. Returns
    /// that length, or 0 if the codec cannot: only Opus can.
    pub fn conceal(&mut self, out: &mut [i16]) -> usize {
        match &mut self.state {
            State::Opus(decoder) => decoder.conceal(out),
            State::G711(_) | State::G722(_) | State::L16 => 0,
        }
    }

    /// Fills `out` with comfort noise (RFC 3389) after the last `description`
    /// that was given, the payload of a comfort-noise packet; with silence as
    /// long as there was none. Level and spectrum go over from one description to
    /// the next within some 100 ms. The noise depends on nothing else: it is the
    /// same in every decoder of one rate.
    pub fn noise(&mut self, description: Option<&[u8]>, out: &mut [i16]) {
        if let Some(description) = description {
            self.noise.describe(description);
        }
        self.noise.fill(out);
    }

    /// Forgets the stream, as if nothing had been decoded.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::G722(decoder) => **decoder = g722::Decoder::default(),
            State::Opus(decoder) => decoder.reset(),
            State::G711(_) | State::L16 => {}
        }
        self.noise = ComfortNoise::new(self.codec.rate(), NOISE_SEED);
    }
}

/// Why a payload was not decoded. Nothing is to be done about it but to take the
/// packet as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The payload is not one of the codec's.
    #[error("{bytes} bytes could not be decoded; expected a payload of the negotiated codec")]
    Invalid {
        /// Length of the payload.
        bytes: usize,
    },
    /// The payload has more audio than there is room for; none was decoded.
    #[error("a payload has {samples} samples; expected at most {room}")]
    TooLong {
        /// Samples in the payload.
        samples: usize,
        /// Samples that there is room for.
        room: usize,
    },
}

const NOISE_SEED: u64 = 0x6D69_6875;
