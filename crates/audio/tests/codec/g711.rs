//! G.711 against sox and ffmpeg.

use audio::Companding;
use audio::codec::{Codec, Decoder};

use crate::counterpart::{ffmpeg, from_bytes, run, to_bytes};

/// Each law with its codec, its names in sox and ffmpeg, and how many low bits
/// of a sample it does not see.
const LAWS: [(Companding, Codec, &str, &str, u32); 2] = [
    (Companding::MuLaw, Codec::Pcmu, "u-law", "mulaw", 2),
    (Companding::ALaw, Codec::Pcma, "a-law", "alaw", 3),
];

fn every_code() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

#[test]
fn every_code_decodes_as_by_sox_and_ffmpeg() {
    for (_, codec, sox_name, ffmpeg_name, _) in LAWS {
        let mut ours = [0; 256];
        let mut decoder = Decoder::new(codec).expect("there is memory");
        assert_eq!(decoder.decode(&every_code(), &mut ours), Ok(256));

        let by_sox = run(
            "sox",
            &[
                &[
                    "-D", "-t", "raw", "-r", "8000", "-c", "1", "-e", sox_name, "-b", "8", "-",
                ][..],
                &["-t", "raw", "-e", "signed", "-b", "16", "-"],
            ]
            .concat(),
            &every_code(),
        );
        assert_eq!(ours[..], from_bytes(&by_sox), "{codec:?}");

        let by_ffmpeg = ffmpeg(
            &["-f", ffmpeg_name, "-ar", "8000", "-ac", "1"],
            &["-f", "s16le"],
            &every_code(),
        );
        assert_eq!(ours[..], from_bytes(&by_ffmpeg), "{codec:?}");
    }
}

/// sox rounds a sample to as many bits as the law sees, where the Recommendation
/// cuts it off, so only samples of that many bits can be compared. For a negative
/// sample right on the border of two μ-law codes it takes the outer one, G.191
/// the inner one.
#[test]
fn every_sample_that_sox_sees_whole_is_encoded_as_by_sox() {
    for (law, _, name, _, unseen_bits) in LAWS {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX)
            .filter(|sample| sample.trailing_zeros() >= unseen_bits)
            .collect();
        let mut ours = vec![0; samples.len()];
        law.encode(&samples, &mut ours);
        let by_sox = run(
            "sox",
            &[
                &[
                    "-D", "-t", "raw", "-r", "8000", "-c", "1", "-e", "signed", "-b", "16", "-",
                ][..],
                &["-t", "raw", "-e", name, "-b", "8", "-"],
            ]
            .concat(),
            &to_bytes(&samples),
        );
        assert_eq!(ours.len(), by_sox.len());
        let mut on_a_border = 0;
        for ((&sample, ours), by_sox) in samples.iter().zip(ours).zip(by_sox) {
            if ours != by_sox {
                assert!(law == Companding::MuLaw && sample < 0, "{law:?} {sample}");
                assert_eq!(ours, by_sox + 1, "{law:?} {sample}");
                on_a_border += 1;
            }
        }
        assert!(on_a_border <= 127, "{law:?}: {on_a_border} differ");
    }
}
