//! What the tests replay calls with: the stages of the calls, and agents.

#![allow(
    dead_code,
    reason = "each test program uses what it needs of this module"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent::AgentDefinition;
use audio::codec::Codec;
use engine::Patience;
use netem::Profile;
use onnx::Runtime;
use replay::{Caller, Mind, Order, Pace, Recording, Replayed, Stages, Timing, replay};
use speech::{Flite, FliteConfig, Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};
use vad::LineDetector;

/// A peak from which a sample is heard: one hundredth of full scale.
pub(crate) const AUDIBLE: u16 = 328;

pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn voice() -> Flite {
    let config = FliteConfig {
        workers: 1,
        ..FliteConfig::default()
    };
    Flite::start(&config).expect("the voice is built in")
}

pub(crate) fn stages() -> Stages {
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
    let silero = project("models/silero_vad_op18_ifless.onnx");
    let settings = vad::Settings::default();
    let detector = LineDetector::load(&runtime, &silero, settings);
    Stages::new(
        detector.expect("make setup"),
        Arc::new(Moonshine::start(&runtime, &recogniser).expect("make setup")),
        Arc::new(SoundJudge::start(&runtime, &judge).expect("make setup")),
        Arc::new(voice()),
    )
    .expect("a runtime")
}

/// The agent that all samples are about.
pub(crate) fn support() -> AgentDefinition {
    agent::load_file(&project("agents/support.yaml")).expect("a sample agent")
}

/// A caller's recording of the committed set.
pub(crate) fn fixture(name: &str, codec: Codec, stages: &mut Stages) -> Recording {
    let path = project("fixtures").join(name);
    Recording::load(&path, None, codec.rate(), stages).expect("a fixture")
}

/// A line to the agent.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) codec: Codec,
    pub(crate) net: &'static str,
    pub(crate) seed: u64,
}

/// Replays a call.
pub(crate) fn call(
    stages: &mut Stages,
    agent: &AgentDefinition,
    caller: Caller,
    line: &Line,
) -> Replayed {
    let order = Order {
        source: "a test".to_owned(),
        agent: Arc::new(agent.clone()),
        mind: Mind {
            model: Arc::new(llm::Offline::new()),
            embedded: true,
        },
        caller,
        codec: line.codec,
        net: Profile::parse(line.net).expect("a network"),
        seed: line.seed,
        timing: Timing::Modelled,
        pace: Pace::Virtual,
        patience: Patience::default(),
    };
    replay(stages, order).expect("a call")
}
