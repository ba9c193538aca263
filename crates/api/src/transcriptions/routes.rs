//! The operations on transcriptions.

use axum::extract::State;
use store::TranscriptionFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Sent, TranscriptionForm};
use super::delete_files;
use super::transcript::{self, Transcript};
use super::view::{self, Transcription, TranscriptionDetails, TranscriptionStatus};
use crate::agents::unknown_agent;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Nothing, Paginator, Paging, Path, Query, Text, created, done, id, ok,
};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, remove))
        .routes(routes!(show_transcript))
}

/// All transcriptions
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/transcriptions", operation_id = "list_transcriptions", tag = "transcriptions",
    security(("token" = ["transcriptions:read"])),
    params(
        Paging,
        ("status" = inline(Option<TranscriptionStatus>), Query,
            description = "What has become of it."),
        ("reference_id" = inline(Option<Text<0, 255>>), Query,
            description = "What its owner calls it."),
    ),
    responses((status = 200, description = "A page of transcriptions.",
        body = Envelope<Paginator<Transcription>>)),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Transcription>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let status: Option<TranscriptionStatus> = query.read("status")?;
    let reference: Option<Text<0, 255>> = query.read("reference_id")?;
    let filter = TranscriptionFilter {
        status: status.map(|status| status.as_str().to_owned()),
        reference: reference.map(|reference| reference.0),
    };
    let (page, per_page) = (paging.page, paging.per_page);
    let found = caller.store.transcriptions(&filter, page, per_page).await;
    let found = found.map_err(|error| ApiError::internal("list transcriptions", &error))?;
    let filters = [
        ("status", filter.status),
        ("reference_id", filter.reference),
    ];
    let link = state.list_link("transcriptions", &filters);
    let entries = found.items.into_iter().map(view::transcription).collect();
    let page = Paginator::new(paging, found.total, &link, entries);
    Ok(ok("Transcriptions retrieved successfully", page))
}

/// Has an audio file written down
///
/// In the background: `GET` says how far it is, and `webhook_url` is told of the end. Give
/// `voice_file`, or `voice_url` where the node fetches the file. Recordings of English are
/// understood, in WAV, FLAC, MP3 or Ogg Vorbis.
#[utoipa::path(
    post, path = "/transcriptions", operation_id = "create_transcription",
    tag = "transcriptions", security(("token" = ["transcriptions:write"])),
    request_body(content = TranscriptionForm, content_type = "multipart/form-data", example = json!({
        "voice_url": "https://example.com/call.wav",
        "reference_id": "ticket-4711",
        "webhook_url": "https://example.com/transcribed",
    })),
    responses(
        (status = 201, description = "It waits for its turn.", body = Envelope<Transcription>),
        (status = 400, description = "`INVALID_FORM`: The body is no whole form.",
            body = ErrorBody),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.",
            body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`: The body is announced as something \
            else than a form.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Sent(form): Sent,
) -> Result<Created<Transcription>, ApiError> {
    let (new, file) = body::read(&state, form)?;
    for agent in [new.qa_agent, new.coaching_agent].into_iter().flatten() {
        let known = state.directory.get(&caller.workspace, agent);
        known.ok_or_else(unknown_agent)?;
    }
    let path = state.audio.voice(new.id);
    if let Some(file) = file {
        let kept = file.keep(&path).await;
        kept.map_err(|error| ApiError::internal("keep an upload", &error))?;
    }
    let added = caller.store.add_transcription(&new, clock::now()).await;
    let added = match added {
        Ok(added) => added,
        Err(error) => {
            delete_files(&state, new.id).await;
            return Err(ApiError::internal("store a transcription", &error));
        }
    };
    state.transcribing.notify_one();
    let made = view::transcription(added);
    Ok(created("Transcription created successfully", made))
}

/// A transcription
#[utoipa::path(
    get, path = "/transcriptions/{transcription_uuid}", operation_id = "show_transcription",
    tag = "transcriptions", security(("token" = ["transcriptions:read"])),
    params(("transcription_uuid" = Uuid, Path, description = "The transcription.")),
    responses(
        (status = 200, description = "The transcription.", body = Envelope<TranscriptionDetails>),
        (status = 404, description = "`TRANSCRIPTION_NOT_FOUND`: There is no such transcription.",
            body = ErrorBody),
    ),
)]
async fn show(
    caller: Caller,
    Path(transcription): Path<String>,
) -> Result<Envelope<TranscriptionDetails>, ApiError> {
    let internal = |error| ApiError::internal("find a transcription", &error);
    let transcription = id(&transcription, unknown_transcription)?;
    let found = caller.store.transcription(transcription).await;
    let found = found.map_err(internal)?.ok_or_else(unknown_transcription)?;
    let plain = if found.status == TranscriptionStatus::Completed.as_str() {
        let segments = caller.store.transcribed_segments(transcription).await;
        Some(transcript::plain(&segments.map_err(internal)?))
    } else {
        None
    };
    let details = view::details(found, plain);
    Ok(ok("Transcription retrieved successfully", details))
}

/// What was said in an audio file
///
/// As far as it is written down by now.
#[utoipa::path(
    get, path = "/transcriptions/{transcription_uuid}/transcript",
    operation_id = "show_transcription_transcript", tag = "transcriptions",
    security(("token" = ["transcriptions:read"])),
    params(("transcription_uuid" = Uuid, Path, description = "The transcription.")),
    responses(
        (status = 200, description = "What was said.", body = Envelope<Transcript>),
        (status = 404, description = "`TRANSCRIPTION_NOT_FOUND`: There is no such transcription.",
            body = ErrorBody),
    ),
)]
async fn show_transcript(
    caller: Caller,
    Path(transcription): Path<String>,
) -> Result<Envelope<Transcript>, ApiError> {
    let internal = |error| ApiError::internal("find a transcript", &error);
    let transcription = id(&transcription, unknown_transcription)?;
    let found = caller.store.transcription(transcription).await;
    let found = found.map_err(internal)?.ok_or_else(unknown_transcription)?;
    let transcript = transcript::read(&caller.store, found).await;
    let transcript = transcript.map_err(internal)?;
    Ok(ok("Transcript retrieved successfully", transcript))
}

/// Deletes a transcription
///
/// With its audio. One that is being written down is given up.
#[utoipa::path(
    delete, path = "/transcriptions/{transcription_uuid}", operation_id = "delete_transcription",
    tag = "transcriptions", security(("token" = ["transcriptions:write"])),
    params(("transcription_uuid" = Uuid, Path, description = "The transcription.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`TRANSCRIPTION_NOT_FOUND`: There is no such transcription.",
            body = ErrorBody),
    ),
)]
async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    Path(transcription): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let transcription = id(&transcription, unknown_transcription)?;
    let discarded = caller.store.discard_transcription(transcription).await;
    if !discarded.map_err(|error| ApiError::internal("delete a transcription", &error))? {
        return Err(unknown_transcription());
    }
    // What can not be deleted now is tried again with the next sweep.
    if delete_files(&state, transcription).await {
        let forgotten = caller.store.forget_transcription(transcription).await;
        if let Err(error) = forgotten {
            tracing::error!(%transcription, %error, "a deleted transcription is not forgotten");
        }
    }
    Ok(done("Transcription deleted successfully"))
}

fn unknown_transcription() -> ApiError {
    ApiError::not_found(
        "TRANSCRIPTION_NOT_FOUND",
        "There is no such transcription.",
        "GET /api/v1/transcriptions lists all of them.",
    )
}
