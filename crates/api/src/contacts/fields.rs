//! `/contacts/fields`: the fields that a workspace adds to its contacts.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ContactField, NewContactField, SaveFieldError};
use utoipa::ToSchema;
use uuid::Uuid;

use super::custom::FieldType;
use super::fields_of;
use super::key::Key;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, FromText, Json, Nothing, Path, Text, created, done, id, ok, pass_over, typed,
};

/// Fields that a workspace has at most.
const MOST_FIELDS: u32 = 100;
/// Options that a field has at most.
const MOST_OPTIONS: usize = 100;

/// A field of the workspace's own.
#[derive(Serialize, ToSchema)]
#[schema(as = ContactField, example = json!({
    "field_uuid": "0198c5a2-7200-7d3b-8f10-9a2c4e6b8d01",
    "key": "plan",
    "name": "Plan",
    "type": "select",
    "options": ["basic", "pro"],
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Field {
    /// Identifies the field.
    field_uuid: Uuid,
    /// Its name in contacts.
    key: String,
    /// What people call it.
    name: String,
    /// What its values are.
    #[serde(rename = "type")]
    #[schema(value_type = FieldType)]
    kind: String,
    /// What a `select` can be.
    options: Vec<String>,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A field to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewContactField)]
pub(super) struct NewField {
    /// Its name in contacts; it never changes.
    key: Key,
    /// What people call it; the key if left out.
    name: Option<Text<1, 255>>,
    /// What its values are; `text` if left out.
    #[serde(rename = "type")]
    kind: Option<FieldType>,
    /// What a `select` can be; other types have none.
    #[schema(max_items = 100)]
    options: Option<Vec<Text<1, 255>>>,
}

/// What changes of a field; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ContactFieldChange)]
pub(super) struct FieldChange {
    /// What people call it.
    name: Option<Text<1, 255>>,
    /// What a `select` can be. Contacts keep values that are no options any more.
    #[schema(max_items = 100)]
    options: Option<Vec<Text<1, 255>>>,
}

/// All fields of contacts
///
/// The workspace's own ones, oldest first. Those that every contact has are not among them.
#[utoipa::path(
    get, path = "/contacts/fields", operation_id = "list_contact_fields", tag = "contacts",
    security(("token" = ["contacts:read"])),
    responses((status = 200, description = "The fields.", body = Envelope<Vec<Field>>)),
)]
pub(super) async fn list(caller: Caller) -> Result<Envelope<Vec<Field>>, ApiError> {
    let fields = fields_of(&caller).await?;
    let fields = fields.into_iter().map(view).collect();
    Ok(ok("Contact fields retrieved successfully", fields))
}

/// Adds a field to contacts
///
/// From then on contacts have it under its key.
#[utoipa::path(
    post, path = "/contacts/fields", operation_id = "create_contact_field", tag = "contacts",
    security(("token" = ["contacts:write"])),
    request_body(content = NewField, example = json!({
        "key": "plan", "name": "Plan", "type": "select", "options": ["basic", "pro"],
    })),
    responses(
        (status = 201, description = "The new field.", body = Envelope<Field>),
        (status = 409, description = "`CONTACT_FIELD_EXISTS`: A field has this key already; \
            `CONTACT_FIELD_LIMIT`: there are as many as there may be.", body = ErrorBody),
    ),
)]
pub(super) async fn create(
    caller: Caller,
    Json(body): Json<NewField>,
) -> Result<Created<Field>, ApiError> {
    if body.key.is_taken() {
        return Err(ApiError::invalid(
            "key",
            "a name that contacts do not have already",
        ));
    }
    let key = body.key.0;
    let kind = body.kind.unwrap_or(FieldType::Text);
    let field = NewContactField {
        name: body.name.map_or_else(|| key.clone(), |name| name.0),
        key,
        kind: kind.as_str(),
        options: options(kind, body.options.unwrap_or_default())?,
    };
    let made = caller
        .store
        .create_contact_field(&field, MOST_FIELDS, clock::now())
        .await;
    let made = made.map_err(|error| match error {
        SaveFieldError::KeyTaken => ApiError::new(
            StatusCode::CONFLICT,
            "CONTACT_FIELD_EXISTS",
            "A field has this key already.",
            "GET /api/v1/contacts/fields lists all of them.",
        ),
        SaveFieldError::TooMany => ApiError::new(
            StatusCode::CONFLICT,
            "CONTACT_FIELD_LIMIT",
            "There are as many fields as there may be.",
            format!("Delete one first; a workspace has at most {MOST_FIELDS}."),
        ),
        SaveFieldError::Store(error) => ApiError::internal("make a field of contacts", &error),
    })?;
    Ok(created("Contact field created successfully", view(made)))
}

/// Changes a field of contacts
///
/// What is left out stays; `key` and `type` may be sent back as they are.
#[utoipa::path(
    put, path = "/contacts/fields/{field_uuid}", operation_id = "update_contact_field",
    tag = "contacts", security(("token" = ["contacts:write"])),
    params(("field_uuid" = Uuid, Path, description = "The field.")),
    request_body(content = FieldChange, example = json!({ "name": "Tariff" })),
    responses(
        (status = 200, description = "The field as it is now.", body = Envelope<Field>),
        (status = 404, description = "`CONTACT_FIELD_NOT_FOUND`: There is no such field.",
            body = ErrorBody),
    ),
)]
pub(super) async fn update(
    caller: Caller,
    Path(field): Path<String>,
    Json(mut body): Json<Value>,
) -> Result<Envelope<Field>, ApiError> {
    let field = id(&field, unknown_field)?;
    let internal = |error| ApiError::internal("change a field of contacts", &error);
    let before = caller.store.contact_field(field).await.map_err(internal)?;
    let before = before.ok_or_else(unknown_field)?;
    let kind = FieldType::from_text(&before.kind).unwrap_or(FieldType::Text);
    let (mut name, mut choices) = (before.name.clone(), before.options.clone());
    let shown = serde_json::to_value(view(before)).unwrap_or_default();
    let fixed = ["field_uuid", "key", "type", "created_at", "updated_at"];
    pass_over(&mut body, &shown, &fixed, "")?;
    let change: FieldChange = typed(body)?;
    if let Some(new) = change.name {
        name = new.0;
    }
    if let Some(new) = change.options {
        choices = options(kind, new)?;
    }
    let changed = caller
        .store
        .update_contact_field(field, &name, &choices, clock::now())
        .await;
    let changed = changed.map_err(internal)?.ok_or_else(unknown_field)?;
    Ok(ok("Contact field updated successfully", view(changed)))
}

/// Deletes a field of contacts
///
/// The values that contacts have of it go with it.
#[utoipa::path(
    delete, path = "/contacts/fields/{field_uuid}", operation_id = "delete_contact_field",
    tag = "contacts", security(("token" = ["contacts:write"])),
    params(("field_uuid" = Uuid, Path, description = "The field.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`CONTACT_FIELD_NOT_FOUND`: There is no such field.",
            body = ErrorBody),
    ),
)]
pub(super) async fn delete(
    caller: Caller,
    Path(field): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let field = id(&field, unknown_field)?;
    let known = caller.store.delete_contact_field(field).await;
    let known = known.map_err(|error| ApiError::internal("delete a field of contacts", &error))?;
    if known {
        Ok(done("Contact field deleted successfully"))
    } else {
        Err(unknown_field())
    }
}

/// The options of a field of this type: a `select` has some, the others none.
fn options(kind: FieldType, sent: Vec<Text<1, 255>>) -> Result<Vec<String>, ApiError> {
    let invalid = |expected: &str| Err(ApiError::invalid("options", expected));
    let options: Vec<String> = sent.into_iter().map(|option| option.0).collect();
    let distinct: BTreeSet<&String> = options.iter().collect();
    match kind {
        FieldType::Select if options.is_empty() || options.len() > MOST_OPTIONS => {
            invalid("1 to 100 options for a `select`")
        }
        FieldType::Select if distinct.len() < options.len() => invalid("no option twice"),
        FieldType::Select => Ok(options),
        FieldType::Text | FieldType::Number | FieldType::Boolean | FieldType::Date => {
            if options.is_empty() {
                Ok(options)
            } else {
                invalid("none for this type")
            }
        }
    }
}

fn unknown_field() -> ApiError {
    ApiError::not_found(
        "CONTACT_FIELD_NOT_FOUND",
        "There is no such field.",
        "GET /api/v1/contacts/fields lists all of them.",
    )
}

fn view(field: ContactField) -> Field {
    Field {
        field_uuid: field.id,
        key: field.key,
        name: field.name,
        kind: field.kind,
        options: field.options,
        created_at: field.created_at,
        updated_at: field.updated_at,
    }
}
