//! ITU-T G.711: 8-bit logarithmic PCM at 8 kHz, in its two laws.
//!
//! The arithmetic is that of the ITU-T software tool library (G.191): a sample
//! that lies exactly on a decision value takes the code nearer to zero, the
//! negative half mirrors the positive half through the one's complement, and
//! the decoded value is the middle of the code's interval.

/// One of the two companding laws of ITU-T G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Companding {
    /// μ-law, payload type 0 (`PCMU`): North America and Japan.
    MuLaw,
    /// A-law, payload type 8 (`PCMA`): the rest of the world.
    ALaw,
}

impl Companding {
    /// The code that decodes to silence: what is sent when there is nothing to say.
    pub const fn silence(self) -> u8 {
        match self {
            Self::MuLaw => 0xFF,
            Self::ALaw => 0xD5,
        }
    }

    /// Writes one code for each sample of `pcm` into `out` and returns how many
    /// were written: the length of the shorter of the two.
    pub fn encode(self, pcm: &[i16], out: &mut [u8]) -> usize {
        // One loop for each law lets the compiler make vectors of both.
        let pairs = out.iter_mut().zip(pcm);
        match self {
            Self::MuLaw => pairs.for_each(|(code, &sample)| *code = mu_law_code(sample)),
            Self::ALaw => pairs.for_each(|(code, &sample)| *code = a_law_code(sample)),
        }
        pcm.len().min(out.len())
    }

    /// Writes one sample for each code of `bytes` into `out` and returns how
    /// many were written: the length of the shorter of the two. Every byte is a
    /// valid code.
    pub fn decode(self, bytes: &[u8], out: &mut [i16]) -> usize {
        let table = match self {
            Self::MuLaw => &MU_LAW,
            Self::ALaw => &A_LAW,
        };
        for (sample, &code) in out.iter_mut().zip(bytes) {
            *sample = table[usize::from(code)];
        }
        bytes.len().min(out.len())
    }
}

static MU_LAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = mu_law_sample(code as u8);
        code += 1;
    }
    table
};

static A_LAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = a_law_sample(code as u8);
        code += 1;
    }
    table
};

const SIGN: u8 = 0x80;
/// Puts the ends of the μ-law segments on powers of two: 33 in 14-bit samples.
const MU_LAW_BIAS: u16 = 33;
const MU_LAW_LARGEST: u16 = 0x1FFF;
/// A-law codes travel with their even bits inverted.
const A_LAW_INVERTED: u8 = 0x55;

/// The distance from zero; negative samples are complemented, not negated, so
/// that both halves have the same size.
const fn magnitude(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }) as u16
}

/// The place of the highest bit of `number`, and the four bits below it: the
/// segment and the step of a code, as a floating-point number has them too.
const fn segment_and_step(number: u16) -> u16 {
    const EXPONENT_OF_ONE: u16 = 127;
    ((number as i32 as f32).to_bits() >> 19) as u16 - (EXPONENT_OF_ONE << 4)
}

const fn mu_law_code(sample: i16) -> u8 {
    const SEGMENT_0: u16 = MU_LAW_BIAS.ilog2() as u16;
    let wide = (magnitude(sample) >> 2) + MU_LAW_BIAS;
    let biased = if wide > MU_LAW_LARGEST {
        MU_LAW_LARGEST
    } else {
        wide
    };
    let code = !(segment_and_step(biased) - (SEGMENT_0 << 4)) as u8 & !SIGN;
    if sample < 0 { code } else { code | SIGN }
}

const fn mu_law_sample(code: u8) -> i16 {
    let inverted = !code;
    let segment = (inverted >> 4) & 0x07;
    let step = (inverted & 0x0F) as i16;
    let magnitude = (((step << 3) + 0x84) << segment) - 0x84;
    if code & SIGN == 0 {
        -magnitude
    } else {
        magnitude
    }
}

const fn a_law_code(sample: i16) -> u8 {
    const SEGMENT_1: u16 = 4;
    let narrow = magnitude(sample) >> 4;
    // Segment 0 is linear: it has no highest bit of its own.
    let code = if narrow < 1 << SEGMENT_1 {
        narrow
    } else {
        segment_and_step(narrow).wrapping_sub((SEGMENT_1 - 1) << 4)
    } as u8;
    (if sample < 0 { code } else { code | SIGN }) ^ A_LAW_INVERTED
}

const fn a_law_sample(code: u8) -> i16 {
    let plain = code ^ A_LAW_INVERTED;
    let segment = (plain >> 4) & 0x07;
    let step = ((plain & 0x0F) as i16) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    if plain & SIGN == 0 {
        -magnitude
    } else {
        magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [Companding; 2] = [Companding::MuLaw, Companding::ALaw];

    fn encode_one(law: Companding, sample: i16) -> u8 {
        let mut code = [0];
        assert_eq!(law.encode(&[sample], &mut code), 1);
        code[0]
    }

    fn decode_one(law: Companding, code: u8) -> i16 {
        let mut sample = [0];
        assert_eq!(law.decode(&[code], &mut sample), 1);
        sample[0]
    }

    fn every_sample() -> impl Iterator<Item = i16> {
        i16::MIN..=i16::MAX
    }

    fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
        bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        })
    }

    /// The positive half of a law, from the tables of the Recommendation: where
    /// each interval begins, in 16-bit samples, from zero outwards, and last
    /// where the outermost one ends.
    fn decision_values(law: Companding) -> Vec<i32> {
        let (mut value, mut step, first, unit) = match law {
            Companding::MuLaw => (1, 2, 15, 4),
            Companding::ALaw => (0, 2, 32, 8),
        };
        let mut values = if law == Companding::MuLaw {
            vec![0]
        } else {
            vec![]
        };
        let mut in_segment = first;
        while values.len() < 128 {
            for _ in 0..in_segment {
                values.push(value);
                value += step;
            }
            in_segment = 16;
            step *= 2;
        }
        values.push(value);
        values.into_iter().map(|value| value * unit).collect()
    }

    #[test]
    fn every_sample_takes_the_code_of_its_interval() {
        for law in LAWS {
            let starts = decision_values(law);
            assert_eq!(starts.len(), 129);
            for sample in 0..=i16::MAX {
                let inside = starts.partition_point(|&start| start <= i32::from(sample)) - 1;
                let interval = inside.min(127) as u8;
                let expected = match law {
                    Companding::MuLaw => 0xFF - interval,
                    Companding::ALaw => (0x80 | interval) ^ 0x55,
                };
                assert_eq!(encode_one(law, sample), expected, "{law:?} {sample}");
            }
        }
    }

    #[test]
    fn every_code_decodes_to_the_middle_of_its_interval() {
        for law in LAWS {
            let starts = decision_values(law);
            for (interval, edges) in starts.windows(2).enumerate() {
                let middle = match (law, interval) {
                    (Companding::MuLaw, 0) => 0,
                    _ => (edges[0] + edges[1]) / 2,
                };
                let code = match law {
                    Companding::MuLaw => 0xFF - interval as u8,
                    Companding::ALaw => (0x80 | interval as u8) ^ 0x55,
                };
                assert_eq!(
                    i32::from(decode_one(law, code)),
                    middle,
                    "{law:?} {code:#x}"
                );
                assert_eq!(
                    i32::from(decode_one(law, code ^ 0x80)),
                    -middle,
                    "{law:?} {code:#x}"
                );
            }
        }
    }

    #[test]
    fn the_halves_mirror_each_other() {
        for law in LAWS {
            for sample in every_sample() {
                assert_eq!(encode_one(law, !sample), encode_one(law, sample) ^ 0x80);
            }
        }
    }

    #[test]
    fn a_decoded_code_encodes_to_itself() {
        for law in LAWS {
            for code in 0..=u8::MAX {
                let again = encode_one(law, decode_one(law, code));
                let negative_zero = law == Companding::MuLaw && code == 0x7F;
                assert_eq!(again, if negative_zero { 0xFF } else { code }, "{law:?}");
            }
        }
    }

    #[test]
    fn known_codes_have_their_values() {
        for (law, code, sample) in [
            (Companding::MuLaw, 0xFF, 0),
            (Companding::MuLaw, 0x7F, 0),
            (Companding::MuLaw, 0xFE, 8),
            (Companding::MuLaw, 0x80, 32_124),
            (Companding::MuLaw, 0x00, -32_124),
            (Companding::ALaw, 0xD5, 8),
            (Companding::ALaw, 0x55, -8),
            (Companding::ALaw, 0xAA, 32_256),
            (Companding::ALaw, 0x2A, -32_256),
        ] {
            assert_eq!(decode_one(law, code), sample, "{law:?} {code:#x}");
        }
    }

    /// The fingerprints are of the tables that sox 14.4 decodes with.
    #[test]
    fn the_decoded_tables_are_those_of_another_implementation() {
        for (law, expected) in [
            (Companding::MuLaw, 0xB91E_65D6_8481_A1A8),
            (Companding::ALaw, 0x693A_40CA_62A3_D2A5),
        ] {
            let table = (0..=u8::MAX).flat_map(|code| decode_one(law, code).to_le_bytes());
            assert_eq!(fnv1a(table), expected, "{law:?}");
        }
    }

    /// The fingerprints are of all codes from −32768 to 32767 by the arithmetic
    /// of G.191. For A-law they are also those of CPython's `audioop`; sox agrees
    /// wherever its input needs no rounding, to 14 bits for μ-law and to 13 for
    /// A-law, save for negative μ-law samples exactly on a decision value.
    #[test]
    fn the_encoded_tables_are_those_of_another_implementation() {
        for (law, expected) in [
            (Companding::MuLaw, 0x04EC_1F08_3FD7_8C2D),
            (Companding::ALaw, 0xF030_666E_B780_CF25),
        ] {
            let table = every_sample().map(|sample| encode_one(law, sample));
            assert_eq!(fnv1a(table), expected, "{law:?}");
        }
    }

    #[test]
    fn silence_is_the_code_of_zero() {
        for law in LAWS {
            assert_eq!(law.silence(), encode_one(law, 0));
        }
    }

    #[test]
    fn the_shorter_slice_decides_how_much_is_converted() {
        let mut codes = [1; 4];
        assert_eq!(Companding::ALaw.encode(&[0; 2], &mut codes), 2);
        assert_eq!(codes, [0xD5, 0xD5, 1, 1]);
        let mut samples = [1; 2];
        assert_eq!(Companding::MuLaw.decode(&[0xFF; 3], &mut samples), 2);
        assert_eq!(samples, [0, 0]);
        assert_eq!(Companding::MuLaw.encode(&[], &mut codes), 0);
    }
}
