//! `/contacts`: the people at the other end, with tags and with fields that a workspace adds.
//!
//! `body.rs` is what is sent of a contact and `view.rs` what is shown; `custom.rs` has the rules
//! of the workspace's own fields. `about.rs` tells a model who it talks to.

mod about;
mod body;
mod calling;
mod custom;
mod erase;
mod fields;
mod key;
mod list;
mod tagging;
mod tags;
mod view;

use axum::extract::State;
use http::StatusCode;
use serde_json::Value;
use store::{ContactDetails, ContactField, SaveContactError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::about::about;
pub(crate) use self::body::Email;
use self::body::{ContactBody, Sent};
pub(crate) use self::calling::contact_of_caller;
use self::view::Contact;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Path, created, id, ok, pass_over};
use crate::state::ApiState;

/// What the node gives a contact and a client can not change.
const READ_ONLY: &[&str] = &["uuid", "created_at", "updated_at"];

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create))
        .routes(routes!(show, replace, update, delete))
        .routes(routes!(tagging::add))
        .routes(routes!(tagging::remove))
        .routes(routes!(erase::erase))
        .routes(routes!(erase::erase_person))
        .routes(routes!(fields::list, fields::create))
        .routes(routes!(fields::update, fields::delete))
        .routes(routes!(tags::list, tags::create))
        .routes(routes!(tags::update, tags::delete))
}

/// Makes a contact
///
/// No field is required, but no two contacts of a workspace have the same number. Beside the
/// fields that are named here, each field of the workspace's own is sent under its key; see
/// `/contacts/fields`.
#[utoipa::path(
    post, path = "/contacts", operation_id = "create_contact", tag = "contacts",
    security(("token" = ["contacts:write"])),
    request_body(content = ContactBody, example = json!({
        "name": "Ann", "surname": "Lee", "phone_number": "+1 (415) 555-0123",
        "email": "ann@example.com", "timezone": "America/Los_Angeles", "primary_language": "en",
    })),
    responses(
        (status = 201, description = "The new contact.", body = Envelope<Contact>),
        (status = 409, description = "`CONTACT_EXISTS`: A contact has this number already.",
            body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Created<Contact>, ApiError> {
    let fields = fields_of(&caller).await?;
    let sent = Sent::read(body, &fields, &state.numbers)?;
    let mut details = ContactDetails::default();
    sent.changes.apply(&mut details);
    let made = caller
        .store
        .create_contact(&details, &sent.extras, clock::now())
        .await;
    let made = made.map_err(|error| not_saved(error, "make a contact"))?;
    Ok(created(
        "Contact created successfully",
        view::contact(made, &fields),
    ))
}

/// One contact
#[utoipa::path(
    get, path = "/contacts/{contact_uuid}", operation_id = "show_contact", tag = "contacts",
    security(("token" = ["contacts:read"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    responses(
        (status = 200, description = "The contact.", body = Envelope<Contact>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
    ),
)]
async fn show(caller: Caller, Path(contact): Path<String>) -> Result<Envelope<Contact>, ApiError> {
    let (contact, fields) = find(&caller, &contact).await?;
    Ok(ok(
        "Contact retrieved successfully",
        view::contact(contact, &fields),
    ))
}

/// Changes a contact
///
/// The same as `PATCH`: fields that are left out stay as they are, null empties one.
#[utoipa::path(
    put, path = "/contacts/{contact_uuid}", operation_id = "replace_contact", tag = "contacts",
    security(("token" = ["contacts:write"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    request_body(content = ContactBody, example = json!({ "status": "Inactive" })),
    responses(
        (status = 200, description = "The contact as it is now.", body = Envelope<Contact>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
        (status = 409, description = "`CONTACT_EXISTS`: A contact has this number already.",
            body = ErrorBody),
    ),
)]
async fn replace(
    State(state): State<ApiState>,
    caller: Caller,
    Path(contact): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<Contact>, ApiError> {
    change(&state, &caller, &contact, body).await
}

/// Changes a contact
///
/// Fields that are left out stay as they are, null empties one. `tags` are replaced as a whole.
/// What the node gives the contact, such as `created_at`, may be sent back as it was read.
#[utoipa::path(
    patch, path = "/contacts/{contact_uuid}", operation_id = "update_contact", tag = "contacts",
    security(("token" = ["contacts:write"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    request_body(content = ContactBody, example = json!({ "do_not_call": true })),
    responses(
        (status = 200, description = "The contact as it is now.", body = Envelope<Contact>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
        (status = 409, description = "`CONTACT_EXISTS`: A contact has this number already.",
            body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(contact): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<Contact>, ApiError> {
    change(&state, &caller, &contact, body).await
}

/// Deletes a contact
///
/// Its tags and fields go with it. Its calls and conversations stay with what was said in them and
/// with the number, and belong to nobody; `/contacts/{contact_uuid}/erase` removes those too.
#[utoipa::path(
    delete, path = "/contacts/{contact_uuid}", operation_id = "delete_contact", tag = "contacts",
    security(("token" = ["contacts:write"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    responses(
        (status = 200, description = "The contact as it was.", body = Envelope<Contact>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
    ),
)]
async fn delete(
    caller: Caller,
    Path(contact): Path<String>,
) -> Result<Envelope<Contact>, ApiError> {
    let contact = id(&contact, unknown_contact)?;
    let fields = fields_of(&caller).await?;
    let gone = caller.store.delete_contact(contact).await;
    let gone = gone.map_err(|error| ApiError::internal("delete a contact", &error))?;
    let gone = gone.ok_or_else(unknown_contact)?;
    Ok(ok(
        "Contact deleted successfully",
        view::contact(gone, &fields),
    ))
}

async fn change(
    state: &ApiState,
    caller: &Caller,
    contact: &str,
    mut body: Value,
) -> Result<Envelope<Contact>, ApiError> {
    let (before, fields) = find(caller, contact).await?;
    let contact = before.id;
    let shown = serde_json::to_value(view::contact(before, &fields)).unwrap_or_default();
    pass_over(&mut body, &shown, READ_ONLY, "")?;
    let Sent { changes, extras } = Sent::read(body, &fields, &state.numbers)?;
    let edit = move |details: &mut ContactDetails| changes.apply(details);
    let changed = caller
        .store
        .update_contact(contact, edit, &extras, clock::now())
        .await;
    let changed = changed.map_err(|error| not_saved(error, "change a contact"))?;
    Ok(ok(
        "Contact updated successfully",
        view::contact(changed, &fields),
    ))
}

async fn find(
    caller: &Caller,
    contact: &str,
) -> Result<(store::Contact, Vec<ContactField>), ApiError> {
    let contact = id(contact, unknown_contact)?;
    let found = caller.store.contact(contact).await;
    let found = found.map_err(|error| ApiError::internal("find a contact", &error))?;
    let found = found.ok_or_else(unknown_contact)?;
    Ok((found, fields_of(caller).await?))
}

async fn fields_of(caller: &Caller) -> Result<Vec<ContactField>, ApiError> {
    let fields = caller.store.contact_fields().await;
    fields.map_err(|error| ApiError::internal("list the fields of contacts", &error))
}

fn not_saved(error: SaveContactError, attempt: &str) -> ApiError {
    match error {
        SaveContactError::Unknown => unknown_contact(),
        SaveContactError::NumberTaken => ApiError::new(
            StatusCode::CONFLICT,
            "CONTACT_EXISTS",
            "A contact has this number already.",
            "Change that contact; GET /api/v1/contacts?search=NUMBER finds it.",
        ),
        SaveContactError::UnknownTag(_) => ApiError::invalid("tags", "UUIDs of tags"),
        SaveContactError::Store(error) => ApiError::internal(attempt, &error),
    }
}

fn unknown_contact() -> ApiError {
    ApiError::not_found(
        "CONTACT_NOT_FOUND",
        "There is no such contact.",
        "GET /api/v1/contacts lists all of them.",
    )
}
