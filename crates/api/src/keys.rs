//! `/keys`: the workspace's API keys. A token is shown once, when its key is made.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{ApiKey, RevokeApiKeyError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Moment, Nothing, Path, Text, created, done, id, ok,
};
use crate::scope::Scopes;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// Scopes that a key can be given.
const MOST_SCOPES: usize = 64;

/// An API key, without its token.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "key_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "reporting",
    "prefix": "mihu_x7Qz0a1B",
    "scopes": ["calls:read", "contacts:*"],
    "created_at": "2026-03-29T10:00:00Z",
    "expires_at": null,
    "revoked_at": null,
    "last_used_at": "2026-03-29T10:05:00Z",
}))]
struct Key {
    /// Identifies the key.
    key_uuid: Uuid,
    /// What its maker called it.
    name: String,
    /// How its token begins.
    prefix: String,
    /// What it permits.
    scopes: Vec<String>,
    /// When it was made.
    created_at: Timestamp,
    /// From when on it is refused, if ever.
    #[schema(required)]
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(required)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
    /// The bearer token of a key that was just made. It is told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewKey {
    /// What the list calls it.
    name: Text<1, 255>,
    /// What it permits, such as `calls:read`, `contacts:*` or `*`: at most what the asking token
    /// does, and just that if left out.
    #[schema(max_items = 64)]
    scopes: Option<Vec<String>>,
    /// From when on it is refused; never if left out.
    expires_at: Option<Moment>,
}

/// All API keys
///
/// Every key that was ever made in the workspace, oldest first.
#[utoipa::path(
    get, path = "/keys", operation_id = "list_keys", tag = "keys",
    security(("token" = ["keys:read"])),
    responses((status = 200, description = "The keys.", body = Envelope<Vec<Key>>)),
)]
async fn list(caller: Caller) -> Result<Envelope<Vec<Key>>, ApiError> {
    let keys = caller.store.api_keys().await;
    let keys = keys.map_err(|error| ApiError::internal("list keys", &error))?;
    let keys = keys.into_iter().map(|key| view(key, None)).collect();
    Ok(ok("Keys retrieved successfully", keys))
}

/// Makes an API key
///
/// Its token is in this answer and never again.
#[utoipa::path(
    post, path = "/keys", operation_id = "create_key", tag = "keys",
    security(("token" = ["keys:write"])),
    request_body(content = NewKey, example = json!({
        "name": "reporting", "scopes": ["calls:read", "contacts:*"],
    })),
    responses((status = 201, description = "The key with its token.", body = Envelope<Key>)),
)]
async fn create(caller: Caller, Json(body): Json<NewKey>) -> Result<Created<Key>, ApiError> {
    let now = clock::now();
    let scopes = scopes(&caller, body.scopes.as_deref())?;
    let expires_at = body.expires_at.map(|at| at.0);
    if expires_at.is_some_and(|at| at <= now) {
        return Err(ApiError::invalid("expires_at", "a time in the future"));
    }
    let scopes: Vec<&str> = scopes.as_slice().iter().map(String::as_str).collect();
    let made = caller
        .store
        .create_api_key(&body.name.0, &scopes, expires_at, now);
    let made = made.await;
    let made = made.map_err(|error| ApiError::internal("make a key", &error))?;
    let token = made.token.expose().to_owned();
    Ok(created(
        "Key created successfully",
        view(made.key, Some(token)),
    ))
}

/// Revokes an API key
///
/// Its token opens nothing from then on.
#[utoipa::path(
    delete, path = "/keys/{key_uuid}", operation_id = "revoke_key", tag = "keys",
    security(("token" = ["keys:write"])),
    params(("key_uuid" = Uuid, Path, description = "The key.")),
    responses(
        (status = 200, description = "It is revoked.", body = Envelope<Nothing>),
        (status = 404, description = "`KEY_NOT_FOUND`: There is no such live key.",
            body = ErrorBody),
    ),
)]
async fn revoke(caller: Caller, Path(key): Path<String>) -> Result<Envelope<Nothing>, ApiError> {
    let key = id(&key, unknown_key)?.to_string();
    let revoked = caller.store.revoke_api_key(&key, clock::now()).await;
    revoked.map_err(|error| match error {
        RevokeApiKeyError::Unknown { .. } | RevokeApiKeyError::Ambiguous { .. } => unknown_key(),
        RevokeApiKeyError::Store(error) => ApiError::internal("revoke a key", &error),
    })?;
    Ok(done("Key revoked successfully"))
}

fn scopes(caller: &Caller, asked: Option<&[String]>) -> Result<Scopes, ApiError> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(caller.scopes.clone());
    };
    if asked.len() > MOST_SCOPES {
        let expected = format!("at most {MOST_SCOPES} scopes");
        return Err(ApiError::invalid("scopes", expected));
    }
    let scopes = Scopes::parse(asked.iter().map(String::as_str))
        .map_err(|problem| ApiError::invalid("scopes", problem))?;
    if !caller.scopes.include(&scopes) {
        let expected = format!("at most what your own token permits: {}", caller.scopes);
        return Err(ApiError::invalid("scopes", expected));
    }
    Ok(scopes)
}

fn unknown_key() -> ApiError {
    ApiError::not_found(
        "KEY_NOT_FOUND",
        "There is no such live key.",
        "GET /api/v1/keys lists all of them.",
    )
}

fn view(key: ApiKey, token: Option<String>) -> Key {
    Key {
        key_uuid: key.id,
        name: key.name,
        prefix: key.prefix,
        scopes: key.scopes,
        created_at: key.created_at,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        token,
    }
}
