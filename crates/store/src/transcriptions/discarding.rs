//! How transcriptions go: deleted, erased with their customer, or too old to be kept. Their words go
//! at once; whoever deletes files reads here which ones are left, after a crash as well.

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::{Store, StoreError, micros, uuid};
use crate::workspaces::WorkspaceId;

/// A transcription of which only files may be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscardedTranscription {
    /// Whose it was.
    pub workspace: WorkspaceId,
    /// What its id was.
    pub id: Uuid,
}

/// Those of a contact, by the customer's number or address. `$1` is the contact, `$2` the
/// workspace.
macro_rules! of_contact {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " WHERE transcriptions.workspace_id = $2 AND transcriptions.is_discarded = 0
             AND EXISTS (
                 SELECT 1 FROM contacts WHERE contacts.id = $1 AND contacts.workspace_id = $2
                 AND (contacts.number = transcriptions.customer_phone
                     OR lower(contacts.email) = lower(transcriptions.customer_email))
             )",
            $after
        )
    };
}

/// Takes all that tells of anybody out of a transcription.
macro_rules! discard {
    () => {
        "UPDATE transcriptions SET is_discarded = 1, reference_id = NULL, voice_url = NULL,
             customer_voice_url = NULL, possible_conversation = NULL, email = NULL,
             customer_phone = NULL, customer_email = NULL, webhook_url = NULL,
             webhook_token = NULL, error = NULL, claim = NULL, claimed_until = NULL,
             report_due_at = NULL, report_error = NULL, evaluation = NULL,
             evaluation_due_at = NULL, evaluation_claim = NULL"
    };
}

/// Notes the files of a contact's transcriptions for the erasure `$3`.
pub(crate) const NOTE_TRANSCRIPTION_FILES: &str = of_contact!(
    "INSERT INTO erased_calls (erasure_id, call_id, workspace_id, recording)
     SELECT $3, transcriptions.id, transcriptions.workspace_id, NULL FROM transcriptions",
    ""
);

/// Takes the words out of a contact's transcriptions.
pub(crate) const ERASE_SEGMENTS: &str = of_contact!(
    "DELETE FROM transcription_segments WHERE transcription_id IN (
     SELECT transcriptions.id FROM transcriptions",
    ")"
);

/// Discards a contact's transcriptions.
pub(crate) const DISCARD_TRANSCRIPTIONS: &str = concat!(
    discard!(),
    " WHERE workspace_id = $2 AND is_discarded = 0 AND EXISTS (
         SELECT 1 FROM contacts WHERE contacts.id = $1 AND contacts.workspace_id = $2
         AND (contacts.number = transcriptions.customer_phone
             OR lower(contacts.email) = lower(transcriptions.customer_email))
     )"
);

impl Store {
    /// Discards a transcription. Its files are for the caller to delete: see
    /// [`Store::discarded_transcriptions`]. Whether there was one.
    pub async fn discard_transcription(&self, id: Uuid) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let discarded = sqlx::query(concat!(
            discard!(),
            " WHERE id = $1 AND workspace_id = $2 AND is_discarded = 0"
        ))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "DELETE FROM transcription_segments WHERE transcription_id = $1 AND workspace_id = $2",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(discarded.rows_affected() > 0)
    }

    /// Discarded transcriptions of all workspaces whose files are in the folder `storage`, at most
    /// so many that follow the id `after`.
    pub async fn discarded_transcriptions(
        &self,
        storage: &str,
        after: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<DiscardedTranscription>, StoreError> {
        let discarded = sqlx::query_as(
            "SELECT id, workspace_id FROM transcriptions
             WHERE is_discarded = 1 AND (storage IS NULL OR storage = $1) AND id > $2
             ORDER BY id LIMIT $3",
        )
        .bind(storage)
        .bind(after.unwrap_or_default().to_string())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(discarded)
    }

    /// Whether there is a transcription with this id in any workspace, discarded or not.
    pub async fn is_any_transcription(&self, id: Uuid) -> Result<bool, StoreError> {
        let found: Option<String> =
            sqlx::query_scalar("SELECT id FROM transcriptions WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.readers)
                .await?;
        Ok(found.is_some())
    }

    /// Forgets a discarded transcription, whose files are gone.
    pub async fn forget_transcription(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM transcriptions
             WHERE id = $1 AND workspace_id = $2 AND is_discarded = 1",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Transcriptions that ended before this moment and whose files are still in the folder
    /// `storage`, at most so many that follow the id `after`.
    pub async fn transcription_files_before(
        &self,
        moment: Timestamp,
        storage: &str,
        after: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM transcriptions
             WHERE workspace_id = $1 AND storage = $2 AND processed_at < $3 AND id > $4
             AND (has_voice = 1 OR has_customer_voice = 1) AND is_discarded = 0
             ORDER BY id LIMIT $5",
        )
        .bind(self.workspace.as_str())
        .bind(storage)
        .bind(micros(moment))
        .bind(after.unwrap_or_default().to_string())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        let ids: Result<Vec<Uuid>, sqlx::Error> = rows.iter().map(|row| uuid(row, "id")).collect();
        Ok(ids?)
    }

    /// Notes that a transcription has no files any more.
    pub async fn forget_transcription_files(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE transcriptions SET has_voice = 0, has_customer_voice = 0
             WHERE id = $1 AND workspace_id = $2",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Forgets the words of transcriptions that ended before this moment, of at most so many at
    /// once. Returns of how many.
    pub async fn forget_transcribed_words(
        &self,
        ended_before: Timestamp,
        most: u32,
    ) -> Result<usize, StoreError> {
        let mut write = self.write().await?;
        let old: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM transcriptions
             WHERE workspace_id = $1 AND processed_at < $2 AND (evaluation IS NOT NULL OR EXISTS (
                 SELECT 1 FROM transcription_segments WHERE transcription_id = transcriptions.id
             )) LIMIT $3",
        )
        .bind(self.workspace.as_str())
        .bind(micros(ended_before))
        .bind(i64::from(most))
        .fetch_all(&mut *write)
        .await?;
        for id in &old {
            for statement in [
                "DELETE FROM transcription_segments
                 WHERE transcription_id = $1 AND workspace_id = $2",
                "UPDATE transcriptions SET evaluation = NULL, evaluation_due_at = NULL,
                     evaluation_claim = NULL
                 WHERE id = $1 AND workspace_id = $2",
            ] {
                sqlx::query(statement)
                    .bind(id)
                    .bind(self.workspace.as_str())
                    .execute(&mut *write)
                    .await?;
            }
        }
        write.commit().await?;
        Ok(old.len())
    }
}

impl FromRow<'_, AnyRow> for DiscardedTranscription {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            id: uuid(row, "id")?,
        })
    }
}
