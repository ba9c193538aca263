//! One chunk of a streamed chat completion, as far as it matters here.
//!
//! Servers leave fields out, send `null` for them or use forms of their own;
//! everything that may be missing is optional.

use serde::Deserialize;
use serde_json::Value;

use super::excerpt::explanation;

/// A chunk, or a whole completion from a server that does not stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    error: Option<Value>,
    object: Option<Value>,
    message: Option<Value>,
}

/// What one chunk adds to the reply.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Addition {
    /// The next text; may be empty.
    pub(super) text: String,
    /// Parts of the calls of tools.
    pub(super) calls: Vec<CallPiece>,
    /// The server says that the reply is complete.
    pub(super) finished: bool,
}

/// A part of the call of a tool.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CallPiece {
    /// Tells calls of one reply apart.
    pub(super) place: u64,
    /// More of the tool's name.
    pub(super) name: Option<String>,
    /// More of its arguments, as JSON text.
    pub(super) arguments: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    delta: Option<Delta>,
    message: Option<Delta>,
    finish_reason: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<Content>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContentPart {
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolCall {
    index: Option<u64>,
    function: Option<Function>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

impl Chunk {
    /// The failure that the server reports in place of a chunk.
    pub(super) fn failure(&self) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(explanation(error).unwrap_or_else(|| error.to_string()));
        }
        let is_error = self.object.as_ref().and_then(Value::as_str) == Some("error");
        let has_choices = self.choices.is_some();
        match &self.message {
            Some(Value::String(message)) if is_error || !has_choices => Some(message.clone()),
            _ => None,
        }
    }

    /// What the chunk adds; `None` for one without choices, such as the last
    /// one with the usage.
    pub(super) fn into_addition(self) -> Option<Addition> {
        let choice = self.choices?.into_iter().next()?;
        let finished = match &choice.finish_reason {
            None | Some(Value::Null) => false,
            Some(Value::String(reason)) => !reason.is_empty(),
            Some(_) => true,
        };
        let delta = choice.delta.or(choice.message).unwrap_or_default();
        let text = match delta.content {
            None => String::new(),
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts.into_iter().filter_map(|part| part.text).collect(),
        };
        let calls = delta
            .tool_calls
            .unwrap_or_default()
            .into_iter()
            .zip(0_u64..);
        let calls = calls.filter_map(|(call, place)| {
            let function = call.function?;
            Some(CallPiece {
                place: call.index.unwrap_or(place),
                name: function.name,
                arguments: function.arguments.and_then(json_text),
            })
        });
        Some(Addition {
            text,
            calls: calls.collect(),
            finished,
        })
    }
}

/// Arguments come as JSON text in pieces, or from some servers as an object.
fn json_text(arguments: Value) -> Option<String> {
    match arguments {
        Value::Null => None,
        Value::String(piece) => Some(piece),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(arguments.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(json: &str) -> Chunk {
        serde_json::from_str(json).unwrap()
    }

    fn text(json: &str) -> String {
        chunk(json).into_addition().unwrap().text
    }

    #[test]
    fn content_is_read_in_all_its_forms() {
        assert_eq!(text(r#"{"choices":[{"delta":{"content":"a"}}]}"#), "a");
        assert_eq!(
            text(r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#),
            ""
        );
        assert_eq!(text(r#"{"choices":[{"delta":{"role":"assistant"}}]}"#), "");
        assert_eq!(
            text(r#"{"choices":[{"delta":null,"message":{"content":"a"}}]}"#),
            "a"
        );
        assert_eq!(
            text(
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}"#
            ),
            "ab"
        );
    }

    #[test]
    fn a_chunk_without_choices_adds_nothing() {
        for json in [
            "{}",
            r#"{"choices":[],"usage":{"total_tokens":9}}"#,
            r#"{"choices":null}"#,
        ] {
            assert_eq!(chunk(json).into_addition(), None, "{json}");
            assert_eq!(chunk(json).failure(), None, "{json}");
        }
    }

    #[test]
    fn only_a_reason_finishes() {
        let finished = |reason: &str| {
            let json = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":{reason}}}]}}"#);
            chunk(&json).into_addition().unwrap().finished
        };
        assert!(finished("\"stop\"") && finished("\"tool_calls\""));
        assert!(!finished("null") && !finished("\"\""));
    }

    #[test]
    fn tool_calls_are_told_apart_by_index_or_place() {
        let calls = chunk(
            r#"{"choices":[{"delta":{"tool_calls":[
                {"function":{"name":"a","arguments":"{}"}},
                {"index":7,"function":{"name":"b","arguments":{}}},
                {"index":7,"function":{"arguments":"x"}}]}}]}"#,
        );
        let piece = |place, name: Option<&str>, arguments: &str| CallPiece {
            place,
            name: name.map(str::to_owned),
            arguments: Some(arguments.to_owned()),
        };
        let expected = [
            piece(0, Some("a"), "{}"),
            piece(7, Some("b"), "{}"),
            piece(7, None, "x"),
        ];
        assert_eq!(calls.into_addition().unwrap().calls, expected);
    }

    #[test]
    fn failures_are_read_in_all_their_forms() {
        for json in [
            r#"{"error":{"message":"no memory","type":"server_error"}}"#,
            r#"{"error":"no memory"}"#,
            r#"{"object":"error","message":"no memory","code":500}"#,
            r#"{"message":"no memory"}"#,
        ] {
            assert_eq!(
                chunk(json).failure().as_deref(),
                Some("no memory"),
                "{json}"
            );
        }
        assert_eq!(chunk(r#"{"choices":[],"error":null}"#).failure(), None);
    }
}
