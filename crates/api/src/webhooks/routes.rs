//! `/agents/{agent}/webhooks`.

use std::collections::HashSet;

use agent::{SecretKey, Webhook, WebhookEvent};
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{AddWebhookError, Secret, WebhookChange};
use uuid::Uuid;

use super::{READ_ONLY_OF_WEBHOOKS, definitions, settings, view};
use crate::agents::{find, refuse_file_managed};
use crate::clock;
use crate::error::ApiError;
use crate::exchange::{Json, Path, created, ok, pass_over, typed};
use crate::state::ApiState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct Body {
    url: Option<String>,
    events: Option<Vec<WebhookEvent>>,
    secret_key: Option<SecretKey>,
    is_active: Option<bool>,
}

/// The webhooks of an agent, oldest first.
pub(crate) async fn list(
    State(state): State<ApiState>,
    Path(agent): Path<String>,
) -> Result<Response, ApiError> {
    let agent = find(&state, &agent)?.definition.agent_uuid;
    let webhooks = state.store.webhooks(agent).await;
    let webhooks = webhooks.map_err(|error| ApiError::internal("list webhooks", &error))?;
    let shown: Vec<Value> = webhooks.iter().map(|webhook| view(webhook, &[])).collect();
    Ok(ok("Webhooks retrieved successfully", shown))
}

/// One webhook.
pub(crate) async fn show(
    State(state): State<ApiState>,
    Path((agent, webhook)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let webhook = find_webhook(&state, &agent, &webhook).await?;
    Ok(ok("Webhook retrieved successfully", view(&webhook, &[])))
}

/// Adds a webhook. A secret that the node makes up is in this answer and never again.
pub(crate) async fn create(
    State(state): State<ApiState>,
    Path(agent): Path<String>,
    Json(body): Json<Body>,
) -> Result<Response, ApiError> {
    let agent = find(&state, &agent)?.definition.agent_uuid;
    check(&state, &body)?;
    let webhook = Webhook {
        webhook_uuid: Uuid::now_v7(),
        url: body.url.ok_or_else(|| ApiError::missing("url"))?,
        events: body.events.ok_or_else(|| ApiError::missing("events"))?,
        secret_key: body.secret_key,
        is_active: body.is_active.unwrap_or(true),
    };
    let (webhook, secret) = definitions::to_store(agent, &webhook);
    let limit = state.config.webhooks.per_agent;
    let stored = state.store.add_webhook(&webhook, limit, clock::now()).await;
    let stored = stored.map_err(|error| match error {
        AddWebhookError::LimitReached { .. } => ApiError::new(
            StatusCode::CONFLICT,
            "webhook_limit_reached",
            "The agent has as many webhooks as it may.",
            error.to_string(),
        ),
        AddWebhookError::Store(error) => ApiError::internal("store a webhook", &error),
    })?;
    Ok(created(
        "Webhook created successfully",
        view(&stored, secret.as_slice()),
    ))
}

/// Changes what is given of a webhook.
pub(crate) async fn update(
    State(state): State<ApiState>,
    Path((agent, webhook)): Path<(String, String)>,
    Json(mut body): Json<Value>,
) -> Result<Response, ApiError> {
    let webhook = find_webhook(&state, &agent, &webhook).await?;
    refuse_file_managed(webhook.source)?;
    let shown = view(&webhook, &[]);
    pass_over(&mut body, &shown, &["webhook_uuid"], "")?;
    pass_over(&mut body, &shown, READ_ONLY_OF_WEBHOOKS, "")?;
    let body: Body = typed(body)?;
    check(&state, &body)?;
    let names = |events: Vec<_>| events.into_iter().map(definitions::event_name).collect();
    let change = WebhookChange {
        url: body.url,
        events: body.events.map(names),
        secret: body.secret_key.map(|secret| Secret::new(secret.expose())),
        is_active: body.is_active,
    };
    let changed = state
        .store
        .update_webhook(webhook.agent, webhook.id, &change, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("store a webhook", &error))?;
    let changed = changed.ok_or_else(unknown_webhook)?;
    state.outbox.notify_one();
    Ok(ok("Webhook updated successfully", view(&changed, &[])))
}

/// Removes a webhook and what is still owed to it.
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Path((agent, webhook)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let webhook = find_webhook(&state, &agent, &webhook).await?;
    refuse_file_managed(webhook.source)?;
    let deleted = state.store.delete_webhook(webhook.agent, webhook.id).await;
    deleted.map_err(|error| ApiError::internal("delete a webhook", &error))?;
    Ok(ok("Webhook deleted successfully", json!({})))
}

async fn find_webhook(
    state: &ApiState,
    agent: &str,
    webhook: &str,
) -> Result<store::Webhook, ApiError> {
    let agent = find(state, agent)?.definition.agent_uuid;
    let webhook = webhook.parse().map_err(|_| unknown_webhook())?;
    let found = state.store.webhook(agent, webhook).await;
    let found = found.map_err(|error| ApiError::internal("look up a webhook", &error))?;
    found.ok_or_else(unknown_webhook)
}

fn unknown_webhook() -> ApiError {
    ApiError::not_found(
        "NOT_FOUND",
        "The agent has no such webhook.",
        "GET /api/v1/agents/{agent}/webhooks lists all of them.",
    )
}

fn check(state: &ApiState, body: &Body) -> Result<(), ApiError> {
    if let Some(url) = &body.url {
        settings::check_url(&state.config.webhooks, url, "url")?;
    }
    if let Some(events) = &body.events {
        let distinct: HashSet<_> = events.iter().collect();
        if events.is_empty() || distinct.len() != events.len() {
            return Err(ApiError::invalid("events", "at least one event, each once"));
        }
    }
    match &body.secret_key {
        Some(secret) => settings::check_secret(secret.expose(), "secret_key"),
        None => Ok(()),
    }
}
