//! `/agents/{agent_uuid}/webhooks`.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edit::{self, Body, NewWebhook, unknown_webhook};
use super::{Webhook, view};
use crate::agents::{find, refuse_file_managed};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, done, id, ok};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
}

/// The webhooks of an agent
///
/// All of them, oldest first, without their secrets.
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    security(("token" = ["agents:read"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "The webhooks.", body = Envelope<Vec<Webhook>>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<Vec<Webhook>>, ApiError> {
    let agent = find(&state, &caller, &agent)?.definition.agent_uuid;
    let webhooks = caller.store.webhooks(agent).await;
    let webhooks = webhooks.map_err(|error| ApiError::internal("list webhooks", &error))?;
    let now = clock::now();
    let shown = webhooks.iter().map(|webhook| view(webhook, &[], now));
    let shown = shown.collect();
    Ok(ok("Webhooks retrieved successfully", shown))
}

/// One webhook
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/webhooks/{webhook_uuid}", operation_id = "show_webhook",
    tag = "webhooks",
    security(("token" = ["agents:read"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
    ),
    responses((status = 200, description = "The webhook.", body = Envelope<Webhook>)),
)]
async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, webhook)): Path<(String, String)>,
) -> Result<Envelope<Webhook>, ApiError> {
    let webhook = find_webhook(&state, &caller, &agent, &webhook).await?;
    let shown = view(&webhook, &[], clock::now());
    Ok(ok("Webhook retrieved successfully", shown))
}

/// Adds a webhook
///
/// A secret that the node makes up is in this answer and never again.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/webhooks", operation_id = "create_webhook",
    tag = "webhooks",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewWebhook, example = json!({
        "url": "https://example.com/hook", "events": ["conversation_end_report"],
    })),
    responses(
        (status = 201, description = "The new webhook.", body = Envelope<Webhook>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`webhook_limit_reached`: The agent has as many webhooks as \
            it may.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<NewWebhook>,
) -> Result<Created<Webhook>, ApiError> {
    let agent = find(&state, &caller, &agent)?.definition.agent_uuid;
    edit::create(&state, &caller, Some(agent), body).await
}

/// Changes a webhook
///
/// Fields that are left out stay.
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}/webhooks/{webhook_uuid}", operation_id = "update_webhook",
    tag = "webhooks",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
    ),
    request_body(content = Body, example = json!({ "is_active": false })),
    responses(
        (status = 200, description = "The webhook as it is now.", body = Envelope<Webhook>),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, webhook)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Envelope<Webhook>, ApiError> {
    let webhook = find_webhook(&state, &caller, &agent, &webhook).await?;
    refuse_file_managed(webhook.source)?;
    edit::update(&state, &caller, &webhook, body).await
}

/// Removes a webhook
///
/// With it goes what is still owed to it.
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/webhooks/{webhook_uuid}", operation_id = "delete_webhook",
    tag = "webhooks",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("webhook_uuid" = Uuid, Path, description = "The webhook."),
    ),
    responses(
        (status = 200, description = "It is removed.", body = Envelope<Nothing>),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, webhook)): Path<(String, String)>,
) -> Result<Envelope<Nothing>, ApiError> {
    let webhook = find_webhook(&state, &caller, &agent, &webhook).await?;
    refuse_file_managed(webhook.source)?;
    let deleted = caller.store.delete_webhook(webhook.agent, webhook.id).await;
    deleted.map_err(|error| ApiError::internal("delete a webhook", &error))?;
    Ok(done("Webhook deleted successfully"))
}

/// The webhook of an agent that a path names.
pub(super) async fn find_webhook(
    state: &ApiState,
    caller: &Caller,
    agent: &str,
    webhook: &str,
) -> Result<store::Webhook, ApiError> {
    let agent = find(state, caller, agent)?.definition.agent_uuid;
    let webhook = id(webhook, unknown_webhook)?;
    let found = caller.store.webhook(agent, webhook).await;
    let found = found.map_err(|error| ApiError::internal("look up a webhook", &error))?;
    found.ok_or_else(unknown_webhook)
}
