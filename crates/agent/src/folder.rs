//! Agents that are written as YAML files.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use uuid::Uuid;

use crate::definition::{AgentDefinition, InvalidField, readable_path, readable_type};
use crate::locate::locate;

/// Namespace of the UUIDs of agents that come from files.
const FILE_AGENTS: Uuid = Uuid::from_u128(0x5f0b_4a5e_7c39_4a57_9a3b_62d1_0c8e_44d7);

/// Files beyond this size are refused: no agent needs one.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Why agent files could not be loaded. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadAgentError {
    /// A folder or a file can't be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is larger than 1 MiB.
    #[error("{}: expected at most 1 MiB, found {bytes} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// A file is no YAML document.
    #[error("{}:{line}:{column}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What is wrong there.
        message: String,
    },
    /// A field is unknown, has the wrong type or is out of range.
    #[error("{}:{line}:{column}: {problem}", file.display())]
    Field {
        /// The file.
        file: PathBuf,
        /// Line of the field, or of the object that lacks it; from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// The field and what it accepts.
        problem: InvalidField,
    },
    /// Two files define agents that can't be told apart.
    #[error(
        "{} and {} have the same {what}; expected each agent to have its own",
        first.display(), second.display()
    )]
    Same {
        /// What they share: `slug` or `agent_uuid`.
        what: &'static str,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
}

/// Loads every `*.yaml` and `*.yml` of a folder, not of folders in it, in the
/// order of the file names. Files whose names begin with a dot are passed over.
///
/// An agent's `slug` is the file's stem where the file names none. Its UUID and
/// those of its parts follow from the slug where the file names none, so they
/// stay the same from one start to the next.
///
/// Fails at the first file that is no valid agent, and when two agents share
/// their slug or UUID.
pub fn load_folder(folder: &Path) -> Result<Vec<AgentDefinition>, LoadAgentError> {
    load_folder_if(folder, |_| Ok(()))
}

/// Loads the agent files of a folder as [`load_folder`] does, if `check` finds nothing wrong with
/// any of the agents.
pub fn load_folder_if(
    folder: &Path,
    check: impl Fn(&AgentDefinition) -> Result<(), InvalidField>,
) -> Result<Vec<AgentDefinition>, LoadAgentError> {
    let unreadable = |source| LoadAgentError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_agent_file(&file) {
            files.push(file);
        }
    }
    files.sort();

    let mut slugs: HashMap<String, PathBuf> = HashMap::new();
    let mut uuids: HashMap<Uuid, PathBuf> = HashMap::new();
    let mut agents = Vec::with_capacity(files.len());
    for file in files {
        let agent = load_file_if(&file, &check)?;
        if let Some(first) = slugs.insert(agent.slug.clone(), file.clone()) {
            return Err(LoadAgentError::Same {
                what: "slug",
                first,
                second: file,
            });
        }
        if let Some(first) = uuids.insert(agent.agent_uuid, file.clone()) {
            return Err(LoadAgentError::Same {
                what: "agent_uuid",
                first,
                second: file,
            });
        }
        agents.push(agent);
    }
    Ok(agents)
}

/// Loads one agent file, see [`load_folder`].
pub fn load_file(file: &Path) -> Result<AgentDefinition, LoadAgentError> {
    load_file_if(file, |_| Ok(()))
}

/// Loads one agent file as [`load_file`] does, if `check` finds nothing wrong with the agent. What
/// it finds is told with its place in the file.
pub fn load_file_if(
    file: &Path,
    check: impl FnOnce(&AgentDefinition) -> Result<(), InvalidField>,
) -> Result<AgentDefinition, LoadAgentError> {
    let unreadable = |source| LoadAgentError::Read {
        path: file.to_owned(),
        source,
    };
    let bytes = fs::metadata(file).map_err(unreadable)?.len();
    if bytes > LARGEST_FILE {
        return Err(LoadAgentError::TooLarge {
            file: file.to_owned(),
            bytes,
        });
    }
    let yaml = fs::read_to_string(file).map_err(unreadable)?;
    let mut agent = read_yaml(&yaml, file)?;
    if agent.slug.is_empty() {
        agent.slug = stem(file);
    }
    if let Err(problem) = agent.validate().and_then(|()| check(&agent)) {
        let (line, column) = place(locate(&yaml, &problem.field));
        return Err(LoadAgentError::Field {
            file: file.to_owned(),
            line,
            column,
            problem,
        });
    }
    let uuid = Uuid::new_v5(&FILE_AGENTS, agent.slug.as_bytes());
    Ok(agent.identified(uuid))
}

fn is_agent_file(file: &Path) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let is_hidden = stem(file).starts_with('.');
    matches!(extension, Some("yaml" | "yml")) && !is_hidden && file.is_file()
}

fn stem(file: &Path) -> String {
    file.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn read_yaml(yaml: &str, file: &Path) -> Result<AgentDefinition, LoadAgentError> {
    let mut track = serde_path_to_error::Track::new();
    let options = serde_saphyr::options! { with_snippet: false };
    let read = serde_saphyr::with_deserializer_from_str_with_options(yaml, options, |yaml| {
        AgentDefinition::deserialize(serde_path_to_error::Deserializer::new(yaml, &mut track))
    });
    let error = match read {
        Ok(agent) => return Ok(agent),
        Err(error) => error,
    };
    let (line, column) = place(error.location());
    let field = readable_path(&track.path());
    let file = file.to_owned();
    match expectation(&error) {
        Some(expected) => {
            let problem = InvalidField { field, expected };
            Err(LoadAgentError::Field {
                file,
                line,
                column,
                problem,
            })
        }
        None => Err(LoadAgentError::Syntax {
            file,
            line,
            column,
            message: message(&error),
        }),
    }
}

/// What a field should have been; `None` when the error is not about one.
/// Values from the file are left out: one of them may be a secret.
fn expectation(error: &serde_saphyr::Error) -> Option<String> {
    use serde_saphyr::Error;
    if let Error::SerdeUnknownField { expected, .. } = error {
        return Some(format!("a known field here: one of {}", quoted(expected)));
    }
    if let Error::SerdeUnknownVariant { expected, .. } = error {
        return Some(format!("one of {}", quoted(expected)));
    }
    if let Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } =
        error
    {
        return Some(readable_type(expected));
    }
    if let Error::InvalidScalar { ty, .. } = error {
        return Some(readable_type(ty));
    }
    if let Error::Unexpected { expected, .. } = error {
        return Some(readable_type(expected));
    }
    if matches!(error, Error::NullIntoString { .. }) {
        return Some("text; leave the field out when there is none".to_owned());
    }
    if matches!(error, Error::InvalidBooleanStrict { .. }) {
        return Some("true or false".to_owned());
    }
    None
}

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What is wrong with the text as such, without the place, which the caller
/// writes in front.
fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    if let Error::DuplicateMappingKey { key: Some(key), .. } = error {
        return format!("`{key}` is given twice; expected it once");
    }
    if matches!(error, Error::MultipleDocuments { .. }) {
        return "expected one agent in a file".to_owned();
    }
    let written = error.to_string();
    let first_line = written.lines().next().unwrap_or_default();
    first_line
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn place(location: Option<serde_saphyr::Location>) -> (u64, u64) {
    location.map_or((1, 1), |location| (location.line(), location.column()))
}

#[cfg(test)]
mod tests;
