//! WAV files written by one half of the crate are read by the other.

use std::fs;
use std::path::Path;

use audio::file::{ReadAudioError, read_channels, read_mono};
use audio::level::{Decibels, rms};
use audio::wav::WriteWavError;
use audio::{SampleRate, Tone, WavWriter};

fn ramp(len: i16) -> Vec<i16> {
    (0..len).map(|n| n.wrapping_mul(1_009)).collect()
}

fn write(path: &Path, rate: SampleRate, channels: u16, samples: &[i16]) {
    let mut writer = WavWriter::create(path, rate, channels).expect("the directory exists");
    writer.write(samples).expect("the disk has room");
    writer.finish().expect("the disk has room");
}

#[test]
fn a_finished_file_holds_its_samples_and_rate() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("mono.wav");
    write(&path, SampleRate::HZ_16000, 1, &ramp(1_000));
    let (rate, channels) = read_channels(&path).expect("the file is valid");
    assert_eq!(rate, SampleRate::HZ_16000);
    assert_eq!(channels, [ramp(1_000)]);
}

#[test]
fn a_file_that_was_flushed_but_never_finished_has_all_its_samples() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("killed.wav");
    let mut writer = WavWriter::create(&path, SampleRate::HZ_8000, 1).expect("it can be created");
    for samples in ramp(10_000).chunks(160) {
        writer.write(samples).expect("the disk has room");
        writer.flush().expect("the disk has room");
    }
    std::mem::forget(writer);
    let (_, channels) = read_channels(&path).expect("the file is valid");
    assert_eq!(channels, [ramp(10_000)]);
}

#[test]
fn what_comes_after_the_last_flush_does_not_spoil_the_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("killed.wav");
    let mut writer = WavWriter::create(&path, SampleRate::HZ_8000, 1).expect("it can be created");
    writer.write(&ramp(160)).expect("the disk has room");
    writer.flush().expect("the disk has room");
    writer.write(&ramp(30_000)).expect("the disk has room");
    std::mem::forget(writer);
    let (_, channels) = read_channels(&path).expect("the file is valid");
    assert_eq!(channels, [ramp(160)]);
}

#[test]
fn a_file_without_samples_is_valid_from_its_creation() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("empty.wav");
    let writer = WavWriter::create(&path, SampleRate::HZ_8000, 2).expect("it can be created");
    std::mem::forget(writer);
    let (_, channels) = read_channels(&path).expect("the file is valid");
    assert_eq!(channels, [vec![], vec![]] as [Vec<i16>; 2]);
}

#[test]
fn a_dropped_writer_leaves_a_complete_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("dropped.wav");
    let mut writer = WavWriter::create(&path, SampleRate::HZ_8000, 1).expect("it can be created");
    writer.write(&ramp(100)).expect("the disk has room");
    drop(writer);
    assert_eq!(
        read_channels(&path).expect("the file is valid").1,
        [ramp(100)]
    );
}

#[test]
fn the_header_tells_the_length_and_the_shape_of_the_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("three.wav");
    write(&path, SampleRate::HZ_8000, 3, &[1, 2, 3, 4, 5, 6]);
    let bytes = fs::read(&path).expect("the file exists");
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(word(4) as usize, bytes.len() - 8);
    assert_eq!(word(40) as usize, bytes.len() - 44);
    assert_eq!((word(24), word(28)), (8_000, 48_000));
    assert_eq!(bytes[32..36], [6, 0, 16, 0]);
    assert_eq!(bytes[44..], [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
}

#[test]
fn channels_come_back_apart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("stereo.wav");
    write(&path, SampleRate::HZ_8000, 2, &[1, -1, 2, -2, 3, -3]);
    let (_, channels) = read_channels(&path).expect("the file is valid");
    assert_eq!(channels, [vec![1, 2, 3], vec![-1, -2, -3]]);
}

#[test]
fn channels_are_averaged_into_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("stereo.wav");
    write(
        &path,
        SampleRate::HZ_8000,
        2,
        &[i16::MAX, i16::MAX, 100, 300, -7, 7],
    );
    let samples = read_mono(&path, SampleRate::HZ_8000).expect("the file is valid");
    assert_eq!(samples, [i16::MAX, 200, 0]);
}

#[test]
fn a_file_is_brought_to_the_rate_asked_for() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("tone.wav");
    let tone: Vec<i16> = Tone::new(SampleRate::HZ_48000, 1_000.0, Decibels::new(-6.0))
        .take(48_000)
        .collect();
    write(&path, SampleRate::HZ_48000, 1, &tone);
    let samples = read_mono(&path, SampleRate::HZ_8000).expect("the file is valid");
    assert_eq!(samples.len(), 8_000);
    assert!((rms(&samples).value() - rms(&tone).value()).abs() < 0.1);
}

#[test]
fn a_file_that_ends_early_is_read_as_far_as_it_goes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("cut.wav");
    write(&path, SampleRate::HZ_8000, 1, &ramp(5_000));
    let bytes = fs::read(&path).expect("the file exists");
    fs::write(&path, &bytes[..44 + 2 * 4_000]).expect("the disk has room");
    let (_, channels) = read_channels(&path).expect("the beginning is valid");
    assert!(ramp(5_000).starts_with(&channels[0]));
    assert!(
        channels[0].len() > 2_500,
        "only {} samples",
        channels[0].len()
    );
}

#[test]
fn a_missing_file_and_a_text_file_are_told_apart_and_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let missing = directory.path().join("missing.wav");
    let error = read_channels(&missing).expect_err("it does not exist");
    assert!(matches!(error, ReadAudioError::Open { .. }));
    assert!(error.to_string().contains("missing.wav"));

    let text = directory.path().join("text.wav");
    fs::write(&text, "not audio at all").expect("the disk has room");
    let error = read_mono(&text, SampleRate::HZ_8000).expect_err("it is no audio");
    assert!(matches!(error, ReadAudioError::Unsupported { .. }));
    assert!(error.to_string().contains("text.wav"));
}

#[test]
fn half_a_frame_is_refused_and_nothing_of_it_written() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("stereo.wav");
    let mut writer = WavWriter::create(&path, SampleRate::HZ_8000, 2).expect("it can be created");
    writer.write(&[1, 2]).expect("the disk has room");
    let error = writer.write(&[3, 4, 5]).expect_err("half a frame");
    assert!(matches!(
        error,
        WriteWavError::PartialFrame {
            samples: 3,
            channels: 2
        }
    ));
    writer.finish().expect("the disk has room");
    assert_eq!(
        read_channels(&path).expect("the file is valid").1,
        [vec![1], vec![2]]
    );
}

#[test]
fn a_file_without_channels_or_directory_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("none.wav");
    let error = WavWriter::create(&path, SampleRate::HZ_8000, 0).expect_err("no channels");
    assert!(matches!(error, WriteWavError::Channels { channels: 0 }));
    assert!(!path.exists());

    let nowhere = directory.path().join("nowhere/file.wav");
    let error = WavWriter::create(&nowhere, SampleRate::HZ_8000, 1).expect_err("no directory");
    assert!(matches!(error, WriteWavError::Io { .. }));
    assert!(error.to_string().contains("nowhere/file.wav"));
}
