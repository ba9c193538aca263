//! `mihu bench`: what this machine carries.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ::bench::media::Options;
use ::bench::protocol::Codec;
use ::bench::turns;
use clap::Subcommand;
use serde::Serialize;

use crate::output::Output;
use crate::paths::{Assets, locate};
use crate::progress::Progress;
use crate::replay::Latency;
use crate::{Failure, Settings, config, detection, print};

/// What `mihu bench` measures.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Loads media legs with recorded conversation from a process of its own, and prints what they
    /// cost this one.
    Media(Media),
    /// Replays calls of recorded callers who are answered and who interrupt, and of sounds that
    /// say nothing, and prints how the agent takes turns.
    Turns(Turns),
    /// The process that makes the load of `mihu bench media`.
    #[command(hide = true)]
    Generator,
}

/// Arguments of `mihu bench media`.
#[derive(Debug, clap::Args)]
pub(crate) struct Media {
    /// How many calls.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..))]
    calls: u16,
    /// How long is measured, after a few seconds of warming up.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// The codec of all calls: pcmu, pcma, g722 or opus.
    #[arg(long, default_value = "pcmu", value_parser = codec)]
    codec: Codec,
    /// The network towards the legs, such as wifi, mobile or "loss=2%,jitter=30ms".
    #[arg(long, value_name = "PROFILE", value_parser = network)]
    net: Option<String>,
    /// Measures the legs without voice detection.
    #[arg(long)]
    no_vad: bool,
    /// Folder of the recordings that are spoken.
    #[arg(long, default_value = "fixtures", value_name = "FOLDER")]
    fixtures: PathBuf,
    /// Decides noise, offsets and the network's behaviour.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Arguments of `mihu bench turns`.
#[derive(Debug, clap::Args)]
pub(crate) struct Turns {
    #[command(flatten)]
    settings: Settings,
    /// Folder of recorded callers, WAV files of one utterance each; those in its folder `turns`
    /// hold several turns. Default: the project's fixtures.
    #[arg(long, value_name = "FOLDER")]
    recordings: Option<PathBuf>,
    /// How often each caller interrupts the agent, at different moments.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    moments: u8,
    /// Sounds of each kind that must not stop the agent.
    #[arg(long, default_value_t = 5)]
    sounds: u8,
    /// What the stages take: what a model states, or what they really take.
    #[arg(long, default_value = "default", value_name = "MODEL")]
    latency: Latency,
    /// Decides moments, sounds and networks.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, and prints the figures.
pub(crate) fn run(action: Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Media(arguments) => measure(arguments),
        Action::Turns(arguments) => measure_turns(arguments),
        Action::Generator => {
            ::bench::generator::run()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn measure(arguments: Media) -> Result<ExitCode, Failure> {
    let json = Output::of(arguments.json.as_deref())?;
    let detector = if arguments.no_vad {
        None
    } else {
        let assets = Assets::find(&config::Models::default());
        let runtime = onnx::Runtime::load(&assets.onnxruntime)?;
        Some(detection::load(&runtime, &assets.silero)?)
    };
    let program = std::env::current_exe()?;
    let figures = ::bench::media::run(Options {
        calls: arguments.calls.into(),
        duration: Duration::from_secs(arguments.seconds),
        codec: arguments.codec,
        net: arguments.net,
        fixtures: arguments.fixtures,
        seed: arguments.seed,
        detector,
        generator: (program, vec!["bench".to_owned(), "generator".to_owned()]),
    })?;
    print(figures.table().trim_end());
    write(json, &figures)?;
    if figures.failed_calls > 0 {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn measure_turns(arguments: Turns) -> Result<ExitCode, Failure> {
    let json = Output::of(arguments.json.as_deref())?;
    let config = arguments.settings.load()?;
    let mut stages = crate::replay::load(&config)?;
    let options = turns::Options {
        recordings: arguments.recordings.unwrap_or_else(|| locate("fixtures")),
        moments: arguments.moments.into(),
        sounds: arguments.sounds.into(),
        seed: arguments.seed,
        timing: arguments.latency.timing(),
    };
    let progress = Progress::new();
    let told = |done, next: &str| progress.show(done, next);
    let figures = turns::run(&options, &mut stages, told);
    progress.clear();
    let figures = figures?;
    print(figures.table().trim_end());
    write(json, &figures)?;
    Ok(ExitCode::SUCCESS)
}

fn write(file: Option<Output>, figures: &impl Serialize) -> Result<(), Failure> {
    let Some(mut file) = file else {
        return Ok(());
    };
    file.write(&format!("{}\n", serde_json::to_string_pretty(figures)?))?;
    file.put()
}

fn codec(name: &str) -> Result<Codec, String> {
    serde_json::from_value(name.to_lowercase().into())
        .map_err(|_| "expected pcmu, pcma, g722 or opus".to_owned())
}

fn network(text: &str) -> Result<String, netem::ParseProfileError> {
    netem::Profile::parse(text).map(|_| text.to_owned())
}
