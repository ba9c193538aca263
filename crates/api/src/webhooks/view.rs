//! Webhooks as clients see them.

use agent::WebhookEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::definitions::NewSecret;

/// What is shown of a webhook beside what a client can change, and beside its id.
pub(crate) const READ_ONLY_OF_WEBHOOKS: &[&str] = &[
    "disabled_reason",
    "has_secret",
    "source",
    "created_at",
    "updated_at",
];

/// Who is told of what happens in an agent's conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "webhook_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "url": "https://example.com/hook",
    "events": ["conversation_end_report"],
    "is_active": true,
    "disabled_reason": null,
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

impl Webhook {
    /// What a client that sends it back is compared with.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The webhook without its secret, unless the node has just made that up: then this is the only
/// time it is told.
pub(crate) fn webhook(webhook: &store::Webhook, secrets: &[NewSecret]) -> Webhook {
    let made_up = secrets.iter().find(|secret| secret.webhook == webhook.id);
    Webhook {
        webhook_uuid: webhook.id,
        url: webhook.url.clone(),
        events: webhook.events.clone(),
        is_active: webhook.is_active,
        disabled_reason: webhook.disabled_reason.clone(),
        has_secret: true,
        source: webhook.source.as_str(),
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
        secret_key: made_up.map(|made_up| made_up.secret.expose().to_owned()),
    }
}
