//! The project's codecs behind the border.

use crate::border::{DecodeError, Decoder};

impl Decoder for audio::codec::Decoder {
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        let bytes = payload.len();
        Self::decode(self, payload, out).map_err(|_| DecodeError { bytes })
    }

    fn samples(&self, payload: &[u8]) -> Option<usize> {
        Self::samples(self, payload)
    }

    fn recover(&mut self, next: &[u8], out: &mut [i16]) -> usize {
        Self::recover(self, next, out)
    }

    fn conceal(&mut self, out: &mut [i16]) -> usize {
        Self::conceal(self, out)
    }

    fn noise(&mut self, description: Option<&[u8]>, out: &mut [i16]) {
        Self::noise(self, description, out);
    }
}
