//! The arguments of a function, as models write them.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::replies::{Halt, needed};

/// The arguments of a function.
pub(super) struct Wanted(Map<String, Value>);

impl Wanted {
    /// What is no object has no arguments.
    pub(super) fn read(arguments: &str) -> Self {
        Self(serde_json::from_str(arguments).unwrap_or_default())
    }

    /// A text that says something, of at most so many characters: what is longer is cut.
    pub(super) fn text(&self, name: &str, most: usize) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let text: String = text.chars().take(most).collect();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(is_set)) => *is_set,
            Some(Value::String(text)) => matches!(text.trim(), "true" | "yes"),
            _ => false,
        }
    }

    /// A day; halts at what is none.
    pub(super) fn day(&self, name: &str) -> Result<Option<Date>, Halt> {
        let Some(text) = self.text(name, 64) else {
            return Ok(None);
        };
        // A time is of its day.
        let day = text.split([' ', 'T']).next().unwrap_or_default();
        day.parse().map(Some).map_err(|_| {
            let error = format!("Give `{name}` as a date, such as 2026-12-01.");
            Halt(needed(&error, &[], "Which day shall it be?"))
        })
    }

    /// Answers by the names of their questions.
    pub(super) fn answers(&self) -> Map<String, Value> {
        match self.0.get("answers") {
            Some(Value::Object(answers)) => answers.clone(),
            // Some models write an object as its text.
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_as_models_write_them() {
        let wanted = Wanted::read(
            r#"{"title":" Check-up ","phone":4155550123,"reason":" ","fee_accepted":"yes",
                "from_date":"2026-12-01 10:00","answers":"{\"Born\":\"1815-12-10\"}"}"#,
        );
        assert_eq!(wanted.text("title", 255).as_deref(), Some("Check-up"));
        assert_eq!(wanted.text("title", 5).as_deref(), Some("Check"));
        assert_eq!(wanted.text("phone", 64).as_deref(), Some("4155550123"));
        assert_eq!(wanted.text("reason", 64), None);
        assert!(wanted.is_set("fee_accepted"));
        assert_eq!(
            wanted.day("from_date").unwrap().map(|day| day.to_string()),
            Some("2026-12-01".to_owned())
        );
        assert_eq!(wanted.answers().len(), 1);
        assert!(Wanted::read("[1]").answers().is_empty());
        assert!(
            Wanted::read(r#"{"from_date":"soon"}"#)
                .day("from_date")
                .is_err()
        );
    }
}
