//! How one part of an agent is changed, with errors that name the field as the client sent it.

use std::sync::Arc;

use agent::{AgentDefinition, InvalidField};
use serde_json::Value;

use super::schema::Agent;
use super::{change, find_to_change, refuse_file_managed, view};
use crate::caller::Caller;
use crate::clock;
use crate::directory::KnownAgent;
use crate::error::ApiError;
use crate::state::ApiState;

/// Which part of an agent changes, and to what.
pub(super) struct PartChange {
    /// Fields of the agent, as an update of the whole agent would have them.
    pub(super) changes: Value,
    /// What a field's path has before the names that the client knows, such as
    /// `settings.voice.interaction.` or `notes[2].`.
    pub(super) prefix: String,
}

/// Changes a part of an agent that the API owns, while nobody else changes an agent.
pub(super) async fn change_part(
    state: &ApiState,
    caller: &Caller,
    agent: &str,
    part: impl FnOnce(&AgentDefinition) -> Result<PartChange, ApiError>,
) -> Result<Arc<KnownAgent>, ApiError> {
    let (_change, agent) = find_to_change(state, caller, agent).await?;
    refuse_file_managed(agent.source)?;
    let PartChange { changes, prefix } = part(&agent.definition)?;
    let definition = agent.definition.patched(changes);
    let definition = definition.map_err(|error| shortened(error, &prefix))?;
    change::check_abilities(state, &agent.definition, &definition)
        .map_err(|error| shortened(error, &prefix))?;
    change::store(state, caller, &definition, clock::now()).await
}

/// The same, and the agent as it then is.
pub(super) async fn changed_agent(
    state: &ApiState,
    caller: &Caller,
    agent: &str,
    part: impl FnOnce(&AgentDefinition) -> Result<PartChange, ApiError>,
) -> Result<Agent, ApiError> {
    let agent = change_part(state, caller, agent, part).await?;
    view::agent(caller, &agent, &[]).await
}

fn shortened(mut error: InvalidField, prefix: &str) -> InvalidField {
    let whole = prefix.trim_end_matches('.');
    if error.field == whole {
        "body".clone_into(&mut error.field);
    } else if let Some(short) = error.field.strip_prefix(prefix) {
        error.field = short.to_owned();
    }
    error
}
