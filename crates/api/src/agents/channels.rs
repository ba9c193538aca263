//! `/agents/{agent_uuid}/channels`: the numbers that an agent is called by and calls with.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Binding, Sharing};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::schema::Agent;
use super::{find, view};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Nothing, Path, done, ok};
use crate::phone_numbers::{not_bound, unknown_connection, unknown_number};
use crate::state::ApiState;

/// What an agent is reached by.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentChannels)]
pub(super) struct AgentChannels {
    /// Telephone calls.
    call: CallChannel,
}

/// How an agent is called and calls.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentCallChannel)]
struct CallChannel {
    /// Whether it has a number.
    bound: bool,
    /// Its numbers, the one that it was bound to last first.
    numbers: Vec<AgentNumber>,
}

/// A number of an agent.
#[derive(Serialize, ToSchema)]
struct AgentNumber {
    /// Identifies the number.
    phone_number_uuid: Uuid,
    /// In E.164 form.
    number: String,
    /// `inbound`, `outbound` or `both`: which calls it is for.
    direction: String,
    /// The connection that it was bound with; null for the newest of the number.
    #[schema(required)]
    connection_uuid: Option<Uuid>,
    /// When it was bound.
    bound_at: Timestamp,
}

/// A number that an agent gets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NumberProvision)]
struct Provision {
    /// The number.
    #[schema(value_type = Uuid)]
    phone_number_uuid: String,
}

/// A connection that an agent gets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = SipTrunkBinding)]
struct TrunkBinding {
    /// The connection.
    #[schema(value_type = Uuid)]
    connection_uuid: String,
    /// Whether agents that have its number share it: they go on calling with it, and calls to it
    /// reach this agent. False if it is left out.
    force: Option<bool>,
}

/// An agent with the number that it got.
#[derive(Serialize, ToSchema)]
struct ProvisionedAgent {
    /// The agent.
    agent: Agent,
    /// Identifies the number.
    phone_number_uuid: Uuid,
    /// In E.164 form.
    phone_number: String,
}

/// A connection that an agent got.
#[derive(Serialize, ToSchema)]
#[schema(as = SipTrunkBound, example = json!({
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "connection_uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e06",
    "phone_number": "+1 (415) 555-0100",
}))]
struct TrunkBound {
    /// The agent.
    agent_uuid: Uuid,
    /// The connection.
    connection_uuid: Uuid,
    /// Its number, as it was given.
    phone_number: String,
}

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(provision))
        .routes(routes!(bind_trunk))
        .routes(routes!(unbind))
}

/// Gives an agent a number for calls
///
/// Calls to the number reach the agent, and its own leave by it. An agent may have several: it
/// calls with the one that it was given last.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/channels/call/provision",
    operation_id = "provision_call_channel", tag = "channels",
    security(("token" = ["channels:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = Provision, example = json!({
        "phone_number_uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e05",
    })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<ProvisionedAgent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent; \
            `PHONE_NUMBER_NOT_FOUND`: there is no such number.", body = ErrorBody),
        (status = 409, description = "`phone_in_use`: Another agent has this number.",
            body = ErrorBody),
    ),
)]
async fn provision(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<Provision>,
) -> Result<Envelope<ProvisionedAgent>, ApiError> {
    let agent = find(&state, &caller, &agent)?;
    let number = body.phone_number_uuid.parse();
    let expected = "the UUID of a number";
    let number = number.map_err(|_| ApiError::invalid("phone_number_uuid", expected))?;
    let number = caller.store.phone_number(number).await;
    let number = number.map_err(|error| ApiError::internal("find a number", &error))?;
    let number = number.ok_or_else(unknown_number)?;
    let binding = Binding {
        number: number.id,
        connection: None,
        agent: agent.definition.agent_uuid,
    };
    let bound = caller
        .store
        .bind_number(binding, Sharing::Refused, clock::now())
        .await;
    bound.map_err(|error| not_bound(error, unknown_number))?;
    let provisioned = ProvisionedAgent {
        agent: view::agent(&caller, &agent, &[]).await?,
        phone_number_uuid: number.id,
        phone_number: number.number,
    };
    Ok(ok("Number bound successfully", provisioned))
}

/// Gives an agent a SIP connection for calls
///
/// Its calls leave through the connection, as its number, and calls to that number reach the agent.
/// With `force`, agents that have the number already go on calling with it.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/channels/call/sip-trunk",
    operation_id = "bind_sip_trunk", tag = "channels",
    security(("token" = ["channels:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = TrunkBinding, example = json!({
        "connection_uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e06", "force": false,
    })),
    responses(
        (status = 200, description = "It is bound.", body = Envelope<TrunkBound>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent; \
            `SIP_CONNECTION_NOT_FOUND`: there is no such connection.", body = ErrorBody),
        (status = 409, description = "`phone_in_use`: Another agent has its number; `force` has \
            both use it.", body = ErrorBody),
    ),
)]
async fn bind_trunk(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<TrunkBinding>,
) -> Result<Envelope<TrunkBound>, ApiError> {
    let agent = find(&state, &caller, &agent)?;
    let connection = body.connection_uuid.parse();
    let expected = "the UUID of a connection";
    let connection = connection.map_err(|_| ApiError::invalid("connection_uuid", expected))?;
    let connection = caller.store.sip_connection(connection).await;
    let connection = connection.map_err(|error| ApiError::internal("find a connection", &error))?;
    let connection = connection.ok_or_else(unknown_connection)?;
    let binding = Binding {
        number: connection.number,
        connection: Some(connection.id),
        agent: agent.definition.agent_uuid,
    };
    let sharing = if body.force.unwrap_or(false) {
        Sharing::Kept
    } else {
        Sharing::Refused
    };
    let bound = caller.store.bind_number(binding, sharing, clock::now());
    let bound = bound.await;
    bound.map_err(|error| not_bound(error, unknown_connection))?;
    let bound = TrunkBound {
        agent_uuid: binding.agent,
        connection_uuid: connection.id,
        phone_number: connection.phone_number,
    };
    Ok(ok("SIP connection bound successfully", bound))
}

/// Takes its numbers from an agent
///
/// They stay with the workspace, and with other agents that share them. Without one, the agent calls
/// through the trunks of the node. Calls under way go on.
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/channels/call", operation_id = "unbind_call_channel",
    tag = "channels", security(("token" = ["channels:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "It has none now.", body = Envelope<Nothing>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.",
            body = ErrorBody),
    ),
)]
async fn unbind(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let agent = find(&state, &caller, &agent)?;
    let unbound = caller.store.unbind_agent(agent.definition.agent_uuid).await;
    unbound.map_err(|error| ApiError::internal("unbind an agent", &error))?;
    Ok(done("Call channel unbound successfully"))
}

/// What an agent is reached by, as it is shown with it.
pub(super) async fn of(caller: &Caller, agent: Uuid) -> Result<Value, ApiError> {
    let bindings = caller.store.bindings_of_agent(agent).await;
    let bindings = bindings.map_err(|error| ApiError::internal("list bindings", &error))?;
    let channels = AgentChannels {
        call: CallChannel {
            bound: !bindings.is_empty(),
            numbers: bindings
                .into_iter()
                .map(|binding| AgentNumber {
                    phone_number_uuid: binding.number,
                    number: binding.phone_number,
                    direction: binding.direction,
                    connection_uuid: binding.connection,
                    bound_at: binding.bound_at,
                })
                .collect(),
        },
    };
    serde_json::to_value(channels).map_err(|error| ApiError::internal("show channels", &error))
}
