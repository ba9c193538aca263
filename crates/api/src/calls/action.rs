//! `POST /calls/action/{conversation}/hangup`.

use axum::extract::State;
use axum::response::Response;
use engine::CallId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::find;
use crate::error::ApiError;
use crate::exchange::{MaybeJson, Path, ok};
use crate::state::ApiState;

/// Characters that an agent can be told to say.
const LONGEST_MESSAGE: usize = 2_000;

/// What goes with a hang-up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct HangUp {
    /// The goodbye; the agent's own without it.
    message: Option<String>,
}

/// Ends a live call after a goodbye. Answers once the order is given, not when the call is over.
pub(crate) async fn hang_up(
    State(state): State<ApiState>,
    Path(conversation): Path<String>,
    MaybeJson(body): MaybeJson<HangUp>,
) -> Result<Response, ApiError> {
    let goodbye = body.and_then(|body| body.message);
    let goodbye = goodbye.filter(|message| !message.trim().is_empty());
    let length = goodbye.as_deref().map_or(0, |it| it.chars().count());
    if length > LONGEST_MESSAGE {
        let expected = format!("at most {LONGEST_MESSAGE} characters");
        return Err(ApiError::invalid("message", expected));
    }
    let conversation = conversation.parse().map_err(|_| find::unknown())?;
    let call = find::by_conversation(&state, conversation).await?;
    if call.ended_at.is_none() && state.calls.hang_up(CallId(call.id), goodbye) {
        return Ok(ok("Hangup dispatched", json!({})));
    }
    Err(over())
}

/// What was asked for needs a live call, and this one is over.
pub(super) fn over() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "CALL_NOT_LIVE",
        "The call is over.",
        "This works only while a call lives; see its `status`.",
    )
}
