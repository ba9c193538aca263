//! G.722 against ffmpeg, which has an implementation of its own.

use audio::SampleRate;
use audio::codec::{Codec, Decoder, OpusSettings};

use crate::counterpart::{
    decode, encode, ffmpeg, from_bytes, noise, signal_to_noise, speech, to_bytes,
};

const PCM: [&str; 6] = ["-f", "s16le", "-ar", "16000", "-ac", "1"];
/// Samples by which the two filters together delay the audio.
const DELAY: usize = 22;

fn encoded(samples: &[i16]) -> Vec<u8> {
    encode(Codec::G722, OpusSettings::default(), samples).concat()
}

fn assert_both_ways_as_by_ffmpeg(samples: &[i16], what: &str) {
    let codes = encoded(samples);
    let by_ffmpeg = ffmpeg(&PCM, &["-c:a", "g722", "-f", "g722"], &to_bytes(samples));
    assert!(codes == by_ffmpeg, "{what} is encoded differently");
    assert_decodes_as_by_ffmpeg(&codes, what);
}

fn assert_decodes_as_by_ffmpeg(codes: &[u8], what: &str) {
    let decoded = decode(Codec::G722, codes.chunks(160));
    let by_ffmpeg = from_bytes(&ffmpeg(&["-f", "g722"], &PCM, codes));
    assert!(decoded == by_ffmpeg, "{what} is decoded differently");
}

#[test]
fn speech_is_coded_to_the_bit_as_by_ffmpeg() {
    for name in ["ast_en_vm-review.wav", "syn_en_pay-bill.wav"] {
        assert_both_ways_as_by_ffmpeg(&speech(name, SampleRate::HZ_16000), name);
    }
}

#[test]
fn noise_of_every_loudness_is_coded_to_the_bit_as_by_ffmpeg() {
    for shift in [0, 1, 3, 6, 10, 15] {
        let samples: Vec<i16> = noise(32_000, 7).iter().map(|s| s >> shift).collect();
        assert_both_ways_as_by_ffmpeg(&samples, &format!("noise of {} bits", 16 - shift));
    }
}

/// The filters overshoot at the edges. Beyond this amplitude the bands would
/// exceed their 15 bits, to which ffmpeg does not limit them.
#[test]
fn square_waves_of_every_frequency_are_coded_to_the_bit_as_by_ffmpeg() {
    let samples: Vec<i16> = (1..=50)
        .flat_map(|half| {
            (0..640).map(move |n| match n / half % 2 {
                0 => 20_000,
                _ => -20_000,
            })
        })
        .collect();
    assert_both_ways_as_by_ffmpeg(&samples, "a sweep of square waves");
}

#[test]
fn any_bytes_decode_to_the_bit_as_by_ffmpeg() {
    let codes: Vec<u8> = noise(100_000, 9)
        .iter()
        .map(|s| s.to_le_bytes()[1])
        .collect();
    assert_decodes_as_by_ffmpeg(&codes, "a random stream");
    let lopsided: Vec<u8> = codes.iter().map(|code| code & 0x8F).collect();
    assert_decodes_as_by_ffmpeg(&lopsided, "a lopsided stream");
    let constant: Vec<u8> = (0..=u8::MAX).flat_map(|code| [code; 400]).collect();
    assert_decodes_as_by_ffmpeg(&constant, "every code again and again");
}

#[test]
fn a_stream_decodes_the_same_however_it_is_cut() {
    let codes = encoded(&speech("ast_en_hello.wav", SampleRate::HZ_16000));
    let whole = decode(Codec::G722, codes.chunks(160));
    for length in [1, 3, 79, 80, 81, 160, 161, 399] {
        let cut = decode(Codec::G722, codes.chunks(length));
        assert!(cut == whole, "in payloads of {length} bytes");
    }
}

#[test]
fn speech_comes_back_22_samples_later() {
    let samples = speech("ast_en_vm-review.wav", SampleRate::HZ_16000);
    let decoded = decode(Codec::G722, encoded(&samples).chunks(160));
    let undelayed = &samples[..samples.len() - DELAY];
    let ratio = signal_to_noise(undelayed, &decoded[DELAY..]);
    assert!(ratio > 30.0, "{ratio:.1} dB");
}

#[test]
fn a_reset_decoder_is_as_new() {
    let codes = encoded(&noise(3_200, 5));
    let mut decoder = Decoder::new(Codec::G722).expect("there is memory");
    let (mut first, mut second) = ([0; 320], [0; 320]);
    decoder
        .decode(&codes[..160], &mut first)
        .expect("it is valid");
    decoder
        .decode(&codes[160..320], &mut second)
        .expect("it is valid");
    decoder.reset();
    decoder
        .decode(&codes[..160], &mut second)
        .expect("it is valid");
    assert_eq!(first, second);
}
