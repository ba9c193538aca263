//! `mihu tune`: endpointing settings, measured on recordings with known turn ends.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use ::tune::{Grid, Heard, Line, Models, Passage, Report, cutting, sweep, tables, turn_file};
use clap::ValueEnum;
use speech::{Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};

use crate::output::Output;
use crate::paths::{Assets, locate};
use crate::{Failure, config, detection, print};

/// Utterances that are longer are left to the turn files.
const LONGEST_UTTERANCE: Duration = Duration::from_secs(20);

/// What recordings are heard through.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rate {
    /// A telephone line: 8 kHz, G.711.
    Pcmu,
    /// 16 kHz, nothing lost.
    Wide,
}

/// Arguments of `mihu tune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder with turn files (JSON), or with a folder `turns` of them.
    #[arg(long, value_name = "FOLDER")]
    recordings: Option<PathBuf>,
    /// Folders of recorded utterances with a manifest.tsv, which are cut in mid-clause.
    #[arg(long, value_name = "FOLDER")]
    fixtures: Vec<PathBuf>,
    /// What the recordings are heard through.
    #[arg(long, value_enum, default_value_t = Rate::Pcmu)]
    rate: Rate,
    /// Values of min_endpointing_delay that are tried, in seconds.
    #[arg(long, value_delimiter = ',', value_name = "SECONDS", value_parser = seconds)]
    min: Vec<Duration>,
    /// Values of max_endpointing_delay that are tried, in seconds.
    #[arg(long, value_delimiter = ',', value_name = "SECONDS", value_parser = seconds)]
    max: Vec<Duration>,
    /// Shares of pauses within turns in which callers may be cut off, for the suggestions.
    #[arg(long, value_delimiter = ',', default_values_t = [0.05, 0.1, 0.2], value_name = "SHARE")]
    tolerance: Vec<f64>,
    /// Decides how long the pauses are that are made.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes everything that was measured as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the curves.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Keeps what the models said of the recordings, for the next run.
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
}

/// Measures, and prints the curves. Exit code 2 if it could not.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match measure(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            crate::eprint(&format!("mihu: {failure}"));
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let mut json = Output::of(arguments.json.as_deref())?;
    let mut svg = Output::of(arguments.svg.as_deref())?;
    let mut passages = Vec::new();
    if let Some(folder) = &arguments.recordings {
        for path in turn_file::list(folder)? {
            passages.push(turn_file::read(&path)?);
        }
        if passages.is_empty() {
            return Err(format!("{}: there is no turn file (*.json)", folder.display()).into());
        }
    }
    let assets = Assets::find(&config::Models::default());
    let runtime = onnx::Runtime::load(&assets.onnxruntime)?;
    let mut detector = detection::load(&runtime, &assets.silero)?;
    let recogniser = Moonshine::start(
        &runtime,
        &MoonshineConfig {
            folder: assets.moonshine,
            workers: 1,
            queue: 1,
        },
    )?;
    let judge = SoundJudge::start(
        &runtime,
        &SoundJudgeConfig {
            model: assets.smart_turn,
            workers: 1,
            queue: 1,
        },
    )?;
    let mut models = Models::new(&recogniser, &judge)?;
    if let Some(file) = &arguments.cache {
        models.recall(file).map_err(|error| unusable(file, error))?;
    }
    passages.extend(made(arguments, &mut models)?);
    let line = match arguments.rate {
        Rate::Pcmu => Line::Pcmu,
        Rate::Wide => Line::Wide,
    };
    let mut heard = Vec::with_capacity(passages.len());
    for passage in &passages {
        heard.push(Heard::new(passage, line, &mut detector)?);
    }
    let mut grid = Grid::default();
    if !arguments.min.is_empty() {
        grid.shortest.clone_from(&arguments.min);
    }
    if !arguments.max.is_empty() {
        grid.longest.clone_from(&arguments.max);
    }
    let measured = sweep(&heard, &turn::Settings::default(), &grid, &mut models)?;
    let report = Report::new(line, &measured, &arguments.tolerance);
    print(tables(&report).trim());
    if let Some(file) = &arguments.cache {
        let mut kept = Output::beside(file)?;
        kept.write(&models.kept()?)?;
        kept.put()?;
    }
    if let Some(file) = &mut json {
        file.write(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    }
    if let Some(file) = &mut svg {
        file.write(&report.svg())?;
    }
    [json, svg].into_iter().flatten().try_for_each(Output::put)
}

/// The passages that are made from recorded utterances, each recording once.
fn made(arguments: &Arguments, models: &mut Models<'_>) -> Result<Vec<Passage>, Failure> {
    let mut folders = arguments.fixtures.clone();
    if folders.is_empty() {
        folders.push(locate("fixtures"));
    }
    let mut seen = BTreeSet::new();
    let mut passages = Vec::new();
    for folder in folders {
        for utterance in cutting::read(&folder, LONGEST_UTTERANCE)? {
            if seen.insert(utterance.name.clone()) {
                passages.extend(cutting::passages(&utterance, arguments.seed, models)?);
            }
        }
    }
    Ok(passages)
}

fn unusable(file: &Path, error: impl std::fmt::Display) -> String {
    format!("cannot use {}: {error}", file.display())
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..=60.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("expected seconds from 0 to 60, found {text:?}"))
}
