//! `/agents/{agent_uuid}/training`.

use agent::Training;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{add, edit, remove, replace};
use crate::agents::parts::changed_agent;
use crate::agents::schema::Agent;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Change, Created, Envelope, Json, Path, Text, created, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(replace_all, create))
        .routes(routes!(update, delete))
}

/// A training row to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewTraining)]
struct NewRow {
    /// What the caller says; a plain fact when there is no `response`.
    content: Text<1, 5_000>,
    /// What the caller wants, in a word or two.
    intent: Option<Text<0, 200>>,
    /// What the agent answers.
    response: Option<Text<0, 5_000>>,
}

/// All training rows that the agent is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TrainingList)]
struct Rows {
    /// The rows; at most 500.
    #[schema(max_items = 500)]
    training: Vec<NewRow>,
}

/// What is to change of a training row. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TrainingChange)]
struct RowChange {
    /// What the caller says.
    content: Option<Text<1, 5_000>>,
    /// What the caller wants; null takes it away.
    #[serde(default)]
    intent: Change<Text<0, 200>>,
    /// What the agent answers; null takes it away.
    #[serde(default)]
    response: Change<Text<0, 5_000>>,
}

impl From<NewRow> for Training {
    fn from(new: NewRow) -> Self {
        Self {
            uuid: Uuid::nil(),
            content: new.content.0,
            intent: new.intent.map(|text| text.0),
            response: new.response.map(|text| text.0),
        }
    }
}

/// Replaces all training rows
///
/// Those that the agent has are dropped; the new ones get ids of their own.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/training", operation_id = "replace_training",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = Rows, example = json!({
        "training": [{ "content": "When do you open?", "response": "At nine." }],
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
    Json(body): Json<Rows>,
) -> Result<Envelope<Agent>, ApiError> {
    let rows: Vec<Training> = body.training.into_iter().map(Into::into).collect();
    let agent = changed_agent(&state, &caller, &agent, |_| replace(&rows)).await?;
    Ok(ok("Training replaced successfully", agent))
}

/// Adds a training row
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/training", operation_id = "create_training",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewRow, example = json!({
        "content": "When do you open?", "response": "At nine.",
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
    Json(body): Json<NewRow>,
) -> Result<Created<Agent>, ApiError> {
    let added = |agent: &_| add(agent, Training::from(body));
    let agent = changed_agent(&state, &caller, &agent, added).await?;
    Ok(created("Training row added successfully", agent))
}

/// Changes a training row
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}/training/{training_uuid}",
    operation_id = "update_training", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("training_uuid" = Uuid, Path, description = "The training row."),
    ),
    request_body(content = RowChange, example = json!({ "response": "At half past eight." })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `TRAINING_NOT_FOUND`: It has no such training row.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, row)): Path<(String, String)>,
    Json(body): Json<RowChange>,
) -> Result<Envelope<Agent>, ApiError> {
    let change = |known: &mut Training| {
        if let Some(content) = body.content {
            known.content = content.0;
        }
        known.intent = body.intent.map(|text| text.0).apply(known.intent.take());
        known.response = body
            .response
            .map(|text| text.0)
            .apply(known.response.take());
    };
    let changed = |agent: &_| edit(agent, &row, change);
    let agent = changed_agent(&state, &caller, &agent, changed).await?;
    Ok(ok("Training row updated successfully", agent))
}

/// Removes a training row
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/training/{training_uuid}",
    operation_id = "delete_training", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("training_uuid" = Uuid, Path, description = "The training row."),
    ),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `TRAINING_NOT_FOUND`: It has no such training row.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, row)): Path<(String, String)>,
) -> Result<Envelope<Agent>, ApiError> {
    let removed = |agent: &_| remove::<Training>(agent, &row);
    let agent = changed_agent(&state, &caller, &agent, removed).await?;
    Ok(ok("Training row removed successfully", agent))
}
