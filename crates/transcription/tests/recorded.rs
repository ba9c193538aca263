//! Recorded speech, transcribed as a job does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::{SampleRate, WavWriter};
use onnx::Runtime;
use speech::word_error_rate;
use transcription::{
    Models, Recording, Report, Segment, Speaker, Terms, TranscribeError, Transcriber,
};

const FIRST: (&str, &str) = (
    "ast_en_cannot-complete-as-dialed.wav",
    "Your call cannot be completed as dialed.",
);
const SECOND: (&str, &str) = (
    "ast_en_check-number-dial-again.wav",
    "Please check the number and dial again.",
);

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn transcriber() -> Transcriber {
    let models = Models {
        runtime: Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup"),
        silero: project("models/silero_vad_op18_ifless.onnx"),
        moonshine: project("models/moonshine-tiny-en"),
    };
    models.load().expect("make setup")
}

/// What was heard, and every progress that was told.
struct Heard {
    segments: Vec<Segment>,
    progress: Vec<u8>,
    ended: Result<(), TranscribeError>,
}

fn transcribe(recordings: &[Recording], heard_until: &dyn Fn(Speaker) -> Duration) -> Heard {
    let (mut segments, mut progress) = (Vec::new(), Vec::new());
    let mut report = |report| {
        match report {
            Report::Heard(segment) => segments.push(segment),
            Report::Progress(percent) => progress.push(percent),
        }
        ControlFlow::Continue(())
    };
    let terms = Terms {
        heard_until,
        longest: Duration::from_secs(600),
        given_up: &|| false,
        report: &mut report,
    };
    let ended = transcriber().transcribe(recordings, terms);
    Heard {
        segments,
        progress,
        ended,
    }
}

fn from_the_start(_: Speaker) -> Duration {
    Duration::ZERO
}

fn one(path: PathBuf) -> Recording {
    Recording {
        path,
        speaker: None,
    }
}

fn samples(fixture: &str) -> Vec<i16> {
    let file = project("fixtures").join(fixture);
    audio::file::read_mono(file, SampleRate::HZ_16000).unwrap()
}

fn silence(seconds: usize) -> Vec<i16> {
    vec![0; 16_000 * seconds]
}

fn write(folder: &Path, channels: &[Vec<i16>]) -> PathBuf {
    let path = folder.join("upload");
    let count = u16::try_from(channels.len()).unwrap();
    let mut file = WavWriter::create(&path, SampleRate::HZ_16000, count).unwrap();
    let length = channels.iter().map(Vec::len).max().unwrap();
    let mut interleaved = Vec::new();
    for place in 0..length {
        let sample = |channel: &Vec<i16>| channel.get(place).copied().unwrap_or(0);
        interleaved.extend(channels.iter().map(sample));
    }
    file.write(&interleaved).unwrap();
    file.finish().unwrap();
    path
}

#[test]
fn what_is_said_is_written_down_utterance_by_utterance() {
    let folder = tempfile::tempdir().unwrap();
    let all = [
        silence(2),
        samples(FIRST.0),
        silence(3),
        samples(SECOND.0),
        silence(1),
    ]
    .concat();
    let file = write(folder.path(), &[all]);
    let heard = transcribe(&[one(file.clone())], &from_the_start);
    heard.ended.unwrap();
    let [first, second] = heard.segments.as_slice() else {
        panic!("{:?}", heard.segments);
    };
    assert!(word_error_rate(FIRST.1, &first.text) < 0.2, "{first:?}");
    assert!(word_error_rate(SECOND.1, &second.text) < 0.2, "{second:?}");
    assert_eq!(first.speaker, Speaker::Anyone);
    let speech = |seconds: u64| Duration::from_secs(seconds);
    assert!(
        first.start > speech(1) && first.start < speech(3),
        "{first:?}"
    );
    assert!(second.start > first.end + speech(2), "{second:?}");
    assert!(
        heard.progress.is_sorted() && heard.progress.len() > 20,
        "{:?}",
        heard.progress
    );
    assert_eq!(heard.progress.last(), Some(&99));

    // As if a crash had come after the first one.
    let rest = transcribe(&[one(file)], &|_| first.end);
    rest.ended.unwrap();
    let [again] = rest.segments.as_slice() else {
        panic!("{:?}", rest.segments);
    };
    assert!(word_error_rate(SECOND.1, &again.text) < 0.2, "{again:?}");
    assert!(
        again.start.abs_diff(second.start) < Duration::from_millis(300),
        "{again:?}"
    );
}

#[test]
fn each_channel_of_a_stereo_file_is_a_speaker_unless_both_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let left = [samples(FIRST.0), silence(4)].concat();
    let right = [silence(4), samples(SECOND.0)].concat();
    let file = write(folder.path(), &[left.clone(), right]);
    let heard = transcribe(&[one(file)], &from_the_start);
    heard.ended.unwrap();
    let speakers: Vec<Speaker> = heard.segments.iter().map(|one| one.speaker).collect();
    assert_eq!(speakers, [Speaker::Customer, Speaker::Agent]);

    let file = write(folder.path(), &[left.clone(), left]);
    let heard = transcribe(&[one(file)], &from_the_start);
    let speakers: Vec<Speaker> = heard.segments.iter().map(|one| one.speaker).collect();
    assert_eq!(speakers, [Speaker::Anyone]);
}

#[test]
fn two_files_are_the_two_sides() {
    let side = |fixture: &str, speaker| Recording {
        path: project("fixtures").join(fixture),
        speaker: Some(speaker),
    };
    let files = [
        side(FIRST.0, Speaker::Agent),
        side(SECOND.0, Speaker::Customer),
    ];
    let heard = transcribe(&files, &from_the_start);
    heard.ended.unwrap();
    let speakers: Vec<Speaker> = heard.segments.iter().map(|one| one.speaker).collect();
    assert_eq!(speakers, [Speaker::Agent, Speaker::Customer]);
}

#[test]
fn silence_has_no_words() {
    let folder = tempfile::tempdir().unwrap();
    let heard = transcribe(
        &[one(write(folder.path(), &[silence(30)]))],
        &from_the_start,
    );
    heard.ended.unwrap();
    assert!(heard.segments.is_empty(), "{:?}", heard.segments);
}

#[test]
fn what_is_no_audio_or_holds_none_is_refused_without_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "This is no audio at all, whatever it is called.").unwrap();
    for (file, empty) in [(text, false), (write(folder.path(), &[Vec::new()]), true)] {
        let error = transcribe(&[one(file)], &from_the_start).ended.unwrap_err();
        assert_eq!(matches!(error, TranscribeError::Empty), empty, "{error}");
        let told = error.to_string();
        assert!(!told.contains(folder.path().to_str().unwrap()), "{told}");
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_and_one_that_nobody_wants_given_up() {
    let file = [one(project("fixtures").join(FIRST.0))];
    let mut transcriber = transcriber();
    let mut run = |longest, given_up: &dyn Fn() -> bool| {
        let terms = Terms {
            heard_until: &from_the_start,
            longest,
            given_up,
            report: &mut |_| ControlFlow::Continue(()),
        };
        transcriber.transcribe(&file, terms).unwrap_err()
    };
    let error = run(Duration::from_secs(1), &|| false);
    assert!(matches!(error, TranscribeError::TooLong(_)), "{error}");
    let error = run(Duration::from_secs(60), &|| true);
    assert!(matches!(error, TranscribeError::GivenUp), "{error}");
}
