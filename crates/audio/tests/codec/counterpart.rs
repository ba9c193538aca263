//! Programs that speak the same codecs, and what they are given.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use audio::SampleRate;
use audio::codec::{Codec, Decoder, Encoder, OpusSettings};
use audio::file::read_mono;

/// Runs `program` on `input` and returns what it printed.
pub(crate) fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} (scripts/setup.sh test installs it): {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("it reads its input"));
        child.wait_with_output().expect("it ends")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    output.stdout
}

/// Runs ffmpeg from raw standard input to raw standard output.
pub(crate) fn ffmpeg(input_options: &[&str], output_options: &[&str], input: &[u8]) -> Vec<u8> {
    let arguments = [
        &["-hide_banner", "-loglevel", "error"],
        input_options,
        &["-i", "pipe:0"],
        output_options,
        &["pipe:1"],
    ]
    .concat();
    run("ffmpeg", &arguments, input)
}

pub(crate) fn to_bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<i16> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    assert!(rest.is_empty(), "{} bytes of 16-bit samples", bytes.len());
    pairs.iter().map(|&pair| i16::from_le_bytes(pair)).collect()
}

/// Recorded speech, in whole frames of 20 ms.
pub(crate) fn speech(name: &str, rate: SampleRate) -> Vec<i16> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name);
    let mut samples = read_mono(path, rate).expect("the fixture is there");
    samples.truncate(samples.len() - samples.len() % frame(rate));
    samples
}

/// Samples of 20 ms.
pub(crate) fn frame(rate: SampleRate) -> usize {
    rate.hertz() as usize / 50
}

/// Noise over the whole range of samples, from a linear congruential generator.
pub(crate) fn noise(samples: usize, seed: u64) -> Vec<i16> {
    let mut state = seed;
    (0..samples)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 48) as i16
        })
        .collect()
}

/// The payloads of `samples`, one for each frame; empty where nothing is sent.
pub(crate) fn encode(codec: Codec, settings: OpusSettings, samples: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec, settings).expect("the settings are in range");
    let mut payload = [0; 1_500];
    samples
        .chunks_exact(frame(codec.rate()))
        .map(|frame| {
            let bytes = encoder.encode(frame, &mut payload).expect("a whole frame");
            payload[..bytes].to_vec()
        })
        .collect()
}

/// The audio of `payloads`.
pub(crate) fn decode<'a>(codec: Codec, payloads: impl IntoIterator<Item = &'a [u8]>) -> Vec<i16> {
    let mut decoder = Decoder::new(codec).expect("there is memory");
    let mut out = [0; 1_920];
    let mut samples = Vec::new();
    for payload in payloads {
        let count = decoder.decode(payload, &mut out).expect("a valid payload");
        samples.extend_from_slice(&out[..count]);
    }
    samples
}

/// How much stronger `expected` is than what differs from it in `actual`, in
/// decibels.
pub(crate) fn signal_to_noise(expected: &[i16], actual: &[i16]) -> f64 {
    let energy = |pairs: &dyn Fn(f64, f64) -> f64| -> f64 {
        expected
            .iter()
            .zip(actual)
            .map(|(&e, &a)| pairs(f64::from(e), f64::from(a)).powi(2))
            .sum()
    };
    10.0 * (energy(&|e, _| e) / energy(&|e, a| e - a)).log10()
}
