//! `mihu replay`: calls with recorded callers, on a virtual clock.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use agent::AgentDefinition;
use audio::codec::Codec;
use audio::{SampleRate, WavWriter};
use engine::ModelDirectory;
use netem::Profile;
use replay::{
    Caller, Mind, Order, Pace, Recording, Recordings, Replayed, Scenario, Stages, Timing,
};
use report::{Account, Colours};
use speech::{Flite, FliteConfig, Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};
use tempfile::NamedTempFile;

use crate::config::Config;
use crate::models::Models;
use crate::paths::Assets;
use crate::{Failure, Settings, detection, eprint, print};

/// The exit code of calls of which something unmet was expected.
const UNMET: u8 = 1;

/// The exit code of what could not be replayed.
const COULD_NOT_RUN: u8 = 2;

/// Endings of the names of files that a folder is searched for.
const AUDIO: [&str; 7] = ["wav", "flac", "mp3", "ogg", "oga", "wave", "mpga"];

/// Endings of the names of scenarios in a folder.
const SCENARIOS: [&str; 2] = ["yaml", "yml"];

/// The seed where none is given.
const SEED: u64 = 1;

/// Arguments of `mihu replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// The agent's file. A scenario may name it instead.
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// A recorded caller, played to the agent once from its greeting's end: WAV, FLAC, MP3 or Ogg
    /// Vorbis of at most an hour, or a folder of them. Repeatable.
    #[arg(long, value_name = "PATH", required_unless_present = "scenario")]
    audio: Vec<PathBuf>,
    /// A caller who reacts, and what is expected of the agent: a YAML file, or a folder of them.
    /// Repeatable.
    #[arg(long, value_name = "PATH")]
    scenario: Vec<PathBuf>,
    /// The caller's channel in files with several, from 1.
    #[arg(long, value_name = "NUMBER")]
    channel: Option<usize>,
    /// The network that the caller's packets go through, such as "loss=2%,jitter=30ms" or
    /// "mobile". Default: a perfect one.
    #[arg(long, value_parser = network, value_name = "NETWORK")]
    net: Option<Profile>,
    /// The line that the audio passes through: l16 (wide band, nothing lost), pcmu, pcma, g722 or
    /// opus. Default: l16.
    #[arg(long, value_parser = replay::codec, value_name = "CODEC")]
    codec: Option<Codec>,
    /// Decides everything random. Default: 1.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How time passes: from one event to the next, or as on the wall, with measured latencies.
    #[arg(long, default_value = "virtual", value_name = "CLOCK")]
    clock: Clock,
    /// What the stages take on the virtual clock: what a model states, the same on every run, or
    /// what they really take.
    #[arg(long, default_value = "default", value_name = "MODEL")]
    latency: Latency,
    /// Writes the account as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes a page to look at and listen to.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes the expectations as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Writes what the agent was heard to say, from the start of the call, as WAV. For one call.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Clock {
    Virtual,
    Wall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Latency {
    Default,
    Measured,
}

fn network(text: &str) -> Result<Profile, netem::ParseProfileError> {
    Profile::parse(text)
}

/// What one call is made of.
enum Source {
    Audio(PathBuf),
    Scenario(Box<Scenario>, PathBuf),
}

/// Replays all calls that were asked for, then writes the reports.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match replay_all(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(UNMET),
        Err(failure) => {
            eprint(&format!("mihu: {failure}"));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// Whether every expectation was met.
fn replay_all(arguments: &Arguments) -> Result<bool, Failure> {
    outbound::install_crypto();
    let config = arguments.settings.load()?;
    crate::logging::start(&crate::config::Log {
        filter: "warn,symphonia=off".into(),
        ..crate::config::Log::default()
    })?;
    let (sources, several) = sources(arguments)?;
    if arguments.out.is_some() && sources.len() != 1 {
        return Err("--out takes the agent's side of one call; give one audio file".into());
    }
    let reports = Reports::open(arguments)?;
    let workshop = Workshop::new(arguments, &config)?;
    let mut stages = load(&config)?;
    let mut calls = Vec::with_capacity(sources.len());
    let progress = Progress::new(sources.len());
    for (number, source) in (1..).zip(&sources) {
        progress.show(number, source.name());
        let order = workshop.order(source, &mut stages)?;
        let begun = Instant::now();
        let mut call = replay::replay(&mut stages, order)?;
        let factor = call.duration.as_secs_f64() / begun.elapsed().as_secs_f64().max(1e-6);
        progress.clear();
        let modelled = workshop.pace == Pace::Virtual && workshop.timing == Timing::Modelled;
        call.account.realtime_factor = (!modelled).then_some(factor);
        tell(&call.account, factor);
        calls.push(call);
    }
    reports.write(&calls, several)?;
    let mut expectations = calls.iter().flat_map(|call| &call.account.expectations);
    Ok(expectations.all(|expectation| expectation.passed))
}

/// What turns a source into a call.
struct Workshop<'a> {
    arguments: &'a Arguments,
    models: Models,
    embedded: bool,
    patience: engine::Patience,
    agent: Option<Arc<AgentDefinition>>,
    pace: Pace,
    timing: Timing,
}

impl<'a> Workshop<'a> {
    fn new(arguments: &'a Arguments, config: &Config) -> Result<Self, Failure> {
        let agent = arguments.agent.as_deref().map(agent::load_file);
        let (pace, timing) = match (arguments.clock, arguments.latency) {
            (Clock::Wall, _) => (Pace::Wall, Timing::Measured),
            (Clock::Virtual, Latency::Measured) => (Pace::Virtual, Timing::Measured),
            (Clock::Virtual, Latency::Default) => (Pace::Virtual, Timing::Modelled),
        };
        Ok(Self {
            arguments,
            embedded: config.llm.url.is_empty(),
            models: Models::new(config.llm.clone())?,
            patience: config.engine().patience,
            agent: agent.transpose()?.map(Arc::new),
            pace,
            timing,
        })
    }

    fn order(&self, source: &Source, stages: &mut Stages) -> Result<Order, Failure> {
        let arguments = self.arguments;
        let scenario = source.scenario();
        let codec = arguments.codec.or_else(|| scenario?.codec);
        let codec = codec.unwrap_or(Codec::L16Wide);
        let net = arguments.net.clone().or_else(|| scenario?.net.clone());
        let agent = match (
            &self.agent,
            scenario.and_then(|scenario| scenario.agent.as_ref()),
        ) {
            (Some(agent), _) => Arc::clone(agent),
            (None, Some(file)) => Arc::new(agent::load_file(file)?),
            (None, None) => {
                return Err(
                    format!("{} names no agent; give one with --agent", source.name()).into(),
                );
            }
        };
        Ok(Order {
            source: source.name(),
            mind: Mind {
                model: self.models.model_for(&agent),
                embedded: self.embedded && agent.custom_llm_url.is_empty(),
            },
            agent,
            caller: source.caller(arguments.channel, codec.rate(), stages)?,
            codec,
            net: net.unwrap_or_default(),
            seed: arguments.seed.or_else(|| scenario?.seed).unwrap_or(SEED),
            timing: self.timing.clone(),
            pace: self.pace,
            patience: self.patience,
        })
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Audio(path) | Self::Scenario(_, path) => path.display().to_string(),
        }
    }

    fn scenario(&self) -> Option<&Scenario> {
        match self {
            Self::Audio(_) => None,
            Self::Scenario(scenario, _) => Some(scenario),
        }
    }

    fn caller(
        &self,
        channel: Option<usize>,
        rate: SampleRate,
        stages: &mut Stages,
    ) -> Result<Caller, Failure> {
        Ok(match self {
            Self::Audio(path) => Caller::Recorded(Recording::load(path, channel, rate, stages)?),
            Self::Scenario(scenario, _) => Caller::Scenario {
                recordings: Recordings::load(scenario, channel, rate, stages)?,
                scenario: scenario.clone(),
            },
        })
    }
}

/// All calls that were asked for, and whether they are a collection: more than one file, or a
/// folder.
fn sources(arguments: &Arguments) -> Result<(Vec<Source>, bool), Failure> {
    let mut sources = Vec::new();
    let mut several = arguments.audio.len() + arguments.scenario.len() > 1;
    for path in &arguments.audio {
        several |= path.is_dir();
        sources.extend(files(path, &AUDIO)?.into_iter().map(Source::Audio));
    }
    for path in &arguments.scenario {
        several |= path.is_dir();
        for file in files(path, &SCENARIOS)? {
            sources.push(Source::Scenario(Box::new(Scenario::load(&file)?), file));
        }
    }
    Ok((sources, several))
}

/// The file itself, or the files of a folder whose names end so, in order.
fn files(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| format!("cannot read {}: {error}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase);
        if file.is_file() && ending.is_some_and(|ending| endings.contains(&ending.as_str())) {
            files.push(file);
        }
    }
    if files.is_empty() {
        let endings = endings.join(", ");
        return Err(format!(
            "there is nothing to replay in {}; expected files that end in {endings}",
            path.display()
        )
        .into());
    }
    files.sort();
    Ok(files)
}

/// The embedded stages: one thread each, since one call at a time asks one at a time.
fn load(config: &Config) -> Result<Stages, Failure> {
    let assets = Assets::find(&config.models);
    let runtime = onnx::Runtime::load(&assets.onnxruntime)?;
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
    let synthesiser = Flite::start(&FliteConfig {
        workers: 1,
        queue: FliteConfig::default().queue,
    })?;
    let detector = detection::load(&runtime, &assets.silero)?;
    Ok(Stages::new(
        detector,
        Arc::new(recogniser),
        Arc::new(judge),
        Arc::new(synthesiser),
    )?)
}

/// One line on the terminal that tells how far it is.
struct Progress {
    of: usize,
    shown: bool,
}

impl Progress {
    fn new(of: usize) -> Self {
        Self {
            of,
            shown: of > 1 && std::io::stderr().is_terminal(),
        }
    }

    fn show(&self, number: usize, name: String) {
        const WIDTH: usize = 24;
        let done = (number - 1) * WIDTH / self.of;
        let (full, empty) = ("█".repeat(done), "░".repeat(WIDTH - done));
        self.write(&format!(
            "\r\u{1b}[K{full}{empty} {number}/{} {name}",
            self.of
        ));
    }

    fn clear(&self) {
        self.write("\r\u{1b}[K");
    }

    fn write(&self, text: &str) {
        if self.shown {
            let mut terminal = std::io::stderr();
            // A terminal that has gone away needs no progress.
            let _ = terminal.write_all(text.as_bytes());
            let _ = terminal.flush();
        }
    }
}

fn tell(account: &Account, factor: f64) {
    let colours = match std::io::stdout().is_terminal() {
        true => Colours::Ansi,
        false => Colours::None,
    };
    print(report::text(account, colours).trim_end());
    print(&format!("{factor:.1} times real time\n"));
}

/// The reports that were asked for, each beside its place until all of them are written.
struct Reports {
    json: Option<Report>,
    html: Option<Report>,
    junit: Option<Report>,
    out: Option<Report>,
}

/// A file that is not in its place yet.
struct Report {
    unfinished: NamedTempFile,
    path: PathBuf,
}

impl Reports {
    /// Makes sure, before anything is replayed, that they can be written.
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Report::beside).transpose();
        Ok(Self {
            json: open(&arguments.json)?,
            html: open(&arguments.html)?,
            junit: open(&arguments.junit)?,
            out: open(&arguments.out)?,
        })
    }

    /// Writes all, then puts them in their places. Of `several` calls the JSON is an object with
    /// a list, of one it is the account.
    fn write(mut self, calls: &[Replayed], several: bool) -> Result<(), Failure> {
        if let Some(report) = &mut self.json {
            let accounts: Vec<&Account> = calls.iter().map(|call| &call.account).collect();
            let json = match (several, accounts.first()) {
                (false, Some(account)) => serde_json::to_string_pretty(account)?,
                (true, _) | (false, None) => {
                    serde_json::to_string_pretty(&serde_json::json!({ "calls": accounts }))?
                }
            };
            report.write(&format!("{json}\n"))?;
        }
        if let Some(report) = &mut self.html {
            let pages: Vec<report::Call<'_>> = calls.iter().map(page).collect();
            report.write(&report::html(&pages))?;
        }
        if let Some(report) = &mut self.junit {
            let accounts: Vec<Account> = calls.iter().map(|call| call.account.clone()).collect();
            report.write(&report::junit(&accounts))?;
        }
        if let (Some(report), Some(call)) = (&self.out, calls.first()) {
            let mut writer = WavWriter::create(report.unfinished.path(), call.rate, 1)?;
            writer.write(&call.agent)?;
            writer.finish()?;
        }
        let reports = [self.json, self.html, self.junit, self.out];
        reports.into_iter().flatten().try_for_each(Report::put)
    }
}

fn page(call: &Replayed) -> report::Call<'_> {
    report::Call {
        account: &call.account,
        caller: &call.caller,
        agent: &call.agent,
        rate: call.rate,
    }
}

impl Report {
    fn beside(path: &Path) -> Result<Self, Failure> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let mut builder = tempfile::Builder::new();
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let made = builder
            .permissions(readable)
            .prefix(".replay-")
            .tempfile_in(folder);
        let unfinished = made.map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            unfinished,
            path: path.to_owned(),
        })
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.unfinished.write_all(text.as_bytes());
        written.map_err(|error| unwritable(&self.path, &error))
    }

    fn put(self) -> Result<(), Failure> {
        let put = self.unfinished.persist(&self.path);
        put.map(drop)
            .map_err(|error| unwritable(&self.path, &error.error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    format!(
        "cannot write {}: {}; check that the folder exists and may be written to",
        path.display(),
        error.kind()
    )
    .into()
}
