//! Files of the kinds that recordings come in, all made by ffmpeg of `fixtures/ast_en_hello.wav`, whose
//! licence (CC-BY-SA-3.0) holds for them too.

use std::path::PathBuf;
use std::time::Duration;

use audio::file::{ReadAudioError, read_channels, read_channels_at, read_mono};
use audio::{SampleRate, WavWriter};

const RATE: SampleRate = SampleRate::HZ_16000;
const MINUTE: Duration = Duration::from_secs(60);

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name)
}

fn original() -> Vec<i16> {
    let path = file("../../../../fixtures/ast_en_hello.wav");
    read_mono(path, RATE).expect("the fixture is there")
}

/// How alike two pieces of audio are at best when one is shifted by up to 100 ms, 1 for equal.
fn likeness(one: &[i16], other: &[i16]) -> f64 {
    let product = |a: &[i16], b: &[i16]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    let energy = (product(one, one) * product(other, other)).sqrt();
    let shifts = 0..1_600_usize;
    let best = shifts.map(|shift| product(&other[shift.min(other.len())..], one) / energy);
    best.fold(0.0, f64::max)
}

#[test]
fn flac_is_read_to_the_sample() {
    let (rate, channels) = read_channels(file("hello.flac")).expect("FLAC is read");
    assert_eq!((rate, channels), (RATE, vec![original()]));
}

#[test]
fn mp3_sounds_as_what_it_was_made_of() {
    let samples = read_mono(file("hello.mp3"), RATE).expect("MP3 is read");
    assert!(likeness(&original(), &samples) > 0.9);
}

#[test]
fn ogg_vorbis_keeps_its_channels() {
    let channels = read_channels_at(file("hello.ogg"), RATE, MINUTE).expect("Ogg is read");
    let [left, right] = &channels[..] else {
        panic!("expected two channels, found {}", channels.len());
    };
    assert!(likeness(&original(), left) > 0.9);
    assert!(likeness(&original(), right) > 0.9);
}

#[test]
fn channels_come_at_the_rate_that_is_asked_for() {
    let path = file("hello.flac");
    let channels = read_channels_at(path, SampleRate::HZ_8000, MINUTE).expect("FLAC is read");
    assert_eq!(channels[0].len(), original().len().div_ceil(2));
}

#[test]
fn a_file_that_is_too_long_is_refused_by_what_its_header_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.wav");
    let mut writer = WavWriter::create(&path, SampleRate::HZ_8000, 1).expect("a file");
    writer.write(&vec![0; 61 * 8_000]).expect("room");
    writer.finish().expect("room");
    let refused = read_channels_at(&path, RATE, MINUTE);
    let Err(error @ ReadAudioError::TooLong { .. }) = refused else {
        panic!("61 seconds were read");
    };
    assert!(error.to_string().contains("at most 1 minutes"), "{error}");
}

#[test]
fn a_file_that_does_not_say_how_long_it_is_is_refused_once_too_much_was_decoded() {
    let longest = Duration::from_millis(300);
    for name in ["hello.mp3", "hello.ogg", "hello.flac"] {
        let refused = read_channels_at(file(name), RATE, longest);
        assert!(
            matches!(refused, Err(ReadAudioError::TooLong { .. })),
            "{name} was read"
        );
    }
}

#[test]
fn what_is_no_audio_is_refused_with_what_is_expected() {
    let error = read_channels(file("../formats.rs")).expect_err("a program is no audio");
    assert!(
        error
            .to_string()
            .contains("expected WAV, FLAC, MP3 or Ogg Vorbis"),
        "{error}"
    );
}
