//! `POST /calls/action/{conversation}/hangup`.

use axum::extract::{Path, State};
use axum::response::Response;
use engine::CallId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::find;
use crate::error::ApiError;
use crate::exchange::{MaybeJson, ok};
use crate::state::ApiState;

/// Nothing can be said with a hang-up; the agent's own goodbye is spoken.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct HangUp {}

/// Ends a live call. Answers once the order is given, not when the call is over.
pub(crate) async fn hang_up(
    State(state): State<ApiState>,
    Path(conversation): Path<String>,
    MaybeJson(_): MaybeJson<HangUp>,
) -> Result<Response, ApiError> {
    let conversation = conversation.parse().map_err(|_| find::unknown())?;
    let call = find::by_conversation(&state, conversation).await?;
    if call.ended_at.is_none() && state.calls.hang_up(CallId(call.id)) {
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
