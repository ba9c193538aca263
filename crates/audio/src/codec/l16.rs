//! L16 (RFC 3551 §4.5.11): the samples themselves, high byte first.

/// Writes `frame` into the start of `out` and returns how many bytes that took.
pub(super) fn encode(frame: &[i16], out: &mut [u8]) -> usize {
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (pair, sample) in pairs.iter_mut().zip(frame) {
        *pair = sample.to_be_bytes();
    }
    2 * pairs.len().min(frame.len())
}

/// Writes the samples in `payload` into the start of `out` and returns how many
/// there were.
pub(super) fn decode(payload: &[u8], out: &mut [i16]) -> usize {
    let (pairs, _) = payload.as_chunks::<2>();
    for (sample, pair) in out.iter_mut().zip(pairs) {
        *sample = i16::from_be_bytes(*pair);
    }
    pairs.len().min(out.len())
}

/// How many samples are in `payload`; `None` if the last is cut in half.
pub(super) fn samples(payload: &[u8]) -> Option<usize> {
    payload.len().is_multiple_of(2).then_some(payload.len() / 2)
}
