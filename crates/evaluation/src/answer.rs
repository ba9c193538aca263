//! A language model's answer, taken apart strictly: all of it is as it was asked for, or nothing
//! of it counts.

use serde_json::{Map, Value};

use crate::analyser::Analyser;
use crate::judgement::{Block, Judgement};
use crate::settings::Settings;

/// Characters of a summary.
pub(crate) const LONGEST_SUMMARY: usize = 2_000;
/// Characters of a reason.
pub(crate) const LONGEST_REASON: usize = 500;
/// Characters of a label.
pub(crate) const LONGEST_LABEL: usize = 60;
/// Labels of an intent.
pub(crate) const MOST_LABELS: usize = 10;

/// What a language model made of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The summary.
    pub summary: String,
    /// What was judged.
    pub judgement: Judgement,
}

/// Why an answer does not count. Says nothing of what the model wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no object in it.
    #[error("the language model answered without a JSON object")]
    NoObject,
    /// It begins like an object and is none.
    #[error("the language model's answer is no whole JSON object")]
    NotJson,
    /// Something is not there.
    #[error("the language model's answer lacks `{0}`")]
    Missing(&'static str),
    /// Something is there that was not asked for.
    #[error("the language model's answer has a field that was not asked for")]
    Unknown,
    /// Something is not as it was asked for.
    #[error("the language model's answer has an unusable `{part}` of `{block}`")]
    Unusable {
        /// The block, or `summary`.
        block: &'static str,
        /// Which part of it.
        part: &'static str,
    },
}

/// Reads the answer to a [`question`](crate::question()) that was asked with the same settings. Words
/// before the object, as models like to write, and after it are passed over.
pub fn read_answer(text: &str, settings: &Settings) -> Result<Answer, AnswerError> {
    let start = text.find('{').ok_or(AnswerError::NoObject)?;
    let object = text.get(start..).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(object).into_iter::<Map<String, Value>>();
    let Some(Ok(mut fields)) = values.next() else {
        return Err(AnswerError::NotJson);
    };
    let summary = take(&mut fields, "summary")?;
    let summary = summary
        .as_str()
        .map(str::trim)
        .filter(|it| fits(it, LONGEST_SUMMARY));
    let Some(summary) = summary.filter(|it| !it.is_empty()).map(str::to_owned) else {
        return Err(AnswerError::Unusable {
            block: "summary",
            part: "value",
        });
    };
    let mut blocks = Vec::new();
    for analyser in Analyser::ALL {
        if settings.judges(analyser) {
            blocks.push((analyser, block(&mut fields, analyser)?));
        }
    }
    if !fields.is_empty() {
        return Err(AnswerError::Unknown);
    }
    Ok(Answer {
        summary,
        judgement: blocks.into_iter().collect(),
    })
}

fn block(fields: &mut Map<String, Value>, analyser: Analyser) -> Result<Block, AnswerError> {
    let name = analyser.block();
    let unusable = |part| AnswerError::Unusable { block: name, part };
    let Value::Object(mut parts) = take(fields, name)? else {
        return Err(unusable("value"));
    };
    let value = take(&mut parts, "value").map_err(|_| unusable("value"))?;
    let confidence = take(&mut parts, "confidence").map_err(|_| unusable("confidence"))?;
    let reason = take(&mut parts, "reason").map_err(|_| unusable("reason"))?;
    if !parts.is_empty() {
        return Err(AnswerError::Unknown);
    }
    if !is_value(analyser, &value) {
        return Err(unusable("value"));
    }
    let confidence = confidence.as_u64().filter(|it| *it <= 100);
    let confidence = confidence.ok_or_else(|| unusable("confidence"))?;
    let reason = reason.as_str().filter(|it| fits(it, LONGEST_REASON));
    let reason = reason.ok_or_else(|| unusable("reason"))?;
    Ok(Block::new(
        value,
        u8::try_from(confidence).unwrap_or(100),
        reason,
    ))
}

fn is_value(analyser: Analyser, value: &Value) -> bool {
    let is_one_of = |words: &[&str]| value.as_str().is_some_and(|it| words.contains(&it));
    let is_text = |longest| value.as_str().is_some_and(|it| fits(it, longest));
    match analyser {
        Analyser::Sentiment => is_one_of(&["positive", "neutral", "negative"]),
        Analyser::Emotion => is_text(LONGEST_LABEL),
        Analyser::SentimentStrength => is_one_of(&["low", "medium", "high"]),
        Analyser::Intent => value.is_null() || is_text(LONGEST_REASON),
        Analyser::IntentLabels => value.as_array().is_some_and(|labels| {
            let is_label = |it: &Value| it.as_str().is_some_and(|it| fits(it, LONGEST_LABEL));
            labels.len() <= MOST_LABELS && labels.iter().all(is_label)
        }),
        Analyser::KnowledgeGap | Analyser::HumanEscalation => value.is_boolean(),
        Analyser::ContextualSentiment => is_one_of(&["improving", "steady", "worsening"]),
        Analyser::Satisfaction => {
            value.is_null() || value.as_u64().is_some_and(|it| (1..=5).contains(&it))
        }
        Analyser::Success => value.is_null() || value.is_boolean(),
    }
}

fn take(fields: &mut Map<String, Value>, name: &'static str) -> Result<Value, AnswerError> {
    fields.remove(name).ok_or(AnswerError::Missing(name))
}

fn fits(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn whole() -> Value {
        let block =
            |value: Value| json!({ "value": value, "confidence": 80, "reason": "Said so." });
        json!({
            "summary": " The caller asked when the shop opens. ",
            "sentiment": block("positive".into()),
            "emotion": block("calm".into()),
            "sentiment_strength": block("low".into()),
            "intent": block("opening hours".into()),
            "intent_labels": block(json!(["hours"])),
            "knowledge_gap": block(false.into()),
            "human_escalation": block(false.into()),
            "contextual_sentiment": block("steady".into()),
            "satisfaction": block(4.into()),
            "success": block(true.into()),
        })
    }

    fn read(answer: &Value) -> Result<Answer, AnswerError> {
        read_answer(&answer.to_string(), &Settings::default())
    }

    #[test]
    fn a_whole_answer_is_taken_with_or_without_words_around_it() {
        let plain = read(&whole()).unwrap();
        assert_eq!(plain.summary, "The caller asked when the shop opens.");
        assert_eq!(plain.judgement.flag(Analyser::Success), Some(true));
        let fenced = format!("Here it is:\n```json\n{}\n```\nDone.", whole());
        assert_eq!(read_answer(&fenced, &Settings::default()), Ok(plain));
    }

    #[test]
    fn what_may_be_null_may_be_null() {
        let mut answer = whole();
        for block in ["intent", "satisfaction", "success"] {
            answer[block]["value"] = Value::Null;
        }
        assert!(read(&answer).is_ok());
        answer["sentiment"]["value"] = Value::Null;
        let expected = AnswerError::Unusable {
            block: "sentiment",
            part: "value",
        };
        assert_eq!(read(&answer), Err(expected));
    }

    #[test]
    fn one_unusable_part_makes_the_whole_unusable() {
        for (path, value) in [
            ("/summary", json!("")),
            ("/summary", json!(7)),
            ("/sentiment/value", json!("happy")),
            ("/sentiment/confidence", json!(101)),
            ("/sentiment/confidence", json!(-1)),
            ("/sentiment/confidence", json!(0.5)),
            ("/sentiment/reason", json!(null)),
            ("/emotion", json!("calm")),
            ("/intent_labels/value", json!("hours")),
            ("/intent_labels/value", json!(vec!["a"; 11])),
            ("/knowledge_gap/value", json!("no")),
            ("/satisfaction/value", json!(6)),
            ("/satisfaction/value", json!(3.5)),
            ("/success/value", json!("true")),
            ("/emotion/value", json!("x".repeat(61))),
        ] {
            let mut answer = whole();
            *answer.pointer_mut(path).unwrap() = value.clone();
            let outcome = read(&answer);
            assert!(
                matches!(outcome, Err(AnswerError::Unusable { .. })),
                "{path} {value}: {outcome:?}"
            );
        }
    }

    #[test]
    fn what_lacks_and_what_is_too_much_is_told() {
        let mut answer = whole();
        answer["mood"] = json!("fine");
        assert_eq!(read(&answer), Err(AnswerError::Unknown));
        let mut answer = whole();
        answer.as_object_mut().unwrap().remove("success");
        assert_eq!(read(&answer), Err(AnswerError::Missing("success")));
        let settings = Settings::default();
        assert_eq!(
            read_answer("I cannot.", &settings),
            Err(AnswerError::NoObject)
        );
        assert_eq!(
            read_answer("{\"summary\": ", &settings),
            Err(AnswerError::NotJson)
        );
    }

    #[test]
    fn what_is_switched_off_is_not_asked_for_and_not_taken() {
        let mut settings = Settings::default();
        if let Some(choice) = settings.voice.get_mut(Analyser::Emotion.name()) {
            choice.enabled = false;
        }
        assert_eq!(
            read_answer(&whole().to_string(), &settings),
            Err(AnswerError::Unknown)
        );
        let mut answer = whole();
        answer.as_object_mut().unwrap().remove("emotion");
        assert!(read_answer(&answer.to_string(), &settings).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
            drop(read_answer(&text, &Settings::default()));
        }

        #[test]
        fn no_cut_answer_is_taken(cut in 0_usize..600) {
            let whole = whole().to_string();
            let cut: String = whole.chars().take(cut.min(whole.len() - 1)).collect();
            prop_assert!(read_answer(&cut, &Settings::default()).is_err());
        }
    }
}
