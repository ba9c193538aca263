//! Transcriptions: audio files that are to be written down, and what was said in them.
//!
//! Start reading at [`work`]: how a job is taken up by one node alone and goes on where a crash cut
//! it short. [`evaluating`] and [`reports`] are what is owed at its end, [`discarding`] how it goes
//! with all it had.

mod discarding;
mod evaluating;
mod reports;
mod work;

use jiff::Timestamp;
use secret::Secret;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

pub use self::discarding::DiscardedTranscription;
pub(crate) use self::discarding::{
    DISCARD_TRANSCRIPTIONS, ERASE_SEGMENTS, NOTE_TRANSCRIPTION_FILES,
};
pub use self::evaluating::ClaimedTranscriptionEvaluation;
pub use self::reports::OwedReport;
pub use self::work::{ClaimedTranscription, TranscriptionEnd};
use crate::columns::{
    flag, micros, optional_time, optional_uuid, signed, time, unreadable, unsigned, uuid, words,
};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};

/// A transcription to be stored.
#[derive(Clone, Debug)]
pub struct NewTranscription {
    /// The transcription's id.
    pub id: Uuid,
    /// What its owner calls it.
    pub reference: Option<String>,
    /// The folder that its file is in already; without it, the file is still to be fetched.
    pub storage: Option<String>,
    /// Where the file is fetched from.
    pub voice_url: Option<String>,
    /// Where the file of the customer's side is fetched from.
    pub customer_voice_url: Option<String>,
    /// The language that is spoken.
    pub possible_language: Option<String>,
    /// What the conversation may be about.
    pub possible_conversation: Option<String>,
    /// An address that its owner gave.
    pub email: Option<String>,
    /// E.164 number of the customer.
    pub customer_phone: Option<String>,
    /// Address of the customer.
    pub customer_email: Option<String>,
    /// Who is told of its end.
    pub webhook_url: Option<String>,
    /// What opens that address.
    pub webhook_token: Option<Secret>,
    /// An agent that its owner named.
    pub qa_agent: Option<Uuid>,
    /// An agent that its owner named.
    pub coaching_agent: Option<Uuid>,
}

/// A stored transcription.
#[derive(Clone, Debug)]
pub struct TranscriptionRecord {
    /// What it was made of.
    pub new: NewTranscription,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
    /// Whether its file is there.
    pub has_voice: bool,
    /// Whether the file of the customer's side is there.
    pub has_customer_voice: bool,
    /// So many of a hundred parts are done.
    pub progress: u8,
    /// Why it failed.
    pub error: Option<String>,
    /// What it came to, as clients see it, once it was evaluated.
    pub evaluation: Option<Value>,
    /// When it was over.
    pub processed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscribedSegment {
    /// `agent`, `customer`, or `speaker` where nobody knows which.
    pub speaker: String,
    /// Milliseconds from the start of the audio.
    pub start_ms: u64,
    /// Milliseconds from the start of the audio.
    pub end_ms: u64,
    /// The words.
    pub text: String,
}

/// Which transcriptions to list; absent parts match every one.
#[derive(Clone, Debug, Default)]
pub struct TranscriptionFilter {
    /// Only those with this status word.
    pub status: Option<String>,
    /// Only those that are called so.
    pub reference: Option<String>,
}

impl Store {
    /// Stores a transcription, which is due at once.
    pub async fn add_transcription(
        &self,
        new: &NewTranscription,
        now: Timestamp,
    ) -> Result<TranscriptionRecord, StoreError> {
        let mut write = self.write().await?;
        let added = sqlx::query_as(
            "INSERT INTO transcriptions (id, workspace_id, reference_id, status, storage,
                 has_voice, has_customer_voice, voice_url, customer_voice_url, possible_language,
                 possible_conversation, email, customer_phone, customer_email, webhook_url,
                 webhook_token, qa_agent_id, coaching_agent_id, progress, due_at, created_at,
                 updated_at)
             VALUES ($1, $2, $3, 'pending', $4, $5, 0, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                 $16, 0, $17, $17, $17)
             RETURNING *",
        )
        .bind(new.id.to_string())
        .bind(self.workspace.as_str())
        .bind(new.reference.as_deref())
        .bind(new.storage.as_deref())
        .bind(i64::from(new.storage.is_some()))
        .bind(new.voice_url.as_deref())
        .bind(new.customer_voice_url.as_deref())
        .bind(new.possible_language.as_deref())
        .bind(new.possible_conversation.as_deref())
        .bind(new.email.as_deref())
        .bind(new.customer_phone.as_deref())
        .bind(new.customer_email.as_deref())
        .bind(new.webhook_url.as_deref())
        .bind(new.webhook_token.as_ref().map(Secret::expose))
        .bind(new.qa_agent.map(|id| id.to_string()))
        .bind(new.coaching_agent.map(|id| id.to_string()))
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(added)
    }

    /// Page `page` (from 1) of the transcriptions that match, newest first.
    pub async fn transcriptions(
        &self,
        filter: &TranscriptionFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<TranscriptionRecord>, StoreError> {
        let list = List {
            select: "SELECT * FROM transcriptions",
            table: "transcriptions",
            filter: Filter::of(&self.workspace, "workspace_id")
                .equal("is_discarded", Some(0_i64))
                .equal("status", filter.status.as_deref())
                .equal("reference_id", filter.reference.as_deref()),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The transcription with this id.
    pub async fn transcription(&self, id: Uuid) -> Result<Option<TranscriptionRecord>, StoreError> {
        let found = sqlx::query_as(
            "SELECT * FROM transcriptions
             WHERE id = $1 AND workspace_id = $2 AND is_discarded = 0",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found)
    }

    /// What was said, as far as it is known, in the order in which it was said.
    pub async fn transcribed_segments(
        &self,
        transcription: Uuid,
    ) -> Result<Vec<TranscribedSegment>, StoreError> {
        let segments = sqlx::query_as(
            "SELECT * FROM transcription_segments
             WHERE transcription_id = $1 AND workspace_id = $2
             ORDER BY start_ms, speaker",
        )
        .bind(transcription.to_string())
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(segments)
    }
}

impl FromRow<'_, AnyRow> for TranscriptionRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let token: Option<String> = row.try_get("webhook_token")?;
        let evaluation: Option<&str> = row.try_get("evaluation")?;
        Ok(Self {
            new: NewTranscription {
                id: uuid(row, "id")?,
                reference: row.try_get("reference_id")?,
                storage: row.try_get("storage")?,
                voice_url: row.try_get("voice_url")?,
                customer_voice_url: row.try_get("customer_voice_url")?,
                possible_language: row.try_get("possible_language")?,
                possible_conversation: row.try_get("possible_conversation")?,
                email: row.try_get("email")?,
                customer_phone: row.try_get("customer_phone")?,
                customer_email: row.try_get("customer_email")?,
                webhook_url: row.try_get("webhook_url")?,
                webhook_token: token.map(Secret::new),
                qa_agent: optional_uuid(row, "qa_agent_id")?,
                coaching_agent: optional_uuid(row, "coaching_agent_id")?,
            },
            status: row.try_get("status")?,
            has_voice: flag(row, "has_voice")?,
            has_customer_voice: flag(row, "has_customer_voice")?,
            progress: u8::try_from(unsigned(row, "progress")?).unwrap_or(u8::MAX),
            error: row.try_get("error")?,
            evaluation: evaluation
                .map(serde_json::from_str)
                .transpose()
                .map_err(|error| unreadable("evaluation", error))?,
            processed_at: optional_time(row, "processed_at")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for TranscribedSegment {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            speaker: row.try_get("speaker")?,
            start_ms: unsigned(row, "start_ms")?,
            end_ms: unsigned(row, "end_ms")?,
            text: row.try_get("text")?,
        })
    }
}
