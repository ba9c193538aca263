//! The one error of a definition: a field and what it should have been.

use serde_path_to_error::{Path, Segment};

/// A field of an agent definition that can't be used as given.
///
/// The text never repeats the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: expected {expected}")]
pub struct InvalidField {
    /// Path of the field, such as `settings.voice.interaction.silence_message`
    /// or `training[2].content`; `agent` for the definition as a whole.
    pub field: String,
    /// What the field accepts, as a phrase that follows "expected".
    pub expected: String,
}

impl InvalidField {
    pub(crate) fn new(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            expected: expected.into(),
        }
    }

    pub(super) fn from_json_error(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let field = readable_path(error.path());
        let message = error.into_inner().to_string();
        let Some((found, expected)) = message.rsplit_once(", expected ") else {
            return Self::new(field, format!("a valid value ({message})"));
        };
        if found.starts_with("unknown field") {
            return Self::new(field, format!("a known field here: {expected}"));
        }
        Self::new(field, readable_type(expected))
    }
}

/// A path as users write it; `agent` for the root.
pub(crate) fn readable_path(path: &Path) -> String {
    let written = path.to_string();
    let is_root = path
        .iter()
        .all(|segment| matches!(segment, Segment::Unknown));
    if is_root { "agent".to_owned() } else { written }
}

/// The names that serde and the YAML reader have for types, in everyday words.
pub(crate) fn readable_type(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" | "floating point" => "a number".to_owned(),
        "a boolean" | "boolean" | "bool" => "true or false".to_owned(),
        "a string" | "string scalar" => "text".to_owned(),
        "a sequence" | "sequence start" => "an array".to_owned(),
        "a map" | "mapping start" => "an object".to_owned(),
        other => other.to_owned(),
    }
}
