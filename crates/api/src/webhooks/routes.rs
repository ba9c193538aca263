//! `/agents/{agent_uuid}/webhooks`.

use std::collections::HashSet;

use agent::{SecretKey, WebhookEvent};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use store::{AddWebhookError, Secret, WebhookChange};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{READ_ONLY_OF_WEBHOOKS, Webhook, definitions, settings, view};
use crate::agents::{find, refuse_file_managed};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Nothing, Path, created, done, id, ok, pass_over, typed,
};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
}

/// A webhook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewWebhook {
    /// Where messages are sent: https, on the public internet.
    #[schema(max_length = 2048, format = "uri")]
    url: String,
    /// What it is told; at least one event, each once.
    #[schema(min_items = 1)]
    events: Vec<WebhookEvent>,
    /// What messages are signed with, 1 to 256 characters. The node makes one up if none is given.
    secret_key: Option<SecretKey>,
    /// Whether anything is sent; true if not given.
    is_active: Option<bool>,
}

/// What is to change of a webhook. What an answer shows beside these fields may be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = WebhookChange)]
struct Body {
    /// Where messages are sent: https, on the public internet.
    #[schema(max_length = 2048, format = "uri")]
    url: Option<String>,
    /// What it is told; at least one event, each once.
    #[schema(min_items = 1)]
    events: Option<Vec<WebhookEvent>>,
    /// What messages are signed with, 1 to 256 characters.
    secret_key: Option<SecretKey>,
    /// Whether anything is sent.
    is_active: Option<bool>,
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
    let shown = webhooks.iter().map(|webhook| view(webhook, &[])).collect();
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
    Ok(ok("Webhook retrieved successfully", view(&webhook, &[])))
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
    check_url(&state, &body.url)?;
    check_events(&body.events)?;
    check_secret(body.secret_key.as_ref())?;
    let webhook = agent::Webhook {
        webhook_uuid: Uuid::now_v7(),
        url: body.url,
        events: body.events,
        secret_key: body.secret_key,
        is_active: body.is_active.unwrap_or(true),
    };
    let (webhook, secret) = definitions::to_store(agent, &webhook);
    let limit = state.config.webhooks.per_agent;
    let stored = caller
        .store
        .add_webhook(&webhook, limit, clock::now())
        .await;
    let stored = stored.map_err(|error| match error {
        AddWebhookError::LimitReached { .. } => ApiError::new(
            StatusCode::CONFLICT,
            "webhook_limit_reached",
            "The agent has as many webhooks as it may.",
            error.to_string(),
        ),
        AddWebhookError::Store(error) => ApiError::internal("store a webhook", &error),
    })?;
    let shown = view(&stored, secret.as_slice());
    Ok(created("Webhook created successfully", shown))
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
    Json(mut body): Json<Value>,
) -> Result<Envelope<Webhook>, ApiError> {
    let webhook = find_webhook(&state, &caller, &agent, &webhook).await?;
    refuse_file_managed(webhook.source)?;
    let shown = view(&webhook, &[]).to_json();
    pass_over(&mut body, &shown, &["webhook_uuid"], "")?;
    pass_over(&mut body, &shown, READ_ONLY_OF_WEBHOOKS, "")?;
    let body: Body = typed(body)?;
    if let Some(url) = &body.url {
        check_url(&state, url)?;
    }
    if let Some(events) = &body.events {
        check_events(events)?;
    }
    check_secret(body.secret_key.as_ref())?;
    let names = |events: Vec<WebhookEvent>| {
        let names = events.iter().map(|event| event.subscribed_as().to_owned());
        names.collect()
    };
    let change = WebhookChange {
        url: body.url,
        events: body.events.map(names),
        secret: body.secret_key.map(|secret| Secret::new(secret.expose())),
        is_active: body.is_active,
    };
    let changed = caller
        .store
        .update_webhook(webhook.agent, webhook.id, &change, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("store a webhook", &error))?;
    let changed = changed.ok_or_else(unknown_webhook)?;
    state.outbox.notify_one();
    Ok(ok("Webhook updated successfully", view(&changed, &[])))
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

async fn find_webhook(
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

fn unknown_webhook() -> ApiError {
    ApiError::not_found(
        "NOT_FOUND",
        "The agent has no such webhook.",
        "GET /api/v1/agents/{agent_uuid}/webhooks lists all of them.",
    )
}

fn check_url(state: &ApiState, url: &str) -> Result<(), ApiError> {
    settings::check_url(&state.config.webhooks, url, "url")
}

fn check_events(events: &[WebhookEvent]) -> Result<(), ApiError> {
    let distinct: HashSet<_> = events.iter().collect();
    if events.is_empty() || distinct.len() != events.len() {
        return Err(ApiError::invalid("events", "at least one event, each once"));
    }
    Ok(())
}

fn check_secret(secret: Option<&SecretKey>) -> Result<(), ApiError> {
    match secret {
        Some(secret) => settings::check_secret(secret.expose(), "secret_key"),
        None => Ok(()),
    }
}
