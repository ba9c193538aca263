//! `POST /call`: writes the call down, hands it to the engine and answers before anything rings.

use std::sync::Arc;

use agent::{AgentDefinition, CallPrompt};
use axum::extract::State;
use engine::{CallId, CallStatus, Direction, PlaceCall, PlaceCallError};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Contact, NewCall, Store, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

use super::find::PREFIX;
use super::view::Links;
use crate::agents::unknown_agent;
use crate::caller::Caller;
use crate::clock;
use crate::contacts;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Object, ok};
use crate::idempotency::Making;
use crate::phone_numbers::{give_back, leave};
use crate::state::ApiState;

/// What carries outbound calls.
const PROVIDER: &str = "sip";

/// A call to be placed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewCall)]
pub(super) struct Body {
    /// Who calls.
    #[serde(rename = "agentId")]
    #[schema(value_type = Uuid)]
    agent_id: String,
    /// Who is called.
    #[schema(value_type = Callee)]
    participant: Object<Callee>,
    /// What the agent is told for this call.
    #[schema(value_type = Option<CallPromptFields>)]
    prompt: Option<Object<CallPromptFields>>,
    /// What the agent says at fixed moments.
    #[schema(value_type = Option<CallMessages>)]
    message: Option<Object<CallMessages>>,
}

/// Who is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Callee {
    /// E.164 number; spaces and `- ( ) . /` may stand in it.
    number: String,
    /// What the agent should know of them.
    about: Option<String>,
}

/// What the agent is told for one call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct CallPromptFields {
    /// The prompt.
    content: Option<String>,
    /// Whether it replaces the agent's own prompt instead of being added to it.
    overwrite: Option<bool>,
}

/// What the agent says at fixed moments of one call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct CallMessages {
    /// Its first words.
    start: Option<String>,
}

/// A call that was placed.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "callId": "call_0198c5a26f0e7c519d3a0c6f6d1b2a34",
    "id": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "agentId": "0198c5a2-5c00-7000-8000-0242ac120002",
    "status": "initiated",
    "provider": "sip",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "listen_url": "https://node.example/api/v1/calls/0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34/listen",
    "record_url": "https://node.example/api/v1/calls/0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34/recording",
    "participant": { "number": "+14155550123" },
    "createdAt": "2026-03-29T10:00:00Z",
}))]
pub(super) struct PlacedCall {
    /// The call's id with `call_` before it.
    #[serde(rename = "callId")]
    call_id: String,
    /// Identifies the call.
    id: Uuid,
    /// Who calls.
    #[serde(rename = "agentId")]
    agent_id: Uuid,
    /// `initiated`.
    #[schema(value_type = String)]
    status: &'static str,
    /// What carries the call, `sip`.
    #[schema(value_type = String)]
    provider: &'static str,
    /// The conversation that is held in the call; call actions take it.
    conversation_uuid: Uuid,
    /// Who is called.
    #[schema(required)]
    contact_uuid: Option<Uuid>,
    /// The sound of the call while it lives.
    listen_url: String,
    /// The recording of the call once it is over.
    record_url: String,
    /// Who is called.
    participant: PlacedCallee,
    /// When the call was placed.
    #[serde(rename = "createdAt")]
    created_at: Timestamp,
}

/// Who is called.
#[derive(Serialize, ToSchema)]
struct PlacedCallee {
    /// E.164 number.
    number: String,
    /// What the agent should know of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    about: Option<String>,
}

/// Starts an outbound call
///
/// This answers before anything rings; `/calls/{call_uuid}/events` tells what becomes of the call. It
/// leaves by the number that the agent was bound to last, if it has one.
#[utoipa::path(
    post, path = "/call", operation_id = "place_call", tag = "calls",
    security(("token" = ["calls:write"])),
    request_body(content = Body, example = json!({
        "agentId": "0198c5a2-5c00-7000-8000-0242ac120002",
        "participant": { "number": "+1 (415) 555-0123", "about": "Waits for a parcel." },
        "prompt": { "content": "Be brief.", "overwrite": false },
        "message": { "start": "Hello, this is Support." },
    })),
    responses(
        (status = 200, description = "The call is being placed.", body = Envelope<PlacedCall>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`AGENT_PAUSED`: The agent makes no calls now; \
            `NO_TRUNK`: no trunk can reach this number; \
            `CONTACT_DO_NOT_CALL`: it is on the do-not-call list, or the contact with it does \
            not want to be called; \
            `CHANNEL_DISABLED`: the agent's number makes no calls; `DESTINATION_NOT_ALLOWED`: it \
            may not call this country.", body = ErrorBody),
        (status = 503, description = "`NODE_FULL`: The node takes no more calls now; `NO_MEDIA`: \
            it has no media port; `NODE_DRAINING`: it is shutting down; `CHANNEL_LIMIT_REACHED`: \
            the agent's number carries as many calls as it may. `Retry-After` says when to come \
            back.", body = ErrorBody),
    ),
)]
pub(super) async fn place(
    State(state): State<ApiState>,
    caller: Caller,
    making: Making,
    Json(body): Json<Body>,
) -> Result<Envelope<PlacedCall>, ApiError> {
    let Object(participant) = body.participant;
    let agent_id = body.agent_id.parse();
    let agent_id = agent_id.map_err(|_| ApiError::invalid("agentId", "the UUID of an agent"))?;
    let number = state
        .numbers
        .read("participant.number", &participant.number)?;
    if making.may_exist {
        let about = participant.about.as_deref();
        if let Some(answer) = placed_before(&state, &caller.store, making.id, about).await? {
            return Ok(answer);
        }
    }
    let agent = find_agent(&state, &caller, agent_id)?;
    let order = PlaceCall {
        call: CallId(making.id),
        conversation: Uuid::now_v7(),
        agent,
        number,
        about: participant.about.filter(|about| !about.trim().is_empty()),
        prompt: body.prompt.and_then(|Object(prompt)| call_prompt(prompt)),
        first_message: body
            .message
            .and_then(|Object(message)| message.start)
            .filter(|start| !start.trim().is_empty()),
        carrier: None,
    };
    // A client that hangs up on us must not leave a call that is written down but never placed.
    let placing = state
        .tasks
        .spawn(write_and_place(state.clone(), caller, order));
    placing
        .await
        .map_err(|error| ApiError::internal("place a call", &error))?
}

/// The answer to a request whose process died behind writing its call down.
async fn placed_before(
    state: &ApiState,
    store: &Store,
    call: Uuid,
    about: Option<&str>,
) -> Result<Option<Envelope<PlacedCall>>, ApiError> {
    let found = store.call(call).await;
    let Some(found) = found.map_err(|error| ApiError::internal("find a call", &error))? else {
        // Its place at a number, if it had taken one, is taken anew.
        give_back(store, call).await;
        return Ok(None);
    };
    let call = NewCall {
        id: found.id,
        conversation: found.conversation,
        agent: found.agent,
        direction: Direction::Outbound.as_str(),
        number: found.number,
        has_contact: true,
        provider: PROVIDER,
        status: CallStatus::Initiated.as_str(),
        at: found.created_at,
    };
    let about = about.map(str::to_owned);
    let about = about.filter(|about| !about.trim().is_empty());
    Ok(Some(answer(state, &call, found.contact, about)))
}

fn find_agent(
    state: &ApiState,
    caller: &Caller,
    id: Uuid,
) -> Result<Arc<AgentDefinition>, ApiError> {
    let agent = state.directory.get(&caller.workspace, id);
    let agent = agent.ok_or_else(unknown_agent)?;
    if agent.definition.is_paused() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "AGENT_PAUSED",
            "The agent is paused.",
            "Set its `status` to `ready`, or call with another agent.",
        ));
    }
    Ok(Arc::clone(&agent.definition))
}

fn call_prompt(prompt: CallPromptFields) -> Option<CallPrompt> {
    let content = prompt
        .content
        .filter(|content| !content.trim().is_empty())?;
    Some(CallPrompt {
        content,
        overwrite: prompt.overwrite.unwrap_or(false),
    })
}

async fn write_and_place(
    state: ApiState,
    caller: Caller,
    mut order: PlaceCall,
) -> Result<Envelope<PlacedCall>, ApiError> {
    let now = clock::now();
    let said = order.about.take();
    order.about = tell_of_contact(&caller.store, &order.number, said.clone()).await?;
    leave(&caller.store, &mut order, now).await?;
    let call = new_call(&order, now);
    let begun = caller.store.begin_call(&call).await;
    let begun = begun.map_err(|error| ApiError::internal("write down a call", &error))?;
    let has_place = order.carrier.is_some();
    if let Err(refusal) = state.calls.place(order) {
        if let Err(error) = caller.store.discard_call(begun).await {
            tracing::error!(call = %begun.id, %error, "a refused call could not be taken back");
        }
        if has_place {
            give_back(&caller.store, begun.id).await;
        }
        return Err(refused(&refusal));
    }
    Ok(answer(&state, &call, begun.contact, said))
}

/// What the model is told of whom it calls. An error if they do not want to be called.
async fn tell_of_contact(
    store: &Store,
    number: &str,
    said: Option<String>,
) -> Result<Option<String>, ApiError> {
    let internal = |error| ApiError::internal("find the contact of a call", &error);
    if store.is_do_not_call(number).await.map_err(internal)? {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "CONTACT_DO_NOT_CALL",
            "Who has this number does not want to be called.",
            "Call somebody else; the do-not-call list or `do_not_call` of the contact says so.",
        ));
    }
    let contact = store.contact_of_number(number).await.map_err(internal)?;
    about_contact(store, contact.as_ref(), said)
        .await
        .map_err(internal)
}

/// What the model is told of whom it calls: what was said of them for this call, and what the
/// workspace knows.
pub(crate) async fn about_contact(
    store: &Store,
    contact: Option<&Contact>,
    said: Option<String>,
) -> Result<Option<String>, StoreError> {
    if contact.is_none() {
        return Ok(said);
    }
    let fields = store.contact_fields().await?;
    Ok(contacts::about(said, contact, &fields))
}

/// An ordered call as it is written down.
pub(crate) fn new_call(order: &PlaceCall, at: Timestamp) -> NewCall {
    NewCall {
        id: order.call.0,
        conversation: order.conversation,
        agent: order.agent.agent_uuid,
        direction: Direction::Outbound.as_str(),
        number: order.number.clone(),
        has_contact: true,
        provider: PROVIDER,
        status: CallStatus::Initiated.as_str(),
        at,
    }
}

fn answer(
    state: &ApiState,
    call: &NewCall,
    contact: Option<Uuid>,
    about: Option<String>,
) -> Envelope<PlacedCall> {
    let links = Links::of(state, call.id);
    let placed = PlacedCall {
        call_id: format!("{PREFIX}{}", call.id.simple()),
        id: call.id,
        agent_id: call.agent,
        status: call.status,
        provider: call.provider,
        conversation_uuid: call.conversation,
        contact_uuid: contact,
        listen_url: links.listen,
        record_url: links.recording,
        participant: PlacedCallee {
            number: call.number.clone(),
            about,
        },
        created_at: call.at,
    };
    ok("Call created successfully", placed)
}

fn refused(refusal: &PlaceCallError) -> ApiError {
    let details = refusal.to_string();
    let later = |code, message: &str, wait| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message, &details).retry_after(wait)
    };
    match refusal {
        PlaceCallError::Full { retry_after, .. } => later(
            "NODE_FULL",
            "The node takes no more calls now.",
            *retry_after,
        ),
        PlaceCallError::NoMedia { retry_after, .. } => {
            let message = "The node has no media port for another call now.";
            later("NO_MEDIA", message, *retry_after)
        }
        PlaceCallError::Draining { retry_after } => {
            later("NODE_DRAINING", "The node is shutting down.", *retry_after)
        }
        PlaceCallError::NoTrunk { .. } => {
            let message = "No trunk can reach this number.";
            ApiError::new(StatusCode::CONFLICT, "NO_TRUNK", message, details)
        }
    }
}
