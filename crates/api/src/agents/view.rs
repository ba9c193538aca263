//! Agents as clients see them.

use serde_json::Value;

use super::channels;
use super::schema::Agent;
use crate::caller::Caller;
use crate::clock;
use crate::directory::KnownAgent;
use crate::error::ApiError;
use crate::schedules::booking;
use crate::webhooks::definitions::NewSecret;
use crate::webhooks::view;

/// The agent with its webhooks. A secret is in the answer only when the node has just made it up.
pub(super) async fn agent(
    caller: &Caller,
    agent: &KnownAgent,
    secrets: &[NewSecret],
) -> Result<Agent, ApiError> {
    let id = agent.definition.agent_uuid;
    let webhooks = caller.store.webhooks(id).await;
    let webhooks = webhooks.map_err(|error| ApiError::internal("list webhooks", &error))?;
    let channels = channels::of(caller, id).await?;
    let appointments = booking::block(caller, &agent.definition).await?;
    let now = clock::now();
    let shown = webhooks.iter().map(|webhook| view(webhook, secrets, now));
    let shown: Vec<_> = shown.collect();
    let webhooks =
        serde_json::to_value(shown).map_err(|error| ApiError::internal("show webhooks", &error))?;
    let mut shown = agent.definition.public_view();
    if let Some(fields) = shown.as_object_mut() {
        let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        set("webhooks", webhooks);
        set("channels", channels);
        set("appointments", appointments);
        set("source", agent.source.as_str().into());
        set("created_at", agent.created_at.to_string().into());
        set("updated_at", agent.updated_at.to_string().into());
    }
    Ok(Agent(shown))
}
