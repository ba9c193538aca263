//! `GET /calls/{call}/recording` and `GET /calls/{call}/transcript`.

use std::io;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::TranscriptTurn;
use futures_util::{Stream, stream};
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use http::{HeaderMap, StatusCode};
use recordings::{Keys, OpenError, Reader};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::range::{self, Wanted};
use super::tool_call::ToolCall;
use super::view::CallStatusWord;
use super::{event, find};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Path, ok};
use crate::state::ApiState;

const PIECE: usize = 64 * 1024;

/// What was said in a call.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "call_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "status": "completed",
    "turns": [{
        "speaker": "agent", "text": "Hello.", "start_ms": 200, "end_ms": 700, "interrupted": false,
    }],
    "tool_calls": [],
}))]
pub(super) struct Transcript {
    /// The call.
    call_uuid: Uuid,
    /// Its conversation.
    conversation_uuid: Uuid,
    /// What has become of the call.
    #[schema(value_type = CallStatusWord)]
    status: String,
    /// The turns, in order.
    #[schema(value_type = Vec<Turn>)]
    turns: Vec<TranscriptTurn>,
    /// What the agent had done, in the order in which it was called.
    tool_calls: Vec<ToolCall>,
}

/// One party's turn.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the engine's own type")]
struct Turn {
    /// Who spoke: `agent` or `caller`.
    speaker: String,
    /// The words.
    text: String,
    /// Start of the speech, from the start of the recording.
    start_ms: u64,
    /// End of the speech, from the start of the recording.
    end_ms: u64,
    /// The agent was cut short by the caller.
    interrupted: bool,
}

/// The recording of a call
///
/// Of a call that is over: both sides, caller left, agent right. One range of bytes can be asked
/// for with `Range`.
#[utoipa::path(
    get, path = "/calls/{call_uuid}/recording", operation_id = "show_recording", tag = "calls",
    security(("token" = ["calls:read"])),
    params(
        ("call_uuid" = String, Path, description = "The call: its UUID, its `callId` or the UUID of \
            its conversation.", example = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34"),
        ("Range" = Option<String>, Header, description = "Which bytes, such as `bytes=0-999`."),
    ),
    responses(
        (status = 200, description = "The whole recording.", body = String,
            content_type = "audio/wav", example = "RIFF"),
        (status = 206, description = "The bytes that were asked for.", body = String,
            content_type = "audio/wav", example = "RIFF"),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call; `NOT_FOUND`: it \
            has no recording.", body = ErrorBody),
        (status = 416, description = "`RANGE_NOT_SATISFIABLE`: The recording does not have these \
            bytes.", body = ErrorBody),
    ),
)]
pub(super) async fn recording(
    State(state): State<ApiState>,
    caller: Caller,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let call = find::by_any_name(&caller, &call).await?;
    let details = if call.ended_at.is_none() {
        "It can be had when the call is over; until then, `listen_url` has the live sound."
    } else {
        "The call was never answered, or its agent records no calls."
    };
    let missing = || ApiError::not_found("NOT_FOUND", "The call has no recording.", details);
    let path = call.recording.as_deref().ok_or_else(missing)?;
    let recording = match open(path.to_owned(), state.config.keys.clone()).await {
        Ok(recording) => recording,
        Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(missing());
        }
        Err(error) => return Err(ApiError::internal("open a recording", &error)),
    };
    let length = recording.length();
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let name = format!("inline; filename=\"{}.wav\"", call.id);
    let common = [
        (CONTENT_TYPE, "audio/wav".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    match range::parse(range, length) {
        Wanted::All => {
            let size = [(CONTENT_LENGTH, length.to_string())];
            let body = Body::from_stream(pieces(recording, 0, length));
            Ok((common, size, body).into_response())
        }
        Wanted::Part { first, last } => {
            let wanted = last - first + 1;
            let body = Body::from_stream(pieces(recording, first, wanted));
            let place = [
                (CONTENT_LENGTH, wanted.to_string()),
                (CONTENT_RANGE, format!("bytes {first}-{last}/{length}")),
            ];
            Ok((StatusCode::PARTIAL_CONTENT, common, place, body).into_response())
        }
        Wanted::Nothing => {
            let error = ApiError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "RANGE_NOT_SATISFIABLE",
                "The recording does not have these bytes.",
                format!("It has {length} bytes."),
            );
            Ok(([(CONTENT_RANGE, format!("bytes */{length}"))], error).into_response())
        }
    }
}

/// What was said in a call
///
/// All turns, those so far while it lives.
#[utoipa::path(
    get, path = "/calls/{call_uuid}/transcript", operation_id = "show_transcript", tag = "calls",
    security(("token" = ["calls:read"])),
    params(("call_uuid" = String, Path, description = "The call: its UUID, its `callId` or the UUID of \
            its conversation.", example = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34")),
    responses(
        (status = 200, description = "The transcript.", body = Envelope<Transcript>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
    ),
)]
pub(super) async fn transcript(
    caller: Caller,
    Path(call): Path<String>,
) -> Result<Envelope<Transcript>, ApiError> {
    let call = find::by_any_name(&caller, &call).await?;
    let messages = caller.store.messages(call.conversation).await;
    let messages = messages.map_err(|error| ApiError::internal("read a transcript", &error))?;
    let used = caller.store.tool_calls(call.conversation).await;
    let used = used.map_err(|error| ApiError::internal("read a transcript", &error))?;
    let data = Transcript {
        call_uuid: call.id,
        conversation_uuid: call.conversation,
        status: call.status,
        turns: messages.iter().map(event::turn).collect(),
        tool_calls: used.into_iter().map(Into::into).collect(),
    };
    Ok(ok("Transcript retrieved successfully", data))
}

async fn open(path: PathBuf, keys: Keys) -> Result<Reader, OpenError> {
    let opening = tokio::task::spawn_blocking(move || Reader::open(&path, &keys));
    opening.await.map_err(io::Error::other)?
}

/// The next `length` bytes of the recording from `offset` on, piece by piece.
fn pieces(recording: Reader, offset: u64, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    let end = offset + length;
    stream::try_unfold(
        (recording, offset),
        move |(mut recording, offset)| async move {
            let most = usize::try_from(end - offset).unwrap_or(PIECE).min(PIECE);
            if most == 0 {
                return Ok(None);
            }
            let reading = move || {
                let piece = recording.read(offset, most);
                piece.map(|piece| (piece, recording))
            };
            let (piece, recording) = tokio::task::spawn_blocking(reading)
                .await
                .map_err(io::Error::other)??;
            let next = offset + piece.len() as u64;
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), (recording, next))))
        },
    )
}
