//! The detector of calls, whose lines are wide or narrow.

mod recordings;

use audio::SampleRate;
use recordings::{project, runtime, speech};
use vad::{Detector, InferenceError, LineDetector, Settings, StreamState};

const NARROW: usize = 256;
const WIDE: usize = 512;

fn model() -> std::path::PathBuf {
    project("models/silero_vad_op18_ifless.onnx")
}

fn line_detector() -> LineDetector {
    LineDetector::load(&runtime(), &model(), Settings::default()).expect("make setup")
}

/// What a detector of one rate makes of a caller.
fn alone(rate: SampleRate, samples: &[i16]) -> Vec<f32> {
    let mut detector =
        Detector::load(&runtime(), &model(), rate, Settings::default()).expect("make setup");
    let mut state = StreamState::new();
    let mut heard = Vec::new();
    let mut probabilities = Vec::new();
    for window in samples.chunks_exact(detector.window()) {
        detector
            .run(&mut [(&mut state, window)], &mut probabilities)
            .expect("inference");
        heard.extend_from_slice(&probabilities);
    }
    heard
}

#[test]
fn wide_and_narrow_lines_in_one_batch_are_heard_as_each_is_alone() {
    let (narrow, wide) = (speech(SampleRate::HZ_8000), speech(SampleRate::HZ_16000));
    let lines: Vec<&[i16]> = [
        &narrow[0].1,
        &wide[1].1,
        &wide[0].1,
        &narrow[2].1,
        &narrow[1].1,
    ]
    .map(|samples| &samples[..])
    .to_vec();
    let rates = [8, 16, 16, 8, 8].map(|kilohertz| SampleRate::new(kilohertz * 1_000).unwrap());
    let alone: Vec<Vec<f32>> = rates
        .iter()
        .zip(&lines)
        .map(|(rate, samples)| alone(*rate, samples))
        .collect();
    let mut together = line_detector();
    let mut states = vec![StreamState::new(); lines.len()];
    let mut probabilities = Vec::new();
    let windows = alone.iter().map(Vec::len).min().expect("five lines");
    for index in 0..windows {
        let mut batch: Vec<_> = states
            .iter_mut()
            .zip(rates)
            .zip(&lines)
            .map(|((state, rate), samples)| {
                let length = LineDetector::window(rate).expect("the rate of a line");
                (state, &samples[index * length..(index + 1) * length])
            })
            .collect();

        together
            .run(&mut batch, &mut probabilities)
            .expect("inference");

        let expected: Vec<f32> = alone.iter().map(|heard| heard[index]).collect();
        assert_eq!(probabilities, expected, "window {index}");
    }
    let statistics = together.statistics();
    assert_eq!(
        statistics.windows_run + statistics.windows_gated,
        5 * windows as u64
    );
}

#[test]
fn a_window_of_neither_length_is_refused_and_no_stream_moves_on() {
    let mut detector = line_detector();
    let mut probabilities = vec![0.7];
    for (length, wanted) in [(100, NARROW), (300, WIDE), (600, WIDE)] {
        let (mut first, mut second) = (StreamState::new(), StreamState::new());
        let odd = vec![0; length];

        let error = detector
            .run(
                &mut [(&mut first, &[0; NARROW]), (&mut second, &odd)],
                &mut probabilities,
            )
            .expect_err("no window");

        assert!(
            matches!(error, InferenceError::WindowLength { index: 1, found, expected }
                if found == length && expected == wanted),
            "{error}"
        );
        assert!(probabilities.is_empty());
    }
    assert_eq!(detector.statistics(), vad::Statistics::default());
}

#[test]
fn lines_are_heard_at_8_and_16_khz_alone() {
    let window = |hertz| LineDetector::window(SampleRate::new(hertz).expect("a rate"));
    assert_eq!(window(8_000), Some(NARROW));
    assert_eq!(window(16_000), Some(WIDE));
    assert_eq!(window(48_000), None);
}
