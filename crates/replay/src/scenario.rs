//! Scenarios: YAML files that tell what a caller does and what is expected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::codec::Codec;
use audio::dtmf::Digit;
use jiff::SignedDuration;
use netem::Profile;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::caller::Cue;
use crate::expectation::Expect;
use crate::phone::MOST_KEYS;

/// How long a caller waits after the agent's last word, unless the scenario says otherwise.
const AFTER: Duration = Duration::from_millis(300);

/// Files beyond this size are refused: no scenario needs one.
const LARGEST_FILE: u64 = 1024 * 1024;

/// What a caller does, and what is expected of the agent.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// The agent's file, if the scenario names one.
    pub agent: Option<PathBuf>,
    /// The network that the caller's packets go through, if the scenario names one.
    pub net: Option<Profile>,
    /// The codec of the line, if the scenario names one.
    pub codec: Option<Codec>,
    /// What decides everything random, if the scenario says.
    pub seed: Option<u64>,
    /// The caller's channel in the audio files, from 1, if the scenario says.
    pub channel: Option<usize>,
    /// What tools answer, by their names; one that is not named answers `Done.`.
    pub tools: BTreeMap<String, String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) expect: Vec<Expect>,
}

/// One thing that the caller does.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) act: Act,
    pub(crate) cue: Cue,
    pub(crate) expect: Vec<Expect>,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Say(PathBuf),
    Press(Vec<Digit>),
    Wait(Duration),
}

/// Why a scenario cannot be used. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadScenarioError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than 1 MiB.
    #[error("{}: expected at most 1 MiB, found {bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file is no scenario.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What is wrong there, and what is expected.
        message: String,
    },
}

/// A time such as `900ms` or `2.5s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Time(pub(crate) Duration);

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("expected a time such as 900ms or 2.5s, found {text:?}");
        let duration: SignedDuration = text.parse().map_err(|_| wrong())?;
        Duration::try_from(duration).map(Self).map_err(|_| wrong())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: Option<String>,
    agent: Option<PathBuf>,
    net: Option<Spanned<String>>,
    codec: Option<Spanned<String>>,
    seed: Option<u64>,
    channel: Option<usize>,
    #[serde(default)]
    tools: BTreeMap<String, String>,
    caller: Spanned<Vec<Spanned<Line>>>,
    #[serde(default)]
    expect: Vec<Expect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    say: Option<PathBuf>,
    press: Option<Spanned<String>>,
    wait: Option<Time>,
    after: Option<Time>,
    #[serde(rename = "interrupt at")]
    interrupt_at: Option<Time>,
    #[serde(default)]
    expect: Vec<Expect>,
}

/// Something wrong at a place of the file.
struct Wrong {
    at: serde_saphyr::Location,
    message: String,
}

impl Scenario {
    /// Reads a scenario. Files that it names are looked for beside it.
    ///
    /// # Errors
    ///
    /// [`LoadScenarioError`], with the place in the file.
    pub fn load(path: &Path) -> Result<Self, LoadScenarioError> {
        let unreadable = |source| LoadScenarioError::Read {
            path: path.to_owned(),
            source,
        };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > LARGEST_FILE {
            return Err(LoadScenarioError::TooLarge {
                path: path.to_owned(),
                bytes,
            });
        }
        let yaml = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(path, &yaml)
    }

    fn parse(path: &Path, yaml: &str) -> Result<Self, LoadScenarioError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let document: Result<Document, _> =
            serde_saphyr::with_deserializer_from_str_with_options(yaml, options, |yaml| {
                Document::deserialize(yaml)
            });
        let read = document.map_err(|error| Wrong {
            at: error.location().unwrap_or(serde_saphyr::Location::UNKNOWN),
            message: message(&error),
        });
        let made = read.and_then(|document| Self::from_document(path, document));
        made.map_err(|Wrong { at, message }| {
            let known = at != serde_saphyr::Location::UNKNOWN;
            let (line, column) = if known {
                (at.line(), at.column())
            } else {
                (1, 1)
            };
            LoadScenarioError::Invalid {
                path: path.to_owned(),
                line,
                column,
                message,
            }
        })
    }

    fn from_document(path: &Path, document: Document) -> Result<Self, Wrong> {
        let beside = path.parent().unwrap_or_else(|| Path::new(""));
        if document.caller.value.is_empty() {
            return Err(Wrong {
                at: document.caller.referenced,
                message: "the caller does nothing; expected at least one step".to_owned(),
            });
        }
        let steps = document.caller.value.into_iter().zip(1..);
        let steps = steps.map(|(line, number)| step(beside, line, number));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: document.name.unwrap_or_else(|| stem.into_owned()),
            agent: document.agent.map(|agent| beside.join(agent)),
            net: document.net.map(network).transpose()?,
            codec: document.codec.map(codec).transpose()?,
            seed: document.seed,
            channel: document.channel,
            tools: document.tools,
            steps: steps.collect::<Result<_, _>>()?,
            expect: document.expect,
        })
    }
}

fn step(beside: &Path, line: Spanned<Line>, number: usize) -> Result<Step, Wrong> {
    let at = line.referenced;
    let wrong = |message: &str| Wrong {
        at,
        message: message.to_owned(),
    };
    let line = line.value;
    let (act, name) = match (line.say, line.press, line.wait) {
        (Some(file), None, None) => {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{number} say {name}");
            (Act::Say(beside.join(file)), name)
        }
        (None, Some(keys), None) => {
            let name = format!("{number} press {}", keys.value);
            (Act::Press(digits(keys)?), name)
        }
        (None, None, Some(time)) => {
            let name = format!("{number} wait {}ms", time.0.as_millis());
            (Act::Wait(time.0), name)
        }
        _ => {
            return Err(wrong(
                "expected one of `say`, `press` and `wait` in each step",
            ));
        }
    };
    let cue = match (line.after, line.interrupt_at) {
        (Some(_), Some(_)) => {
            return Err(wrong("expected `after` or `interrupt at`, not both"));
        }
        (after, None) => Cue::Silence(after.map_or(AFTER, |after| after.0)),
        (None, Some(into)) => Cue::Speech(into.0),
    };
    Ok(Step {
        name,
        act,
        cue,
        expect: line.expect,
    })
}

fn digits(keys: Spanned<String>) -> Result<Vec<Digit>, Wrong> {
    let digits: Option<Vec<Digit>> = keys.value.chars().map(Digit::from_char).collect();
    let digits = digits.filter(|digits| (1..=MOST_KEYS).contains(&digits.len()));
    digits.ok_or_else(|| Wrong {
        at: keys.referenced,
        message: format!(
            "{:?} are no keys to press; expected 1 to {MOST_KEYS} of 0 to 9, *, # and A to D",
            keys.value
        ),
    })
}

fn network(text: Spanned<String>) -> Result<Profile, Wrong> {
    Profile::parse(&text.value).map_err(|error| Wrong {
        at: text.referenced,
        message: error.to_string(),
    })
}

fn codec(name: Spanned<String>) -> Result<Codec, Wrong> {
    crate::order::codec(&name.value).map_err(|message| Wrong {
        at: name.referenced,
        message,
    })
}

/// What is wrong with the text, without the place, which is written in front.
fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    let listed = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    if let Error::SerdeUnknownField {
        field, expected, ..
    } = error
    {
        return format!(
            "there is no key `{field}` here; expected one of {}",
            listed(expected)
        );
    }
    if let Error::SerdeUnknownVariant {
        variant, expected, ..
    } = error
    {
        return format!(
            "there is no expectation `{variant}`; expected one of {}",
            listed(expected)
        );
    }
    let written = error.to_string();
    let first_line = written.lines().next().unwrap_or_default();
    let without_place = first_line.split(" at line ").next().unwrap_or_default();
    without_place.to_owned()
}

#[cfg(test)]
mod tests;
