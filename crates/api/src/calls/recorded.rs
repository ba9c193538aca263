//! `GET /calls/{call}/recording` and `GET /calls/{call}/transcript`.

use std::io;
use std::path::Path as FilePath;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};

use super::range::{self, Wanted};
use super::{event, find};
use crate::error::ApiError;
use crate::exchange::{Path, ok};
use crate::state::ApiState;

const PIECE: usize = 64 * 1024;

/// The stereo recording of a call that is over: caller left, agent right.
pub(crate) async fn recording(
    State(state): State<ApiState>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let call = find::by_any_name(&state, &call).await?;
    let details = if call.ended_at.is_none() {
        "It can be had when the call is over; until then, `listen_url` has the live sound."
    } else {
        "The call was never answered, or its agent records no calls."
    };
    let missing = || ApiError::not_found("NOT_FOUND", "The call has no recording.", details);
    let path = call.recording.as_deref().ok_or_else(missing)?;
    let (file, length) = match open(path).await {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(ApiError::internal("open a recording", &error)),
    };
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
            let body = Body::from_stream(pieces(file, length));
            Ok((common, size, body).into_response())
        }
        Wanted::Part { first, last } => {
            let body = part(file, first, last).await;
            let body = body.map_err(|error| ApiError::internal("read a recording", &error))?;
            let place = [
                (CONTENT_LENGTH, (last - first + 1).to_string()),
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

/// All turns of a call, those so far while it lives.
pub(crate) async fn transcript(
    State(state): State<ApiState>,
    Path(call): Path<String>,
) -> Result<Response, ApiError> {
    let call = find::by_any_name(&state, &call).await?;
    let messages = state.store.messages(call.conversation).await;
    let messages = messages.map_err(|error| ApiError::internal("read a transcript", &error))?;
    let turns: Vec<_> = messages.iter().map(event::turn).collect();
    let data = json!({
        "call_uuid": call.id,
        "conversation_uuid": call.conversation,
        "status": call.status,
        "turns": turns,
    });
    Ok(ok("Transcript retrieved successfully", data))
}

async fn open(path: &FilePath) -> io::Result<(File, u64)> {
    let file = File::open(path).await?;
    let length = file.metadata().await?.len();
    Ok((file, length))
}

async fn part(mut file: File, first: u64, last: u64) -> io::Result<Body> {
    file.seek(SeekFrom::Start(first)).await?;
    Ok(Body::from_stream(pieces(file, last - first + 1)))
}

/// The next `length` bytes of the file, piece by piece.
fn pieces(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(file.take(length), |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok((read > 0).then(|| (Bytes::from(piece), file)))
    })
}
