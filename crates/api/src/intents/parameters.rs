//! The parameters that a language model calls an intent with.

use agent::{Intent, IntentParameter, ParameterKind};
use engine::{ToolOutcome, ToolReply};
use serde_json::{Map, Value, json};

/// What has to be known before an intent can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needed {
    missing: Vec<String>,
    /// With the kind that each should be of.
    wrong: Vec<(String, ParameterKind)>,
}

impl Needed {
    /// As it is told to the model: for one that reads as `missing` and `wrong`, for the offline
    /// responder as `message`.
    pub(super) fn reply(&self) -> ToolReply {
        let wrong = self.wrong.iter();
        let kinds = wrong
            .clone()
            .map(|(key, kind)| (key.clone(), kind.as_str().into()));
        let kinds: Map<String, Value> = kinds.collect();
        let names = self.missing.iter().chain(wrong.map(|(key, _)| key));
        let names: Vec<String> = names.map(|key| key.replace('_', " ")).collect();
        let told = json!({
            "error": "This was not done: ask for what is missing, then call the function again.",
            "missing": self.missing,
            "wrong": kinds,
            "message": format!("For that I have to know this first: {}.", names.join(", ")),
        });
        ToolReply::told(told.to_string(), ToolOutcome::Incomplete)
    }
}

/// The values of an intent's parameters, of their kinds, with defaults where nothing was given.
/// What the intent has no parameter for is left out.
pub(super) fn read(intent: &Intent, arguments: &str) -> Result<Map<String, Value>, Needed> {
    let given: Map<String, Value> = serde_json::from_str(arguments).unwrap_or_default();
    let mut values = Map::new();
    let mut needed = Needed::default();
    for parameter in &intent.parameters {
        match value(parameter, given.get(&parameter.key)) {
            Ok(Some(value)) => {
                values.insert(parameter.key.clone(), value);
            }
            Ok(None) if parameter.required => needed.missing.push(parameter.key.clone()),
            Ok(None) => {}
            Err(kind) => needed.wrong.push((parameter.key.clone(), kind)),
        }
    }
    if needed == Needed::default() {
        Ok(values)
    } else {
        Err(needed)
    }
}

fn value(
    parameter: &IntentParameter,
    given: Option<&Value>,
) -> Result<Option<Value>, ParameterKind> {
    let is_nothing = |value: &&Value| {
        value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
    };
    let Some(given) = given.filter(|value| !is_nothing(value)) else {
        return Ok(parameter.default.clone());
    };
    let value = of_kind(parameter.kind, given);
    value.map(Some).ok_or(parameter.kind)
}

/// The value as one of this kind: models write numbers as text now and then, and the reverse.
fn of_kind(kind: ParameterKind, value: &Value) -> Option<Value> {
    if kind.takes(value) {
        return Some(value.clone());
    }
    match (kind, value) {
        (ParameterKind::String, Value::Number(_) | Value::Bool(_)) => {
            Some(value.to_string().into())
        }
        (ParameterKind::Integer, Value::Number(number)) => whole(number.as_f64()?),
        (ParameterKind::Integer | ParameterKind::Number | ParameterKind::Boolean, _) => {
            let read = serde_json::from_str(value.as_str()?.trim()).ok()?;
            let is_text = matches!(read, Value::String(_));
            (!is_text).then(|| of_kind(kind, &read))?
        }
        (ParameterKind::String, _) => None,
    }
}

fn whole(number: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && number.abs() <= EXACT;
    is_whole.then(|| Value::from(number as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent() -> Intent {
        let parameter = |key: &str, kind, required| IntentParameter {
            key: key.to_owned(),
            default: None,
            kind,
            required,
        };
        Intent {
            parameters: vec![
                parameter("guests", ParameterKind::Integer, true),
                parameter("last_name", ParameterKind::String, true),
                parameter("outside", ParameterKind::Boolean, false),
                IntentParameter {
                    default: Some(json!(1.5)),
                    ..parameter("hours", ParameterKind::Number, true)
                },
            ],
            ..Intent::default()
        }
    }

    fn values(arguments: Value) -> Result<Value, Needed> {
        read(&intent(), &arguments.to_string()).map(Value::Object)
    }

    #[test]
    fn defaults_stand_in_and_what_is_unknown_is_left_out() {
        let given = json!({ "guests": 4, "last_name": "Bell", "mood": "good", "outside": null });
        let read = json!({ "guests": 4, "last_name": "Bell", "hours": 1.5 });
        assert_eq!(values(given), Ok(read));
    }

    #[test]
    fn values_are_brought_to_their_kinds() {
        let given = json!({ "guests": "4", "last_name": 7, "outside": "true", "hours": "2" });
        let read = json!({ "guests": 4, "last_name": "7", "outside": true, "hours": 2 });
        assert_eq!(values(given), Ok(read));
        let given = json!({ "guests": 4.0, "last_name": "Bell" });
        assert_eq!(values(given).map(|it| it["guests"].clone()), Ok(json!(4)));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let needed = values(json!({ "guests": "many", "last_name": " " })).unwrap_err();
        assert_eq!(needed.missing, ["last_name"]);
        let wrong = ("guests".to_owned(), ParameterKind::Integer);
        assert_eq!(needed.wrong, [wrong]);
        let reply = needed.reply();
        assert_eq!(reply.outcome, ToolOutcome::Incomplete);
        let told: Value = serde_json::from_str(&reply.text).unwrap();
        assert_eq!(told["missing"], json!(["last_name"]));
        assert_eq!(told["wrong"], json!({ "guests": "integer" }));
        let message = "For that I have to know this first: last name, guests.";
        assert_eq!(told["message"], message);
    }

    #[test]
    fn arguments_that_are_no_object_are_none() {
        for arguments in ["", "[1]", "{", "7"] {
            let needed = read(&intent(), arguments).unwrap_err();
            assert_eq!(needed.missing, ["guests", "last_name"], "{arguments}");
        }
        assert_eq!(read(&Intent::default(), ""), Ok(Map::new()));
    }
}
