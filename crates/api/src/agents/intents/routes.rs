//! The operations on intents themselves.

use agent::Intent;
use axum::extract::State;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{IntentChange, NewIntent};
use super::view::{IntentView, READ_ONLY};
use super::{Found, changed, find};
use crate::agents::knowledge::{Part as _, add, edit, remove};
use crate::agents::parts::change_part;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Nothing, Path, created, done, id, ok, pass_over, typed,
};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
}

/// The intents of an agent
///
/// All of them, in the order in which they were made, without their tokens.
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/intents", operation_id = "list_intents", tag = "agents",
    security(("token" = ["agents:read"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "The intents.", body = Envelope<Vec<IntentView>>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<Vec<IntentView>>, ApiError> {
    let agent = crate::agents::find(&state, &caller, &agent)?;
    let intents = agent.definition.intents.iter();
    let shown = intents.map(|intent| Found::of(&agent, intent).into());
    Ok(ok("Intents retrieved successfully", shown.collect()))
}

/// One intent
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/intents/{intent_uuid}", operation_id = "show_intent",
    tag = "agents",
    security(("token" = ["agents:read"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("intent_uuid" = Uuid, Path, description = "The intent."),
    ),
    responses(
        (status = 200, description = "The intent.", body = Envelope<IntentView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `INTENT_NOT_FOUND`: It has no such intent.", body = ErrorBody),
    ),
)]
async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, intent)): Path<(String, String)>,
) -> Result<Envelope<IntentView>, ApiError> {
    let found = find(&state, &caller, &agent, &intent)?;
    Ok(ok("Intent retrieved successfully", found.into()))
}

/// Adds an intent
///
/// Calls that begin after this are offered it; those under way go on as they are.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/intents", operation_id = "create_intent", tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewIntent, example = json!({
        "name": "Book a table",
        "description": "The caller wants a table at the restaurant.",
        "webhook": { "url": "https://example.com/book", "auth_token": "s3cret" },
        "parameters": [{ "key": "guests", "type": "integer", "required": true }],
    })),
    responses(
        (status = 201, description = "The new intent.", body = Envelope<IntentView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<NewIntent>,
) -> Result<Created<IntentView>, ApiError> {
    let uuid = Uuid::now_v7();
    let mut intent = body.intent(&state, uuid)?;
    intent.created_at = Some(clock::now());
    intent.updated_at = intent.created_at;
    let found = changed(&state, &caller, &agent, uuid, |agent| add(agent, intent)).await?;
    Ok(created("Intent created successfully", found.into()))
}

/// Changes an intent
///
/// Fields that are left out stay; parameters are replaced as a whole. The webhook is live at once.
/// Calls under way go on as they are.
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}/intents/{intent_uuid}", operation_id = "update_intent",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("intent_uuid" = Uuid, Path, description = "The intent."),
    ),
    request_body(content = IntentChange, example = json!({ "confidence_threshold": 0.6 })),
    responses(
        (status = 200, description = "The intent as it is now.", body = Envelope<IntentView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `INTENT_NOT_FOUND`: It has no such intent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, intent)): Path<(String, String)>,
    Json(mut body): Json<Value>,
) -> Result<Envelope<IntentView>, ApiError> {
    let found = find(&state, &caller, &agent, &intent)?;
    let uuid = found.intent.intent_uuid;
    let shown = IntentView::from(found).to_json();
    pass_over(&mut body, &shown, READ_ONLY, "")?;
    if let Some(webhook) = body.get_mut("webhook") {
        pass_over(webhook, &shown["webhook"], &["has_auth_token"], "webhook.")?;
    }
    let body: IntentChange = typed(body)?;
    let found = changed(&state, &caller, &agent, uuid, |agent| {
        let mut problem = None;
        let part = edit(agent, &intent, |known: &mut Intent| {
            known.updated_at = Some(clock::now());
            problem = body.apply(&state, known).err();
        })?;
        problem.map_or(Ok(part), Err)
    })
    .await?;
    Ok(ok("Intent updated successfully", found.into()))
}

/// Removes an intent
///
/// Steps of procedures that name it go on without it.
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/intents/{intent_uuid}", operation_id = "delete_intent",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("intent_uuid" = Uuid, Path, description = "The intent."),
    ),
    responses(
        (status = 200, description = "It is removed.", body = Envelope<Nothing>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `INTENT_NOT_FOUND`: It has no such intent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, intent)): Path<(String, String)>,
) -> Result<Envelope<Nothing>, ApiError> {
    change_part(&state, &caller, &agent, |agent| {
        let mut part = remove::<Intent>(agent, &intent)?;
        let uuid = id(&intent, Intent::unknown)?;
        let mut procedures = agent.procedures.clone();
        let steps = procedures.iter_mut().flat_map(|one| &mut one.steps);
        for step in steps.filter(|step| step.intent_uuid == Some(uuid)) {
            step.intent_uuid = None;
        }
        part.changes["procedures"] = json!(procedures);
        Ok(part)
    })
    .await?;
    Ok(done("Intent deleted successfully"))
}
