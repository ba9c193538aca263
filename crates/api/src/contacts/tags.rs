//! `/tags`: words that contacts are marked with.

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::SaveTagError;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, Text, created, done, id, ok};

/// Tags that a workspace has at most.
const MOST_TAGS: u32 = 1_000;

/// A tag.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69",
    "name": "customer",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Tag {
    /// Identifies the tag.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A tag of a contact.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContactTag {
    /// Identifies the tag.
    uuid: Uuid,
    /// What it is called.
    name: String,
}

/// What a tag is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewTag {
    /// What it is called; no two tags of a workspace are called the same.
    name: Text<1, 100>,
}

/// All tags
///
/// By name.
#[utoipa::path(
    get, path = "/tags", operation_id = "list_tags", tag = "contacts",
    security(("token" = ["contacts:read"])),
    responses((status = 200, description = "The tags.", body = Envelope<Vec<Tag>>)),
)]
pub(super) async fn list(caller: Caller) -> Result<Envelope<Vec<Tag>>, ApiError> {
    let tags = caller.store.tags().await;
    let tags = tags.map_err(|error| ApiError::internal("list tags", &error))?;
    let tags = tags.into_iter().map(view).collect();
    Ok(ok("Tags retrieved successfully", tags))
}

/// Makes a tag
#[utoipa::path(
    post, path = "/tags", operation_id = "create_tag", tag = "contacts",
    security(("token" = ["contacts:write"])),
    request_body(content = NewTag, example = json!({ "name": "customer" })),
    responses(
        (status = 201, description = "The new tag.", body = Envelope<Tag>),
        (status = 409, description = "`TAG_EXISTS`: A tag is called so already; `TAG_LIMIT`: \
            there are as many as there may be.", body = ErrorBody),
    ),
)]
pub(super) async fn create(
    caller: Caller,
    Json(body): Json<NewTag>,
) -> Result<Created<Tag>, ApiError> {
    let made = caller
        .store
        .create_tag(&body.name.0, MOST_TAGS, clock::now())
        .await;
    let made = made.map_err(|error| not_saved(error, "make a tag"))?;
    Ok(created("Tag created successfully", view(made)))
}

/// Renames a tag
#[utoipa::path(
    put, path = "/tags/{tag_uuid}", operation_id = "update_tag", tag = "contacts",
    security(("token" = ["contacts:write"])),
    params(("tag_uuid" = Uuid, Path, description = "The tag.")),
    request_body(content = NewTag, example = json!({ "name": "former customer" })),
    responses(
        (status = 200, description = "The tag as it is now.", body = Envelope<Tag>),
        (status = 404, description = "`TAG_NOT_FOUND`: There is no such tag.", body = ErrorBody),
        (status = 409, description = "`TAG_EXISTS`: A tag is called so already.",
            body = ErrorBody),
    ),
)]
pub(super) async fn update(
    caller: Caller,
    Path(tag): Path<String>,
    Json(body): Json<NewTag>,
) -> Result<Envelope<Tag>, ApiError> {
    let tag = id(&tag, unknown_tag)?;
    let changed = caller
        .store
        .rename_tag(tag, &body.name.0, clock::now())
        .await;
    let changed = changed.map_err(|error| not_saved(error, "rename a tag"))?;
    Ok(ok("Tag updated successfully", view(changed)))
}

/// Deletes a tag
///
/// It is taken from every contact.
#[utoipa::path(
    delete, path = "/tags/{tag_uuid}", operation_id = "delete_tag", tag = "contacts",
    security(("token" = ["contacts:write"])),
    params(("tag_uuid" = Uuid, Path, description = "The tag.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`TAG_NOT_FOUND`: There is no such tag.", body = ErrorBody),
    ),
)]
pub(super) async fn delete(
    caller: Caller,
    Path(tag): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let tag = id(&tag, unknown_tag)?;
    let known = caller.store.delete_tag(tag).await;
    let known = known.map_err(|error| ApiError::internal("delete a tag", &error))?;
    if known {
        Ok(done("Tag deleted successfully"))
    } else {
        Err(unknown_tag())
    }
}

fn not_saved(error: SaveTagError, attempt: &str) -> ApiError {
    match error {
        SaveTagError::Unknown => unknown_tag(),
        SaveTagError::NameTaken => ApiError::new(
            StatusCode::CONFLICT,
            "TAG_EXISTS",
            "A tag is called so already.",
            "GET /api/v1/tags lists all of them.",
        ),
        SaveTagError::TooMany => ApiError::new(
            StatusCode::CONFLICT,
            "TAG_LIMIT",
            "There are as many tags as there may be.",
            format!("Delete one first; a workspace has at most {MOST_TAGS}."),
        ),
        SaveTagError::Store(error) => ApiError::internal(attempt, &error),
    }
}

fn unknown_tag() -> ApiError {
    ApiError::not_found(
        "TAG_NOT_FOUND",
        "There is no such tag.",
        "GET /api/v1/tags lists all of them.",
    )
}

fn view(tag: store::Tag) -> Tag {
    Tag {
        uuid: tag.id,
        name: tag.name,
        created_at: tag.created_at,
        updated_at: tag.updated_at,
    }
}

impl From<store::Tag> for ContactTag {
    fn from(tag: store::Tag) -> Self {
        Self {
            uuid: tag.id,
            name: tag.name,
        }
    }
}
