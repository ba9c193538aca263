//! Silero on recorded speech and on what is no speech.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use audio::SampleRate;
use onnx::{LoadModelError, Runtime};
use vad::{InferenceError, Silero, StreamState};

const RATES: [SampleRate; 2] = [SampleRate::HZ_8000, SampleRate::HZ_16000];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn runtime() -> Runtime {
    Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup")
}

fn silero(rate: SampleRate) -> Silero {
    Silero::load(
        &runtime(),
        &project("models/silero_vad_op18_ifless.onnx"),
        rate,
    )
    .expect("make setup")
}

fn speech(name: &str, rate: SampleRate) -> Vec<i16> {
    audio::file::read_mono(project("fixtures").join(name), rate).expect("readable fixture")
}

/// The probability in each whole window of `samples`, heard as one stream.
fn listen(silero: &mut Silero, samples: &[i16]) -> Vec<f32> {
    let mut state = StreamState::new();
    let mut probabilities = Vec::new();
    let mut heard = Vec::new();
    for window in samples.chunks_exact(silero.window()) {
        silero
            .run(&mut [(&mut state, window)], &mut probabilities)
            .expect("inference");
        heard.extend_from_slice(&probabilities);
    }
    heard
}

fn voiced_share(probabilities: &[f32]) -> f64 {
    let voiced = probabilities
        .iter()
        .filter(|&&probability| probability >= 0.5)
        .count();
    voiced as f64 / probabilities.len() as f64
}

/// Two seconds of `wave(second)`, which gives values from -1 to 1.
fn two_seconds(rate: SampleRate, mut wave: impl FnMut(f64) -> f64) -> Vec<i16> {
    let hertz = rate.hertz();
    (0..2 * hertz)
        .map(|index| (wave(f64::from(index) / f64::from(hertz)) * 32_767.0) as i16)
        .collect()
}

fn noise() -> impl FnMut(f64) -> f64 {
    let mut seed = 1_u32;
    move |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(seed >> 8) / f64::from(1_u32 << 23) - 1.0) * 0.03
    }
}

#[test]
fn recorded_speech_is_heard_at_both_rates() {
    for rate in RATES {
        let mut silero = silero(rate);
        for name in [
            "ast_en_vm-review.wav",
            "ast_en_ss-noservice.wav",
            "ast_fr_vm-newuser.wav",
        ] {
            let share = voiced_share(&listen(&mut silero, &speech(name, rate)));
            assert!(
                share > 0.5,
                "{name} at {rate}: speech in {share:.2} of its windows"
            );
        }
    }
}

#[test]
fn silence_is_not_speech() {
    for rate in RATES {
        let heard = listen(&mut silero(rate), &two_seconds(rate, |_| 0.0));
        assert!(
            heard.iter().all(|&probability| probability < 0.3),
            "{rate}: {heard:?}"
        );
    }
}

#[test]
fn tones_are_not_speech() {
    for rate in RATES {
        for hertz in [
            [440.0, 440.0],
            [1_000.0, 1_000.0],
            [697.0, 1_209.0],
            [350.0, 440.0],
        ] {
            let tone = two_seconds(rate, |second| {
                0.15 * hertz
                    .iter()
                    .map(|hertz| (TAU * hertz * second).sin())
                    .sum::<f64>()
            });
            let share = voiced_share(&listen(&mut silero(rate), &tone));
            assert!(
                share < 0.05,
                "{hertz:?} Hz at {rate}: speech in {share:.2} of its windows"
            );
        }
    }
}

#[test]
fn noise_is_not_speech() {
    for rate in RATES {
        let share = voiced_share(&listen(&mut silero(rate), &two_seconds(rate, noise())));
        assert!(share < 0.05, "{rate}: speech in {share:.2} of its windows");
    }
}

#[test]
fn a_stream_is_heard_alike_alone_and_in_a_batch_wherever_it_stands() {
    for rate in RATES {
        let mut silero = silero(rate);
        let window = silero.window();
        let streams = [
            speech("ast_en_vm-review.wav", rate),
            two_seconds(rate, noise()),
            speech("ast_es_agent-newlocation.wav", rate),
        ];
        let count = 60;
        let alone: Vec<Vec<f32>> = streams
            .iter()
            .map(|samples| listen(&mut silero, &samples[..count * window]))
            .collect();
        let mut states = [StreamState::new(), StreamState::new(), StreamState::new()];
        let mut probabilities = Vec::new();
        for step in 0..count {
            let mut batch: Vec<(usize, (&mut StreamState, &[i16]))> = states
                .iter_mut()
                .zip(&streams)
                .map(|(state, samples)| (state, &samples[step * window..(step + 1) * window]))
                .enumerate()
                .collect();
            batch.rotate_left(step % 3);
            let (order, mut batch): (Vec<_>, Vec<_>) = batch.into_iter().unzip();

            silero
                .run(&mut batch, &mut probabilities)
                .expect("inference");

            for (place, &stream) in order.iter().enumerate() {
                let difference = (probabilities[place] - alone[stream][step]).abs();
                assert!(
                    difference < 1e-5,
                    "{rate}, stream {stream}, window {step}: {difference}"
                );
            }
        }
    }
}

#[test]
fn a_reset_stream_hears_as_a_new_one() {
    let rate = SampleRate::HZ_8000;
    let mut silero = silero(rate);
    let samples = speech("ast_en_vm-review.wav", rate);
    let window = silero.window();
    let mut state = StreamState::new();
    let mut probabilities = Vec::new();
    for samples in samples.chunks_exact(window).take(30) {
        silero
            .run(&mut [(&mut state, samples)], &mut probabilities)
            .expect("inference");
    }

    state.reset();
    silero
        .run(&mut [(&mut state, &samples[..window])], &mut probabilities)
        .expect("inference");

    assert_eq!(probabilities, listen(&mut silero, &samples[..window]));
}

#[test]
fn a_window_of_the_wrong_length_is_refused_and_no_stream_moves_on() {
    let rate = SampleRate::HZ_16000;
    let mut silero = silero(rate);
    let samples = speech("ast_en_vm-review.wav", rate);
    let (mut first, mut second) = (StreamState::new(), StreamState::new());
    let mut probabilities = vec![0.7];
    let batch: &mut [(&mut StreamState, &[i16])] = &mut [
        (&mut first, &samples[..512]),
        (&mut second, &samples[..256]),
    ];

    let error = silero
        .run(batch, &mut probabilities)
        .expect_err("half a window");

    assert!(
        matches!(
            error,
            InferenceError::WindowLength {
                index: 1,
                found: 256,
                expected: 512
            }
        ),
        "{error}"
    );
    assert!(probabilities.is_empty());
    silero
        .run(&mut [(&mut first, &samples[..512])], &mut probabilities)
        .expect("inference");
    assert_eq!(probabilities, listen(&mut silero, &samples[..512]));
}

#[test]
fn an_empty_batch_gives_no_probabilities() {
    let mut probabilities = vec![0.7];

    silero(SampleRate::HZ_8000)
        .run(&mut [], &mut probabilities)
        .expect("nothing to infer");

    assert!(probabilities.is_empty());
}

#[test]
fn a_missing_model_is_named_together_with_the_command_that_brings_it() {
    let path = Path::new("/nowhere/silero.onnx");

    let error = Silero::load(&runtime(), path, SampleRate::HZ_8000).expect_err("no such file");

    assert!(matches!(error, LoadModelError::Missing { .. }));
    let message = error.to_string();
    assert!(message.contains("/nowhere/silero.onnx"), "{message}");
    assert!(message.contains("make setup"), "{message}");
}

#[test]
fn another_model_is_refused_by_name() {
    let path = project("models/smart-turn-v3.2-cpu.onnx");

    let error = Silero::load(&runtime(), &path, SampleRate::HZ_8000).expect_err("not Silero");

    assert!(matches!(error, LoadModelError::Unusable { .. }));
    assert!(error.to_string().contains("smart-turn"), "{error}");
}

#[test]
fn a_rate_that_silero_does_not_know_is_refused() {
    let path = project("models/silero_vad_op18_ifless.onnx");

    let error = Silero::load(&runtime(), &path, SampleRate::HZ_48000).expect_err("48 kHz");

    assert!(error.to_string().contains("48000 Hz"), "{error}");
}
