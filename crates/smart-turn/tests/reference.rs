//! Features and probabilities beside those of the Python reference, which
//! `reference/generate.py` made.

use std::fs;
use std::path::{Path, PathBuf};

use audio::SampleRate;
use onnx::Runtime;
use smart_turn::{BANDS, FRAMES, Features, SmartTurn};

/// A stretch of a fixture with what the reference makes of it.
struct Case {
    name: String,
    samples: Vec<i16>,
    probability: f32,
    /// The frames of [`chosen`], each with its bands.
    features: Vec<f32>,
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn smart_turn() -> SmartTurn {
    let runtime = Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup");
    SmartTurn::load(&runtime, &project("models/smart-turn-v3.2-cpu.onnx")).expect("make setup")
}

/// The frames that the reference holds, in its order.
fn chosen() -> Vec<usize> {
    let ends = [0, 1, 2, FRAMES - 3, FRAMES - 2, FRAMES - 1];
    let mut frames: Vec<usize> = (7..FRAMES).step_by(41).chain(ends).collect();
    frames.sort_unstable();
    frames
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let table = fs::read_to_string(folder.join("cases.csv")).expect("cases.csv");
    let bytes = fs::read(folder.join("features.i16")).expect("features.i16");
    let features: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|&pair| f32::from(i16::from_le_bytes(pair)) / 10_000.0)
        .collect();
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let features = features.chunks_exact(chosen().len() * BANDS);
    assert_eq!(rows.len(), features.len(), "a row for each set of features");
    rows.iter()
        .zip(features)
        .map(|(row, features)| case(row, features))
        .collect()
}

fn case(row: &str, features: &[f32]) -> Case {
    let fields: Vec<&str> = row.split(',').collect();
    let &[file, first, end, probability] = fields.as_slice() else {
        panic!("four fields expected in {row}");
    };
    let place = |text: &str| text.parse::<usize>().expect("a sample's number");
    let path = project("fixtures").join(file);
    let samples = audio::file::read_mono(path, SampleRate::HZ_16000).expect("readable fixture");
    Case {
        name: row.to_owned(),
        samples: samples[place(first)..place(end)].to_vec(),
        probability: probability.parse().expect("a probability"),
        features: features.to_vec(),
    }
}

#[test]
fn features_agree_with_the_reference() {
    let mut features = Features::new();
    for case in cases() {
        let computed = features.compute(&case.samples);
        let mut expected = case.features.iter();
        for frame in chosen() {
            for band in 0..BANDS {
                let (found, expected) = (computed[band * FRAMES + frame], expected.next());
                let expected = expected.expect("a value for each band of each frame");
                assert!(
                    (found - expected).abs() < 1e-4,
                    "{}: {found} in frame {frame}, band {band}, expected {expected}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn probabilities_agree_with_the_reference() {
    let mut smart_turn = smart_turn();
    for case in cases() {
        // The model's activations are rounded to 8 bits. The last bit of one feature can
        // tip a rounding and so move the answer, by more than features ever differ.
        let found = smart_turn.judge(&case.samples).expect("inference");
        let Case {
            name, probability, ..
        } = case;
        assert!(
            (found - probability).abs() < 1e-2,
            "{name}: {found}, expected {probability}"
        );
    }
}
