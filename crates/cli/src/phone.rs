//! `mihu phone`: the scripted SIP phone on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use audio::dtmf::Digit;
use jiff::SignedDuration;
use phone::{Event, Manners, Phone, PhoneOptions, Report, Response, Utterance};
use serde::{Deserialize, Serialize};
use sip::{CodecList, Srtp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::stop::Stop;
use crate::{Failure, print};

/// Events that may wait to be printed.
const WAITING: usize = 64;

/// Arguments of `mihu phone`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the phone listens for SIP over UDP; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:5062", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Calls this address, such as sip:support@127.0.0.1:5060, instead of waiting for a call.
    #[arg(long, value_name = "URI", conflicts_with_all = ["answer_after", "reject", "no_answer"])]
    call: Option<String>,
    /// Codecs in the order in which they are offered: opus, g722, pcmu, pcma, l16, l16/8000.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "pcmu,pcma",
        value_name = "NAMES"
    )]
    codecs: Vec<String>,
    /// Whether the audio is encrypted: off, optional or required.
    #[arg(long, default_value = "off", value_parser = srtp, value_name = "WHEN")]
    srtp: Srtp,
    /// An utterance, spoken after the other side has been silent for a moment. Repeatable.
    #[arg(long, value_name = "FILE")]
    play: Vec<PathBuf>,
    /// Keys to press when the other side has first spoken, before any utterance, such as "42#".
    #[arg(long, value_parser = keys, value_name = "KEYS")]
    press: Option<Keys>,
    /// Records what the phone hears.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// How long the other side must have been silent before the phone speaks.
    #[arg(long, default_value = "700ms", value_parser = duration, value_name = "TIME")]
    pause: Duration,
    /// Goes on when the other side says nothing for this long.
    #[arg(long, default_value = "15s", value_parser = duration, value_name = "TIME")]
    patience: Duration,
    /// Hangs up when the last utterance was answered and this long has passed. Default: leaves
    /// the last word to the other side.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    hangup_after: Option<Duration>,
    /// Rings for this long before it answers.
    #[arg(long, default_value = "0s", value_parser = duration, value_name = "TIME")]
    answer_after: Duration,
    /// Refuses the call with this SIP status, such as 486 for busy.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..=699))]
    reject: Option<u16>,
    /// Rings and never answers.
    #[arg(long, conflicts_with = "reject")]
    no_answer: bool,
    /// Prints one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Keys in the order in which they are pressed.
#[derive(Clone, Debug)]
struct Keys(Vec<Digit>);

fn keys(text: &str) -> Result<Keys, String> {
    let wrong = |key| format!("{key:?} is no key: expected 0 to 9, *, #, or A to D");
    let digits = text
        .chars()
        .map(|key| Digit::from_char(key).ok_or_else(|| wrong(key)));
    Ok(Keys(digits.collect::<Result<_, _>>()?))
}

/// What the phone tells, one line each with `--json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Line {
    /// The phone can be called.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// The call rings.
    Ringing,
    /// The call is up.
    Answered,
    /// The keys are pressed.
    Pressing,
    /// An utterance begins.
    Speaking {
        /// Which one.
        name: String,
    },
    /// The call is over.
    Ended(Report),
}

/// Runs the phone through one call.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let json = arguments.json;
    let target = arguments.call.clone();
    let hang_up = CancellationToken::new();
    let phone = Phone::open(options(arguments, hang_up.clone())?).await?;
    let mut stop = Stop::listen()?;
    show(
        json,
        &Line::Listening {
            address: phone.address(),
        },
    )?;
    let (tell, mut events) = mpsc::channel::<Event>(WAITING);
    let telling = async {
        while let Some(event) = events.recv().await {
            show(json, &event.into())?;
        }
        Ok::<_, Failure>(())
    };
    let calling = async {
        match target {
            Some(target) => phone.call(&target, tell).await,
            None => phone.answer(tell).await,
        }
    };
    let both = async { tokio::join!(telling, calling) };
    tokio::pin!(both);
    let (told, report) = tokio::select! {
        ended = &mut both => ended,
        () = stop.asked() => {
            hang_up.cancel();
            match stop.unless_asked_again(both).await {
                Ok(ended) => ended,
                Err(code) => return Ok(code),
            }
        }
    };
    told?;
    let report = report?;
    show(json, &Line::Ended(report))?;
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: Arguments, hang_up: CancellationToken) -> Result<PhoneOptions, Failure> {
    let mut utterances = Vec::new();
    for file in &arguments.play {
        let samples = audio::file::read_mono(file, phone::UTTERANCE_RATE)?;
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        utterances.push(Utterance {
            name: name.unwrap_or_default(),
            samples,
        });
    }
    let response = match arguments.reject {
        Some(status) => Response::Reject(status),
        None if arguments.no_answer => Response::Ring,
        None => Response::Answer {
            after: arguments.answer_after,
        },
    };
    Ok(PhoneOptions {
        listen: arguments.listen,
        codecs: CodecList::from_names(arguments.codecs.iter().map(String::as_str))?,
        srtp: arguments.srtp,
        utterances,
        record: arguments.record,
        manners: Manners {
            pause: arguments.pause,
            patience: arguments.patience,
            keys: arguments.press.map_or_else(Vec::new, |keys| keys.0),
            hang_up_after: arguments.hangup_after,
        },
        response,
        hang_up,
    })
}

impl From<Event> for Line {
    fn from(event: Event) -> Self {
        match event {
            Event::Ringing => Self::Ringing,
            Event::Answered => Self::Answered,
            Event::Pressing => Self::Pressing,
            Event::Speaking(name) => Self::Speaking { name },
        }
    }
}

fn show(json: bool, line: &Line) -> Result<(), Failure> {
    if json {
        print(&serde_json::to_string(line)?);
        return Ok(());
    }
    match line {
        Line::Listening { address } => print(&format!("listening on {address}")),
        Line::Ringing => print("ringing"),
        Line::Answered => print("answered"),
        Line::Pressing => print("pressing the keys"),
        Line::Speaking { name } => print(&format!("speaking {name}")),
        Line::Ended(report) => {
            for said in &report.said {
                let answered = said.answered_after_ms.map_or_else(
                    || "not answered".to_owned(),
                    |millis| format!("answered after {millis} ms"),
                );
                print(&format!("{}: {answered}", said.name));
            }
            print(&format!("ended: {}", report.end));
        }
    }
    Ok(())
}

fn srtp(text: &str) -> Result<Srtp, String> {
    serde_json::from_value(text.into()).map_err(|_| "expected off, optional or required".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |_| format!("expected a time such as 2s or 700ms, found {text}");
    let duration: SignedDuration = text.parse().map_err(wrong)?;
    Duration::try_from(duration).map_err(wrong)
}
