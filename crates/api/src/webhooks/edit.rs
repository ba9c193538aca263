//! Webhooks as clients make and change them, of an agent or of the workspace.

use std::collections::HashSet;

use agent::{SecretKey, WebhookEvent};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use store::{AddWebhookError, Secret, WebhookChange};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::forget_breaker;
use super::{READ_ONLY_OF_WEBHOOKS, Webhook, definitions, settings, view};
use crate::caller::Caller;
use crate::clock;
use crate::error::ApiError;
use crate::exchange::{Created, Envelope, created, ok, pass_over, typed};
use crate::state::ApiState;

/// A webhook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewWebhook {
    /// Where messages are sent: https, on the public internet.
    #[schema(max_length = 2048, format = "uri")]
    url: String,
    /// What it is told; at least one event, each once.
    #[schema(min_items = 1, value_type = HashSet<WebhookEvent>)]
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
pub(super) struct Body {
    /// Where messages are sent: https, on the public internet. A new address ends a pause.
    #[schema(max_length = 2048, format = "uri")]
    url: Option<String>,
    /// What it is told; at least one event, each once.
    #[schema(min_items = 1, value_type = Option<HashSet<WebhookEvent>>)]
    events: Option<Vec<WebhookEvent>>,
    /// What messages are signed with, 1 to 256 characters.
    secret_key: Option<SecretKey>,
    /// Whether anything is sent. True ends a pause.
    is_active: Option<bool>,
}

/// Makes a webhook of an agent, or without one of the workspace.
pub(super) async fn create(
    state: &ApiState,
    caller: &Caller,
    agent: Option<Uuid>,
    body: NewWebhook,
) -> Result<Created<Webhook>, ApiError> {
    check_url(state, &body.url)?;
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
    let settings = &state.config.webhooks;
    let limit = if agent.is_some() {
        settings.per_agent
    } else {
        settings.per_workspace
    };
    let now = clock::now();
    let stored = caller.store.add_webhook(&webhook, limit, now).await;
    let stored = stored.map_err(|error| match error {
        AddWebhookError::LimitReached { .. } => ApiError::new(
            StatusCode::CONFLICT,
            "webhook_limit_reached",
            "There are as many webhooks as there may be.",
            error.to_string(),
        ),
        AddWebhookError::Store(error) => ApiError::internal("store a webhook", &error),
    })?;
    let shown = view(&stored, secret.as_slice(), now);
    Ok(created("Webhook created successfully", shown))
}

/// Changes a webhook as `body` says.
pub(super) async fn update(
    state: &ApiState,
    caller: &Caller,
    webhook: &store::Webhook,
    mut body: Value,
) -> Result<Envelope<Webhook>, ApiError> {
    let now = clock::now();
    let shown = view(webhook, &[], now).to_json();
    forget_breaker(&mut body);
    pass_over(&mut body, &shown, &["webhook_uuid"], "")?;
    pass_over(&mut body, &shown, READ_ONLY_OF_WEBHOOKS, "")?;
    let body: Body = typed(body)?;
    if let Some(url) = &body.url {
        check_url(state, url)?;
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
        .update_webhook(webhook.agent, webhook.id, &change, now)
        .await;
    let changed = changed.map_err(|error| ApiError::internal("store a webhook", &error))?;
    let changed = changed.ok_or_else(unknown_webhook)?;
    state.outbox.notify_one();
    let shown = view(&changed, &[], now);
    Ok(ok("Webhook updated successfully", shown))
}

pub(super) fn unknown_webhook() -> ApiError {
    ApiError::not_found(
        "NOT_FOUND",
        "There is no such webhook.",
        "GET /api/v1/agents/{agent_uuid}/webhooks lists those of an agent, GET /api/v1/webhooks \
         those of the workspace.",
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
