//! Asks Smart Turn at the pauses of recorded speech, and prints how often it was
//! right: `cargo run -p smart-turn --example turn_files [FOLDER]`.
//!
//! FOLDER holds recordings, and in `turns/` the files that say where their turns end;
//! it is `../shared/fixtures` beside the project if none is named. What is not there
//! is skipped. The project's own recordings count as well.
//!
//! Two kinds of pause have a known truth in the turn files, `turn_end` and `mid_turn`.
//! `between` is a change of speaker or a breath, which they do not tell apart. Further ones
//! are made from recordings of one utterance: `whole` is its end, `cut` is a stop at the
//! quietest moment in its middle, with silence thereafter. That moment may lie between two
//! sentences, so that not every `cut` that sounds complete is a mistake.

#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use audio::level::rms;
use audio::{Companding, Downsampler, SampleRate, Upsampler};
use onnx::Runtime;
use serde_json::Value;
use smart_turn::SmartTurn;

const RATE: SampleRate = SampleRate::HZ_16000;
/// How long after the end of speech the model is asked, in milliseconds.
const DELAYS: [u64; 5] = [100, 200, 400, 700, 1_000];
/// The delay that most tables are about.
const USUAL: u64 = 200;
const THRESHOLDS: [f32; 9] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95];
/// What of the audio before its turn is heard where a turn is heard alone.
const PRE_ROLL: u64 = 500;

/// A moment at which speech stops.
struct Pause {
    name: String,
    kind: String,
    audio: Vec<i16>,
    /// Samples until the turn begins, the speech stops, and it goes on (or the end).
    turn: usize,
    stops: usize,
    resumes: usize,
}

/// Probabilities for one pause: on either line, by delay, where it is long enough.
struct Judged {
    kind: String,
    wide: BTreeMap<u64, f32>,
    narrow: BTreeMap<u64, f32>,
    /// At the usual delay with all that was heard before the turn.
    with_the_past: Option<f32>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = env::args_os()
        .nth(1)
        .map_or_else(|| project.join("../shared/fixtures"), PathBuf::from);
    let runtime = Runtime::load(&project.join("runtime/libonnxruntime.so.1.32.0"))?;
    let model = project.join("models/smart-turn-v3.2-cpu.onnx");
    let mut smart_turn = SmartTurn::load(&runtime, &model)?;

    let mut pauses = Vec::new();
    for path in listed(&folder.join("turns"), "json") {
        pauses.extend(of_turn_file(&path)?);
    }
    let mut utterances = BTreeMap::new();
    for folder in [folder, project.join("fixtures")] {
        let paths = listed(&folder, "wav").into_iter();
        utterances.extend(paths.map(|path| (name_of(&path), path)));
    }
    for path in utterances.values() {
        pauses.extend(of_utterance(path)?);
    }

    println!(
        "at {USUAL} ms {:32} {:>9} {:>9} {:>8}",
        "", "stops", "16 kHz", "PCMU"
    );
    let mut judged = Vec::new();
    for pause in &pauses {
        let result = judge(&mut smart_turn, pause)?;
        let shown = |by_delay: &BTreeMap<u64, f32>| {
            let probability = by_delay.get(&USUAL);
            probability.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
        };
        println!(
            "{:9} {:32} {:6} ms {:>9} {:>8}",
            pause.kind,
            pause.name,
            RATE.duration_of(pause.stops).as_millis(),
            shown(&result.wide),
            shown(&result.narrow),
        );
        judged.push(result);
    }
    report(&judged);
    Ok(())
}

fn report(judged: &[Judged]) {
    println!("\nCalled complete at {USUAL} ms, by threshold (16 kHz | PCMU)");
    let header: String = THRESHOLDS.iter().map(|t| format!("{t:>9}")).collect();
    println!("{:18} {header}", "");
    for kind in kinds(judged) {
        let counts: String = THRESHOLDS
            .iter()
            .map(|&threshold| {
                let count = |line: fn(&Judged) -> &BTreeMap<u64, f32>| {
                    complete(judged, &kind, threshold, |one| {
                        line(one).get(&USUAL).copied()
                    })
                    .0
                };
                format!("{:>9}", format!("{}|{}", count(wide), count(narrow)))
            })
            .collect();
        let (_, all) = complete(judged, &kind, 0.5, |one| wide(one).get(&USUAL).copied());
        println!("{:18} {counts}", format!("{kind} ({all})"));
    }

    println!("\nCalled complete at 0.5, by how long after the end of speech (16 kHz | PCMU)");
    let header: String = DELAYS.iter().map(|d| format!("{d:>16} ms")).collect();
    println!("{:9} {header}", "");
    for kind in kinds(judged) {
        let counts: String = DELAYS
            .iter()
            .map(|delay| {
                let (one, all) = complete(judged, &kind, 0.5, |j| wide(j).get(delay).copied());
                let (two, _) = complete(judged, &kind, 0.5, |j| narrow(j).get(delay).copied());
                format!("{:>19}", format!("{one}|{two} of {all}"))
            })
            .collect();
        println!("{kind:9} {counts}");
    }

    println!("\nCalled complete at 0.5 and {USUAL} ms, 16 kHz: the turn alone, and the last 8 s");
    for kind in kinds(judged) {
        let (alone, all) = complete(judged, &kind, 0.5, |one| one.wide.get(&USUAL).copied());
        let (past, _) = complete(judged, &kind, 0.5, |one| one.with_the_past);
        println!("{kind:9} {alone:>4} and {past:>4} of {all}");
    }

    let apart: Vec<f32> = judged
        .iter()
        .filter_map(|one| Some((one.wide.get(&USUAL)? - one.narrow.get(&USUAL)?).abs()))
        .collect();
    let mean = apart.iter().sum::<f32>() / apart.len().max(1) as f32;
    let far = apart.iter().filter(|&&apart| apart > 0.25).count();
    println!(
        "\n16 kHz and PCMU differ by {mean:.3} on average, by more than 0.25 at {far} of {}",
        apart.len()
    );
}

fn wide(judged: &Judged) -> &BTreeMap<u64, f32> {
    &judged.wide
}

fn narrow(judged: &Judged) -> &BTreeMap<u64, f32> {
    &judged.narrow
}

fn kinds(judged: &[Judged]) -> Vec<String> {
    let mut kinds: Vec<String> = judged.iter().map(|one| one.kind.clone()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// How many pauses of the kind have at least this probability, and how many have any.
fn complete(
    judged: &[Judged],
    kind: &str,
    threshold: f32,
    probability: impl Fn(&Judged) -> Option<f32>,
) -> (usize, usize) {
    let of_kind = judged.iter().filter(|one| one.kind == kind);
    let all: Vec<f32> = of_kind.filter_map(probability).collect();
    let complete = all.iter().filter(|&&value| value >= threshold).count();
    (complete, all.len())
}

fn judge(smart_turn: &mut SmartTurn, pause: &Pause) -> Result<Judged, Box<dyn Error>> {
    let line = through_pcmu(&pause.audio);
    let begin = pause.turn.saturating_sub(samples(PRE_ROLL));
    let mut judged = Judged {
        kind: pause.kind.clone(),
        wide: BTreeMap::new(),
        narrow: BTreeMap::new(),
        with_the_past: None,
    };
    for delay in DELAYS {
        let end = pause.stops + samples(delay);
        if end > pause.resumes {
            continue;
        }
        let wide = smart_turn.judge(&pause.audio[begin..end])?;
        judged.wide.insert(delay, wide);
        let narrow = smart_turn.judge(&line[begin..end])?;
        judged.narrow.insert(delay, narrow);
        if delay == USUAL {
            judged.with_the_past = Some(smart_turn.judge(&pause.audio[..end])?);
        }
    }
    Ok(judged)
}

/// What a telephone makes of the audio, at 16 kHz again.
fn through_pcmu(audio: &[i16]) -> Vec<i16> {
    let mut narrow = vec![0; audio.len().div_ceil(2)];
    Downsampler::new().process(audio, &mut narrow);
    let mut codes = vec![0; narrow.len()];
    Companding::MuLaw.encode(&narrow, &mut codes);
    Companding::MuLaw.decode(&codes, &mut narrow);
    let mut wide = vec![0; 2 * narrow.len()];
    Upsampler::new().process(&narrow, &mut wide);
    wide
}

/// The pauses that a turn file lists.
fn of_turn_file(path: &Path) -> Result<Vec<Pause>, Box<dyn Error>> {
    let file: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let folder = path.parent().unwrap_or(path);
    let audio =
        audio::file::read_mono(folder.join(file["file"].as_str().ok_or("no 'file'")?), RATE)?;
    let list = |name: &str| file[name].as_array().cloned().unwrap_or_default();
    let at = |value: &Value, name: &str| {
        let place = value[name].as_u64().map(samples);
        place.unwrap_or(audio.len()).min(audio.len())
    };
    // Without turns, each stretch of speech is heard alone.
    let mut turns = list("turns");
    if turns.is_empty() {
        turns = list("segments");
    }
    Ok(list("pauses")
        .iter()
        .map(|pause| {
            let stops = at(pause, "start_ms");
            let begun = turns.iter().map(|turn| at(turn, "start_ms"));
            Pause {
                name: name_of(path),
                kind: pause["kind"]
                    .as_str()
                    .unwrap_or("unknown")
                    .replace("between_segments", "between"),
                turn: begun.filter(|&start| start < stops).max().unwrap_or(0),
                stops,
                resumes: at(pause, "end_ms"),
                audio: audio.clone(),
            }
        })
        .collect())
}

/// The end of one utterance, and a stop in the middle of it if it is long enough.
fn of_utterance(path: &Path) -> Result<Vec<Pause>, Box<dyn Error>> {
    const STEP: usize = 320;
    let audio = audio::file::read_mono(path, RATE)?;
    let levels: Vec<f32> = audio.chunks(STEP).map(|step| rms(step).value()).collect();
    let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
    let voiced = |level: &f32| *level > loudest - 35.0;
    let (Some(first), Some(last)) = (
        levels.iter().position(voiced),
        levels.iter().rposition(voiced),
    ) else {
        return Ok(Vec::new());
    };
    let silence = samples(DELAYS[DELAYS.len() - 1]);
    let pause = |kind: &str, step: usize| {
        let mut audio = audio[..audio.len().min(step * STEP)].to_vec();
        let stops = audio.len();
        audio.resize(stops + silence, 0);
        Pause {
            name: name_of(path),
            kind: kind.to_owned(),
            turn: first * STEP,
            stops,
            resumes: audio.len(),
            audio,
        }
    };
    let mut pauses = vec![pause("whole", last + 1)];
    let length = last - first;
    if RATE.duration_of(length * STEP) >= Duration::from_millis(1_500) {
        let middle = first + length * 35 / 100..first + length * 65 / 100;
        let quietest = middle.min_by(|&a, &b| levels[a].total_cmp(&levels[b]));
        pauses.extend(quietest.map(|step| pause("cut", step)));
    }
    Ok(pauses)
}

fn name_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn samples(milliseconds: u64) -> usize {
    RATE.samples_in(Duration::from_millis(milliseconds))
}

/// The files of a folder with this ending, in order; none if there is no folder.
fn listed(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        println!("{} is not there: skipped", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    paths
}
