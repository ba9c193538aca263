//! What is asked before a booking, and the caller's answers.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::opened::Opened;
use super::replies::{Halt, needed};
use crate::schedules::schedule::{AnswerType, Question};

/// What is asked before something is booked in a schedule.
pub(super) fn asked(at: &Opened) -> Vec<&Question> {
    let questions = &at.assignment.questions;
    let inherited = at.place.details.custom_questions.iter();
    let inherited = inherited.filter(|_| questions.inherit_from_schedule);
    let mut asked: Vec<&Question> = Vec::new();
    for question in inherited.chain(&questions.custom_questions) {
        if !asked.iter().any(|one| one.name == question.name) {
            asked.push(question);
        }
    }
    asked
}

/// A question as the model reads it: `First visit? (yes or no; required)`.
pub(super) fn told(question: &Question) -> String {
    let kind = match question.r#type {
        AnswerType::Text => "text",
        AnswerType::Number => "a number",
        AnswerType::Date => "a date such as 2026-03-29",
        AnswerType::Boolean => "yes or no",
    };
    let required = if question.required { "; required" } else { "" };
    let meant = question.description.as_ref().map(|it| it.0.trim());
    let meant = meant.filter(|it| !it.is_empty());
    let meant = meant.map(|it| format!("; {it}")).unwrap_or_default();
    format!("{} ({kind}{required}{meant})", question.name.0)
}

/// The answers to what is asked, of the types that are asked for. Halts if some are missing.
pub(super) fn answered(
    questions: &[&Question],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Halt> {
    let mut answers = Map::new();
    let mut missing: Vec<&Question> = Vec::new();
    for question in questions {
        let plain = plain(&question.name.0);
        let mut named = given.iter().filter(|(name, _)| self::plain(name) == plain);
        let answer = named.next().map(|(_, answer)| answer);
        let answer = answer.filter(|answer| !is_nothing(answer));
        match answer.map(|answer| of_type(question.r#type, answer)) {
            Some(Some(answer)) => {
                answers.insert(question.name.0.clone(), answer);
            }
            // What was answered and is not understood is asked again.
            Some(None) => missing.push(question),
            None if question.required => missing.push(question),
            None => {}
        }
    }
    if missing.is_empty() {
        return Ok(answers);
    }
    let error = "Nothing was booked: ask the caller for what is missing, then call the function \
                 again with `answers`.";
    let names: Vec<&str> = missing.iter().map(|one| one.name.0.as_str()).collect();
    let message = format!(
        "Before I can book that, I have to know this: {}",
        names.join(", ")
    );
    let missing: Vec<String> = missing.into_iter().map(told).collect();
    Err(Halt(needed(error, &missing, &message)))
}

fn is_nothing(answer: &Value) -> bool {
    answer.is_null() || answer.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A name without its signs and capitals: models do not keep them.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|one| one.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn of_type(kind: AnswerType, answer: &Value) -> Option<Value> {
    let text = match answer {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(_) | Value::Bool(_) => answer.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match kind {
        AnswerType::Text => Some(text.into()),
        AnswerType::Number => {
            let number: Value = serde_json::from_str(&text).ok()?;
            number.is_number().then_some(number)
        }
        AnswerType::Date => text.parse::<Date>().ok().map(|day| day.to_string().into()),
        AnswerType::Boolean => match text.to_lowercase().as_str() {
            "true" | "yes" => Some(true.into()),
            "false" | "no" => Some(false.into()),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question(name: &str, kind: &str, required: bool) -> Question {
        let fields = json!({ "name": name, "type": kind, "required": required });
        serde_json::from_value(fields).unwrap()
    }

    fn read(given: Value) -> Result<Map<String, Value>, Halt> {
        let questions = [
            question("First visit?", "boolean", true),
            question("Born", "date", false),
            question("Guests", "number", false),
            question("Wishes", "text", false),
        ];
        let questions: Vec<&Question> = questions.iter().collect();
        answered(&questions, given.as_object().unwrap())
    }

    #[test]
    fn answers_are_brought_to_the_types_of_their_questions() {
        let answers = read(json!({
            "first_visit": "Yes", "born": "1815-12-10", "GUESTS": "4", "Wishes": 7, "Mood": "good",
        }));
        let expected = json!({
            "First visit?": true, "Born": "1815-12-10", "Guests": 4, "Wishes": "7",
        });
        assert_eq!(Value::Object(answers.unwrap()), expected);
    }

    #[test]
    fn what_is_missing_or_not_understood_is_asked() {
        let Halt(reply) = read(json!({ "Born": "long ago", "First visit?": null })).unwrap_err();
        let told: Value = serde_json::from_str(&reply.text).unwrap();
        assert_eq!(
            told["missing"],
            json!([
                "First visit? (yes or no; required)",
                "Born (a date such as 2026-03-29)"
            ])
        );
        let message = told["message"].as_str().unwrap();
        assert!(message.contains("First visit?, Born"), "{message}");
    }
}
