//! How much faster than real time calls are replayed on one core, with the embedded recogniser,
//! judge of turns and voice: recorded callers talk to an agent, one call each.
//!
//! The whole program is kept on one core. Where others use that core too, the time on the clock is
//! longer than what the calls took; so the processor's time is told beside it.
//!
//! `cargo bench -p benches --bench replay_speed -- [--fixtures DIR] [--json FILE]`, after
//! `make setup`

#![allow(clippy::print_stdout, reason = "figures are what this program is for")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use agent::AgentDefinition;
use audio::codec::Codec;
use bench::process::processor_time;
use benches::load_average;
use clap::Parser;
use netem::Profile;
use onnx::Runtime;
use replay::{Caller, Mind, Order, Pace, Recording, Stages, Timing};
use serde_json::{Value, json};
use speech::{Flite, FliteConfig, Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};
use vad::{LineDetector, Settings};

#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of recorded callers.
    #[arg(long, default_value = "fixtures")]
    fixtures: PathBuf,
    /// Writes the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The lines that calls pass through.
const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::L16Wide, Codec::Opus];

/// What calls took.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    calls: usize,
    /// How long the calls were.
    lasted: Duration,
    /// How long it took to replay them.
    clock: Duration,
    processor: Duration,
}

impl Taken {
    fn factor(&self, of: Duration) -> f64 {
        self.lasted.as_secs_f64() / of.as_secs_f64().max(f64::EPSILON)
    }

    fn to_json(self, line: &str) -> Value {
        json!({
            "line": line,
            "calls": self.calls,
            "call_seconds": self.lasted.as_secs_f64(),
            "realtime_factor": self.factor(self.clock),
            "realtime_factor_of_processor_time": self.factor(self.processor),
        })
    }
}

fn main() {
    let arguments = Arguments::parse();
    stay_on_one_core();
    let agent = agent::load_file(&project("agents/support.yaml")).expect("the project's agent");
    let agent = Arc::new(agent);
    let mut stages = stages();
    let paths = recordings(&project(&arguments.fixtures));
    assert!(
        !paths.is_empty(),
        "no WAV files in {}",
        arguments.fixtures.display()
    );
    println!(
        "{:<6}{:>8}{:>10}{:>16}{:>24}",
        "line", "calls", "minutes", "times real time", "by processor time alone"
    );
    let mut figures = Vec::new();
    for codec in CODECS {
        let taken = measure(&agent, codec, &paths, &mut stages);
        let line = codec.encoding();
        println!(
            "{line:<6}{:>8}{:>10.1}{:>16.1}{:>24.1}",
            taken.calls,
            taken.lasted.as_secs_f64() / 60.0,
            taken.factor(taken.clock),
            taken.factor(taken.processor),
        );
        figures.push(taken.to_json(line));
    }
    println!("load average {}", load_average());
    if let Some(file) = arguments.json {
        let figures = json!({ "figures": figures, "load_average": load_average() });
        let text = serde_json::to_string_pretty::<Value>(&figures).expect("JSON");
        std::fs::write(file, text).expect("the file can be written");
    }
}

fn measure(
    agent: &Arc<AgentDefinition>,
    codec: Codec,
    paths: &[PathBuf],
    stages: &mut Stages,
) -> Taken {
    let mut taken = Taken::default();
    for path in paths {
        // Each call is to cost what it costs alone.
        stages.forget_sayings();
        let began = (Instant::now(), processor_time());
        let recording = Recording::load(path, None, codec.rate(), stages);
        let order = Order {
            source: path.display().to_string(),
            agent: Arc::clone(agent),
            mind: Mind {
                model: Arc::new(llm::Offline::new()),
                embedded: true,
            },
            caller: Caller::Recorded(recording.expect("a recording of a caller")),
            codec,
            net: Profile::default(),
            seed: 1,
            timing: Timing::Modelled,
            pace: Pace::Virtual,
            patience: engine::Patience::default(),
        };
        let replayed = replay::replay(stages, order).expect("a call on a clean line");
        taken.calls += 1;
        taken.lasted += replayed.duration;
        taken.clock += began.0.elapsed();
        taken.processor += processor_time().saturating_sub(began.1);
    }
    taken
}

/// Loads what hears and speaks, with one thread each.
fn stages() -> Stages {
    let runtime = Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup");
    let recogniser = MoonshineConfig {
        folder: project("models/moonshine-tiny-en"),
        workers: 1,
        queue: 1,
    };
    let judge = SoundJudgeConfig {
        model: project("models/smart-turn-v3.2-cpu.onnx"),
        workers: 1,
        queue: 1,
    };
    let voice = FliteConfig {
        workers: 1,
        queue: FliteConfig::default().queue,
    };
    let silero = project("models/silero_vad_op18_ifless.onnx");
    let detector = LineDetector::load(&runtime, &silero, Settings::default());
    Stages::new(
        detector.expect("make setup"),
        Arc::new(Moonshine::start(&runtime, &recogniser).expect("make setup")),
        Arc::new(SoundJudge::start(&runtime, &judge).expect("make setup")),
        Arc::new(Flite::start(&voice).expect("the voice starts")),
    )
    .expect("a runtime for providers")
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of recordings");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut wavs: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "wav"))
        .collect();
    wavs.sort();
    wavs
}

/// Keeps this thread, and all that it will start, on the first core that it may use.
#[expect(unsafe_code, reason = "the C library's call for it")]
fn stay_on_one_core() {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: an empty set is all zeros, and both calls get its true size.
    let kept = unsafe {
        let mut cores: libc::cpu_set_t = std::mem::zeroed();
        let told = libc::sched_getaffinity(0, size, &raw mut cores);
        let first = (0..libc::CPU_SETSIZE as usize).find(|core| libc::CPU_ISSET(*core, &cores));
        first.is_some_and(|core| {
            let mut one: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(core, &mut one);
            told == 0 && libc::sched_setaffinity(0, size, &raw const one) == 0
        })
    };
    assert!(kept, "the system keeps this program on no single core");
}

fn project(path: &(impl AsRef<Path> + ?Sized)) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
