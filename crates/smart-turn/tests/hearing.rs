//! What Smart Turn makes of recorded speech: its end, and a stop in its middle.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::{Companding, Downsampler, SampleRate, Upsampler};
use onnx::{LoadModelError, Runtime};
use smart_turn::SmartTurn;

const RATE: SampleRate = SampleRate::HZ_16000;

/// Recordings of one clause, and where it is stopped, in milliseconds.
const STOPS: [(&str, u64); 4] = [
    ("ast_en_vm-sorry.wav", 1_620),
    ("ast_en_vm-mailboxfull.wav", 2_260),
    ("ast_en_feature-not-avail-line.wav", 2_000),
    ("ast_en_check-number-dial-again.wav", 1_360),
];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn runtime() -> Runtime {
    Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup")
}

fn smart_turn() -> SmartTurn {
    SmartTurn::load(&runtime(), &project("models/smart-turn-v3.2-cpu.onnx")).expect("make setup")
}

fn samples(milliseconds: u64) -> usize {
    RATE.samples_in(Duration::from_millis(milliseconds))
}

fn judge(smart_turn: &mut SmartTurn, audio: &[i16]) -> f32 {
    smart_turn.judge(audio).expect("inference")
}

/// A whole recording, and the beginning of it, each with 200 ms of silence behind.
fn whole_and_stopped(name: &str, stop: u64) -> [Vec<i16>; 2] {
    let path = project("fixtures").join(name);
    let recording = audio::file::read_mono(path, RATE).expect("readable fixture");
    // A fixture ends with 100 ms of silence.
    let speech = recording.len() - samples(100);
    [speech, samples(stop)].map(|end| {
        let mut heard = recording[..end].to_vec();
        heard.resize(end + samples(200), 0);
        heard
    })
}

/// What a telephone makes of the audio, at 16 kHz again.
fn through_pcmu(audio: &[i16]) -> Vec<i16> {
    let mut narrow = vec![0; audio.len() / 2];
    Downsampler::new().process(audio, &mut narrow);
    let mut codes = vec![0; narrow.len()];
    Companding::MuLaw.encode(&narrow, &mut codes);
    Companding::MuLaw.decode(&codes, &mut narrow);
    let mut wide = vec![0; 2 * narrow.len()];
    Upsampler::new().process(&narrow, &mut wide);
    wide
}

#[test]
fn a_stop_in_mid_clause_is_told_from_the_end() {
    let mut smart_turn = smart_turn();
    for (name, stop) in STOPS {
        let [whole, stopped] = whole_and_stopped(name, stop);
        let end = judge(&mut smart_turn, &whole);
        assert!(end > 0.8, "{name}: {end} at its end");
        let middle = judge(&mut smart_turn, &stopped);
        assert!(middle < 0.2, "{name}: {middle} in its middle");
    }
}

#[test]
fn a_stop_in_mid_clause_is_told_from_the_end_over_a_telephone() {
    let mut smart_turn = smart_turn();
    for (name, stop) in STOPS {
        let [whole, stopped] = whole_and_stopped(name, stop).map(|audio| through_pcmu(&audio));
        let end = judge(&mut smart_turn, &whole);
        assert!(end > 0.8, "{name}: {end} at its end");
        let middle = judge(&mut smart_turn, &stopped);
        assert!(middle < 0.2, "{name}: {middle} in its middle");
    }
}

#[test]
fn the_same_audio_gets_the_same_answer_again() {
    let mut smart_turn = smart_turn();
    let [whole, stopped] = whole_and_stopped("ast_en_vm-review.wav", 3_000);
    let first = judge(&mut smart_turn, &whole);
    judge(&mut smart_turn, &stopped);
    let again = judge(&mut smart_turn, &whole);
    assert_eq!(first.to_bits(), again.to_bits());
}

#[test]
fn audio_of_any_length_is_judged() {
    let mut smart_turn = smart_turn();
    for length in [0, 1, 159, 127_999, 128_000, 128_001, 500_000] {
        let loud = vec![i16::MIN; length];
        let probability = judge(&mut smart_turn, &loud);
        assert!((0.0..=1.0).contains(&probability), "{length} samples");
    }
}

#[test]
fn a_model_of_another_kind_is_refused() {
    let other = project("models/silero_vad_op18_ifless.onnx");
    let refused = SmartTurn::load(&runtime(), &other).expect_err("not Smart Turn");
    assert!(matches!(refused, LoadModelError::Unusable { .. }));
    assert!(refused.to_string().contains("input_features"));
}
