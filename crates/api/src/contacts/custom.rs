//! Values of the fields that a workspace adds to its contacts.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use store::ContactField;
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use uuid::Uuid;

use crate::error::ApiError;
use crate::exchange::{FromText, LocalDate, one_of, words};

/// Characters that a text has at most.
const LONGEST_TEXT: usize = 1_000;

words! {
    /// What the values of a field are.
    pub(super) enum FieldType {
        /// Any text of up to 1,000 characters.
        Text = "text",
        /// A number.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
        /// A day such as `2026-03-29`.
        Date = "date",
        /// One of the field's options.
        Select = "select",
    }
}

/// A value: text, a number, true or false; null or an empty text where there is none.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct CustomValue(Value);

impl ComposeSchema for CustomValue {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let kinds = vec![Type::String, Type::Number, Type::Boolean, Type::Null];
        ObjectBuilder::new()
            .schema_type(SchemaType::Array(kinds))
            .max_length(Some(LONGEST_TEXT))
            .description(Some(
                "A field of the workspace's own, by its key; see /contacts/fields.",
            ))
            .into()
    }
}

impl ToSchema for CustomValue {
    fn name() -> std::borrow::Cow<'static, str> {
        "CustomValue".into()
    }
}

/// The values to store, and `None` for those to take away.
pub(super) fn read(
    sent: Map<String, Value>,
    fields: &[ContactField],
) -> Result<Vec<(Uuid, Option<Value>)>, ApiError> {
    let mut values = Vec::new();
    for field in fields {
        let Some(value) = sent.get(&field.key) else {
            continue;
        };
        let is_empty = value.is_null() || value == "";
        let value = if is_empty {
            None
        } else {
            Some(check(value, field)?)
        };
        values.push((field.id, value));
    }
    Ok(values)
}

/// What is shown of each field, an empty text where a contact has no value.
pub(super) fn shown(
    mut values: BTreeMap<Uuid, Value>,
    fields: &[ContactField],
) -> BTreeMap<String, CustomValue> {
    let shown = fields.iter().map(|field| {
        let value = values.remove(&field.id);
        (
            field.key.clone(),
            CustomValue(value.unwrap_or_else(|| "".into())),
        )
    });
    shown.collect()
}

fn check(value: &Value, field: &ContactField) -> Result<Value, ApiError> {
    let invalid = |expected: &str| Err(ApiError::invalid(&field.key, expected));
    let Some(kind) = FieldType::from_text(&field.kind) else {
        return Err(ApiError::internal(
            "read a field of contacts",
            &"its type is unknown",
        ));
    };
    let text = value.as_str();
    let fits = match kind {
        FieldType::Text => text.is_some_and(|text| text.chars().count() <= LONGEST_TEXT),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Date => text.and_then(LocalDate::from_text).is_some(),
        FieldType::Select => {
            text.is_some_and(|text| field.options.iter().any(|option| option == text))
        }
    };
    if fits {
        return Ok(value.clone());
    }
    match kind {
        FieldType::Text => invalid("text of up to 1000 characters"),
        FieldType::Number => invalid("a number"),
        FieldType::Boolean => invalid("true or false"),
        FieldType::Date => invalid(&LocalDate::expected()),
        FieldType::Select => {
            let options: Vec<&str> = field.options.iter().map(String::as_str).collect();
            invalid(&one_of(&options))
        }
    }
}
