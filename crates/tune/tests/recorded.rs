//! The policies on recorded speech, with the models of the calls.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::SampleRate;
use onnx::Runtime;
use speech::{Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};
use tune::{Grid, Heard, Kind, Line, Models, Passage, Report, cutting, sweep};
use vad::Detector;

/// Utterances of the committed set, so few that the test stays short.
const UTTERANCES: [&str; 8] = [
    "ast_en_agent-alreadyon",
    "ast_en_cannot-complete-as-dialed",
    "ast_en_feature-not-avail-line",
    "ast_en_number-not-answering",
    "ast_en_queue-thankyou",
    "ast_en_something-terribly-wrong",
    "ast_en_vm-nobodyavail",
    "syn_en_another-question",
];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn models(runtime: &Runtime) -> (Moonshine, SoundJudge) {
    let recogniser = Moonshine::start(
        runtime,
        &MoonshineConfig {
            folder: project("models/moonshine-tiny-en"),
            workers: 1,
            queue: 1,
        },
    );
    let judge = SoundJudge::start(
        runtime,
        &SoundJudgeConfig {
            model: project("models/smart-turn-v3.2-cpu.onnx"),
            workers: 1,
            queue: 1,
        },
    );
    (recogniser.expect("make setup"), judge.expect("make setup"))
}

/// What the policies do on the utterances, whole and cut in mid-clause, with these settings.
fn report(grid: &Grid) -> Report {
    let runtime = Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup");
    let (recogniser, judge) = models(&runtime);
    let mut models = Models::new(&recogniser, &judge).expect("a runtime");
    let silero = project("models/silero_vad_op18_ifless.onnx");
    let settings = vad::Settings::default();
    let mut detector =
        Detector::load(&runtime, &silero, SampleRate::HZ_8000, settings).expect("make setup");

    let utterances = cutting::read(&project("fixtures"), Duration::from_secs(6)).expect("fixtures");
    let mut passages: Vec<Passage> = Vec::new();
    for utterance in utterances
        .iter()
        .filter(|one| UTTERANCES.contains(&&*one.name))
    {
        passages.extend(cutting::passages(utterance, 1, &mut models).expect("passages"));
    }
    let cuts = passages.iter().flat_map(|passage| &passage.pauses);
    let cuts = cuts.filter(|pause| pause.kind == Kind::MidClause).count();
    assert!(cuts >= 8, "only {cuts} cuts were found");
    let heard = passages
        .iter()
        .map(|passage| Heard::new(passage, Line::Pcmu, &mut detector));
    let heard: Vec<Heard> = heard.collect::<Result<_, _>>().expect("heard");
    let measured =
        sweep(&heard, &turn::Settings::default(), grid, &mut models).expect("the models work");
    Report::new(Line::Pcmu, &measured, &[])
}

#[test]
fn weighed_evidence_cuts_fewer_callers_off_than_the_judge_alone_and_silence_at_every_delay() {
    let report = report(&Grid::default());
    for compared in &report.curves[0].compared {
        assert!(compared.weighed.is_some(), "{compared:?}");
        assert!(compared.judged.is_some(), "{compared:?}");
        assert!(compared.weighed_is_lowest(), "{compared:?}");
    }
    let [_, judged, trained, fixed] = report.curves[0].areas().expect("delays in common");
    assert!(judged <= trained, "{judged} {trained}");
    assert!(trained < fixed, "{trained} {fixed}");
}

#[test]
fn the_default_settings_misjudge_at_most_half_of_the_pauses_that_the_judge_alone_does() {
    let usual = turn::Settings::default();
    let grid = Grid {
        shortest: vec![usual.min_endpointing_delay],
        longest: vec![usual.max_endpointing_delay],
        thresholds: vec![0.5],
    };
    let report = report(&grid);
    let misjudged = report.curves[0].misjudged().expect("the defaults");
    assert!(misjudged.judged > 0, "{misjudged:?}");
    assert!(2 * misjudged.weighed <= misjudged.judged, "{misjudged:?}");
}
