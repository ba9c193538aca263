//! Comfort noise: what is described is what is heard.

use audio::codec::comfort_noise::{ComfortNoise, DESCRIPTION, describe};
use audio::codec::{Codec, Decoder};
use audio::level::rms;
use audio::{Decibels, SampleRate};
use proptest::prelude::*;

use crate::counterpart::{ffmpeg, to_bytes};

/// A description of low rumble, 40 dB below overload, in the bytes of RFC 3389.
const RUMBLE: [u8; 4] = [40, 20, 150, 120];

fn source() -> ComfortNoise {
    ComfortNoise::new(SampleRate::HZ_8000, 1)
}

fn noise_of(description: &[u8], samples: usize) -> Vec<i16> {
    let mut source = source();
    source.describe(description);
    let mut noise = vec![0; samples];
    source.fill(&mut noise);
    noise
}

#[test]
fn the_level_is_the_one_described_whatever_the_spectrum() {
    for level in [15, 30, 45, 60, 70] {
        for spectrum in [
            &[][..],
            &[127; 10],
            &[20, 150, 120],
            &[230, 100, 160, 127, 90, 127, 127, 140, 127, 127, 127, 120],
            &[60, 200, 90, 160],
        ] {
            let noise = noise_of(&[&[level], spectrum].concat(), 80_000);
            let heard = rms(&noise).value();
            let described = -f32::from(level);
            assert!(
                (heard - described).abs() < 1.0,
                "{heard} dB for {described} dB with {spectrum:?}"
            );
        }
    }
}

#[test]
fn what_is_heard_is_described_as_it_was() {
    let described = describe(&noise_of(&RUMBLE, 80_000));
    assert_eq!(described[0], RUMBLE[0]);
    for (index, &byte) in described.iter().enumerate().skip(1) {
        let expected = RUMBLE.get(index).copied().unwrap_or(127);
        assert!(byte.abs_diff(expected) <= 3, "{described:?}");
    }
}

#[test]
fn noise_is_described_as_by_ffmpeg() {
    // ffmpeg describes 640 samples at a time, and its muxer for G.722 writes any
    // packet as it is.
    let noise = noise_of(&RUMBLE, 640);
    let by_ffmpeg = ffmpeg(
        &["-f", "s16le", "-ar", "8000", "-ac", "1"],
        &["-c:a", "comfortnoise", "-strict", "-2", "-f", "g722"],
        &to_bytes(&noise),
    );
    let ours = describe(&noise);
    assert_eq!(by_ffmpeg.len(), DESCRIPTION);
    assert!(
        ours[0].abs_diff(by_ffmpeg[0]) <= 1,
        "{ours:?} {by_ffmpeg:?}"
    );
    for (ours, theirs) in ours.iter().zip(&by_ffmpeg).skip(1) {
        assert!(ours.abs_diff(*theirs) <= 12, "{ours:?} {by_ffmpeg:?}");
    }
}

#[test]
fn silence_is_described_and_made_as_silence() {
    assert_eq!(describe(&[0; 800])[..2], [127, 127]);
    assert_eq!(describe(&[])[0], 127);
    assert_eq!(rms(&noise_of(&[127, 20], 8_000)), Decibels::SILENCE);
}

#[test]
fn without_a_description_there_is_silence() {
    let mut noise = [1; 160];
    source().fill(&mut noise);
    assert_eq!(noise, [0; 160]);
    assert_eq!(noise_of(&[], 160), [0; 160]);
}

#[test]
fn the_unused_bit_of_the_level_is_ignored() {
    assert_eq!(noise_of(&[40 | 0x80], 400), noise_of(&[40], 400));
}

#[test]
fn a_new_level_is_gone_over_to_gradually() {
    let mut source = source();
    source.describe(&[60]);
    let mut noise = [0; 1_600];
    source.fill(&mut noise);
    source.describe(&[30]);
    source.fill(&mut noise);
    let levels: Vec<f32> = noise.chunks(80).map(|part| rms(part).value()).collect();
    assert!(levels[0] < -33.0, "{levels:?}");
    assert!(
        (levels[10..].iter().sum::<f32>() / 10.0 + 30.0).abs() < 1.5,
        "{levels:?}"
    );
}

#[test]
fn a_decoder_makes_noise_and_forgets_it_when_reset() {
    let mut decoder = Decoder::new(Codec::Pcma).expect("there is memory");
    let (mut first, mut again) = ([0; 160], [0; 160]);
    decoder.noise(None, &mut first);
    assert_eq!(first, [0; 160]);
    decoder.noise(Some(&RUMBLE), &mut first);
    decoder.noise(None, &mut again);
    assert!(rms(&again).value() > -46.0);
    decoder.reset();
    decoder.noise(None, &mut again);
    assert_eq!(again, [0; 160]);
    decoder.noise(Some(&RUMBLE), &mut again);
    assert_eq!(again, first);
}

proptest! {
    #[test]
    fn the_noise_is_the_same_however_it_is_cut(
        descriptions in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..16), 0..500usize),
            1..6,
        ),
        length in 1..200usize,
    ) {
        let (mut whole, mut cut) = (source(), source());
        for (description, samples) in descriptions {
            let (mut at_once, mut in_parts) = (vec![0; samples], vec![0; samples]);
            whole.describe(&description);
            whole.fill(&mut at_once);
            cut.describe(&description);
            in_parts.chunks_mut(length).for_each(|part| cut.fill(part));
            prop_assert_eq!(at_once, in_parts);
        }
    }

    #[test]
    fn no_change_of_description_bursts(
        descriptions in prop::collection::vec(prop::collection::vec(any::<u8>(), 12), 2..20),
    ) {
        let mut source = source();
        for mut description in descriptions {
            description[0] = 40;
            source.describe(&description);
            let mut noise = [0; 800];
            source.fill(&mut noise);
            // The amplitude is 328: five times that is as far as such noise strays.
            prop_assert!(noise.iter().all(|sample| sample.unsigned_abs() < 2_000));
        }
    }

    #[test]
    fn anything_can_be_described(samples in prop::collection::vec(any::<i16>(), 0..1_000)) {
        let description = describe(&samples);
        prop_assert!(description[0] <= 127);
        prop_assert!(description[1..].iter().all(|&byte| byte <= 254));
    }
}
