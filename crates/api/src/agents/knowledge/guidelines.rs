//! `/agents/{agent_uuid}/guidelines`.

use agent::Guideline;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{add, remove, replace};
use crate::agents::parts::changed_agent;
use crate::agents::schema::Agent;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Path, Text, Whole, created, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(replace_all, create))
        .routes(routes!(delete))
}

/// A guideline to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewGuideline {
    /// The rule.
    content: Text<1, 5_000>,
    /// Lower comes first; equal ones keep their places. Default 0.
    order: Option<Whole<-1_000_000, 1_000_000>>,
}

/// All guidelines that the agent is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct GuidelineList {
    /// The guidelines; at most 500.
    #[schema(max_items = 500)]
    guidelines: Vec<NewGuideline>,
}

impl From<NewGuideline> for Guideline {
    fn from(new: NewGuideline) -> Self {
        Self {
            uuid: Uuid::nil(),
            content: new.content.0,
            order: new.order.map_or(0, |order| order.0),
        }
    }
}

/// Replaces all guidelines
///
/// Those that the agent has are dropped; the new ones get ids of their own.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/guidelines", operation_id = "replace_guidelines",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = GuidelineList, example = json!({
        "guidelines": [{ "content": "Never promise a refund.", "order": 1 }],
    })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn replace_all(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<GuidelineList>,
) -> Result<Envelope<Agent>, ApiError> {
    let guidelines: Vec<Guideline> = body.guidelines.into_iter().map(Into::into).collect();
    let agent = changed_agent(&state, &caller, &agent, |_| replace(&guidelines)).await?;
    Ok(ok("Guidelines replaced successfully", agent))
}

/// Adds a guideline
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/guidelines", operation_id = "create_guideline",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewGuideline, example = json!({
        "content": "Never promise a refund.", "order": 1,
    })),
    responses(
        (status = 201, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<NewGuideline>,
) -> Result<Created<Agent>, ApiError> {
    let added = |agent: &_| add(agent, Guideline::from(body));
    let agent = changed_agent(&state, &caller, &agent, added).await?;
    Ok(created("Guideline added successfully", agent))
}

/// Removes a guideline
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/guidelines/{guideline_uuid}",
    operation_id = "delete_guideline", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("guideline_uuid" = Uuid, Path, description = "The guideline."),
    ),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `GUIDELINE_NOT_FOUND`: It has no such guideline.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, guideline)): Path<(String, String)>,
) -> Result<Envelope<Agent>, ApiError> {
    let removed = |agent: &_| remove::<Guideline>(agent, &guideline);
    let agent = changed_agent(&state, &caller, &agent, removed).await?;
    Ok(ok("Guideline removed successfully", agent))
}
