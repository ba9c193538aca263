//! `POST /call`: writes the call down, hands it to the engine and answers before anything rings.

use std::sync::Arc;

use agent::{AgentDefinition, CallPrompt};
use axum::extract::State;
use axum::response::Response;
use engine::{CallId, CallStatus, Direction, PlaceCall, PlaceCallError};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use store::{BegunCall, NewCall};
use uuid::Uuid;

use super::find::PREFIX;
use super::view::Links;
use crate::agents::unknown_agent;
use crate::clock;
use crate::error::ApiError;
use crate::exchange::{Json, Object, ok};
use crate::state::ApiState;

/// What carries outbound calls.
const PROVIDER: &str = "sip";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct Body {
    #[serde(rename = "agentId")]
    agent_id: String,
    participant: Object<Participant>,
    prompt: Option<Object<Prompt>>,
    message: Option<Object<Message>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Participant {
    number: String,
    about: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Prompt {
    content: Option<String>,
    overwrite: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Message {
    start: Option<String>,
}

/// Starts an outbound call.
pub(crate) async fn place(
    State(state): State<ApiState>,
    Json(body): Json<Body>,
) -> Result<Response, ApiError> {
    let Object(participant) = body.participant;
    let agent_id = body.agent_id.parse();
    let agent_id = agent_id.map_err(|_| ApiError::invalid("agentId", "the UUID of an agent"))?;
    let number = state.numbers.normalise(&participant.number);
    let number = number.map_err(|problem| ApiError::invalid("participant.number", problem))?;
    let agent = find_agent(&state, agent_id)?;
    let order = PlaceCall {
        call: CallId::generate(),
        conversation: Uuid::now_v7(),
        agent,
        number,
        about: participant.about.filter(|about| !about.trim().is_empty()),
        prompt: body.prompt.and_then(|Object(prompt)| call_prompt(prompt)),
        first_message: body
            .message
            .and_then(|Object(message)| message.start)
            .filter(|start| !start.trim().is_empty()),
    };
    // A client that hangs up on us must not leave a call that is written down but never placed.
    let placing = state.tasks.spawn(write_and_place(state.clone(), order));
    placing
        .await
        .map_err(|error| ApiError::internal("place a call", &error))?
}

fn find_agent(state: &ApiState, id: Uuid) -> Result<Arc<AgentDefinition>, ApiError> {
    let agent = state.directory.get(id).ok_or_else(unknown_agent)?;
    Ok(Arc::clone(&agent.definition))
}

fn call_prompt(prompt: Prompt) -> Option<CallPrompt> {
    let content = prompt
        .content
        .filter(|content| !content.trim().is_empty())?;
    Some(CallPrompt {
        content,
        overwrite: prompt.overwrite.unwrap_or(false),
    })
}

async fn write_and_place(state: ApiState, order: PlaceCall) -> Result<Response, ApiError> {
    let now = clock::now();
    let call = NewCall {
        id: order.call.0,
        conversation: order.conversation,
        agent: order.agent.agent_uuid,
        direction: Direction::Outbound.as_str(),
        number: order.number.clone(),
        has_contact: true,
        provider: PROVIDER,
        status: CallStatus::Initiated.as_str(),
        at: now,
    };
    let begun = state.store.begin_call(&call).await;
    let begun = begun.map_err(|error| ApiError::internal("write down a call", &error))?;
    let about = order.about.clone();
    if let Err(refusal) = state.calls.place(order) {
        if let Err(error) = state.store.discard_call(begun).await {
            tracing::error!(call = %begun.id, %error, "a refused call could not be taken back");
        }
        return Err(refused(&refusal));
    }
    Ok(answer(&state, &call, &begun, about.as_deref(), now))
}

fn answer(
    state: &ApiState,
    call: &NewCall,
    begun: &BegunCall,
    about: Option<&str>,
    now: Timestamp,
) -> Response {
    let links = Links::of(state, call.id);
    let mut participant = json!({ "number": call.number });
    if let (Some(about), Some(fields)) = (about, participant.as_object_mut()) {
        fields.insert("about".to_owned(), about.into());
    }
    let data = json!({
        "callId": format!("{PREFIX}{}", call.id.simple()),
        "id": call.id,
        "agentId": call.agent,
        "status": call.status,
        "provider": call.provider,
        "conversation_uuid": call.conversation,
        "contact_uuid": begun.contact,
        "listen_url": links.listen,
        "record_url": links.recording,
        "participant": participant,
        "createdAt": now,
    });
    ok("Call created successfully", data)
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
