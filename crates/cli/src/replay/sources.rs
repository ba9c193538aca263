//! What is replayed: recordings and scenarios, in files and folders.

use std::path::{Path, PathBuf};

use ::tune::{Kind, turn_file};
use audio::{Moment, SampleRate};
use replay::{Bundle, Caller, Pause, PauseKind, Recording, Recordings, Scenario, Stages};

use super::Arguments;
use crate::Failure;

/// Endings of the names of files that a folder is searched for.
const AUDIO: [&str; 7] = ["wav", "flac", "mp3", "ogg", "oga", "wave", "mpga"];

/// Endings of the names of scenarios in a folder.
const SCENARIOS: [&str; 2] = ["yaml", "yml"];

/// Endings of the names of bundles in a folder.
const BUNDLES: [&str; 1] = ["mihu"];

/// What one call is made of.
pub(super) enum Source {
    Audio(PathBuf),
    Scenario(Box<Scenario>, PathBuf),
    /// A bundle is large, and read when its turn comes.
    Bundle(PathBuf),
}

impl Source {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Audio(path) | Self::Scenario(_, path) | Self::Bundle(path) => {
                path.display().to_string()
            }
        }
    }

    pub(super) fn scenario(&self) -> Option<&Scenario> {
        match self {
            Self::Audio(_) | Self::Bundle(_) => None,
            Self::Scenario(scenario, _) => Some(scenario),
        }
    }

    /// Who calls; `None` for a bundle, which is more than a caller.
    pub(super) fn caller(
        &self,
        channel: Option<usize>,
        rate: SampleRate,
        stages: &mut Stages,
    ) -> Result<Option<Caller>, Failure> {
        Ok(Some(match self {
            Self::Bundle(_) => return Ok(None),
            Self::Audio(path) => {
                let recording = Recording::load(path, channel, rate, stages)?;
                Caller::Recorded(match pauses_beside(path)? {
                    Some(pauses) => recording.with_pauses(pauses),
                    None => recording,
                })
            }
            Self::Scenario(scenario, _) => Caller::Scenario {
                recordings: Recordings::load(scenario, channel, rate, stages)?,
                scenario: scenario.clone(),
            },
        }))
    }
}

/// The turn file of a recording, if one lies beside it: JSON of the same name that names it.
fn turn_file_beside(path: &Path) -> Result<Option<PathBuf>, Failure> {
    let file = path.with_extension("json");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", file.display()).into()),
    };
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        format!(
            "{}: expected JSON, as a turn file beside {} is: {error}; mend it or move it away",
            file.display(),
            path.display()
        )
    })?;
    let named = |json: &serde_json::Value| {
        let name = json.get("file").and_then(serde_json::Value::as_str);
        let name = name.and_then(|name| Path::new(name).file_name());
        json.get("pauses").is_some() && name == path.file_name()
    };
    Ok(named(&json).then_some(file))
}

/// The pauses of a recording, if a turn file lies beside it.
fn pauses_beside(path: &Path) -> Result<Option<Vec<Pause>>, Failure> {
    let Some(file) = turn_file_beside(path)? else {
        return Ok(None);
    };
    let pauses = turn_file::read(&file)?.pauses.into_iter();
    let told = pauses.map(|pause| Pause {
        kind: match pause.kind {
            Kind::TurnEnd | Kind::Whole => PauseKind::Over,
            Kind::MidTurn | Kind::MidClause => PauseKind::GoesOn,
            Kind::Between => PauseKind::Unknown,
        },
        turn: pause.turn.since(Moment::ZERO),
        span: pause.start.since(Moment::ZERO)..pause.end.since(Moment::ZERO),
    });
    Ok(Some(told.collect()))
}

/// All calls that were asked for, and whether they are a collection: more than one file, or a
/// folder.
pub(super) fn sources(arguments: &Arguments) -> Result<(Vec<Source>, bool), Failure> {
    let mut sources = Vec::new();
    let named = arguments.audio.len() + arguments.scenario.len() + arguments.bundle.len();
    let mut several = named > 1;
    for path in &arguments.audio {
        several |= path.is_dir();
        for file in files(path, &AUDIO)? {
            // What is no JSON is refused before any call is replayed.
            drop(turn_file_beside(&file)?);
            sources.push(Source::Audio(file));
        }
    }
    for path in &arguments.scenario {
        several |= path.is_dir();
        for file in files(path, &SCENARIOS)? {
            sources.push(Source::Scenario(Box::new(Scenario::load(&file)?), file));
        }
    }
    for path in &arguments.bundle {
        several |= path.is_dir();
        for file in files(path, &BUNDLES)? {
            // One that cannot be read is refused before any call is replayed.
            drop(Bundle::load(&file)?);
            sources.push(Source::Bundle(file));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found beside a recording where this is.
    fn beside(json: Option<&str>) -> Result<Option<usize>, String> {
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("hello.wav");
        if let Some(json) = json {
            std::fs::write(recording.with_extension("json"), json).unwrap();
        }
        let pauses = pauses_beside(&recording).map_err(|error| error.to_string());
        pauses.map(|pauses| pauses.map(|pauses| pauses.len()))
    }

    #[test]
    fn a_recording_may_have_nothing_or_something_else_beside_it() {
        assert_eq!(beside(None), Ok(None));
        assert_eq!(
            beside(Some(r#"{"file": "other.wav", "pauses": []}"#)),
            Ok(None)
        );
        assert_eq!(beside(Some(r#"{"title": "Hello"}"#)), Ok(None));
    }

    #[test]
    fn what_is_no_json_beside_a_recording_is_refused() {
        let refused = beside(Some(r#"{"file": "hello.wav", "pauses": ["#)).unwrap_err();
        assert!(
            refused.contains("hello.json") && refused.contains("expected JSON"),
            "{refused}"
        );
    }
}
