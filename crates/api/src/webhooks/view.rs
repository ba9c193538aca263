//! Webhooks as clients see them.

use agent::WebhookEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::EndpointHealth;
use utoipa::ToSchema;
use uuid::Uuid;

use super::definitions::NewSecret;
use crate::exchange::words;

/// What is shown of a webhook beside what a client can change, and beside its id.
pub(crate) const READ_ONLY_OF_WEBHOOKS: &[&str] = &[
    "disabled_reason",
    "has_secret",
    "source",
    "created_at",
    "updated_at",
];

/// Who is told of what happens in the conversations of an agent, or of all agents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "webhook_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "url": "https://example.com/hook",
    "events": ["conversation_end_report"],
    "is_active": true,
    "disabled_reason": null,
    "breaker": { "state": "closed", "failures": 0, "paused_until": null },
    "has_secret": true,
    "source": "api",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(crate) struct Webhook {
    /// Identifies the webhook.
    webhook_uuid: Uuid,
    /// Where messages are sent.
    url: String,
    /// What it is told.
    #[schema(value_type = Vec<WebhookEvent>)]
    events: Vec<String>,
    /// Whether anything is sent.
    is_active: bool,
    /// Why the node stopped sending, if it did.
    #[schema(required)]
    disabled_reason: Option<String>,
    /// Whether its endpoint takes messages.
    breaker: WebhookBreaker,
    /// Whether messages are signed; they always are.
    has_secret: bool,
    /// Where the webhook comes from: `file` or `api`.
    #[schema(value_type = String)]
    source: &'static str,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// What messages are signed with, if the node has just made that up. It is told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret_key: Option<String>,
}

/// Whether an endpoint takes messages. One that keeps failing is paused.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookBreaker {
    /// `closed`: messages are sent; `open`: they wait; `half_open`: the pause is over, and one
    /// message is sent to see whether the endpoint takes it.
    state: BreakerState,
    /// Failed attempts since the last good one.
    failures: u32,
    /// When the endpoint is tried again.
    #[schema(required)]
    paused_until: Option<Timestamp>,
}

words! {
    /// Whether messages are sent to an endpoint.
    enum BreakerState {
        /// They are.
        Closed = "closed",
        /// They wait.
        Open = "open",
        /// One is.
        HalfOpen = "half_open",
    }
}

impl WebhookBreaker {
    fn of(health: EndpointHealth, now: Timestamp) -> Self {
        let state = match health.paused_until {
            None => BreakerState::Closed,
            Some(until) if until > now => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        };
        Self {
            state,
            failures: health.failures,
            paused_until: health.paused_until,
        }
    }
}

/// Takes out what is shown of the breaker, which may have changed since it was read.
pub(crate) fn forget_breaker(sent: &mut Value) {
    if let Some(fields) = sent.as_object_mut() {
        fields.remove("breaker");
    }
}

impl Webhook {
    /// What a client that sends it back is compared with.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The webhook without its secret, unless the node has just made that up: then this is the only
/// time it is told.
pub(crate) fn webhook(webhook: &store::Webhook, secrets: &[NewSecret], now: Timestamp) -> Webhook {
    let made_up = secrets.iter().find(|secret| secret.webhook == webhook.id);
    Webhook {
        webhook_uuid: webhook.id,
        url: webhook.url.clone(),
        events: webhook.events.clone(),
        is_active: webhook.is_active,
        disabled_reason: webhook.disabled_reason.clone(),
        breaker: WebhookBreaker::of(webhook.health, now),
        has_secret: true,
        source: webhook.source.as_str(),
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
        secret_key: made_up.map(|made_up| made_up.secret.expose().to_owned()),
    }
}
