//! Webhooks between an agent's definition and the store.

use agent::{AgentDefinition, SecretKey, Webhook, WebhookEvent};
use store::{NewWebhook, Secret, SigningSecret};
use uuid::Uuid;

use super::{secret, settings};
use crate::error::ApiError;
use crate::state::ApiState;

/// A secret that the node made up, to be told once.
#[derive(Debug)]
pub(crate) struct NewSecret {
    pub(crate) webhook: Uuid,
    pub(crate) secret: Secret,
}

/// The webhooks of an agent file.
pub(crate) fn of_file(definition: &AgentDefinition) -> Vec<NewWebhook> {
    let unsigned = definition
        .webhooks
        .iter()
        .any(|webhook| webhook.secret_key.is_none());
    if unsigned {
        tracing::warn!(
            agent = definition.slug,
            "a webhook without `secret_key`: its messages are signed with a secret nobody knows"
        );
    }
    let webhooks = definition.webhooks.iter();
    webhooks
        .map(|webhook| to_store(Some(definition.agent_uuid), webhook).0)
        .collect()
}

/// The webhooks that a client put into an agent, checked, with the secrets made up for them.
pub(crate) fn of_client(
    state: &ApiState,
    definition: &AgentDefinition,
) -> Result<(Vec<NewWebhook>, Vec<NewSecret>), ApiError> {
    let mut webhooks = Vec::with_capacity(definition.webhooks.len());
    let mut secrets = Vec::new();
    for (index, webhook) in definition.webhooks.iter().enumerate() {
        let field = |name: &str| format!("webhooks[{index}].{name}");
        settings::check_url(&state.config.webhooks, &webhook.url, &field("url"))?;
        if let Some(secret) = &webhook.secret_key {
            settings::check_secret(secret.expose(), &field("secret_key"))?;
        }
        let (stored, secret) = to_store(Some(definition.agent_uuid), webhook);
        webhooks.push(stored);
        secrets.extend(secret);
    }
    Ok((webhooks, secrets))
}

/// The webhook in a definition that a stored one came from.
pub(crate) fn of_record(record: &store::Webhook) -> Option<Webhook> {
    let events = record
        .events
        .iter()
        .map(|name| event(name))
        .collect::<Option<_>>()?;
    Some(Webhook {
        webhook_uuid: record.id,
        url: record.url.clone(),
        events,
        secret_key: Some(SecretKey::new(record.secret.expose())),
        is_active: record.is_active,
    })
}

pub(super) fn to_store(agent: Option<Uuid>, webhook: &Webhook) -> (NewWebhook, Option<NewSecret>) {
    let (secret, new) = match &webhook.secret_key {
        Some(secret) => (SigningSecret::Given(Secret::new(secret.expose())), None),
        None => {
            let secret = secret::generate();
            let new = NewSecret {
                webhook: webhook.webhook_uuid,
                secret: secret.clone(),
            };
            (SigningSecret::Generated(secret), Some(new))
        }
    };
    let stored = NewWebhook {
        id: webhook.webhook_uuid,
        agent,
        url: webhook.url.clone(),
        events: webhook
            .events
            .iter()
            .map(|event| event.subscribed_as().to_owned())
            .collect(),
        secret,
        is_active: webhook.is_active,
    };
    (stored, new)
}

fn event(name: &str) -> Option<WebhookEvent> {
    serde_json::from_value(name.into()).ok()
}
