//! The work on a transcription: claimed by one node, noted as it gets on, ended once.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

use super::{
    Store, StoreError, TranscribedSegment, TranscriptionRecord, micros, signed, unsigned, words,
};
use crate::workspaces::WorkspaceId;

/// A transcription that this node works on.
#[derive(Clone, Debug)]
pub struct ClaimedTranscription {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What is to be written down.
    pub record: TranscriptionRecord,
    /// Shows that this claim is the one that holds.
    pub claim: Uuid,
    /// How often it was begun without getting on since, this time included.
    pub attempts: u32,
}

/// How the work on a transcription ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TranscriptionEnd {
    /// All is written down, and is to be evaluated.
    Completed {
        /// The report of the end waits for that, but no longer than until then.
        report_by: Timestamp,
    },
    /// It can not be written down.
    Failed {
        /// Why not.
        error: String,
    },
    /// It is to be tried again.
    Later {
        /// When.
        at: Timestamp,
    },
}

impl Store {
    /// Claims the transcription of any workspace that is due and has waited longest, if its file is
    /// in the folder `storage` or still to be fetched, which this node then does.
    pub async fn claim_transcription(
        &self,
        storage: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<ClaimedTranscription>, StoreError> {
        const DUE: &str = "status IN ('pending', 'processing') AND is_discarded = 0
             AND due_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
             AND (storage IS NULL OR storage = $2)";
        let find = format!("SELECT id FROM transcriptions WHERE {DUE} ORDER BY due_at, id LIMIT 1");
        let any: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(find))
            .bind(micros(now))
            .bind(storage)
            .fetch_optional(&self.readers)
            .await?;
        let Some(id) = any else { return Ok(None) };
        let claim = Uuid::now_v7();
        let take = format!(
            "UPDATE transcriptions SET status = 'processing', claim = $3, claimed_until = $4,
                 storage = $2, attempts = attempts + 1, updated_at = $1
             WHERE id = $5 AND {DUE} RETURNING *"
        );
        let mut write = self.write_for_all().await?;
        let claimed: Option<ClaimedTranscription> = sqlx::query_as(sqlx::AssertSqlSafe(take))
            .bind(micros(now))
            .bind(storage)
            .bind(claim.to_string())
            .bind(micros(until))
            .bind(id)
            .fetch_optional(&mut *write)
            .await?;
        write.commit().await?;
        Ok(claimed)
    }

    /// Holds on to a claim until `until`. Whether it is still held.
    pub async fn renew_transcription(
        &self,
        id: Uuid,
        claim: Uuid,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let renewed = sqlx::query(
            "UPDATE transcriptions SET claimed_until = $1
             WHERE id = $2 AND claim = $3 AND workspace_id = $4",
        )
        .bind(micros(until))
        .bind(id.to_string())
        .bind(claim.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Notes which files are there by now. Whether the claim is still held.
    pub async fn note_transcription_files(
        &self,
        id: Uuid,
        claim: Uuid,
        has_voice: bool,
        has_customer_voice: bool,
    ) -> Result<bool, StoreError> {
        let noted = sqlx::query(
            "UPDATE transcriptions SET has_voice = $1, has_customer_voice = $2
             WHERE id = $3 AND claim = $4 AND workspace_id = $5",
        )
        .bind(i64::from(has_voice))
        .bind(i64::from(has_customer_voice))
        .bind(id.to_string())
        .bind(claim.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(noted.rows_affected() > 0)
    }

    /// Notes how far a transcription is. Whether the claim is still held.
    pub async fn note_transcription_progress(
        &self,
        id: Uuid,
        claim: Uuid,
        progress: u8,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let noted = sqlx::query(
            "UPDATE transcriptions SET updated_at = $1,
                 progress = CASE WHEN progress < $2 THEN $2 ELSE progress END
             WHERE id = $3 AND claim = $4 AND workspace_id = $5",
        )
        .bind(micros(now))
        .bind(i64::from(progress.min(100)))
        .bind(id.to_string())
        .bind(claim.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(noted.rows_affected() > 0)
    }

    /// Notes something that was said. It is there once, however often it is noted. Whether the
    /// claim is still held.
    pub async fn note_transcribed_segment(
        &self,
        id: Uuid,
        claim: Uuid,
        segment: &TranscribedSegment,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let held = sqlx::query(
            "UPDATE transcriptions SET attempts = 0, updated_at = $1
             WHERE id = $2 AND claim = $3 AND workspace_id = $4",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(claim.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if held.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO transcription_segments
                 (transcription_id, start_ms, speaker, workspace_id, end_ms, text)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (transcription_id, start_ms, speaker) DO NOTHING",
        )
        .bind(id.to_string())
        .bind(signed(segment.start_ms))
        .bind(&segment.speaker)
        .bind(self.workspace.as_str())
        .bind(signed(segment.end_ms))
        .bind(words(&segment.text))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(true)
    }

    /// Ends the work under a claim, and owes the report of the end to whoever wants it. Whether the
    /// claim was still held.
    pub async fn end_transcription(
        &self,
        id: Uuid,
        claim: Uuid,
        end: &TranscriptionEnd,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (status, error, is_over, due, report_by) = match end {
            TranscriptionEnd::Completed { report_by } => ("completed", None, true, now, *report_by),
            TranscriptionEnd::Failed { error } => ("failed", Some(words(error)), true, now, now),
            TranscriptionEnd::Later { at } => ("processing", None, false, *at, now),
        };
        let ended = sqlx::query(
            "UPDATE transcriptions SET status = $1, error = $2, claim = NULL, claimed_until = NULL,
                 progress = CASE WHEN $1 = 'completed' THEN 100 ELSE progress END,
                 processed_at = CASE WHEN $3 = 1 THEN $4 ELSE NULL END,
                 report_due_at = CASE WHEN $3 = 1 AND webhook_url IS NOT NULL THEN $9 ELSE NULL END,
                 evaluation_due_at = CASE WHEN $1 = 'completed' THEN $4 ELSE NULL END,
                 due_at = $5, updated_at = $4
             WHERE id = $6 AND claim = $7 AND workspace_id = $8",
        )
        .bind(status)
        .bind(error)
        .bind(i64::from(is_over))
        .bind(micros(now))
        .bind(micros(due))
        .bind(id.to_string())
        .bind(claim.to_string())
        .bind(self.workspace.as_str())
        .bind(micros(report_by))
        .execute(&self.writer)
        .await?;
        Ok(ended.rows_affected() > 0)
    }
}

impl FromRow<'_, AnyRow> for ClaimedTranscription {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let claim: &str = row.try_get("claim")?;
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            record: TranscriptionRecord::from_row(row)?,
            claim: claim
                .parse()
                .map_err(|error| crate::columns::unreadable("claim", error))?,
            attempts: u32::try_from(unsigned(row, "attempts")?).unwrap_or(u32::MAX),
        })
    }
}
