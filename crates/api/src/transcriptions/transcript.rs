//! What was said, as clients and webhooks are told it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Store, StoreError, TranscribedSegment, TranscriptionRecord};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::TranscriptionStatus;

/// What was said in an audio file.
#[derive(Serialize, ToSchema)]
#[schema(as = TranscriptionTranscript, example = json!({
    "id": "0198c5a2-7500-7f05-9f13-608c0d2e4f05",
    "reference_id": "ticket-4711",
    "status": "completed",
    "error_message": null,
    "timestamp": 1_774_778_400,
    "processed_at": "2026-03-29T10:02:00Z",
    "session": {
        "id": "0198c5a2-7500-7f05-9f13-608c0d2e4f05", "type": "transcription",
        "status": "completed",
    },
    "conversation": {
        "id": "0198c5a2-7500-7f05-9f13-608c0d2e4f05",
        "messages": [
            { "role": "customer", "content": "Hello.", "start_ms": 320, "end_ms": 1_120 },
            { "role": "agent", "content": "Good morning.", "start_ms": 1_600, "end_ms": 2_700 },
        ],
        "plain": "customer: Hello.\nagent: Good morning.",
    },
    "evaluations": {
        "summary": "The customer asked about a parcel.", "source": "model", "source_reason": null,
        "sentiment": { "value": "positive", "confidence": 80, "reason": "The customer thanks." },
        "voice": {}, "evaluated_at": "2026-03-29T10:02:04Z",
    },
    "qa_agent_uuid": null,
    "coaching_agent_uuid": null,
}))]
pub(super) struct Transcript {
    /// The transcription.
    id: Uuid,
    /// What its owner calls it.
    #[schema(required)]
    reference_id: Option<String>,
    /// What has become of it.
    #[schema(value_type = TranscriptionStatus)]
    status: String,
    /// Why it could not be written down.
    #[schema(required)]
    error_message: Option<String>,
    /// When it was made, in seconds since 1970.
    timestamp: i64,
    /// When it was over.
    #[schema(required)]
    processed_at: Option<Timestamp>,
    /// The transcription as a session of its conversation.
    session: TranscriptSession,
    /// What was said, as far as it is written down.
    conversation: TranscriptConversation,
    /// What it came to, once it was evaluated: the ten blocks of an evaluation by their names, `voice`
    /// (what the sound measured, where each side has a channel), `summary`, `source` (`model` or
    /// `offline`), `source_reason` and `evaluated_at`. Empty before, and without words.
    #[schema(value_type = Object)]
    evaluations: Map<String, Value>,
    /// An agent that its owner named.
    #[schema(required)]
    qa_agent_uuid: Option<Uuid>,
    /// An agent that its owner named.
    #[schema(required)]
    coaching_agent_uuid: Option<Uuid>,
}

/// A transcription as a session.
#[derive(Serialize, ToSchema)]
struct TranscriptSession {
    /// The transcription.
    id: Uuid,
    /// Always `transcription`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// As that of the transcription.
    #[schema(value_type = TranscriptionStatus)]
    status: String,
}

/// What was said.
#[derive(Serialize, ToSchema)]
struct TranscriptConversation {
    /// The transcription.
    id: Uuid,
    /// Each utterance, in order.
    messages: Vec<TranscriptMessage>,
    /// All of it, a line for each utterance.
    plain: String,
}

/// Something that somebody said.
#[derive(Serialize, ToSchema)]
struct TranscriptMessage {
    /// `agent` or `customer`, or `speaker` where all speak in one channel.
    role: String,
    /// The words.
    content: String,
    /// Milliseconds from the start of the audio.
    start_ms: u64,
    /// Milliseconds from the start of the audio.
    end_ms: u64,
}

/// What was said so far.
pub(super) async fn read(
    store: &Store,
    record: TranscriptionRecord,
) -> Result<Transcript, StoreError> {
    let segments = store.transcribed_segments(record.new.id).await?;
    let plain = plain(&segments);
    let id = record.new.id;
    let messages = segments.into_iter().map(|segment| TranscriptMessage {
        role: segment.speaker,
        content: segment.text,
        start_ms: segment.start_ms,
        end_ms: segment.end_ms,
    });
    Ok(Transcript {
        id,
        reference_id: record.new.reference,
        status: record.status.clone(),
        error_message: record.error,
        timestamp: record.created_at.as_second(),
        processed_at: record.processed_at,
        session: TranscriptSession {
            id,
            kind: "transcription",
            status: record.status,
        },
        conversation: TranscriptConversation {
            id,
            messages: messages.collect(),
            plain,
        },
        evaluations: match record.evaluation {
            Some(Value::Object(evaluations)) => evaluations,
            _ => Map::new(),
        },
        qa_agent_uuid: record.new.qa_agent,
        coaching_agent_uuid: record.new.coaching_agent,
    })
}

/// A line for each utterance.
pub(super) fn plain(segments: &[TranscribedSegment]) -> String {
    let lines: Vec<String> = segments
        .iter()
        .map(|segment| format!("{}: {}", segment.speaker, segment.text))
        .collect();
    lines.join("\n")
}
