//! `/agents/{agent_uuid}/procedures`.

use agent::{Procedure, ProcedureStep};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{add, edit, remove};
use crate::agents::parts::changed_agent;
use crate::agents::schema::Agent;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Path, Text, Whole, created, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(update, delete))
}

/// A procedure to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewProcedure {
    /// What it is called.
    name: Text<1, 200>,
    /// What it is for.
    description: Option<Text<0, 5_000>>,
    /// Its steps; at most 100.
    #[schema(max_items = 100)]
    steps: Option<Vec<NewStep>>,
}

/// What is to change of a procedure. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct ProcedureChange {
    /// What it is called.
    name: Option<Text<1, 200>>,
    /// What it is for.
    description: Option<Text<0, 5_000>>,
    /// Its steps, in place of those that it has; at most 100.
    #[schema(max_items = 100)]
    steps: Option<Vec<NewStep>>,
}

/// A step of a procedure.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewProcedureStep)]
struct NewStep {
    /// Lower comes first; equal ones keep their places. Default 0.
    order: Option<Whole<-1_000_000, 1_000_000>>,
    /// What is done.
    description: Text<1, 5_000>,
    /// The intent that does it.
    intent_uuid: Option<Uuid>,
}

impl From<NewStep> for ProcedureStep {
    fn from(new: NewStep) -> Self {
        Self {
            order: new.order.map_or(0, |order| order.0),
            description: new.description.0,
            intent_uuid: new.intent_uuid,
        }
    }
}

fn steps(steps: Option<Vec<NewStep>>) -> Option<Vec<ProcedureStep>> {
    steps.map(|steps| steps.into_iter().map(Into::into).collect())
}

/// Adds a procedure
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/procedures", operation_id = "create_procedure",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewProcedure, example = json!({
        "name": "Return a parcel",
        "steps": [
            { "order": 1, "description": "Ask for the order number." },
            { "order": 2, "description": "Say that the label comes by mail." },
        ],
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
    Json(body): Json<NewProcedure>,
) -> Result<Created<Agent>, ApiError> {
    let procedure = Procedure {
        uuid: Uuid::nil(),
        name: body.name.0,
        description: body.description.map_or_else(String::new, |text| text.0),
        steps: steps(body.steps).unwrap_or_default(),
    };
    let agent = changed_agent(&state, &caller, &agent, |agent| add(agent, procedure)).await?;
    Ok(created("Procedure added successfully", agent))
}

/// Changes a procedure
///
/// Fields that are left out stay; steps are replaced as a whole.
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}/procedures/{procedure_uuid}",
    operation_id = "update_procedure", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("procedure_uuid" = Uuid, Path, description = "The procedure."),
    ),
    request_body(content = ProcedureChange, example = json!({ "name": "Return a parcel" })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `PROCEDURE_NOT_FOUND`: It has no such procedure.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, procedure)): Path<(String, String)>,
    Json(body): Json<ProcedureChange>,
) -> Result<Envelope<Agent>, ApiError> {
    let change = |known: &mut Procedure| {
        if let Some(name) = body.name {
            known.name = name.0;
        }
        if let Some(description) = body.description {
            known.description = description.0;
        }
        if let Some(steps) = steps(body.steps) {
            known.steps = steps;
        }
    };
    let changed = |agent: &_| edit(agent, &procedure, change);
    let agent = changed_agent(&state, &caller, &agent, changed).await?;
    Ok(ok("Procedure updated successfully", agent))
}

/// Removes a procedure with its steps
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/procedures/{procedure_uuid}",
    operation_id = "delete_procedure", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("procedure_uuid" = Uuid, Path, description = "The procedure."),
    ),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `PROCEDURE_NOT_FOUND`: It has no such procedure.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, procedure)): Path<(String, String)>,
) -> Result<Envelope<Agent>, ApiError> {
    let removed = |agent: &_| remove::<Procedure>(agent, &procedure);
    let agent = changed_agent(&state, &caller, &agent, removed).await?;
    Ok(ok("Procedure removed successfully", agent))
}
