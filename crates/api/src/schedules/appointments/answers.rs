//! Answers to the questions of a schedule.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};

use crate::error::ApiError;
use crate::schedules::schedule::{AnswerType, Question};

/// The most answers of an appointment.
const MOST: usize = 100;

/// Answers, by the names of their questions.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Answers(Map<String, Value>);

impl Answers {
    /// Refuses answers that are missing, or not what was asked for.
    pub(super) fn check(&self, questions: &[Question]) -> Result<(), ApiError> {
        if self.0.len() > MOST {
            let expected = format!("at most {MOST} answers");
            return Err(ApiError::invalid("custom_answers", expected));
        }
        for question in questions {
            let name = &question.name.0;
            let field = || format!("custom_answers.{name}");
            match self.0.get(name).filter(|answer| !answer.is_null()) {
                None if question.required => return Err(ApiError::missing(field())),
                None => {}
                Some(answer) => {
                    if let Some(expected) = mismatch(question.r#type, answer) {
                        return Err(ApiError::invalid(field(), expected));
                    }
                }
            }
        }
        Ok(())
    }
}

/// What an answer should be, if it is not.
fn mismatch(kind: AnswerType, answer: &Value) -> Option<&'static str> {
    let is_day = |text: &str| text.parse::<Date>().is_ok();
    let (fits, expected) = match kind {
        AnswerType::Text => (answer.is_string(), "text"),
        AnswerType::Number => (answer.is_number(), "a number"),
        AnswerType::Date => (
            answer.as_str().is_some_and(is_day),
            "a date such as `2026-03-29`",
        ),
        AnswerType::Boolean => (answer.is_boolean(), "true or false"),
    };
    (!fits).then_some(expected)
}

impl From<Answers> for Value {
    fn from(answers: Answers) -> Self {
        Self::Object(answers.0)
    }
}

impl ComposeSchema for Answers {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .max_properties(Some(MOST))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Answers {
    fn name() -> Cow<'static, str> {
        "CustomAnswers".into()
    }
}
