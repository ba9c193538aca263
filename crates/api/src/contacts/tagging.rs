//! `POST /contacts/{contact_uuid}/add-tag` and `…/remove-tag`.

use serde::Deserialize;
use serde_json::Value;
use store::SaveContactError;
use utoipa::ToSchema;

use super::view::{self, Contact};
use super::{fields_of, not_saved, unknown_contact};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Path, id, ok, typed};

/// A tag that a contact is to have or not to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Tagging {
    /// The tag.
    #[schema(value_type = Uuid)]
    tag_uuid: String,
}

/// Gives a contact a tag
///
/// A tag that the contact has already changes nothing.
#[utoipa::path(
    post, path = "/contacts/{contact_uuid}/add-tag", operation_id = "add_contact_tag",
    tag = "contacts", security(("token" = ["contacts:write"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    request_body(content = Tagging, example = json!({
        "tag_uuid": "0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69",
    })),
    responses(
        (status = 200, description = "The contact as it is now.", body = Envelope<Contact>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
    ),
)]
pub(super) async fn add(
    caller: Caller,
    Path(contact): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<Contact>, ApiError> {
    let contact = change(&caller, &contact, body, true).await?;
    Ok(ok("Tag added successfully", contact))
}

/// Takes a tag from a contact
///
/// A tag that the contact does not have changes nothing.
#[utoipa::path(
    post, path = "/contacts/{contact_uuid}/remove-tag", operation_id = "remove_contact_tag",
    tag = "contacts", security(("token" = ["contacts:write"])),
    params(("contact_uuid" = Uuid, Path, description = "The contact.")),
    request_body(content = Tagging, example = json!({
        "tag_uuid": "0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69",
    })),
    responses(
        (status = 200, description = "The contact as it is now.", body = Envelope<Contact>),
        (status = 404, description = "`CONTACT_NOT_FOUND`: There is no such contact.",
            body = ErrorBody),
    ),
)]
pub(super) async fn remove(
    caller: Caller,
    Path(contact): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<Contact>, ApiError> {
    let contact = change(&caller, &contact, body, false).await?;
    Ok(ok("Tag removed successfully", contact))
}

async fn change(
    caller: &Caller,
    contact: &str,
    body: Value,
    is_added: bool,
) -> Result<Contact, ApiError> {
    if body.get("tag_id").is_some() {
        let instead = "nothing: tags have no numbers, send the tag's UUID as `tag_uuid` instead";
        return Err(ApiError::invalid("tag_id", instead));
    }
    let body: Tagging = typed(body)?;
    let not_a_tag = || ApiError::invalid("tag_uuid", "the UUID of a tag");
    let tag = body.tag_uuid.parse().map_err(|_| not_a_tag())?;
    let contact = id(contact, unknown_contact)?;
    let changed = caller
        .store
        .tag_contact(contact, tag, is_added, clock::now())
        .await;
    let changed = changed.map_err(|error| match error {
        SaveContactError::UnknownTag(_) => not_a_tag(),
        error @ (SaveContactError::Unknown
        | SaveContactError::NumberTaken
        | SaveContactError::Store(_)) => not_saved(error, "tag a contact"),
    })?;
    Ok(view::contact(changed, &fields_of(caller).await?))
}
