//! When an agent passes a call on, and what ends its conversations: routing rules and guard rules.

mod guards;
mod routing;

use agent::{AgentDefinition, DestinationType, GuardRule, RoutingRule};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::knowledge::Part;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::state::ApiState;

/// The most phrases that a rule has.
const PHRASES: usize = 100;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(routing::routes())
        .merge(guards::routes())
}

impl Part for RoutingRule {
    const SECTION: &'static str = "routing_rules";

    fn all(agent: &AgentDefinition) -> &[Self] {
        &agent.routing_rules
    }

    fn uuid(&self) -> Uuid {
        self.uuid
    }

    fn unknown() -> ApiError {
        ApiError::not_found(
            "ROUTING_RULE_NOT_FOUND",
            "The agent has no such routing rule.",
            "GET the agent lists all that it has.",
        )
    }
}

impl Part for GuardRule {
    const SECTION: &'static str = "guard_rules";

    fn all(agent: &AgentDefinition) -> &[Self] {
        &agent.guard_rules
    }

    fn uuid(&self) -> Uuid {
        self.uuid
    }

    fn unknown() -> ApiError {
        ApiError::not_found(
            "GUARD_RULE_NOT_FOUND",
            "The agent has no such guard rule.",
            "GET the agent lists all that it has.",
        )
    }
}

/// Brings the destination of a rule into the form that it is kept in, or says which field of it is
/// wrong; `prefix` stands before the field's name.
fn settle_destination(
    state: &ApiState,
    caller: &Caller,
    prefix: &str,
    (kind, destination, agent): (DestinationType, &mut String, Option<Uuid>),
) -> Result<(), ApiError> {
    match kind {
        DestinationType::Number => {
            let field = format!("{prefix}destination");
            *destination = state.numbers.read(&field, destination)?;
        }
        DestinationType::Extension => {}
        DestinationType::Agent => {
            let known = agent.and_then(|agent| state.directory.get(&caller.workspace, agent));
            if known.is_none() {
                let field = format!("{prefix}destination_agent_uuid");
                return Err(ApiError::invalid(
                    &field,
                    "the uuid of another agent of the workspace",
                ));
            }
        }
    }
    Ok(())
}

/// Texts as they are kept.
fn texts<const MIN: usize, const MAX: usize>(
    field: &str,
    texts: Vec<crate::exchange::Text<MIN, MAX>>,
) -> Result<Vec<String>, ApiError> {
    if texts.len() > PHRASES {
        return Err(ApiError::invalid(field, format!("at most {PHRASES} items")));
    }
    Ok(texts.into_iter().map(|text| text.0).collect())
}
