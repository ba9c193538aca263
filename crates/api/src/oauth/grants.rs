//! `/oauth/grants`: what people of the workspace let clients do, listed and taken back.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use store::OauthGrant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Nothing, Paginator, Paging, Path, Query, done, id, ok};
use crate::state::ApiState;

/// What somebody let a client do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "grant_uuid": "0198c5a2-7d10-7f3e-b1a2-5c0d9e8f7a6b",
    "client_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "client_name": "Shop",
    "key_uuid": "0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69",
    "scopes": ["calls:read"],
    "granted_at": "2026-03-29T10:00:00Z",
    "last_used_at": "2026-03-29T10:05:00Z",
}))]
pub(super) struct Grant {
    /// Identifies the grant.
    grant_uuid: Uuid,
    /// Who may act.
    client_uuid: Uuid,
    /// What the client is called.
    client_name: String,
    /// The API key of whoever let it. When the key is revoked, the grant is over.
    key_uuid: Uuid,
    /// What it may do.
    scopes: Vec<String>,
    /// When it was let.
    granted_at: Timestamp,
    /// When one of its access tokens was last used, to the minute.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
}

/// What OAuth clients may do
///
/// Grants that still have a token that is good, newest first.
#[utoipa::path(
    get, path = "/oauth/grants", operation_id = "list_oauth_grants", tag = "oauth",
    security(("token" = ["oauth:read"])),
    params(
        ("client_uuid" = inline(Option<Uuid>), Query, description = "Only those of this client."),
        Paging,
    ),
    responses((status = 200, description = "The grants.", body = Envelope<Paginator<Grant>>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Grant>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let client: Option<Uuid> = query.read("client_uuid")?;
    let found = caller
        .store
        .oauth_grants(client, paging.page, paging.per_page, state.clock.now().wall)
        .await;
    let found = found.map_err(|error| ApiError::internal("list OAuth grants", &error))?;
    let filters = [("client_uuid", client.map(|client| client.to_string()))];
    let link = state.list_link("oauth/grants", &filters);
    let grants = found.items.into_iter().map(view).collect();
    let grants = Paginator::new(paging, found.total, &link, grants);
    Ok(ok("Grants retrieved successfully", grants))
}

/// Takes back what an OAuth client may do
///
/// Its tokens open nothing from then on.
#[utoipa::path(
    delete, path = "/oauth/grants/{grant_uuid}", operation_id = "revoke_oauth_grant",
    tag = "oauth", security(("token" = ["oauth:write"])),
    params(("grant_uuid" = Uuid, Path, description = "The grant.")),
    responses(
        (status = 200, description = "It is revoked.", body = Envelope<Nothing>),
        (status = 404, description = "`OAUTH_GRANT_NOT_FOUND`: There is no such grant, or it is \
            revoked already.", body = ErrorBody),
    ),
)]
pub(super) async fn revoke(
    caller: Caller,
    Path(grant): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let grant = id(&grant, unknown_grant)?;
    let revoked = caller.store.revoke_oauth_grant(grant, clock::now()).await;
    if revoked.map_err(|error| ApiError::internal("revoke an OAuth grant", &error))? {
        Ok(done("Grant revoked successfully"))
    } else {
        Err(unknown_grant())
    }
}

fn unknown_grant() -> ApiError {
    ApiError::not_found(
        "OAUTH_GRANT_NOT_FOUND",
        "There is no such grant.",
        "GET /api/v1/oauth/grants lists those that are not revoked.",
    )
}

fn view(grant: OauthGrant) -> Grant {
    Grant {
        grant_uuid: grant.id,
        client_uuid: grant.client,
        client_name: grant.client_name,
        key_uuid: grant.key,
        scopes: grant.scopes,
        granted_at: grant.granted_at,
        last_used_at: grant.last_used_at,
    }
}
