//! The input is one octet, which picks the codec, and then steps: one octet for
//! what to do, and, for those that need a payload, two octets of length and the
//! payload.

use audio::Codec;
use audio::codec::Decoder;

use crate::Verdict;
use crate::input::Input;

/// Samples in 120 ms at 16 kHz, the longest packet of Opus.
const ROOM: usize = 1_920;
/// Samples in 20 ms at 16 kHz.
const FRAME: usize = 320;

/// What is done in a step.
pub(crate) mod step {
    pub(crate) const DECODE: u8 = 0;
    pub(crate) const RECOVER: u8 = 1;
    pub(crate) const CONCEAL: u8 = 2;
    pub(crate) const DESCRIBE_NOISE: u8 = 3;
    pub(crate) const NOISE: u8 = 4;
    pub(crate) const RESET: u8 = 5;
    pub(crate) const COUNT: u8 = 6;
}

pub(crate) fn run(input: &[u8]) -> Verdict {
    let mut input = Input::new(input);
    let choice = usize::from(input.octet().unwrap_or(0));
    let codec = Codec::ALL[choice % Codec::ALL.len()];
    let mut decoder = Decoder::new(codec).expect("there is memory");
    let mut out = [0; ROOM];
    let mut accepted = false;
    while let Some(octet) = input.octet() {
        match octet % step::COUNT {
            step::DECODE => {
                let payload = input.record().unwrap_or_default();
                accepted |= decode(&mut decoder, payload, &mut out);
            }
            step::RECOVER => {
                let next = input.record().unwrap_or_default();
                let samples = decoder.recover(next, &mut out[..FRAME]);
                assert!([0, FRAME].contains(&samples));
            }
            step::CONCEAL => {
                let samples = decoder.conceal(&mut out[..FRAME]);
                assert_eq!(samples, if codec == Codec::Opus { FRAME } else { 0 });
            }
            step::DESCRIBE_NOISE => {
                let description = input.record().unwrap_or_default();
                decoder.noise(Some(description), &mut out[..FRAME]);
            }
            step::NOISE => decoder.noise(None, &mut out[..FRAME]),
            _ => decoder.reset(),
        }
    }
    Verdict::of(accepted)
}

fn decode(decoder: &mut Decoder, payload: &[u8], out: &mut [i16]) -> bool {
    let expected = decoder.samples(payload);
    let decoded = decoder.decode(payload, out);
    match (expected, decoded) {
        (Some(samples), Ok(written)) => assert_eq!(written, samples),
        (Some(samples), Err(_)) => {
            let codec = decoder.codec();
            assert!(
                samples > ROOM || codec == Codec::Opus,
                "{codec:?} refuses {samples} samples"
            );
        }
        (None, decoded) => assert!(decoded.is_err()),
    }
    decoded.is_ok()
}
