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

/// The call of the tool whose phrases are most like what the caller says, the first of equal ones.
pub(super) fn asked_for(tools: &[Tool], caller: &str) -> Option<ToolCall> {
    let likeness = |tool: &Tool| {
        let phrases = tool.phrases.iter();
        let likeness = phrases.map(|phrase| likeness(caller, phrase, tool.threshold.is_some()));
        likeness.fold(0.0, f64::max)
    };
    best(tools, likeness, ALIKE).map(|(tool, sure)| call(tool, caller, sure))
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
        if shared >= 2 && denied_stems(caller).is_disjoint(&named) {
            shared as f64 / asked.len() as f64
        } else {
            0.0
        }
    };
    best(tools, share, DESCRIBED).map(|(tool, sure)| call(tool, caller, sure))
}

/// The first of the tools that score best, if that is as much as the tool asks for, or `usual`
/// where it does not say; with its score, 0 to 1.
fn best(tools: &[Tool], score: impl Fn(&Tool) -> f64, usual: f64) -> Option<(&Tool, f64)> {
    let mut best: Option<(&Tool, f64)> = None;
    for tool in tools {
        let score = score(tool);
        let enough = tool
            .threshold
            .map_or(usual, |share| f64::from(share) / 1_000.0);
        // What shares nothing is not meant, however little is asked for.
        let fits = score > 0.0 && score + f64::EPSILON >= enough;
        if fits && best.is_none_or(|(_, most)| score > most) {
            best = Some((tool, score));
        }
    }
    best
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

/// How alike what the caller says and a phrase are, 0 to 1: 1 if all words of the phrase that have
/// a meaning are among the caller's, otherwise by the look of both. Where `by_share`, a part of the
/// phrase's words counts as that part.
fn likeness(caller: &str, phrase: &str, by_share: bool) -> f64 {
    let asked = content_stems(caller);
    let wanted = content_stems(phrase);
    if declines(caller, &wanted) {
        return 0.0;
    }
    let look = Trigrams::of(caller).similarity(&Trigrams::of(phrase));
    if wanted.is_empty() {
        return look;
    }
    let named = wanted.iter().filter(|stem| asked.contains(stem)).count();
    if by_share || named == wanted.len() {
        look.max(named as f64 / wanted.len() as f64)
    } else {
        look
    }
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
fn call(tool: &Tool, caller: &str, sure: f64) -> ToolCall {
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
        confidence: Some((sure.clamp(0.0, 1.0) * 1_000.0).round() as u16),
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
                threshold: None,
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
                threshold: None,
            },
        ]
    }

    #[test]
    fn a_phrase_calls_its_tool_with_what_the_caller_said() {
        let called = asked_for(&tools(), "Could I book a table for 4?").expect("a call");
        assert_eq!(called.name, "book_table");
        assert!(called.confidence >= Some(700), "{called:?}");
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
    fn a_threshold_says_how_much_of_a_phrase_has_to_be_said() {
        let [_, mut table] = <[Tool; 2]>::try_from(tools()).expect("two tools");
        table.phrases = vec!["Reserve a quiet table".to_owned()];
        let calls = |threshold: u16| {
            let tool = Tool {
                threshold: Some(threshold),
                ..table.clone()
            };
            asked_for(&[tool], "Can I have a quiet table please?").is_some()
        };
        assert!(calls(600), "two of three words");
        assert!(!calls(700));
        let unasked = Tool {
            threshold: Some(0),
            ..table
        };
        assert_eq!(asked_for(&[unasked], "When are you open?"), None);
    }

    #[test]
    fn of_two_tools_the_one_is_called_whose_phrase_fits_better() {
        let tool = |name: &str, phrase: &str| Tool {
            name: name.to_owned(),
            description: String::new(),
            parameters: json!({}),
            phrases: vec![phrase.to_owned()],
            threshold: Some(500),
        };
        let tools = [
            tool("book", "Book a table"),
            tool("cancel", "Cancel my table"),
        ];
        let called = asked_for(&tools, "Please cancel my table.");
        assert_eq!(called.expect("a call").name, "cancel");
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
