//! Webhooks as clients see them.

use serde_json::{Value, json};
use store::Webhook;

use super::definitions::NewSecret;

/// What is shown of a webhook beside what a client can change, and beside its id.
pub(crate) const READ_ONLY_OF_WEBHOOKS: &[&str] = &[
    "disabled_reason",
    "has_secret",
    "source",
    "created_at",
    "updated_at",
];

/// The webhook without its secret, unless the node has just made that up: then this is the only
/// time it is told.
pub(crate) fn webhook(webhook: &Webhook, secrets: &[NewSecret]) -> Value {
    let mut shown = json!({
        "webhook_uuid": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "is_active": webhook.is_active,
        "disabled_reason": webhook.disabled_reason,
        "has_secret": true,
        "source": webhook.source.as_str(),
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    });
    let made_up = secrets.iter().find(|secret| secret.webhook == webhook.id);
    if let (Some(made_up), Some(fields)) = (made_up, shown.as_object_mut()) {
        fields.insert("secret_key".to_owned(), made_up.secret.expose().into());
    }
    shown
}
