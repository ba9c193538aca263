//! Encoding, whatever the codec.

use super::opus::{self, OpusSettings};
use super::{Codec, OpenCodecError, g722, l16};
use crate::frame::FRAME;
use crate::g711::Companding;

/// Turns frames of 20 ms into the payloads of RTP packets.
///
/// Nothing is allocated after construction. A pair of encoder and
/// [`Decoder`](super::Decoder) takes 280 bytes, most of them the decoder's
/// comfort noise. On the heap are another 264 bytes for G.722, and 62 KB for
/// Opus: 44 of the encoder and 18 of the decoder, as libopus 1.3.1 has them.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    state: State,
}

#[derive(Debug)]
enum State {
    G711(Companding),
    G722(Box<g722::Encoder>),
    Opus(opus::Encoder),
    L16,
}

impl Encoder {
    /// An encoder at the start of a stream. The `settings` are of no effect with
    /// other codecs than Opus.
    ///
    /// # Errors
    ///
    /// [`OpenCodecError`] if a setting is out of its range or the codec has no
    /// memory left.
    pub fn new(codec: Codec, settings: OpusSettings) -> Result<Self, OpenCodecError> {
        let state = match codec {
            Codec::Pcmu => State::G711(Companding::MuLaw),
            Codec::Pcma => State::G711(Companding::ALaw),
            Codec::G722 => State::G722(Box::default()),
            Codec::Opus => State::Opus(opus::Encoder::new(settings)?),
            Codec::L16Narrow | Codec::L16Wide => State::L16,
        };
        Ok(Self { codec, state })
    }

    /// The codec.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes a frame of exactly 20 ms at [`Codec::rate`] into the start of
    /// `out` and returns the length of the payload in bytes. 0 means that nothing
    /// need be sent: the line is silent, and Opus may be discontinuous.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if `frame` has another length or `out` is shorter than
    /// [`Codec::longest_payload`]; nothing was encoded then.
    pub fn encode(&mut self, frame: &[i16], out: &mut [u8]) -> Result<usize, EncodeError> {
        self.check(frame, out)?;
        match &mut self.state {
            State::G711(law) => Ok(law.encode(frame, out)),
            State::G722(encoder) => Ok(encoder.encode(frame, out)),
            State::Opus(encoder) => encoder.encode(frame, &mut out[..opus::LONGEST_PACKET]),
            State::L16 => Ok(l16::encode(frame, out)),
        }
    }

    /// The same, but never nothing: a sender that is discontinuous lets its far end
    /// know now and then that it is there, and how the background sounds.
    ///
    /// # Errors
    ///
    /// [`EncodeError`], as [`Encoder::encode`].
    pub fn encode_sign_of_life(
        &mut self,
        frame: &[i16],
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        self.check(frame, out)?;
        match &mut self.state {
            State::Opus(encoder) => {
                encoder.encode_sign_of_life(frame, &mut out[..opus::LONGEST_PACKET])
            }
            State::G711(_) | State::G722(_) | State::L16 => self.encode(frame, out),
        }
    }

    fn check(&self, frame: &[i16], out: &[u8]) -> Result<(), EncodeError> {
        let expected = self.codec.rate().samples_in(FRAME);
        if frame.len() != expected {
            return Err(EncodeError::FrameLength {
                samples: frame.len(),
                expected,
            });
        }
        let needed = self.codec.longest_payload();
        if out.len() < needed {
            return Err(EncodeError::OutputTooShort {
                bytes: out.len(),
                needed,
            });
        }
        Ok(())
    }

    /// Notes how many packets of a hundred get lost on the way, as the receiver
    /// reports; more than 100 is taken as 100, and less than the settings expect
    /// as what they expect. Opus spends more on in-band FEC
    /// the higher it is, and nothing where it is low
    /// ([`OpusSettings::inband_fec`]). Other codecs have no use for it.
    pub fn expect_loss(&mut self, percent: u8) {
        match &mut self.state {
            State::Opus(encoder) => encoder.expect_loss(percent),
            State::G711(_) | State::G722(_) | State::L16 => {}
        }
    }
}

/// Why a frame was not encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The frame does not last 20 ms at the codec's rate.
    #[error("a frame of {samples} samples was given to encode; expected {expected}, 20 ms")]
    FrameLength {
        /// Samples given.
        samples: usize,
        /// Samples of 20 ms.
        expected: usize,
    },
    /// There may not be enough room for the payload.
    #[error("{bytes} bytes were offered for a payload; expected at least {needed}")]
    OutputTooShort {
        /// Bytes offered.
        bytes: usize,
        /// The length of the codec's longest payload.
        needed: usize,
    },
    /// The codec failed within itself. The frame is lost; the next may succeed.
    #[error("the codec could not encode a frame; leave it out")]
    Refused,
}
