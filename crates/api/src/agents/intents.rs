//! `/agents/{agent_uuid}/intents`: what the other party may want, and who does it.

mod body;
mod event;
mod routes;
mod view;

use std::sync::Arc;

use agent::{AgentDefinition, Intent};
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::knowledge::Part;
use super::parts::{PartChange, change_part};
use crate::caller::Caller;
use crate::directory::KnownAgent;
use crate::error::ApiError;
use crate::exchange::id;
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(routes::routes())
        .merge(event::routes())
}

impl Part for Intent {
    const SECTION: &'static str = "intents";

    fn all(agent: &AgentDefinition) -> &[Self] {
        &agent.intents
    }

    fn uuid(&self) -> Uuid {
        self.intent_uuid
    }

    fn unknown() -> ApiError {
        ApiError::not_found(
            "INTENT_NOT_FOUND",
            "The agent has no such intent.",
            "GET /api/v1/agents/{agent_uuid}/intents lists all of them.",
        )
    }
}

/// An intent, and when it was made and changed: those of files with their agent.
struct Found {
    intent: Intent,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Found {
    fn of(agent: &KnownAgent, intent: &Intent) -> Self {
        Self {
            created_at: intent.created_at.unwrap_or(agent.created_at),
            updated_at: intent.updated_at.unwrap_or(agent.updated_at),
            intent: intent.clone(),
        }
    }
}

/// The intent of the caller's workspace that a path names.
fn find(state: &ApiState, caller: &Caller, agent: &str, intent: &str) -> Result<Found, ApiError> {
    let agent = super::find(state, caller, agent)?;
    within(&agent, id(intent, Intent::unknown)?)
}

fn within(agent: &Arc<KnownAgent>, uuid: Uuid) -> Result<Found, ApiError> {
    let mut intents = agent.definition.intents.iter();
    let found = intents.find(|intent| intent.intent_uuid == uuid);
    let found = found.map(|intent| Found::of(agent, intent));
    found.ok_or_else(Intent::unknown)
}

/// Changes intents of an agent that the API owns, and shows the one with this id.
async fn changed(
    state: &ApiState,
    caller: &Caller,
    agent: &str,
    uuid: Uuid,
    change: impl FnOnce(&AgentDefinition) -> Result<PartChange, ApiError>,
) -> Result<Found, ApiError> {
    let agent = change_part(state, caller, agent, change).await?;
    within(&agent, uuid)
}
