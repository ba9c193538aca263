//! The codecs of a leg.

use audio::{Companding, SampleRate};
use jitter::{DecodeError, Decoder};

/// How the audio of a connection is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law, static payload type 8 (RFC 3551 §4.5.14).
    Pcma,
    /// G.711 μ-law, static payload type 0 (RFC 3551 §4.5.14).
    Pcmu,
}

impl Codec {
    /// The rate of both the samples and the RTP timestamps.
    pub const fn rate(self) -> SampleRate {
        match self {
            Self::Pcma | Self::Pcmu => SampleRate::HZ_8000,
        }
    }

    pub(crate) const fn companding(self) -> Companding {
        match self {
            Self::Pcma => Companding::ALaw,
            Self::Pcmu => Companding::MuLaw,
        }
    }
}

impl Decoder for Codec {
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        if payload.len() > out.len() {
            return Err(DecodeError {
                bytes: payload.len(),
            });
        }
        Ok(self.companding().decode(payload, out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_decodes_its_own_law() {
        for (mut codec, silence) in [(Codec::Pcma, 0xD5), (Codec::Pcmu, 0xFF)] {
            let mut out = [1; 4];
            assert_eq!(codec.decode(&[silence; 3], &mut out), Ok(3));
            assert!(
                out[..3].iter().all(|sample| sample.abs() <= 8),
                "{codec:?} {out:?}"
            );
            assert_eq!(out[3], 1);
        }
    }

    #[test]
    fn more_audio_than_fits_is_refused() {
        let refused = Codec::Pcmu.decode(&[0xFF; 5], &mut [0; 4]);
        assert_eq!(refused, Err(DecodeError { bytes: 5 }));
    }
}
