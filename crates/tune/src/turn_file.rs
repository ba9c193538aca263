//! Reads turn files: JSON that says where the pauses of a recording are and what they mean.
//!
//! `file` is the recording, relative to the JSON; `pauses` is a list of `start_ms`, `end_ms` and
//! `kind` (`turn_end`, `mid_turn`, or `between` and `between_segments` where nobody knows);
//! `turns`, or `segments` where there are none, is a list of `start_ms`, with `end_ms` and other
//! fields that are not looked at.

use std::path::{Path, PathBuf};
use std::{fs, io};

use audio::Moment;
use audio::file::{ReadAudioError, read_mono};
use serde::Deserialize;
use thiserror::Error;

use crate::passage::{Kind, Passage, Pause, RATE, moment};

/// Why a turn file gave no passage. Other files may.
#[derive(Debug, Error)]
pub enum ReadTurnFileError {
    /// The folder or the file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no JSON, or a field is missing or of another type.
    #[error("{}, field '{field}': {problem}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// Where in it.
        field: String,
        /// What was found and what is expected.
        problem: String,
    },
    /// The recording cannot be read.
    #[error("{}, field 'file': {source}", path.display())]
    Audio {
        /// The turn file.
        path: PathBuf,
        /// What is wrong with the recording.
        source: ReadAudioError,
    },
}

#[derive(Deserialize)]
struct TurnFile {
    file: PathBuf,
    #[serde(default)]
    turns: Vec<Begun>,
    #[serde(default)]
    segments: Vec<Begun>,
    pauses: Vec<Listed>,
}

#[derive(Deserialize)]
struct Begun {
    start_ms: u64,
}

#[derive(Deserialize)]
struct Listed {
    start_ms: u64,
    end_ms: u64,
    kind: Named,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    TurnEnd,
    MidTurn,
    Between,
    BetweenSegments,
}

/// The turn files of `folder` and of its folder `turns`, in order of their names.
///
/// # Errors
///
/// [`ReadTurnFileError::Read`] if `folder` cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, ReadTurnFileError> {
    let below = folder.join("turns");
    let mut paths = listed(folder)?;
    if below.is_dir() {
        paths.extend(listed(&below)?);
    }
    paths.sort();
    Ok(paths)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, ReadTurnFileError> {
    let failed = |source| ReadTurnFileError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Reads one turn file and its recording.
///
/// # Errors
///
/// [`ReadTurnFileError`] with the file and the field that is wrong.
pub fn read(path: &Path) -> Result<Passage, ReadTurnFileError> {
    let text = fs::read_to_string(path).map_err(|source| ReadTurnFileError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |field: String, problem: String| ReadTurnFileError::Field {
        path: path.to_owned(),
        field,
        problem,
    };
    let mut json = serde_json::Deserializer::from_str(&text);
    let file: TurnFile = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| wrong(error.path().to_string(), error.inner().to_string()))?;
    let folder = path.parent().unwrap_or(path);
    let samples =
        read_mono(folder.join(&file.file), RATE).map_err(|source| ReadTurnFileError::Audio {
            path: path.to_owned(),
            source,
        })?;
    let length = moment(samples.len());
    let turns = if file.turns.is_empty() {
        &file.segments
    } else {
        &file.turns
    };
    let mut pauses: Vec<Pause> = Vec::with_capacity(file.pauses.len());
    for (index, listed) in file.pauses.iter().enumerate() {
        let start = Moment::from_millis(listed.start_ms);
        let end = Moment::from_millis(listed.end_ms).min(length);
        let field = |name: &str| format!("pauses[{index}].{name}");
        if start >= end {
            return Err(wrong(
                field("end_ms"),
                format!(
                    "expected more than start_ms ({}) and a start within the recording's {} ms, \
                     found {}",
                    listed.start_ms,
                    length.as_millis(),
                    listed.end_ms
                ),
            ));
        }
        if pauses.last().is_some_and(|before| before.end > start) {
            return Err(wrong(
                field("start_ms"),
                format!(
                    "expected the end of the pause before or later, found {}",
                    listed.start_ms
                ),
            ));
        }
        let begun = turns.iter().map(|turn| Moment::from_millis(turn.start_ms));
        pauses.push(Pause {
            kind: match listed.kind {
                Named::TurnEnd => Kind::TurnEnd,
                Named::MidTurn => Kind::MidTurn,
                Named::Between | Named::BetweenSegments => Kind::Between,
            },
            turn: begun
                .filter(|begun| *begun < start)
                .max()
                .unwrap_or(Moment::ZERO),
            start,
            end,
        });
    }
    Ok(Passage {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        samples,
        pauses,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> Result<Passage, ReadTurnFileError> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut wav =
            audio::WavWriter::create(folder.path().join("a.wav"), RATE, 1).expect("a WAV");
        wav.write(&[1_000; 32_000]).expect("samples");
        wav.finish().expect("an end");
        let path = folder.path().join("a.json");
        fs::write(&path, json).expect("a file");
        read(&path)
    }

    fn complaint(json: &str) -> String {
        written(json).expect_err("a mistake").to_string()
    }

    #[test]
    fn a_turn_file_gives_its_pauses_and_where_their_turns_began() {
        let passage = written(
            r#"{"file": "a.wav", "segments": [{"start_ms": 1}],
                "turns": [{"start_ms": 100}, {"start_ms": 900}],
                "pauses": [{"start_ms": 500, "end_ms": 900, "kind": "turn_end"},
                           {"start_ms": 1200, "end_ms": 1500, "kind": "mid_turn"}]}"#,
        )
        .expect("a turn file");
        let [first, second] = passage.pauses[..] else {
            panic!("two pauses: {:?}", passage.pauses);
        };
        assert_eq!((first.kind, first.turn.as_millis()), (Kind::TurnEnd, 100));
        assert_eq!((second.kind, second.turn.as_millis()), (Kind::MidTurn, 900));
        assert_eq!(second.length().as_millis(), 300);
    }

    #[test]
    fn the_example_of_the_documentation_is_a_turn_file() {
        let page = include_str!("../../../docs/replay.md");
        let rest = page.split("```json\n").nth(1).expect("an example");
        let example = rest.split("```").next().expect("its end");
        let passage = written(&example.replace("hello.wav", "a.wav")).expect("a turn file");
        let kinds: Vec<Kind> = passage.pauses.iter().map(|pause| pause.kind).collect();
        assert_eq!(kinds, [Kind::MidTurn, Kind::TurnEnd]);
    }

    #[test]
    fn a_missing_field_is_named_with_its_file() {
        let complaint =
            complaint(r#"{"file": "a.wav", "pauses": [{"end_ms": 5, "kind": "mid_turn"}]}"#);
        assert!(complaint.contains("a.json"), "{complaint}");
        assert!(complaint.contains("pauses[0]"), "{complaint}");
        assert!(complaint.contains("start_ms"), "{complaint}");
    }

    #[test]
    fn an_unknown_kind_is_told_with_what_is_accepted() {
        let complaint = complaint(
            r#"{"file": "a.wav", "pauses": [{"start_ms": 1, "end_ms": 5, "kind": "breath"}]}"#,
        );
        assert!(complaint.contains("pauses[0].kind"), "{complaint}");
        assert!(complaint.contains("mid_turn"), "{complaint}");
    }

    #[test]
    fn a_pause_that_ends_before_it_begins_is_refused() {
        let complaint = complaint(
            r#"{"file": "a.wav", "pauses": [{"start_ms": 9, "end_ms": 5, "kind": "mid_turn"}]}"#,
        );
        assert!(complaint.contains("pauses[0].end_ms"), "{complaint}");
    }

    #[test]
    fn pauses_out_of_order_are_refused() {
        let complaint = complaint(
            r#"{"file": "a.wav", "pauses": [{"start_ms": 500, "end_ms": 900, "kind": "mid_turn"},
                {"start_ms": 800, "end_ms": 950, "kind": "mid_turn"}]}"#,
        );
        assert!(complaint.contains("pauses[1].start_ms"), "{complaint}");
    }

    #[test]
    fn a_recording_that_is_not_there_is_told_as_the_field_that_names_it() {
        let complaint = complaint(r#"{"file": "b.wav", "pauses": []}"#);
        assert!(complaint.contains("field 'file'"), "{complaint}");
    }
}
