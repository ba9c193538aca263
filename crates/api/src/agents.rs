//! `/agents`: agents made, changed and deleted over the API, and file agents to look at.

mod change;
mod channels;
mod intents;
mod knowledge;
mod parts;
mod rules;
mod schema;
mod view;
mod voice;

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde_json::Value;
use store::Source;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::schema::{Agent, AgentChange, NewAgent};
use crate::caller::Caller;
use crate::clock;
use crate::directory::{Change, KnownAgent};
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Items, Json, Nothing, Paging, Path, Query, created, done, id, ok,
};
use crate::idempotency::Making;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .merge(channels::routes())
        .merge(voice::routes())
        .merge(intents::routes())
        .merge(knowledge::routes())
        .merge(rules::routes())
}

/// All agents
///
/// In pages, oldest first; with their webhooks, without secrets.
#[utoipa::path(
    get, path = "/agents", operation_id = "list_agents", tag = "agents",
    security(("token" = ["agents:read"])),
    params(Paging),
    responses((status = 200, description = "A page of agents.", body = Envelope<Items<Agent>>)),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Items<Agent>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let agents = state.directory.all(&caller.workspace);
    let total = agents.len() as u64;
    let mut views = Vec::new();
    for agent in paging.cut(agents) {
        views.push(view::agent(&caller, &agent, &[]).await?);
    }
    let page = Items::new(paging, total, views);
    Ok(ok("Agents retrieved successfully", page))
}

/// One agent
#[utoipa::path(
    get, path = "/agents/{agent_uuid}", operation_id = "show_agent", tag = "agents",
    security(("token" = ["agents:read"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "The agent.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<Agent>, ApiError> {
    let agent = find(&state, &caller, &agent)?;
    let view = view::agent(&caller, &agent, &[]).await?;
    Ok(ok("Agent retrieved successfully", view))
}

/// Makes an agent
///
/// What is left out has its default. Secrets of webhooks that the node makes up are in this
/// answer and never again.
#[utoipa::path(
    post, path = "/agents", operation_id = "create_agent", tag = "agents",
    security(("token" = ["agents:write"])),
    request_body(content = NewAgent, example = json!({
        "name": "Support", "role": "support assistant", "language": "en",
    })),
    responses(
        (status = 201, description = "The new agent.", body = Envelope<Agent>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND`: There is no such schedule to book in.",
            body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    making: Making,
    Json(body): Json<Value>,
) -> Result<Created<Agent>, ApiError> {
    let _change = state.directory.change().await;
    let made = making
        .may_exist
        .then(|| state.directory.get(&caller.workspace, making.id));
    let (agent, secrets) = match made.flatten() {
        Some(made) => (made, Vec::new()),
        None => change::create(&state, &caller, making.id, body, clock::now()).await?,
    };
    let view = view::agent(&caller, &agent, &secrets).await?;
    Ok(created("Agent created successfully", view))
}

/// Changes an agent
///
/// Fields that are left out stay. Objects are merged field by field, arrays replaced as a whole;
/// null goes back to the default. What the node shows of the agent beside its definition may be
/// sent back as it was read.
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}", operation_id = "update_agent", tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = AgentChange, example = json!({ "tone": "calm and friendly" })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND` or `SCHEDULE_NOT_FOUND`: There is no such \
            agent, or schedule to book in.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<Agent>, ApiError> {
    let (_change, agent) = find_to_change(&state, &caller, &agent).await?;
    refuse_file_managed(agent.source)?;
    let (agent, secrets) = change::update(&state, &caller, &agent, body, clock::now()).await?;
    let view = view::agent(&caller, &agent, &secrets).await?;
    Ok(ok("Agent updated successfully", view))
}

/// Deletes an agent
///
/// Its calls stay, and those under way go on.
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}", operation_id = "delete_agent", tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "It is deleted.", body = Envelope<Nothing>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let (_change, agent) = find_to_change(&state, &caller, &agent).await?;
    refuse_file_managed(agent.source)?;
    let id = agent.definition.agent_uuid;
    let deleted = caller.store.delete_agent(id, clock::now()).await;
    deleted.map_err(|error| ApiError::internal("delete an agent", &error))?;
    state.directory.remove(id);
    Ok(done("Agent deleted successfully"))
}

/// The agent of the caller's workspace that a path names.
pub(crate) fn find(
    state: &ApiState,
    caller: &Caller,
    agent: &str,
) -> Result<Arc<KnownAgent>, ApiError> {
    let id = id(agent, unknown_agent)?;
    let agent = state.directory.get(&caller.workspace, id);
    agent.ok_or_else(unknown_agent)
}

/// The same, for whoever is to change it: as the store has it, since another node may have changed
/// it a moment ago.
pub(crate) async fn find_to_change<'a>(
    state: &'a ApiState,
    caller: &Caller,
    agent: &str,
) -> Result<(Change<'a>, Arc<KnownAgent>), ApiError> {
    let id = id(agent, unknown_agent)?;
    let mut change = state.directory.change().await;
    let renewed = state.directory.renew(&mut change, &state.store, id).await;
    renewed.map_err(|error| ApiError::internal("look for changes of an agent", &error))?;
    let agent = state.directory.get(&caller.workspace, id);
    Ok((change, agent.ok_or_else(unknown_agent)?))
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
