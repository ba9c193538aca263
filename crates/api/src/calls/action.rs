//! `POST /calls/action/{conversation}/hangup`.

use axum::extract::State;
use engine::CallId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::find;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, MaybeJson, Nothing, Path, Text, done, id};
use crate::state::ApiState;

/// What an agent can be told to say.
type Words = Text<0, 2_000>;

/// What goes with a hang-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct HangUp {
    /// The goodbye; the agent's own without it.
    #[schema(value_type = Option<Text<0, 2_000>>)]
    message: Option<Words>,
}

/// Ends a live call
///
/// The agent says goodbye first. This answers once it is told to, not when the call is over.
#[utoipa::path(
    post, path = "/calls/action/{conversation_uuid}/hangup", operation_id = "hang_up_call",
    tag = "calls",
    security(("token" = ["calls:write"])),
    params(("conversation_uuid" = Uuid, Path, description = "The call's conversation.")),
    request_body(content = Option<HangUp>, example = json!({ "message": "Goodbye." })),
    responses(
        (status = 200, description = "The agent is told.", body = Envelope<Nothing>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
        (status = 409, description = "`CALL_NOT_LIVE`: The call is over.", body = ErrorBody),
    ),
)]
pub(super) async fn hang_up(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
    MaybeJson(body): MaybeJson<HangUp>,
) -> Result<Envelope<Nothing>, ApiError> {
    let goodbye = body.and_then(|body| body.message).map(|message| message.0);
    let goodbye = goodbye.filter(|message| !message.trim().is_empty());
    let conversation = id(&conversation, find::unknown)?;
    let call = find::by_conversation(&caller, conversation).await?;
    if call.ended_at.is_none() && state.calls.hang_up(CallId(call.id), goodbye) {
        return Ok(done("Hangup dispatched"));
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
