//! `/agents/{agent_uuid}/notes`.

use agent::Note;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{add, remove};
use crate::agents::parts::changed_agent;
use crate::agents::schema::Agent;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Path, Text, Whole, created, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(delete))
}

/// A note to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewNote {
    /// The fact.
    content: Text<1, 5_000>,
    /// Lower comes first; equal ones keep their places. Default 0.
    order: Option<Whole<-1_000_000, 1_000_000>>,
}

/// Adds a note
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/notes", operation_id = "create_note", tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewNote, example = json!({ "content": "We open at nine." })),
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
    Json(body): Json<NewNote>,
) -> Result<Created<Agent>, ApiError> {
    let note = Note {
        uuid: Uuid::nil(),
        content: body.content.0,
        order: body.order.map_or(0, |order| order.0),
    };
    let agent = changed_agent(&state, &caller, &agent, |agent| add(agent, note)).await?;
    Ok(created("Note added successfully", agent))
}

/// Removes a note
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/notes/{note_uuid}", operation_id = "delete_note",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("note_uuid" = Uuid, Path, description = "The note."),
    ),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `NOTE_NOT_FOUND`: It has no such note.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, note)): Path<(String, String)>,
) -> Result<Envelope<Agent>, ApiError> {
    let removed = |agent: &_| remove::<Note>(agent, &note);
    let agent = changed_agent(&state, &caller, &agent, removed).await?;
    Ok(ok("Note removed successfully", agent))
}
