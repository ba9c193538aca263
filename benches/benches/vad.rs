//! What it takes to hear whether somebody speaks: the network in the project's own code and in
//! ONNX Runtime, for several streams at once, and the gate in front of it.
//!
//! `cargo bench -p benches --bench vad [-- --json FILE]`

#![allow(clippy::print_stdout, reason = "figures are what this program is for")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use audio::SampleRate;
use audio::file::read_mono;
use criterion::{Criterion, Throughput};
use onnx::Runtime;
use vad::{Detector, Instructions, Kernel, Settings, Silero, StreamState};

const RATE: SampleRate = SampleRate::HZ_8000;
const WINDOW: usize = 256;

/// What a caller says, and between it as much silence again and a quarter more: 45 % are speech.
const SPEECH: [&str; 4] = [
    "ast_en_something-terribly-wrong.wav",
    "ast_en_ss-noservice.wav",
    "ast_en_cannot-complete-as-dialed.wav",
    "ast_en_vm-review.wav",
];
const PAUSE: f64 = 1.22;

/// Streams at once.
const BATCHES: [usize; 3] = [1, 8, 32];

/// The amplitude of the noise on the line: -70 dBov.
const NOISE: f64 = 18.0;

fn main() -> ExitCode {
    benches::estimates::run(measure)
}

fn measure() {
    println!("load average: {}", load_average());
    let runtime = Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup");
    let samples = conversation();
    let mut criterion = Criterion::default().configure_from_args();
    networks(&mut criterion, &runtime, &samples);
    gate(&mut criterion, &runtime, &samples);
    criterion.final_summary();
    share(&runtime, &samples);
    println!("load average: {}", load_average());
}

/// One window of each stream of a batch through the network.
fn networks(criterion: &mut Criterion, runtime: &Runtime, samples: &[i16]) {
    let mut group = criterion.benchmark_group("vad batch");
    for streams in BATCHES {
        group.throughput(Throughput::Elements(streams as u64));
        for instructions in Instructions::available() {
            let mut kernel = Kernel::load_for(&model(), RATE, instructions).expect("make setup");
            let mut line = Lines::new(streams, samples);
            group.bench_function(format!("kernel {instructions:?}, {streams}"), |bencher| {
                bencher.iter(|| line.hear(|batch, heard| kernel.run(batch, heard)));
            });
        }
        let mut silero = Silero::load(runtime, &model(), RATE).expect("make setup");
        let mut line = Lines::new(streams, samples);
        group.bench_function(format!("ort, {streams}"), |bencher| {
            bencher.iter(|| line.hear(|batch, heard| silero.run(batch, heard)));
        });
    }
    group.finish();
}

/// One window of one stream in a conversation, and in a pause that does not end.
fn gate(criterion: &mut Criterion, runtime: &Runtime, samples: &[i16]) {
    let mut group = criterion.benchmark_group("vad gate");
    group.throughput(Throughput::Elements(1));
    let pause = noise(10 * 8_000);
    for (name, gate, samples) in [
        ("conversation, without gate", false, samples),
        ("conversation, with gate", true, samples),
        ("pause, with gate", true, pause.as_slice()),
    ] {
        let mut detector = detector(runtime, gate);
        let mut line = Lines::new(1, samples);
        group.bench_function(name, |bencher| {
            bencher.iter(|| line.hear(|batch, heard| detector.run(batch, heard)));
        });
    }
    group.finish();
}

fn share(runtime: &Runtime, samples: &[i16]) {
    let mut detector = detector(runtime, true);
    let mut line = Lines::new(1, samples);
    for _ in 0..10 * samples.len() / WINDOW {
        line.hear(|batch, heard| detector.run(batch, heard));
    }
    let statistics = detector.statistics();
    let windows = (statistics.windows_gated + statistics.windows_run) as f64;
    println!(
        "of a conversation that is 45 % speech, {:.1} % of the windows are passed over, {:.1} % \
         are heard late",
        100.0 * statistics.windows_gated as f64 / windows,
        100.0 * statistics.windows_replayed as f64 / windows,
    );
    println!(
        "{} bytes in a stream's state, and the windows passed over",
        size_of::<StreamState>()
    );
}

/// Streams that each repeat the same samples from another place.
struct Lines<'a> {
    samples: &'a [i16],
    states: Vec<StreamState>,
    window: usize,
    heard: Vec<f32>,
}

impl<'a> Lines<'a> {
    fn new(streams: usize, samples: &'a [i16]) -> Self {
        Self {
            samples,
            states: vec![StreamState::new(); streams],
            window: 0,
            heard: Vec::new(),
        }
    }

    fn hear<E: std::fmt::Debug>(
        &mut self,
        run: impl FnOnce(&mut [(&mut StreamState, &[i16])], &mut Vec<f32>) -> Result<(), E>,
    ) {
        let (windows, _) = self.samples.as_chunks::<WINDOW>();
        let mut batch: Vec<(&mut StreamState, &[i16])> = Vec::with_capacity(self.states.len());
        for (stream, state) in self.states.iter_mut().enumerate() {
            let window = (self.window + 37 * stream) % windows.len();
            batch.push((state, &windows[window]));
        }
        self.window += 1;
        run(&mut batch, &mut self.heard).expect("inference");
        black_box(&self.heard);
    }
}

fn detector(runtime: &Runtime, gate: bool) -> Detector {
    let settings = Settings {
        gate,
        ..Settings::default()
    };
    Detector::load(runtime, &model(), RATE, settings).expect("make setup")
}

fn conversation() -> Vec<i16> {
    let mut samples = Vec::new();
    for name in SPEECH {
        let path = project("fixtures").join(name);
        let speech = read_mono(path, RATE).expect("readable recording");
        let pause = speech.len() as f64 * PAUSE;
        samples.extend(speech);
        samples.resize(samples.len() + pause as usize, 0);
    }
    let noise = noise(samples.len());
    let sums = samples.iter().zip(noise);
    sums.map(|(sample, noise)| sample.saturating_add(noise))
        .collect()
}

fn noise(samples: usize) -> Vec<i16> {
    let mut seed = 1_u32;
    let mut unit = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1_u32 << 23) - 1.0
    };
    (0..samples).map(|_| (NOISE * unit()) as i16).collect()
}

fn model() -> PathBuf {
    project("models/silero_vad_op18_ifless.onnx")
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .trim()
        .to_owned()
}
