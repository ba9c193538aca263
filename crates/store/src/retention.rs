//! How long a workspace keeps recordings and transcripts, and what is older than that.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, unsigned, uuid};
use crate::database::{Store, StoreError};

/// How many days things are kept; 0 is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Recordings of calls.
    pub recording_days: u32,
    /// Turns, summaries and evaluations of conversations.
    pub transcript_days: u32,
}

/// A recording that is older than its workspace keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldRecording {
    /// Its call.
    pub call: Uuid,
    /// Its file.
    pub file: PathBuf,
}

impl Store {
    /// How long this workspace keeps things.
    pub async fn retention(&self) -> Result<Retention, StoreError> {
        let retention = sqlx::query_as("SELECT * FROM workspaces WHERE id = $1")
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(retention.unwrap_or_default())
    }

    /// Says how long this workspace keeps things; what is left out stays as it is.
    pub async fn set_retention(
        &self,
        recording_days: Option<u32>,
        transcript_days: Option<u32>,
    ) -> Result<Retention, StoreError> {
        let mut write = self.write().await?;
        let retention = sqlx::query_as(
            "UPDATE workspaces SET
                 retention_days_recordings = coalesce($1, retention_days_recordings),
                 retention_days_transcripts = coalesce($2, retention_days_transcripts)
             WHERE id = $3 RETURNING *",
        )
        .bind(recording_days.map(i64::from))
        .bind(transcript_days.map(i64::from))
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(retention.unwrap_or_default())
    }

    /// Recordings of calls that ended before this moment, at most so many that follow the call
    /// `after`, by the ids of their calls.
    pub async fn recordings_before(
        &self,
        moment: Timestamp,
        after: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<OldRecording>, StoreError> {
        let recordings = sqlx::query_as(
            "SELECT id, recording FROM calls
             WHERE workspace_id = $1 AND id > $2 AND ended_at < $3 AND recording IS NOT NULL
             ORDER BY id LIMIT $4",
        )
        .bind(self.workspace.as_str())
        .bind(after.unwrap_or_default().to_string())
        .bind(micros(moment))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(recordings)
    }

    /// Notes that a call has no recording any more.
    pub async fn forget_recording(&self, call: Uuid) -> Result<(), StoreError> {
        sqlx::query("UPDATE calls SET recording = NULL WHERE id = $1 AND workspace_id = $2")
            .bind(call.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Forgets the words of conversations that ended before this moment, of at most so many at
    /// once. Returns of how many.
    pub async fn forget_transcripts(
        &self,
        ended_before: Timestamp,
        most: u32,
    ) -> Result<usize, StoreError> {
        let mut write = self.write().await?;
        let old: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM conversations
             WHERE workspace_id = $1 AND ended_at < $2 AND (summary IS NOT NULL OR EXISTS (
                 SELECT 1 FROM messages WHERE conversation_id = conversations.id
             ) OR EXISTS (
                 SELECT 1 FROM evaluations WHERE conversation_id = conversations.id
             ) OR EXISTS (
                 SELECT 1 FROM tool_calls WHERE conversation_id = conversations.id
             )) LIMIT $3",
        )
        .bind(self.workspace.as_str())
        .bind(micros(ended_before))
        .bind(i64::from(most))
        .fetch_all(&mut *write)
        .await?;
        for conversation in &old {
            for statement in [
                "DELETE FROM messages WHERE conversation_id = $1 AND workspace_id = $2",
                "UPDATE conversations SET summary = NULL WHERE id = $1 AND workspace_id = $2",
                "UPDATE sessions SET summary = NULL, evaluation_due_at = NULL,
                     evaluation_claim = NULL
                 WHERE conversation_id = $1 AND workspace_id = $2",
                "DELETE FROM evaluations WHERE conversation_id = $1 AND workspace_id = $2",
                "DELETE FROM tool_calls WHERE conversation_id = $1 AND workspace_id = $2",
                "DELETE FROM outbox WHERE conversation_id = $1 AND workspace_id = $2
                 AND (delivered_at IS NOT NULL OR given_up_at IS NOT NULL)",
            ] {
                sqlx::query(statement)
                    .bind(conversation)
                    .bind(self.workspace.as_str())
                    .execute(&mut *write)
                    .await?;
            }
        }
        let sessions = self.forget_sessions(&mut write, ended_before, most).await?;
        write.commit().await?;
        Ok(old.len().max(sessions))
    }

    /// The same of sessions of messages whose conversations go on.
    async fn forget_sessions(
        &self,
        write: &mut AnyConnection,
        ended_before: Timestamp,
        most: u32,
    ) -> Result<usize, sqlx::Error> {
        let old: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM sessions
             WHERE workspace_id = $1 AND ended_at < $2 AND call_id IS NULL AND EXISTS (
                 SELECT 1 FROM messages WHERE conversation_id = sessions.conversation_id
                 AND session_id = sessions.id
             ) LIMIT $3",
        )
        .bind(self.workspace.as_str())
        .bind(micros(ended_before))
        .bind(i64::from(most))
        .fetch_all(&mut *write)
        .await?;
        for session in &old {
            sqlx::query(
                "DELETE FROM messages WHERE session_id = $1 AND workspace_id = $2
                 AND conversation_id = (SELECT conversation_id FROM sessions WHERE id = $1)",
            )
            .bind(session)
            .bind(self.workspace.as_str())
            .execute(&mut *write)
            .await?;
        }
        Ok(old.len())
    }
}

impl Retention {
    /// The moment before which recordings are too old, if there is one.
    pub fn recordings_end(&self, now: Timestamp) -> Option<Timestamp> {
        days_before(now, self.recording_days)
    }

    /// The moment before which transcripts are too old, if there is one.
    pub fn transcripts_end(&self, now: Timestamp) -> Option<Timestamp> {
        days_before(now, self.transcript_days)
    }
}

fn days_before(now: Timestamp, days: u32) -> Option<Timestamp> {
    let span = SignedDuration::from_hours(i64::from(days) * 24);
    (days > 0).then(|| now.checked_sub(span).unwrap_or(Timestamp::MIN))
}

impl FromRow<'_, AnyRow> for Retention {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let days = |column| -> Result<u32, sqlx::Error> {
            Ok(u32::try_from(unsigned(row, column)?).unwrap_or(u32::MAX))
        };
        Ok(Self {
            recording_days: days("retention_days_recordings")?,
            transcript_days: days("retention_days_transcripts")?,
        })
    }
}

impl FromRow<'_, AnyRow> for OldRecording {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let file: String = row.try_get("recording")?;
        Ok(Self {
            call: uuid(row, "id")?,
            file: file.into(),
        })
    }
}
