//! `GET /calls/{call}/listen`: a live call's sound as a WAV that has no end until the call has.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use engine::{CallId, Followed, LiveAudio, Subscriber};
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::{action, find};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::Path;
use crate::state::ApiState;

/// How often a call that nobody has answered yet is asked for its sound.
const SOUND_PAUSE: Duration = Duration::from_millis(200);

/// The sound of a live call
///
/// Both sides, caller left, agent right, from this moment to the call's end, as a WAV without
/// end. A call that still rings is waited for.
#[utoipa::path(
    get, path = "/calls/{call_uuid}/listen", operation_id = "listen_to_call", tag = "calls",
    security(("token" = ["calls:read"])),
    params(("call_uuid" = String, Path, description = "The call: its UUID, its `callId` or the UUID of \
            its conversation.", example = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34")),
    responses(
        (status = 200, description = "16-bit stereo PCM.", body = String,
            content_type = "audio/wav", example = "RIFF"),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
        (status = 409, description = "`CALL_NOT_LIVE`: The call is over.", body = ErrorBody),
    ),
)]
pub(super) async fn listen(
    State(state): State<ApiState>,
    caller: Caller,
    Path(call): Path<String>,
) -> Result<Response, ApiError> {
    let call = find::by_any_name(&caller, &call).await?;
    let id = CallId(call.id);
    if state.calls.listen(id).is_none() && state.calls.subscribe(id).is_none() {
        return Err(action::over());
    }
    let closing = state.closing.clone().cancelled_owned();
    let sound = sound(state, id).take_until(closing);
    let headers = [(CONTENT_TYPE, "audio/wav"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(sound)).into_response())
}

enum Listening {
    Waiting,
    Hearing(Subscriber<LiveAudio>, bool),
}

fn sound(state: ApiState, call: CallId) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Listening::Waiting, move |listening| {
        let state = state.clone();
        async move {
            let (mut sound, begun) = match listening {
                Listening::Waiting => (answered(&state, call).await?, false),
                Listening::Hearing(sound, begun) => (sound, begun),
            };
            let piece = next_piece(&mut sound).await?;
            let bytes = encode(&piece, !begun);
            Some((Ok(bytes), Listening::Hearing(sound, true)))
        }
    })
}

async fn answered(state: &ApiState, call: CallId) -> Option<Subscriber<LiveAudio>> {
    loop {
        if let Some(sound) = state.calls.listen(call) {
            return Some(sound);
        }
        state.calls.subscribe(call)?;
        tokio::time::sleep(SOUND_PAUSE).await;
    }
}

async fn next_piece(sound: &mut Subscriber<LiveAudio>) -> Option<LiveAudio> {
    loop {
        match sound.next().await? {
            Followed::Entry(piece) => return Some(piece),
            Followed::Missed(pieces) => tracing::debug!(pieces, "a listener lags"),
        }
    }
}

fn encode(piece: &LiveAudio, with_header: bool) -> Bytes {
    let mut bytes = BytesMut::with_capacity(44 + piece.interleaved.len() * 2);
    if with_header {
        put_header(&mut bytes, piece.rate.hertz());
    }
    for sample in piece.interleaved.iter() {
        bytes.put_i16_le(*sample);
    }
    bytes.freeze()
}

/// A RIFF header of 16-bit stereo PCM whose sizes say "unknown", as players of streams expect.
fn put_header(bytes: &mut BytesMut, hertz: u32) {
    const UNKNOWN: u32 = u32::MAX;
    const PCM: u16 = 1;
    const CHANNELS: u16 = 2;
    const BYTES_PER_FRAME: u16 = 4;
    const BITS: u16 = 16;
    bytes.put_slice(b"RIFF");
    bytes.put_u32_le(UNKNOWN);
    bytes.put_slice(b"WAVEfmt ");
    bytes.put_u32_le(16);
    bytes.put_u16_le(PCM);
    bytes.put_u16_le(CHANNELS);
    bytes.put_u32_le(hertz);
    bytes.put_u32_le(hertz.saturating_mul(u32::from(BYTES_PER_FRAME)));
    bytes.put_u16_le(BYTES_PER_FRAME);
    bytes.put_u16_le(BITS);
    bytes.put_slice(b"data");
    bytes.put_u32_le(UNKNOWN);
}
