//! The kernel against ONNX Runtime, and files that are not the network that it computes.

mod recordings;

use std::path::PathBuf;

use audio::SampleRate;
use recordings::{project, runtime, speech};
use vad::{GraphError, InferenceError, Instructions, Kernel, LoadKernelError, Silero, StreamState};

const RATES: [SampleRate; 2] = [SampleRate::HZ_8000, SampleRate::HZ_16000];

/// How far the kernel may be from ONNX Runtime.
const TOLERANCE: f32 = 1e-4;

fn model() -> PathBuf {
    project("models/silero_vad_op18_ifless.onnx")
}

fn kernel(rate: SampleRate, instructions: Instructions) -> Kernel {
    Kernel::load_for(&model(), rate, instructions).expect("make setup")
}

/// The probabilities in all whole windows of several streams, heard together for as long as each
/// of them lasts.
fn listen(
    window: usize,
    streams: &[Vec<i16>],
    mut run: impl FnMut(&mut [(&mut StreamState, &[i16])], &mut Vec<f32>),
) -> Vec<Vec<f32>> {
    let mut states = vec![StreamState::new(); streams.len()];
    let mut heard = vec![Vec::new(); streams.len()];
    let longest = streams.iter().map(Vec::len).max().unwrap_or_default();
    let mut probabilities = Vec::new();
    for start in (0..longest).step_by(window) {
        let mut places = Vec::new();
        let mut batch: Vec<(&mut StreamState, &[i16])> = Vec::new();
        for (place, (state, samples)) in states.iter_mut().zip(streams).enumerate() {
            if let Some(samples) = samples.get(start..start + window) {
                places.push(place);
                batch.push((state, samples));
            }
        }
        run(&mut batch, &mut probabilities);
        for (place, probability) in places.into_iter().zip(&probabilities) {
            heard[place].push(*probability);
        }
    }
    heard
}

fn alone(kernel: &mut Kernel, samples: &[i16]) -> Vec<f32> {
    let streams = [samples.to_vec()];
    let heard = listen(kernel.window(), &streams, |batch, probabilities| {
        kernel.run(batch, probabilities).expect("inference");
    });
    heard.concat()
}

#[test]
fn all_recordings_are_heard_to_their_end_as_onnx_runtime_hears_them() {
    for rate in RATES {
        let recordings = speech(rate);
        let streams: Vec<Vec<i16>> = recordings
            .iter()
            .map(|(_, samples)| samples.clone())
            .collect();
        let mut silero = Silero::load(&runtime(), &model(), rate).expect("make setup");
        let expected = listen(silero.window(), &streams, |batch, probabilities| {
            silero.run(batch, probabilities).expect("inference");
        });
        for instructions in Instructions::available() {
            let mut kernel = kernel(rate, instructions);
            let found = listen(kernel.window(), &streams, |batch, probabilities| {
                kernel.run(batch, probabilities).expect("inference");
            });
            for (((name, _), expected), found) in recordings.iter().zip(&expected).zip(&found) {
                assert_eq!(expected.len(), found.len());
                for (window, (expected, found)) in expected.iter().zip(found).enumerate() {
                    assert!(
                        (expected - found).abs() <= TOLERANCE,
                        "{name} at {rate} with {instructions:?}, window {window}: \
                         {found} instead of {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_no_speech_is_heard_as_onnx_runtime_hears_it() {
    let rate = SampleRate::HZ_8000;
    let mut random = recordings::Random::new(5);
    let streams = [
        vec![0; 80 * 256],
        vec![i16::MAX; 80 * 256],
        vec![i16::MIN; 80 * 256],
        (0..80 * 256)
            .map(|sample| {
                if sample % 160 < 80 {
                    i16::MAX
                } else {
                    i16::MIN
                }
            })
            .collect(),
        (0..80 * 256)
            .map(|_| (random.unit() * 32_767.0) as i16)
            .collect(),
        (0..80 * 256)
            .map(|_| (random.unit() * 30.0) as i16)
            .collect(),
    ];
    let mut silero = Silero::load(&runtime(), &model(), rate).expect("make setup");
    let expected = listen(silero.window(), &streams, |batch, probabilities| {
        silero.run(batch, probabilities).expect("inference");
    });
    for instructions in Instructions::available() {
        let mut kernel = kernel(rate, instructions);
        let found = listen(kernel.window(), &streams, |batch, probabilities| {
            kernel.run(batch, probabilities).expect("inference");
        });
        for (stream, (expected, found)) in expected.iter().zip(&found).enumerate() {
            for (window, (expected, found)) in expected.iter().zip(found).enumerate() {
                assert!(
                    (expected - found).abs() <= TOLERANCE,
                    "stream {stream} with {instructions:?}, window {window}: \
                     {found} instead of {expected}"
                );
            }
        }
    }
}

#[test]
fn a_stream_is_heard_the_very_same_in_a_batch_of_any_size() {
    for rate in RATES {
        let streams: Vec<Vec<i16>> = speech(rate)
            .into_iter()
            .map(|(_, samples)| samples[..24 * rate.hertz() as usize / 1_000 * 32].to_vec())
            .collect();
        for instructions in Instructions::available() {
            let mut kernel = kernel(rate, instructions);
            let expected: Vec<Vec<f32>> = streams
                .iter()
                .map(|samples| alone(&mut kernel, samples))
                .collect();
            for size in [2, 3, 4, 5, 7, 16, 17, 23] {
                let together: Vec<Vec<i16>> = streams
                    .iter()
                    .cycle()
                    .skip(size)
                    .take(size)
                    .cloned()
                    .collect();
                let found = listen(kernel.window(), &together, |batch, probabilities| {
                    kernel.run(batch, probabilities).expect("inference");
                });
                for (place, found) in found.iter().enumerate() {
                    assert_eq!(
                        found,
                        &expected[(size + place) % expected.len()],
                        "{rate}, {instructions:?}, {place} of {size}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_window_of_the_wrong_length_is_refused_and_no_stream_moves_on() {
    let (_, samples) = speech(SampleRate::HZ_8000).swap_remove(0);
    let mut kernel = Kernel::load(&model(), SampleRate::HZ_8000).expect("make setup");
    let (mut first, mut second) = (StreamState::new(), StreamState::new());
    let mut probabilities = vec![0.7];

    let error = kernel
        .run(
            &mut [
                (&mut first, &samples[..256]),
                (&mut second, &samples[..255]),
            ],
            &mut probabilities,
        )
        .expect_err("a sample is missing");

    assert!(
        matches!(
            error,
            InferenceError::WindowLength {
                index: 1,
                found: 255,
                expected: 256
            }
        ),
        "{error}"
    );
    assert!(probabilities.is_empty());
    kernel
        .run(&mut [(&mut first, &samples[..256])], &mut probabilities)
        .expect("inference");
    assert_eq!(probabilities, alone(&mut kernel, &samples[..256]));
}

#[test]
fn an_empty_batch_gives_no_probabilities() {
    let mut kernel = Kernel::load(&model(), SampleRate::HZ_16000).expect("make setup");
    let mut probabilities = vec![0.7];

    kernel
        .run(&mut [], &mut probabilities)
        .expect("nothing to infer");

    assert!(probabilities.is_empty());
}

#[test]
fn another_model_is_refused_with_the_advice_to_use_onnx_runtime() {
    let path = project("models/smart-turn-v3.2-cpu.onnx");

    let error = Kernel::load(&path, SampleRate::HZ_8000).expect_err("not Silero");

    assert!(matches!(error, LoadKernelError::Graph { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("smart-turn"), "{message}");
    assert!(message.contains("ONNX Runtime"), "{message}");
}

#[test]
fn a_network_that_differs_in_one_operator_is_refused_though_onnx_runtime_computes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("silero-with-another-activation.onnx");
    std::fs::write(&path, recordings::with_another_activation(&model())).expect("a file");

    for rate in RATES {
        let error = Kernel::load(&path, rate).expect_err("another network");

        let LoadKernelError::Graph {
            reason: GraphError::Operator { expected, found },
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert!(
            expected.contains("Tanh") && found.contains("Relu"),
            "{error}"
        );
        Silero::load(&runtime(), &path, rate).expect("an ONNX model");
    }
}

#[test]
fn a_missing_model_is_named_together_with_the_command_that_brings_it() {
    let path = PathBuf::from("/nowhere/silero.onnx");

    let error = Kernel::load(&path, SampleRate::HZ_8000).expect_err("no such file");

    assert!(matches!(error, LoadKernelError::Missing { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("/nowhere/silero.onnx"), "{message}");
    assert!(message.contains("make setup"), "{message}");
}

#[test]
fn a_rate_that_silero_does_not_know_is_refused() {
    let error = Kernel::load(&model(), SampleRate::HZ_48000).expect_err("48 kHz");

    assert!(error.to_string().contains("48000 Hz"), "{error}");
}
