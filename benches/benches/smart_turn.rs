//! What it takes to ask Smart Turn whether a turn has ended: its features alone, and the
//! whole answer, for turns of 1, 4 and 8 s. The model always sees 8 s, so that its own
//! part is the same for all.
//!
//! `cargo bench -p benches --bench smart_turn`, after `make setup`.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use audio::SampleRate;
use audio::file::read_mono;
use criterion::{BenchmarkId, Criterion};
use onnx::Runtime;
use smart_turn::{Features, SmartTurn};

const RATE: SampleRate = SampleRate::HZ_16000;
const SECONDS: [u64; 3] = [1, 4, 8];

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(40)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4));
    load_average();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let recording = project.join("fixtures/ast_en_vm-msginstruct.wav");
    let speech = read_mono(recording, RATE).expect("a fixture is readable");
    cost(&mut criterion, &project, &speech);
    load_average();
    criterion.final_summary();
}

fn cost(criterion: &mut Criterion, project: &Path, speech: &[i16]) {
    let runtime = Runtime::load(&project.join("runtime/libonnxruntime.so.1.32.0"));
    let runtime = runtime.expect("make setup brings the library");
    let model = project.join("models/smart-turn-v3.2-cpu.onnx");
    let mut smart_turn = SmartTurn::load(&runtime, &model).expect("make setup checks the model");
    let mut features = Features::new();

    let mut group = criterion.benchmark_group("smart_turn");
    for seconds in SECONDS {
        let turn = &speech[..RATE.samples_in(Duration::from_secs(seconds))];
        let length = format!("{seconds} s");
        group.bench_function(BenchmarkId::new("features", &length), |bencher| {
            bencher.iter(|| features.compute(black_box(turn)).len());
        });
        group.bench_function(BenchmarkId::new("judge", &length), |bencher| {
            bencher.iter(|| smart_turn.judge(black_box(turn)).expect("the model runs"));
        });
    }
    group.finish();
}

#[expect(clippy::print_stdout, reason = "a bench prints what it finds")]
fn load_average() {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average {}", load.trim());
}
