//! The `mihu` binary: reads settings and arguments, joins the crates to a node, and ends it.
//!
//! It decides nothing about calls. `serve` is the node; `keys` makes bearer tokens, `workspaces`
//! what they belong to, which `export` and `import` bring to another node; `oauth` registers
//! clients that act for it; `phone` is a small scripted SIP phone; `replay` plays recorded callers
//! to an agent; `tune` sweeps an agent's patience over recordings; `bench` measures what a node
//! carries and how it takes turns; `demo` runs a node and a phone against each other and shows the
//! conversation. Start reading at [`serve`](crate::serve::run), which wires a node together.

mod abilities;
mod bench;
mod config;
mod demo;
mod detection;
mod keys;
mod logging;
mod models;
mod oauth;
mod output;
mod paths;
mod phone;
mod progress;
mod replay;
mod serve;
mod stop;
mod transfer;
mod tune;
mod workspaces;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A node that places and answers phone calls for AI agents.
#[derive(Debug, Parser)]
#[command(name = "mihu", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a node: HTTP API, SIP and media.
    Serve {
        #[command(flatten)]
        settings: Settings,
        /// Shows the effective settings, secrets masked, and exits.
        #[arg(long)]
        print_config: bool,
    },
    /// Makes, lists and revokes the API's bearer tokens.
    Keys {
        #[command(flatten)]
        settings: Settings,
        #[command(subcommand)]
        action: keys::Action,
    },
    /// Makes and lists workspaces.
    Workspaces {
        #[command(flatten)]
        settings: Settings,
        #[command(subcommand)]
        action: workspaces::Action,
    },
    /// Registers and lists OAuth clients, and takes back what they were granted.
    Oauth {
        #[command(flatten)]
        settings: Settings,
        #[command(subcommand)]
        action: oauth::Action,
    },
    /// Writes a workspace and its recordings to a folder, for another node or a backup.
    Export {
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        what: transfer::Export,
    },
    /// Stores what `export` wrote, of any database, in this node's.
    Import {
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        what: transfer::Import,
    },
    /// Answers or places one SIP call and plays a script into it.
    Phone(phone::Arguments),
    /// Plays recorded callers to an agent on a virtual clock, and says what came of it.
    ///
    /// Exits with 0 when all that a scenario expects came true, with 1 when some of it did not,
    /// and with 2 when a call could not be replayed at all.
    Replay(Box<replay::Arguments>),
    /// Measures what this machine carries.
    Bench {
        #[command(subcommand)]
        action: bench::Action,
    },
    /// Shows a whole conversation on this machine: node, phone, webhook, recording.
    Demo(demo::Arguments),
    /// Looks for endpointing settings: how often callers are cut off, against how long they wait.
    Tune(tune::Arguments),
}

/// Where settings come from.
#[derive(Debug, clap::Args)]
struct Settings {
    /// TOML file; each setting can also be given as a MIHU_… variable.
    #[arg(long, env = "MIHU_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Settings {
    fn load(&self) -> Result<config::Config, config::LoadConfigError> {
        config::Config::load(self.config.as_deref(), std::env::vars_os())
    }
}

/// What a command fails with: one message for the person at the terminal.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    silence_onnxruntime();
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprint(&format!("mihu: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// ONNX Runtime's builds for Linux send usage data unless this is set before they are loaded.
#[expect(
    unsafe_code,
    reason = "the environment can only be set by an unsafe function"
)]
fn silence_onnxruntime() {
    // SAFETY: this is the first thing that the process does; there is no other thread that could
    // read the environment meanwhile.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Serve {
            settings,
            print_config,
        } => {
            let config = settings.load()?;
            if print_config {
                print(toml::to_string(&config.masked())?.trim_end());
                return Ok(ExitCode::SUCCESS);
            }
            logging::start(&config.log)?;
            run_to_end(serve::run(&config))
        }
        Command::Keys { settings, action } => {
            let config = settings.load()?;
            runtime()?.block_on(keys::run(&config, action))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Workspaces { settings, action } => {
            let config = settings.load()?;
            runtime()?.block_on(workspaces::run(&config, action))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Oauth { settings, action } => {
            let config = settings.load()?;
            runtime()?.block_on(oauth::run(&config, action))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Export { settings, what } => {
            let config = settings.load()?;
            runtime()?.block_on(transfer::export(&config, &what))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Import { settings, what } => {
            let config = settings.load()?;
            runtime()?.block_on(transfer::import(&config, &what))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Phone(arguments) => {
            logging::start(&config::Log {
                filter: "warn".into(),
                ..config::Log::default()
            })?;
            run_to_end(phone::run(arguments))
        }
        Command::Replay(arguments) => Ok(replay::run(&arguments)),
        Command::Bench { action } => bench::run(action),
        Command::Demo(arguments) => runtime()?.block_on(demo::run(arguments)),
        Command::Tune(arguments) => Ok(tune::run(&arguments)),
    }
}

/// Runs `work`, and waits for nothing that it left behind.
fn run_to_end(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    ended
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

/// One line for the person or the program that called.
#[expect(
    clippy::print_stdout,
    reason = "standard output is this program's answer"
)]
fn print(line: &str) {
    println!("{line}");
}

/// One line of complaint.
#[expect(
    clippy::print_stderr,
    reason = "a failure is told before or without logging"
)]
fn eprint(line: &str) {
    eprintln!("{line}");
}
