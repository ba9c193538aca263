//! `mihu replay`: calls with recorded callers, on a virtual clock.

mod agents;
mod reports;
mod sources;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use agent::AgentDefinition;
use audio::codec::Codec;
use engine::ModelDirectory;
use netem::Profile;
use recordings::Keys;
use replay::{Another, Bundle, Mind, Order, Pace, Replayed, Stages, Timing};
use report::{Account, Colours};
use speech::{Flite, FliteConfig, Moonshine, MoonshineConfig, SoundJudge, SoundJudgeConfig};

use self::reports::Reports;
use self::sources::{Source, sources};
use crate::config::Config;
use crate::models::Models;
use crate::paths::Assets;
use crate::progress::Progress;
use crate::{Failure, Settings, detection, eprint, print};

/// The exit code of calls of which something unmet was expected.
const UNMET: u8 = 1;

/// The exit code of what could not be replayed.
const COULD_NOT_RUN: u8 = 2;

/// The seed where none is given.
const SEED: u64 = 1;

/// Arguments of `mihu replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// The agent's file. A scenario may name it instead; a call that was kept goes without.
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// A recorded caller, played to the agent once from its greeting's end: WAV, FLAC, MP3 or Ogg
    /// Vorbis of at most an hour, or a folder of them. Repeatable. Where a turn file lies beside it
    /// (JSON of the same name, with the recording's name as `file` and its `pauses`), false cut-offs
    /// and missed turns are counted by it, and else by pauses of two seconds.
    #[arg(long, value_name = "PATH", required_unless_present_any = ["scenario", "bundle"])]
    audio: Vec<PathBuf>,
    /// A caller who reacts, and what is expected of the agent: a YAML file, or a folder of them.
    /// Repeatable.
    #[arg(long, value_name = "PATH")]
    scenario: Vec<PathBuf>,
    /// A call that a node kept, or a folder of them: it is run again bit by bit, and what differs
    /// is told. With --agent its caller talks to another agent, and what changes is told.
    /// Repeatable.
    #[arg(long, value_name = "PATH", conflicts_with_all = [
        "audio", "scenario", "channel", "net", "codec", "seed", "clock", "latency",
    ])]
    bundle: Vec<PathBuf>,
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
pub(crate) enum Latency {
    Default,
    Measured,
}

impl Latency {
    /// Where the stages' times come from.
    pub(crate) const fn timing(self) -> Timing {
        match self {
            Self::Default => Timing::Modelled,
            Self::Measured => Timing::Measured,
        }
    }
}

fn network(text: &str) -> Result<Profile, netem::ParseProfileError> {
    Profile::parse(text)
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
    let progress = Progress::new();
    let done = |number: usize| (number - 1) as f64 / sources.len() as f64;
    for (number, source) in (1..).zip(&sources) {
        if sources.len() > 1 {
            let next = format!("{number}/{} {}", sources.len(), source.name());
            progress.show(done(number), &next);
        }
        let begun;
        let mut call = if let Source::Bundle(path) = source {
            let bundle = Bundle::load(path)?;
            begun = Instant::now();
            workshop.again(&bundle, source.name(), &mut stages)?
        } else {
            let order = workshop.order(source, &mut stages)?;
            begun = Instant::now();
            replay::replay(&mut stages, order)?
        };
        let factor = call.duration.as_secs_f64() / begun.elapsed().as_secs_f64().max(1e-6);
        progress.clear();
        let modelled = workshop.pace == Pace::Virtual && workshop.timing == Timing::Modelled;
        call.account.realtime_factor = (!modelled).then_some(factor);
        tell(&call.account, factor);
        if arguments.json.is_some() || arguments.html.is_some() {
            call.note_speech(&mut stages);
        }
        if !reports.take_sound() {
            call.forget_sound();
        }
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
        let models = Models::new(config.llm.clone())?;
        let agent = arguments.agent.as_deref();
        let agent = agent.map(|file| agents::load(file, &models));
        let (pace, timing) = match (arguments.clock, arguments.latency) {
            (Clock::Wall, _) => (Pace::Wall, Timing::Measured),
            (Clock::Virtual, latency) => (Pace::Virtual, latency.timing()),
        };
        Ok(Self {
            arguments,
            embedded: config.llm.url.is_empty(),
            models,
            patience: config.engine(&Keys::default()).patience,
            agent: agent.transpose()?,
            pace,
            timing,
        })
    }

    /// A call that was kept: as it was, or with another agent.
    fn again(
        &self,
        bundle: &Bundle,
        name: String,
        stages: &mut Stages,
    ) -> Result<Replayed, Failure> {
        let old = replay::replay_exactly(stages, bundle, name.clone())?;
        let Some(agent) = &self.agent else {
            return Ok(old);
        };
        let another = Another {
            agent: Arc::clone(agent),
            mind: self.mind(agent),
        };
        let model = match another.mind.embedded {
            true => "the offline responder",
            false => "the language model of the settings",
        };
        let (mut new, reused) = replay::replay_with(stages, bundle, another, name)?;
        let mut changes = report::diff(&old.account, &new.account);
        let shares = [
            ("utterances", reused.utterances, "the embedded recogniser"),
            ("replies", reused.replies, model),
            ("sentences", reused.sentences, "the embedded voice"),
        ];
        changes.reused = shares
            .map(|(what, share, others)| report::Source {
                what: what.to_owned(),
                all: share.all as u64,
                kept: share.kept as u64,
                others: others.to_owned(),
            })
            .into();
        new.account.changes = Some(changes);
        Ok(new)
    }

    fn mind(&self, agent: &AgentDefinition) -> Mind {
        Mind {
            model: self.models.model_for(agent),
            embedded: self.embedded && agent.custom_llm_url.is_empty(),
        }
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
            (None, Some(file)) => agents::load(file, &self.models)?,
            (None, None) => {
                return Err(
                    format!("{} names no agent; give one with --agent", source.name()).into(),
                );
            }
        };
        Ok(Order {
            source: source.name(),
            mind: self.mind(&agent),
            agent,
            caller: source
                .caller(arguments.channel, codec.rate(), stages)?
                .ok_or("a bundle is no caller")?,
            codec,
            net: net.unwrap_or_default(),
            seed: arguments.seed.or_else(|| scenario?.seed).unwrap_or(SEED),
            timing: self.timing.clone(),
            pace: self.pace,
            patience: self.patience,
        })
    }
}

/// The embedded stages: one thread each, since one call at a time asks one at a time.
pub(crate) fn load(config: &Config) -> Result<Stages, Failure> {
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

fn tell(account: &Account, factor: f64) {
    let colours = match std::io::stdout().is_terminal() {
        true => Colours::Ansi,
        false => Colours::None,
    };
    print(report::text(account, colours).trim_end());
    print(&format!("{factor:.1} times real time\n"));
}
