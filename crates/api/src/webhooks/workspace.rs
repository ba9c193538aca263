//! `/webhooks`: webhooks of the workspace, which hear of every agent.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edit::{self, Body, NewWebhook, unknown_webhook};
use super::{Webhook, view};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, done, id, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
}

/// The webhooks of the workspace
///
/// All of them, oldest first, without their secrets. Those of single agents are not among them.
#[utoipa::path(
    get, path = "/webhooks", operation_id = "list_workspace_webhooks", tag = "webhooks",
    security(("token" = ["webhooks:read"])),
    responses((status = 200, description = "All of them.", body = Envelope<Vec<Webhook>>)),
)]
async fn list(caller: Caller) -> Result<Envelope<Vec<Webhook>>, ApiError> {
    let webhooks = caller.store.webhooks(None).await;
    let webhooks = webhooks.map_err(|error| ApiError::internal("list webhooks", &error))?;
    let now = clock::now();
    let shown = webhooks.iter().map(|webhook| view(webhook, &[], now));
    let shown = shown.collect();
    Ok(ok("Webhooks retrieved successfully", shown))
}

/// One webhook of the workspace
#[utoipa::path(
    get, path = "/webhooks/{webhook_uuid}", operation_id = "show_workspace_webhook",
    tag = "webhooks",
    security(("token" = ["webhooks:read"])),
    params(("webhook_uuid" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = Envelope<Webhook>)),
)]
async fn show(caller: Caller, Path(webhook): Path<String>) -> Result<Envelope<Webhook>, ApiError> {
    let webhook = find(&caller, &webhook).await?;
    let shown = view(&webhook, &[], clock::now());
    Ok(ok("Webhook retrieved successfully", shown))
}

/// Adds a webhook of the workspace
///
/// It is told of the conversations of every agent. A secret that the node makes up is in this
/// answer and never again.
#[utoipa::path(
    post, path = "/webhooks", operation_id = "create_workspace_webhook", tag = "webhooks",
    security(("token" = ["webhooks:write"])),
    request_body(content = NewWebhook, example = json!({
        "url": "https://example.com/hook", "events": ["conversation_end_report"],
    })),
    responses(
        (status = 201, description = "The new webhook.", body = Envelope<Webhook>),
        (status = 409, description = "`webhook_limit_reached`: The workspace has as many webhooks \
            as it may.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<NewWebhook>,
) -> Result<Created<Webhook>, ApiError> {
    edit::create(&state, &caller, None, body).await
}

/// Changes a webhook of the workspace
///
/// Fields that are left out stay.
#[utoipa::path(
    patch, path = "/webhooks/{webhook_uuid}", operation_id = "update_workspace_webhook",
    tag = "webhooks",
    security(("token" = ["webhooks:write"])),
    params(("webhook_uuid" = Uuid, Path, description = "The webhook.")),
    request_body(content = Body, example = json!({ "is_active": false })),
    responses((status = 200, description = "The webhook as it is now.", body = Envelope<Webhook>)),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(webhook): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<Webhook>, ApiError> {
    let webhook = find(&caller, &webhook).await?;
    edit::update(&state, &caller, &webhook, body).await
}

/// Removes a webhook of the workspace
///
/// With it goes what is still owed to it, and its log.
#[utoipa::path(
    delete, path = "/webhooks/{webhook_uuid}", operation_id = "delete_workspace_webhook",
    tag = "webhooks",
    security(("token" = ["webhooks:write"])),
    params(("webhook_uuid" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "It is removed.", body = Envelope<Nothing>)),
)]
async fn delete(
    caller: Caller,
    Path(webhook): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let webhook = id(&webhook, unknown_webhook)?;
    let deleted = caller.store.delete_webhook(None, webhook).await;
    if !deleted.map_err(|error| ApiError::internal("delete a webhook", &error))? {
        return Err(unknown_webhook());
    }
    Ok(done("Webhook deleted successfully"))
}

/// The webhook of the workspace that a path names.
pub(super) async fn find(caller: &Caller, webhook: &str) -> Result<store::Webhook, ApiError> {
    let webhook = id(webhook, unknown_webhook)?;
    let found = caller.store.webhook(None, webhook).await;
    let found = found.map_err(|error| ApiError::internal("look up a webhook", &error))?;
    found.ok_or_else(unknown_webhook)
}
