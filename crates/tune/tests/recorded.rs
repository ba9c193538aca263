//! The policies on recorded speech, with the models of the calls.

mod evidence;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onnx::Runtime;
use speech::{Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};
use tune::{
    Curves, Grid, Heard, Kind, Line, Models, Passage, Policy, Report, Set, cutting, sweep, tables,
    turn_file,
};
use vad::LineDetector;

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

/// Everything that it takes to hear passages and to try settings on them.
struct Bench {
    runtime: Runtime,
    recogniser: Moonshine,
    judge: SoundJudge,
}

impl Bench {
    fn new() -> Self {
        let runtime =
            Runtime::load(&project("runtime/libonnxruntime.so.1.32.0")).expect("make setup");
        let (recogniser, judge) = models(&runtime);
        Self {
            runtime,
            recogniser,
            judge,
        }
    }

    /// The models, and what the same ones said of the same audio before.
    fn models(&self, evidence: &Path) -> Models<'_> {
        let mut models = Models::new(&self.recogniser, &self.judge).expect("a runtime");
        models.recall(evidence).expect("what `keep` wrote");
        models
    }

    /// What the policies do on `passages`.
    fn report(&self, passages: &[Passage], grid: &Grid, models: &mut Models<'_>) -> Report {
        let silero = project("models/silero_vad_op18_ifless.onnx");
        let settings = vad::Settings::default();
        let mut detector =
            LineDetector::load(&self.runtime, &silero, settings).expect("make setup");
        let heard = passages
            .iter()
            .map(|passage| Heard::new(passage, Line::Pcmu, &mut detector));
        let heard: Vec<Heard> = heard.collect::<Result<_, _>>().expect("heard");
        let measured =
            sweep(&heard, &turn::Settings::default(), grid, models).expect("the models work");
        Report::new(Line::Pcmu, &measured, &[])
    }
}

/// The utterances of a folder that are wanted, whole and cut in mid-clause.
fn utterances(
    folder: &Path,
    longest: Duration,
    mut wanted: impl FnMut(&str) -> bool,
    models: &mut Models<'_>,
) -> Vec<Passage> {
    let utterances = cutting::read(folder, longest).expect("fixtures");
    let wanted = utterances.iter().filter(|one| wanted(&one.name));
    let passages = wanted.map(|one| cutting::passages(one, 1, models).expect("passages"));
    passages.flatten().collect()
}

/// Some of the committed utterances.
fn few(models: &mut Models<'_>) -> Vec<Passage> {
    let wanted = |name: &str| UTTERANCES.contains(&name);
    let passages = utterances(&project("fixtures"), Duration::from_secs(6), wanted, models);
    let cuts = passages.iter().flat_map(|passage| &passage.pauses);
    let cuts = cuts.filter(|pause| pause.kind == Kind::MidClause).count();
    assert!(cuts >= 8, "only {cuts} cuts were found");
    passages
}

fn assert_weighed_is_lowest(curves: &Curves) {
    for compared in &curves.compared {
        assert!(compared.weighed.is_some(), "{:?}: {compared:?}", curves.set);
        assert!(compared.judged.is_some(), "{:?}: {compared:?}", curves.set);
        assert!(
            compared.weighed_is_lowest(),
            "{:?}: {compared:?}",
            curves.set
        );
    }
}

/// All that are cut off at the default settings, also where the longest delay decides.
fn assert_at_most_half_are_cut_off(curves: &Curves) {
    let cut_off = |of: fn(&Policy) -> bool| {
        let mut defaults = curves.defaults.iter();
        let point = defaults.find(|point| of(&point.policy));
        point.expect("the defaults were tried").tally.cut_off
    };
    let weighed = cut_off(|policy| matches!(policy, Policy::Weighed { .. }));
    let judged = cut_off(|policy| matches!(policy, Policy::Judged { .. }));
    assert!(judged > 0);
    assert!(
        2 * weighed <= judged,
        "{:?}: {weighed} of {judged}",
        curves.set
    );
}

#[test]
fn weighed_evidence_cuts_fewer_callers_off_than_the_judge_alone_and_silence_at_every_delay() {
    let bench = Bench::new();
    let evidence = evidence::file("few");
    let mut models = bench.models(&evidence);
    let report = bench.report(&few(&mut models), &Grid::default(), &mut models);
    evidence::keep(&models, &evidence);
    assert_weighed_is_lowest(&report.curves[0]);
    assert_at_most_half_are_cut_off(&report.curves[0]);
    let [_, judged, trained, fixed] = report.curves[0].areas().expect("delays in common");
    assert!(judged <= trained, "{judged} {trained}");
    assert!(trained < fixed, "{trained} {fixed}");
}

#[test]
fn so_it_does_on_all_recordings_that_are_shared() {
    let shared = project("../shared/fixtures");
    if !shared.is_dir() {
        println!("skipped: the folder ../shared/fixtures with more recordings is absent");
        return;
    }
    let bench = Bench::new();
    let evidence = evidence::file("shared");
    let mut models = bench.models(&evidence);
    let files = turn_file::list(&shared).expect("turn files");
    let files = files.iter().map(|path| turn_file::read(path));
    let mut passages: Vec<Passage> = files.collect::<Result<_, _>>().expect("turn files");
    let mut seen = BTreeSet::new();
    for folder in [project("fixtures"), shared] {
        let mut names = BTreeSet::new();
        passages.extend(utterances(
            &folder,
            Duration::from_secs(20),
            |name| {
                names.insert(name.to_owned());
                !seen.contains(name)
            },
            &mut models,
        ));
        seen.extend(names);
    }
    let report = bench.report(&passages, &Grid::default(), &mut models);
    evidence::keep(&models, &evidence);
    println!("{}", tables(&report));
    for curves in &report.curves {
        assert_weighed_is_lowest(curves);
        // The turn files are too few for a ratio.
        if curves.set != Set::TurnFiles {
            assert_at_most_half_are_cut_off(curves);
        }
    }
}
