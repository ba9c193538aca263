//! How the agent takes turns, in calls of a few callers on a virtual clock.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bench::turns::{Options, run};
use onnx::Runtime;
use replay::{Stages, Timing};
use speech::{Flite, FliteConfig, Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};
use vad::LineDetector;

/// Callers whose words begin with vowels, nasals, fricatives and stops, those among them to whom
/// the agent takes longest to yield.
const CALLERS: [&str; 10] = [
    "ast_en_agent-alreadyon.wav",
    "ast_en_all-circuits-busy-now.wav",
    "ast_en_cannot-complete-as-dialed.wav",
    "ast_en_goodbye.wav",
    "ast_en_queue-thankyou.wav",
    "ast_en_something-terribly-wrong.wav",
    "ast_en_vm-mailboxfull.wav",
    "ast_en_vm-nobodyavail.wav",
    "ast_en_vm-sorry.wav",
    "ast_es_agent-newlocation.wav",
];

/// What nobody waits longer for than for the longest pause.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

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
        ..FliteConfig::default()
    };
    let silero = project("models/silero_vad_op18_ifless.onnx");
    let settings = vad::Settings::default();
    let detector = LineDetector::load(&runtime, &silero, settings);
    Stages::new(
        detector.expect("make setup"),
        Arc::new(Moonshine::start(&runtime, &recogniser).expect("make setup")),
        Arc::new(SoundJudge::start(&runtime, &judge).expect("make setup")),
        Arc::new(Flite::start(&voice).expect("the voice is built in")),
    )
    .expect("a runtime")
}

#[test]
fn callers_are_yielded_to_and_answered_soon_and_coughs_and_noises_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in CALLERS {
        let from = project("fixtures").join(name);
        std::fs::copy(from, folder.path().join(name)).expect("a fixture");
    }
    let options = Options {
        recordings: folder.path().to_owned(),
        moments: 2,
        sounds: 2,
        seed: 1,
        timing: Timing::Modelled,
    };
    let figures = run(&options, &mut stages(), |_, _| {}).expect("figures");
    assert_eq!(figures.lines.len(), 3);
    let patience = agent::AgentDefinition::default()
        .settings
        .voice
        .interruption
        .advanced;
    let longest = patience.max_endpointing_delay() + ANSWERED_WITHIN;
    let longest_ms = longest.as_secs_f64() * 1_000.0;
    for line in figures.lines {
        let told = format!("{line:?}");
        assert!(line.barge_in.interruptions > CALLERS.len(), "{told}");
        assert!(line.barge_in.missed.is_empty(), "{told}");
        assert!(line.barge_in.silent_after_ms.p95 <= 250.0, "{told}");
        assert_eq!((line.noise.stops, line.noise.false_turns), (0, 0), "{told}");
        assert!(line.answers.turns >= CALLERS.len(), "{told}");
        assert!(
            line.answers.decision_to_first_audio_ms.p99 < 100.0,
            "{told}"
        );
        assert!(line.answers.voiced_to_audible_ms.p50 <= 350.0, "{told}");
        assert!(line.answers.voiced_to_audible_ms.p95 <= 900.0, "{told}");
        assert!(line.answers.longest_ms <= longest_ms, "{told}");
        assert!(line.answers.unattributed_max_ms <= 10.0, "{told}");
    }
}
