//! Partial updates: JSON merge patch (RFC 7396) over the stored form.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{AgentDefinition, InvalidField, Webhook, to_json};

/// The definition with the changes merged in; types and names are checked,
/// ranges are not.
pub(super) fn apply(
    definition: &AgentDefinition,
    mut changes: Value,
) -> Result<AgentDefinition, InvalidField> {
    if !changes.is_object() {
        return Err(InvalidField::new(
            "agent",
            "an object with the fields of an agent",
        ));
    }
    unify_uuid_names(&mut changes);
    keep_secrets(&definition.webhooks, &mut changes);
    let mut merged = to_json(definition);
    merge(&mut merged, changes);
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(merged, &mut track);
    AgentDefinition::deserialize(deserializer).map_err(|error| {
        InvalidField::from_json_error(serde_path_to_error::Error::new(track.path(), error))
    })
}

fn merge(target: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else {
        *target = changes;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(target) = target.as_object_mut() else {
        return;
    };
    for (key, change) in changes {
        if change.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), change);
        }
    }
}

/// The stored form names the UUID `agent_uuid`; left under its short name it
/// would meet that one as a duplicate.
fn unify_uuid_names(changes: &mut Value) {
    let Some(changes) = changes.as_object_mut() else {
        return;
    };
    if changes.contains_key("agent_uuid") {
        return;
    }
    if let Some(uuid) = changes.remove("uuid") {
        changes.insert("agent_uuid".to_owned(), uuid);
    }
}

/// Secrets are write-only, so a client that sends back what it has read sends
/// none; the ones on record stay.
fn keep_secrets(known: &[Webhook], changes: &mut Value) {
    let sent = changes.get_mut("webhooks").and_then(Value::as_array_mut);
    for webhook in sent.into_iter().flatten().filter_map(Value::as_object_mut) {
        if webhook.contains_key("secret_key") {
            continue;
        }
        let uuid = webhook.get("webhook_uuid").or_else(|| webhook.get("uuid"));
        let uuid = uuid
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<Uuid>().ok());
        let Some(uuid) = uuid.filter(|uuid| !uuid.is_nil()) else {
            continue;
        };
        let recorded = known.iter().find(|known| known.webhook_uuid == uuid);
        if let Some(secret) = recorded.and_then(|known| known.secret_key.as_ref()) {
            webhook.insert("secret_key".to_owned(), Value::from(secret.expose()));
        }
    }
}
