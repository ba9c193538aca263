//! `POST /calls/action/{conversation}/…`: what a live call is told to do.

use axum::extract::State;
use engine::{ActionError, CallAction, CallId, Destination};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::find;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, MaybeJson, Nothing, Path, Text, done};
use crate::state::ApiState;

/// What an agent can be told to say, or not.
type Words = Text<0, 2_000>;

/// What goes with a hang-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct HangUp {
    /// The goodbye; the agent's own without it.
    #[schema(value_type = Option<Text<0, 2_000>>)]
    message: Option<Words>,
}

/// What an agent is to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Say {
    /// The words.
    message: Text<1, 2_000>,
    /// Whether the call ends after them; by default it does not.
    #[serde(default)]
    end_call_after_spoken: bool,
}

/// Whom a call is passed on to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Forward {
    /// The number, in E.164 form or as people write it.
    number: Text<1, 32>,
    /// What the agent says first; what it always says without it.
    #[schema(value_type = Option<Text<0, 2_000>>)]
    message: Option<Words>,
}

/// Ends a live call
///
/// The agent says goodbye first: the `message`, or what its settings say, or `Good Bye`. An agent
/// that is muted says nothing. This answers once it is told to, not when the call is over.
#[utoipa::path(
    post, path = "/calls/action/{conversation_uuid}/hangup", operation_id = "hang_up_call",
    tag = "calls",
    security(("token" = ["calls:write"])),
    params(("conversation_uuid" = Uuid, Path, description = "The call's conversation, or the call.")),
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
    let goodbye = given(body.and_then(|body| body.message));
    let action = CallAction::HangUp { goodbye };
    tell(&state, &caller, &conversation, action).await?;
    Ok(done("Hangup dispatched"))
}

/// Says something in a live call
///
/// The agent says it as soon as neither side speaks, after what it says now; a muted agent when it
/// may speak again. It is interrupted like everything that the agent says, unless the call ends
/// after it. This answers once the agent is told to, not when it was heard.
#[utoipa::path(
    post, path = "/calls/action/{conversation_uuid}/say", operation_id = "say_in_call",
    tag = "calls",
    security(("token" = ["calls:write"])),
    params(("conversation_uuid" = Uuid, Path, description = "The call's conversation, or the call.")),
    request_body(content = Say, example = json!({
        "message": "Your order has just left our warehouse.", "end_call_after_spoken": false,
    })),
    responses(
        (status = 200, description = "The agent is told.", body = Envelope<Nothing>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
        (status = 409, description = "`CALL_NOT_LIVE`: The call is over. `CALL_NOT_ANSWERED`: \
            Nobody has answered it yet. `CALL_BUSY`: It was told more than it has done yet.",
            body = ErrorBody),
    ),
)]
pub(super) async fn say(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
    Json(body): Json<Say>,
) -> Result<Envelope<Nothing>, ApiError> {
    let message = given(Some(Text(body.message.0)));
    let action = CallAction::Say {
        message: message.ok_or_else(|| ApiError::invalid("message", "some words"))?,
        end_call: body.end_call_after_spoken,
    };
    tell(&state, &caller, &conversation, action).await?;
    Ok(done("Say dispatched"))
}

/// Passes a live call on
///
/// The agent announces it, then the far end is asked to call the number in place of this call (SIP
/// REFER). Where that comes to nothing the agent tells the caller so and goes on. What came of it is
/// the call's `forwarding`, and its event `forwarded`.
#[utoipa::path(
    post, path = "/calls/action/{conversation_uuid}/forward", operation_id = "forward_call",
    tag = "calls",
    security(("token" = ["calls:write"])),
    params(("conversation_uuid" = Uuid, Path, description = "The call's conversation, or the call.")),
    request_body(content = Forward, example = json!({
        "number": "+14155550199", "message": "I am putting you through to a colleague.",
    })),
    responses(
        (status = 200, description = "The agent is told.", body = Envelope<Nothing>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
        (status = 409, description = "`CALL_NOT_LIVE`: The call is over. `CALL_NOT_ANSWERED`: \
            Nobody has answered it yet. `CALL_BUSY`: It was told more than it has done yet.",
            body = ErrorBody),
    ),
)]
pub(super) async fn forward(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
    Json(body): Json<Forward>,
) -> Result<Envelope<Nothing>, ApiError> {
    let number = state.numbers.read("number", &body.number.0)?;
    let action = CallAction::Forward {
        to: Destination::Number(number),
        message: given(body.message),
    };
    tell(&state, &caller, &conversation, action).await?;
    Ok(done("Forward dispatched"))
}

/// Mutes the agent of a live call
///
/// It stops in the middle of a word and says nothing until it is unmuted. It goes on to listen, and
/// to use its tools; what it would have said is not said later, nor does it remember to have said
/// it. An agent that is muted already stays so.
#[utoipa::path(
    post, path = "/calls/action/{conversation_uuid}/mute", operation_id = "mute_call",
    tag = "calls",
    security(("token" = ["calls:write"])),
    params(("conversation_uuid" = Uuid, Path, description = "The call's conversation, or the call.")),
    responses(
        (status = 200, description = "The agent is told.", body = Envelope<Nothing>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
        (status = 409, description = "`CALL_NOT_LIVE`: The call is over. `CALL_NOT_ANSWERED`: \
            Nobody has answered it yet. `CALL_BUSY`: It was told more than it has done yet.",
            body = ErrorBody),
    ),
)]
pub(super) async fn mute(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    tell(&state, &caller, &conversation, CallAction::Mute).await?;
    Ok(done("Mute dispatched"))
}

/// Unmutes the agent of a live call
///
/// It answers the caller again from the next turn on, and says what it was told to say meanwhile.
#[utoipa::path(
    post, path = "/calls/action/{conversation_uuid}/unmute", operation_id = "unmute_call",
    tag = "calls",
    security(("token" = ["calls:write"])),
    params(("conversation_uuid" = Uuid, Path, description = "The call's conversation, or the call.")),
    responses(
        (status = 200, description = "The agent is told.", body = Envelope<Nothing>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
        (status = 409, description = "`CALL_NOT_LIVE`: The call is over. `CALL_NOT_ANSWERED`: \
            Nobody has answered it yet. `CALL_BUSY`: It was told more than it has done yet.",
            body = ErrorBody),
    ),
)]
pub(super) async fn unmute(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    tell(&state, &caller, &conversation, CallAction::Unmute).await?;
    Ok(done("Unmute dispatched"))
}

/// Tells it to the live call of this conversation, or of this id.
async fn tell(
    state: &ApiState,
    caller: &Caller,
    conversation: &str,
    action: CallAction,
) -> Result<(), ApiError> {
    let call = find::by_any_name(caller, conversation).await?;
    if call.ended_at.is_some() {
        return Err(over());
    }
    let told = state.calls.act(CallId(call.id), action);
    told.map_err(|refusal| match refusal {
        ActionError::NotLive => over(),
        ActionError::NotAnswered => ApiError::new(
            StatusCode::CONFLICT,
            "CALL_NOT_ANSWERED",
            "Nobody has answered the call yet.",
            "Wait until its `status` is `in-progress`; hangup works before.",
        ),
        ActionError::Busy => ApiError::new(
            StatusCode::CONFLICT,
            "CALL_BUSY",
            "The call was told more than it has done yet.",
            "Send this again in a moment.",
        ),
    })
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

/// Words, if there are any.
fn given(words: Option<Words>) -> Option<String> {
    let words = words.map(|words| words.0);
    words.filter(|words| !words.trim().is_empty())
}
