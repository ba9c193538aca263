//! Transcriptions as clients see them.

use jiff::Timestamp;
use serde::Serialize;
use store::TranscriptionRecord;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::words;

words! {
    /// What has become of a transcription.
    pub(super) enum TranscriptionStatus {
        /// It waits for its turn.
        Pending = "pending",
        /// It is being written down.
        Processing = "processing",
        /// All is written down.
        Completed = "completed",
        /// It could not be written down; `error_message` says why.
        Failed = "failed",
    }
}

/// An audio file that is written down.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-7500-7f05-9f13-608c0d2e4f05",
    "reference_id": "ticket-4711",
    "status": "processing",
    "progress": 42,
    "s3_file_path": "transcriptions/0198c5a2-7500-7f05-9f13-608c0d2e4f05.voice",
    "s3_file_url": null,
    "possible_language": "en",
    "error_message": null,
    "processed_at": null,
    "created_at": "2026-03-29T10:00:00Z",
    "qa_agent_uuid": null,
    "coaching_agent_uuid": null,
}))]
pub(super) struct Transcription {
    /// Identifies the transcription.
    uuid: Uuid,
    /// What its owner calls it.
    #[schema(required)]
    reference_id: Option<String>,
    /// What has become of it.
    #[schema(value_type = TranscriptionStatus)]
    status: String,
    /// So many of a hundred parts are done.
    #[schema(minimum = 0, maximum = 100)]
    progress: u8,
    /// Where the audio lies in the data folder of the node; null while it is not there.
    #[schema(required)]
    s3_file_path: Option<String>,
    /// Always null: the node keeps the audio itself.
    #[schema(required)]
    s3_file_url: Option<String>,
    /// The language that is spoken.
    #[schema(required)]
    possible_language: Option<String>,
    /// Why it could not be written down.
    #[schema(required)]
    error_message: Option<String>,
    /// When it was over.
    #[schema(required)]
    processed_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// An agent that its owner named.
    #[schema(required)]
    qa_agent_uuid: Option<Uuid>,
    /// An agent that its owner named.
    #[schema(required)]
    coaching_agent_uuid: Option<Uuid>,
}

/// An audio file that is written down, with its words.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-7500-7f05-9f13-608c0d2e4f05",
    "reference_id": "ticket-4711",
    "status": "completed",
    "progress": 100,
    "s3_file_path": "transcriptions/0198c5a2-7500-7f05-9f13-608c0d2e4f05.voice",
    "s3_file_url": null,
    "possible_language": "en",
    "error_message": null,
    "processed_at": "2026-03-29T10:02:00Z",
    "created_at": "2026-03-29T10:00:00Z",
    "qa_agent_uuid": null,
    "coaching_agent_uuid": null,
    "transcription_result": "customer: Hello.\nagent: Good morning.",
}))]
pub(super) struct TranscriptionDetails {
    #[serde(flatten)]
    transcription: Transcription,
    /// The words, a line for each utterance; null until all is written down.
    #[schema(required)]
    transcription_result: Option<String>,
}

/// What is known of a transcription but its words.
pub(super) fn transcription(record: TranscriptionRecord) -> Transcription {
    let new = record.new;
    let path = format!("transcriptions/{}.voice", new.id);
    Transcription {
        uuid: new.id,
        reference_id: new.reference,
        status: record.status,
        progress: record.progress,
        s3_file_path: record.has_voice.then_some(path),
        s3_file_url: None,
        possible_language: new.possible_language,
        error_message: record.error,
        processed_at: record.processed_at,
        created_at: record.created_at,
        qa_agent_uuid: new.qa_agent,
        coaching_agent_uuid: new.coaching_agent,
    }
}

/// All of a transcription.
pub(super) fn details(record: TranscriptionRecord, plain: Option<String>) -> TranscriptionDetails {
    TranscriptionDetails {
        transcription: transcription(record),
        transcription_result: plain,
    }
}
