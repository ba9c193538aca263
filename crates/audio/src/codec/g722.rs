//! ITU-T G.722, mode 1: 7 kHz of audio at 64 kbit/s.
//!
//! A pair of mirror filters ([`qmf`]) splits 16 kHz of audio into two bands of
//! 8 kHz. Each is coded by ADPCM ([`band`]): the lower with 6 bits a sample, the
//! upper with 2, which make one byte for two samples of audio. Names and
//! arithmetic, 16 bits that saturate, are those of the Recommendation, so the
//! result is its to the bit.

mod band;
mod qmf;

use band::{Lower, Upper};
use qmf::{Analysis, CHUNK, Synthesis};

/// The bits of a code that belong to the lower band.
const LOWER_BITS: u32 = 6;
const LOWER_MASK: u8 = 0x3F;

/// The encoder of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoder {
    split: Analysis,
    lower: Lower,
    upper: Upper,
}

impl Encoder {
    /// Writes one code for each two samples of `frame` into the start of `out`
    /// and returns how many that were. A last sample without a partner is left out.
    pub(super) fn encode(&mut self, frame: &[i16], out: &mut [u8]) -> usize {
        let (pairs, _) = frame.as_chunks::<2>();
        let (mut lows, mut highs) = ([0; CHUNK], [0; CHUNK]);
        for (pairs, codes) in pairs.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            self.split.split(pairs, &mut lows, &mut highs);
            for ((code, &low), &high) in codes.iter_mut().zip(&lows[..pairs.len()]).zip(&highs) {
                *code = self.upper.encode(high) << LOWER_BITS | self.lower.encode(low);
            }
        }
        pairs.len().min(out.len())
    }
}

/// The decoder of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    lower: Lower,
    upper: Upper,
    join: Synthesis,
}

impl Decoder {
    /// Writes two samples for each code of `payload` into the start of `out` and
    /// returns how many samples that were. Every byte is a valid code.
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let (pairs, _) = out.as_chunks_mut::<2>();
        let count = payload.len().min(pairs.len());
        let (mut lows, mut highs) = ([0; CHUNK], [0; CHUNK]);
        for (codes, pairs) in payload.chunks(CHUNK).zip(pairs.chunks_mut(CHUNK)) {
            for ((&code, low), high) in codes.iter().zip(&mut lows).zip(&mut highs) {
                *low = self.lower.decode(code & LOWER_MASK);
                *high = self.upper.decode(code >> LOWER_BITS);
            }
            self.join.join(&lows, &highs, pairs);
        }
        2 * count
    }
}
