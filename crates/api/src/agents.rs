//! `/agents`: agents made, changed and deleted over the API, and file agents to look at.

mod change;
mod view;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use store::Source;
use uuid::Uuid;

use crate::clock;
use crate::directory::KnownAgent;
use crate::error::ApiError;
use crate::exchange::{Json, Paging, Path, Query, created, items, ok};
use crate::state::ApiState;

/// All agents, oldest first.
pub(crate) async fn list(
    State(state): State<ApiState>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let paging = Paging::take(&mut query)?;
    query.finish("`page`, `per_page`")?;
    let agents = state.directory.all();
    let total = agents.len() as u64;
    let mut views = Vec::new();
    for agent in paging.cut(agents) {
        views.push(view::agent(&state, &agent, &[]).await?);
    }
    Ok(ok(
        "Agents retrieved successfully",
        items(paging, total, views),
    ))
}

/// One agent.
pub(crate) async fn show(
    State(state): State<ApiState>,
    Path(agent): Path<String>,
) -> Result<Response, ApiError> {
    let agent = find(&state, &agent)?;
    let view = view::agent(&state, &agent, &[]).await?;
    Ok(ok("Agent retrieved successfully", view))
}

/// Makes an agent.
pub(crate) async fn create(
    State(state): State<ApiState>,
    Json(body): Json<Value>,
) -> Result<Response, ApiError> {
    let _change = state.directory.change().await;
    let (agent, secrets) = change::create(&state, body, clock::now()).await?;
    let view = view::agent(&state, &agent, &secrets).await?;
    Ok(created("Agent created successfully", view))
}

/// Changes an agent; sections that are included replace.
pub(crate) async fn update(
    State(state): State<ApiState>,
    Path(agent): Path<String>,
    Json(body): Json<Value>,
) -> Result<Response, ApiError> {
    let _change = state.directory.change().await;
    let agent = find(&state, &agent)?;
    refuse_file_managed(agent.source)?;
    let (agent, secrets) = change::update(&state, &agent, body, clock::now()).await?;
    let view = view::agent(&state, &agent, &secrets).await?;
    Ok(ok("Agent updated successfully", view))
}

/// Deletes an agent. Its calls stay, and those under way go on.
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Path(agent): Path<String>,
) -> Result<Response, ApiError> {
    let _change = state.directory.change().await;
    let agent = find(&state, &agent)?;
    refuse_file_managed(agent.source)?;
    let id = agent.definition.agent_uuid;
    let deleted = state.store.delete_agent(id, clock::now()).await;
    deleted.map_err(|error| ApiError::internal("delete an agent", &error))?;
    state.directory.remove(id);
    Ok(ok("Agent deleted successfully", json!({})))
}

/// The agent that a path names.
pub(crate) fn find(state: &ApiState, id: &str) -> Result<Arc<KnownAgent>, ApiError> {
    let id: Uuid = id.parse().map_err(|_| unknown_agent())?;
    state.directory.get(id).ok_or_else(unknown_agent)
}

pub(crate) fn unknown_agent() -> ApiError {
    ApiError::not_found(
        "AGENT_NOT_FOUND",
        "There is no such agent.",
        "GET /api/v1/agents lists all of them.",
    )
}

/// What a file says is changed in the file.
pub(crate) fn refuse_file_managed(source: Source) -> Result<(), ApiError> {
    match source {
        Source::Api => Ok(()),
        Source::File => Err(ApiError::new(
            StatusCode::CONFLICT,
            "agent_is_file_managed",
            "This comes from a file in the agents folder.",
            "Change the file and start the node again.",
        )),
    }
}
