//! The detector: a network behind a gate.

mod recordings;

use audio::SampleRate;
use recordings::{Random, project, runtime, speech};
use vad::{Backend, Detector, InferenceError, LoadDetectorError, Settings, StreamState};

const WINDOW: usize = 256;

/// Windows that are kept while the gate is closed.
const KEPT: usize = 16;

fn detector(settings: Settings) -> Detector {
    let model = project("models/silero_vad_op18_ifless.onnx");
    Detector::load(&runtime(), &model, SampleRate::HZ_8000, settings).expect("make setup")
}

fn without_gate() -> Detector {
    detector(Settings {
        gate: false,
        ..Settings::default()
    })
}

fn listen(detector: &mut Detector, state: &mut StreamState, samples: &[i16]) -> Vec<f32> {
    let mut heard = Vec::new();
    let mut probabilities = Vec::new();
    for window in samples.chunks_exact(WINDOW) {
        detector
            .run(&mut [(state, window)], &mut probabilities)
            .expect("inference");
        heard.extend_from_slice(&probabilities);
    }
    heard
}

/// Whole windows of soft noise.
fn pause(windows: usize) -> Vec<i16> {
    let mut random = Random::new(3);
    (0..windows * WINDOW)
        .map(|_| (random.unit() * 15.0) as i16)
        .collect()
}

/// Whole windows of a caller.
fn words() -> Vec<i16> {
    let recordings = speech(SampleRate::HZ_8000);
    let (_, samples) = recordings
        .into_iter()
        .find(|(name, _)| name == "ast_en_ss-noservice.wav")
        .expect("a fixture");
    samples[..samples.len() / WINDOW * WINDOW].to_vec()
}

/// A pause after whose beginning the gate has been closed for this many windows.
fn pause_with_closed(windows: usize) -> Vec<i16> {
    let mut detector = detector(Settings::default());
    let samples = pause(400);
    let mut state = StreamState::new();
    let mut at = 0;
    while detector.statistics().windows_gated < windows as u64 {
        listen(&mut detector, &mut state, &samples[at..at + WINDOW]);
        at += WINDOW;
    }
    assert_eq!(detector.statistics().openings, 0);
    samples[..at].to_vec()
}

#[test]
fn the_first_window_after_a_short_pause_is_judged_the_very_same_as_without_the_gate() {
    for missed in [1, 2, KEPT - 1, KEPT] {
        let pause = pause_with_closed(missed);
        let samples = [pause.clone(), words()].concat();
        let mut gated = detector(Settings::default());
        let mut state = StreamState::new();
        let first = &samples[..pause.len() + WINDOW];

        let with = listen(&mut gated, &mut state, first);

        let without = listen(&mut without_gate(), &mut StreamState::new(), first);
        assert_eq!(gated.statistics().windows_replayed, missed as u64);
        assert_eq!(with.last(), without.last(), "{missed} windows were missed");
    }
}

#[test]
fn after_a_long_pause_the_last_half_second_is_heard_before_the_words() {
    let samples = [pause_with_closed(100), words()].concat();
    let mut detector = detector(Settings::default());

    let heard = listen(&mut detector, &mut StreamState::new(), &samples);

    let statistics = detector.statistics();
    assert_eq!(statistics.openings, 1);
    assert_eq!(statistics.windows_replayed, KEPT as u64);
    assert_eq!(statistics.windows_gated, 100);
    assert_eq!(statistics.windows_run, heard.len() as u64 - 100);
}

#[test]
fn windows_passed_over_are_no_speech() {
    let samples = pause_with_closed(50);

    let heard = listen(
        &mut detector(Settings::default()),
        &mut StreamState::new(),
        &samples,
    );

    assert_eq!(heard[heard.len() - 50..], [0.0; 50]);
}

#[test]
fn a_stream_is_heard_alike_alone_and_beside_streams_whose_gates_stand_otherwise() {
    let streams: Vec<Vec<i16>> = [0, 5, 40, 90]
        .into_iter()
        .map(|windows| {
            let mut samples = [pause_with_closed(windows), words(), pause(150), words()].concat();
            samples.truncate(250 * WINDOW);
            samples
        })
        .collect();
    let alone: Vec<Vec<f32>> = streams
        .iter()
        .map(|samples| {
            listen(
                &mut detector(Settings::default()),
                &mut StreamState::new(),
                samples,
            )
        })
        .collect();
    let mut together = detector(Settings::default());
    let mut states = vec![StreamState::new(); streams.len()];
    let mut probabilities = Vec::new();
    for window in 0..250 {
        let at = window * WINDOW..(window + 1) * WINDOW;
        let windows = streams.iter().map(|samples| &samples[at.clone()]);
        let mut batch: Vec<_> = states.iter_mut().zip(windows).collect();

        together
            .run(&mut batch, &mut probabilities)
            .expect("inference");

        for (alone, probability) in alone.iter().zip(&probabilities) {
            assert_eq!(alone[window], *probability, "window {window}");
        }
    }
    assert!(together.statistics().openings > 2);
}

#[test]
fn the_gate_stands_before_onnx_runtime_too() {
    let samples = [pause_with_closed(40), words(), pause(100), words()].concat();
    let mut kernel = detector(Settings::default());
    let mut onnx = detector(Settings {
        backend: Backend::Onnx,
        gate: true,
    });

    let by_kernel = listen(&mut kernel, &mut StreamState::new(), &samples);
    let by_onnx = listen(&mut onnx, &mut StreamState::new(), &samples);

    assert_eq!(kernel.statistics(), onnx.statistics());
    for (kernel, onnx) in by_kernel.iter().zip(&by_onnx) {
        assert!((kernel - onnx).abs() <= 1e-4, "{kernel} and {onnx}");
    }
}

#[test]
fn a_window_of_the_wrong_length_is_refused_and_no_gate_has_heard_the_batch() {
    let mut detector = detector(Settings::default());
    let samples = words();
    let (mut first, mut second) = (StreamState::new(), StreamState::new());
    let mut probabilities = vec![0.7];

    let error = detector
        .run(
            &mut [(&mut first, &samples[..WINDOW]), (&mut second, &[])],
            &mut probabilities,
        )
        .expect_err("no window");

    assert!(
        matches!(error, InferenceError::WindowLength { index: 1, .. }),
        "{error}"
    );
    assert!(probabilities.is_empty());
    assert_eq!(detector.statistics().windows_run, 0);
    let heard = listen(&mut detector, &mut first, &samples);
    assert_eq!(
        heard,
        listen(&mut detector, &mut StreamState::new(), &samples)
    );
}

#[test]
fn a_stream_that_was_reset_is_a_new_one() {
    let mut detector = detector(Settings::default());
    let samples = [pause_with_closed(40), words()].concat();
    let mut state = StreamState::new();
    listen(&mut detector, &mut state, &pause(100));

    state.reset();

    let heard = listen(&mut detector, &mut state, &samples);
    assert_eq!(
        heard,
        listen(&mut detector, &mut StreamState::new(), &samples)
    );
}

#[test]
fn a_file_that_the_kernel_does_not_compute_can_be_given_to_onnx_runtime() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.onnx");
    let model = project("models/silero_vad_op18_ifless.onnx");
    std::fs::write(&path, recordings::with_another_activation(&model)).expect("a file");
    let load = |backend| {
        let settings = Settings {
            backend,
            gate: true,
        };
        Detector::load(&runtime(), &path, SampleRate::HZ_8000, settings)
    };

    let error = load(Backend::Kernel).expect_err("another network");

    assert!(matches!(error, LoadDetectorError::Kernel(_)), "{error}");
    load(Backend::Onnx).expect("an ONNX model");
}
