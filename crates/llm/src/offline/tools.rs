//! When a caller means a tool, and what is said of its answer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::{AnsweredCall, Tool, ToolCall};

use super::sayings::DONE;
use super::speakable::{sentences, shortened};
use super::words::{NEGATIONS, Trigrams, content_stems, denied_stems, stem, words};

/// How alike a phrase and a caller's words look that mean the same.
const ALIKE: f64 = 0.7;

/// So many words after a `not` are denied by it: `I do not want to book`.
const DENIES: usize = 4;

/// How much of what a caller asks for a description has to name.
const DESCRIBED: f64 = 0.6;

/// Words that an answer of JSON may hold its text under.
const TEXTS: [&str; 5] = ["message", "answer", "text", "speech", "result"];

/// The call of the first tool whose phrases are like what the caller says.
pub(super) fn asked_for(tools: &[Tool], caller: &str) -> Option<ToolCall> {
    let meant = |tool: &&Tool| tool.phrases.iter().any(|phrase| means(caller, phrase));
    tools.iter().find(meant).map(|tool| call(tool, caller))
}

/// The call of the tool whose description names most of what the caller asks for.
pub(super) fn described(tools: &[Tool], caller: &str) -> Option<ToolCall> {
    let asked: BTreeSet<String> = content_stems(caller).into_iter().collect();
    let share = |tool: &Tool| {
        let words = format!(
            "{} {}",
            tool.name.replace(['_', '-'], " "),
            tool.description
        );
        let named: BTreeSet<String> = content_stems(&words).into_iter().collect();
        let shared = asked.intersection(&named).count();
        let enough = shared >= 2 && denied_stems(caller).is_disjoint(&named);
        enough.then(|| shared as f64 / asked.len() as f64)
    };
    let shares = tools.iter().filter_map(|tool| Some((tool, share(tool)?)));
    let fitting = shares.filter(|(_, share)| *share >= DESCRIBED);
    let best = fitting.max_by(|(_, one), (_, other)| one.total_cmp(other));
    best.map(|(tool, _)| call(tool, caller))
}

/// What is said once tools have answered.
pub(super) fn told(answered: &[AnsweredCall]) -> Vec<String> {
    let texts = answered.iter().map(|call| text_of(&call.answer));
    let said = shortened(texts.flat_map(|text| sentences(&text)).collect());
    if said.is_empty() {
        vec![DONE.to_owned()]
    } else {
        said
    }
}

fn means(caller: &str, phrase: &str) -> bool {
    let asked = content_stems(caller);
    let wanted = content_stems(phrase);
    if declines(caller, &wanted) {
        return false;
    }
    let named = !wanted.is_empty() && wanted.iter().all(|stem| asked.contains(stem));
    named || Trigrams::of(caller).similarity(&Trigrams::of(phrase)) >= ALIKE
}

/// Whether the caller does not want what is wanted: a few words before the first of these stems
/// stands a `not`.
fn declines(caller: &str, wanted: &[String]) -> bool {
    let words = words(caller);
    let first = words.iter().position(|word| wanted.contains(&stem(word)));
    let near = first.and_then(|first| words.get(first.saturating_sub(DENIES)..first));
    let denies = |word: &String| word != "no" && NEGATIONS.contains(&word.as_str());
    near.is_some_and(|near| near.iter().any(denies))
}

/// A call whose arguments have their defaults; a number is the first one that the caller says, and
/// a text that has to be given is all that the caller says.
fn call(tool: &Tool, caller: &str) -> ToolCall {
    let no_properties = Map::new();
    let properties = tool.parameters.get("properties").and_then(Value::as_object);
    let required = tool.parameters.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.contains(&name.into()));
    let mut arguments = Map::new();
    for (name, schema) in properties.unwrap_or(&no_properties) {
        let value = match schema.get("default").filter(|value| !value.is_null()) {
            Some(default) => Some(default.clone()),
            None => match schema.get("type").and_then(Value::as_str) {
                Some("integer" | "number") => number_in(caller),
                Some("string") if is_required(name) => Some(caller.into()),
                Some(_) | None => None,
            },
        };
        if let Some(value) = value {
            arguments.insert(name.clone(), value);
        }
    }
    ToolCall {
        name: tool.name.clone(),
        arguments: Value::Object(arguments).to_string(),
    }
}

fn number_in(text: &str) -> Option<Value> {
    let mut numbers = text.split(|character: char| !character.is_ascii_digit());
    let number = numbers.find(|digits| !digits.is_empty())?;
    number.parse::<u64>().ok().map(Value::from)
}

/// What of a tool's answer can be said.
fn text_of(answer: &str) -> String {
    match serde_json::from_str(answer) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(fields)) => spoken(&fields),
        Ok(Value::Number(number)) => number.to_string(),
        Ok(Value::Null | Value::Bool(_) | Value::Array(_)) => String::new(),
        Err(_) => answer.to_owned(),
    }
}

fn spoken(fields: &Map<String, Value>) -> String {
    let texts = TEXTS.iter().filter_map(|name| fields.get(*name)?.as_str());
    if let Some(text) = texts.into_iter().next() {
        return text.to_owned();
    }
    let facts = fields.iter().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(format!("The {} is {value}.", name.replace(['_', '-'], " ")))
    });
    facts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tools() -> Vec<Tool> {
        vec![
            Tool {
                name: "check_balance".to_owned(),
                description: "Looks up the balance of the caller's account.".to_owned(),
                parameters: json!({ "type": "object", "properties": {} }),
                phrases: Vec::new(),
            },
            Tool {
                name: "book_table".to_owned(),
                description: "Books a table.".to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "guests": { "type": "integer" },
                        "area": { "type": "string", "default": "inside" },
                        "wish": { "type": "string" },
                        "words": { "type": "string" },
                    },
                    "required": ["guests", "words"],
                }),
                phrases: vec!["I want to book a table".to_owned()],
            },
        ]
    }

    #[test]
    fn a_phrase_calls_its_tool_with_what_the_caller_said() {
        let called = asked_for(&tools(), "Could I book a table for 4?").expect("a call");
        assert_eq!(called.name, "book_table");
        let arguments: Value = serde_json::from_str(&called.arguments).expect("JSON");
        assert_eq!(
            arguments,
            json!({ "guests": 4, "area": "inside", "words": "Could I book a table for 4?" })
        );
    }

    #[test]
    fn what_the_caller_does_not_want_calls_nothing() {
        assert_eq!(asked_for(&tools(), "I do not want to book a table."), None);
        assert_eq!(asked_for(&tools(), "When are you open?"), None);
    }

    #[test]
    fn a_description_that_names_what_is_asked_for_calls_its_tool() {
        let called = described(&tools(), "What is my account balance?");
        assert_eq!(called.expect("a call").name, "check_balance");
        assert_eq!(described(&tools(), "What is the capital of France?"), None);
    }

    #[test]
    fn what_a_tool_answers_is_said_in_words() {
        let said = |answer: &str| {
            let answered = AnsweredCall {
                call: ToolCall::end_call(),
                answer: answer.to_owned(),
            };
            told(&[answered]).join(" ")
        };
        assert_eq!(said("Your table is booked."), "Your table is booked.");
        assert_eq!(said(r#"{"message":"It is booked."}"#), "It is booked.");
        assert_eq!(
            said(r#"{"account_balance":10}"#),
            "The account balance is 10."
        );
        assert_eq!(said(r#"{"ok":true}"#), DONE);
        assert_eq!(said(""), DONE);
    }
}
