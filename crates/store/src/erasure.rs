//! Erasing a person: all that tells of them goes from the database in one transaction, which also
//! notes the files that are still to be deleted. Whoever deletes files reads them from here, after
//! a crash as well, until [`Store::settle_erased_call`] was said of each.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, optional_time, time, unreadable, uuid};
use crate::contacts::{self, Person};
use crate::database::{Store, StoreError};
use crate::dialling;
use crate::evaluations::ERASE_EVALUATIONS;
use crate::schedules::erasing::{ERASE_APPOINTMENTS, ERASE_REQUESTS};
use crate::sessions::ERASE_SESSIONS;
use crate::tool_calls::ERASE_TOOL_CALLS;
use crate::transcriptions::{DISCARD_TRANSCRIPTIONS, ERASE_SEGMENTS, NOTE_TRANSCRIPTION_FILES};
use crate::whatsapp::ERASE_WHATSAPP_MESSAGES;
use crate::workspaces::WorkspaceId;

/// What was removed of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Removed {
    /// Conversations of which every word is gone.
    pub conversations: u64,
    /// Calls that are nobody's now, without number.
    pub calls: u64,
    /// Turns of conversations.
    pub messages: u64,
    /// Summaries of conversations.
    pub summaries: u64,
    /// Files of recordings that calls named.
    pub recordings: u64,
    /// Webhook messages, delivered or not.
    pub webhook_messages: u64,
    /// Tags of the contact.
    pub tags: u64,
    /// Values of the workspace's own fields.
    pub field_values: u64,
    /// Tasks that tell of nobody now.
    pub tasks: u64,
    /// Pools that the contact was in.
    pub pools: u64,
    /// Requests for appointments that tell of nobody now.
    pub appointment_requests: u64,
    /// Appointments that tell of nobody now.
    pub appointments: u64,
    /// Evaluations of sessions.
    pub evaluations: u64,
    /// Transcriptions of files of which the contact was the customer.
    pub transcriptions: u64,
}

/// A person that was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The erasure's id.
    pub id: Uuid,
    /// What the contact's id was.
    pub contact: Uuid,
    /// What was removed.
    pub removed: Removed,
    /// When they were erased.
    pub created_at: Timestamp,
    /// When the last of their files was gone.
    pub finished_at: Option<Timestamp>,
}

/// A call whose files are to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedCall {
    /// The erasure that it belongs to.
    pub erasure: Uuid,
    /// The call.
    pub call: Uuid,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The file of its recording.
    pub recording: Option<PathBuf>,
}

/// Why nobody was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseContactError {
    /// There is no such contact.
    #[error("there is no such contact")]
    Unknown,
    /// Several contacts have the address: their numbers tell them apart.
    #[error("several contacts have this address")]
    Ambiguous,
    /// They are in a call, which would write down more of them.
    #[error("the contact is in a call")]
    InCall,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is counted as it goes, in this order. `$1` is the contact, `$2` the workspace. The calls
/// and conversations themselves stay for figures, and tell nothing of anybody.
const STEPS: &[(Part, &str)] = &[
    (
        |removed| &mut removed.webhook_messages,
        "DELETE FROM outbox WHERE workspace_id = $2 AND (EXISTS (
             SELECT 1 FROM conversations
             WHERE contact_id = $1 AND workspace_id = $2
             AND (outbox.conversation_id = conversations.id
                 OR outbox.payload LIKE '%' || conversations.id || '%')
         ) OR EXISTS (
             SELECT 1 FROM contacts WHERE id = $1 AND workspace_id = $2
             AND (replace(outbox.payload, contacts.number, '') <> outbox.payload
                 OR replace(outbox.payload, contacts.email, '') <> outbox.payload)
         ))",
    ),
    (
        |removed| &mut removed.messages,
        "DELETE FROM messages WHERE workspace_id = $2 AND conversation_id IN (
             SELECT id FROM conversations WHERE contact_id = $1 AND workspace_id = $2
         )",
    ),
    (
        |removed| &mut removed.summaries,
        "UPDATE conversations SET summary = NULL
         WHERE contact_id = $1 AND workspace_id = $2 AND summary IS NOT NULL",
    ),
    (
        |removed| &mut removed.recordings,
        "UPDATE calls SET recording = NULL
         WHERE contact_id = $1 AND workspace_id = $2 AND recording IS NOT NULL",
    ),
    (
        |removed| &mut removed.calls,
        "UPDATE calls SET number = '', reason = NULL
         WHERE contact_id = $1 AND workspace_id = $2",
    ),
    (
        |removed| &mut removed.conversations,
        "UPDATE conversations SET sentiment = NULL WHERE contact_id = $1 AND workspace_id = $2",
    ),
    (
        |removed| &mut removed.tags,
        "DELETE FROM contact_tags WHERE contact_id = $1 AND workspace_id = $2",
    ),
    (
        |removed| &mut removed.field_values,
        "DELETE FROM contact_values WHERE contact_id = $1 AND workspace_id = $2",
    ),
    (|removed| &mut removed.tasks, dialling::ERASE_TASKS),
    (|removed| &mut removed.pools, dialling::LEAVE_POOLS),
    (|removed| &mut removed.appointment_requests, ERASE_REQUESTS),
    (|removed| &mut removed.appointments, ERASE_APPOINTMENTS),
    (|removed| &mut removed.evaluations, ERASE_EVALUATIONS),
    (
        |removed| &mut removed.transcriptions,
        DISCARD_TRANSCRIPTIONS,
    ),
];

/// Which count a step adds to.
type Part = fn(&mut Removed) -> &mut u64;

impl Store {
    /// Erases a contact and all that their conversations left in the database. The files of their
    /// calls are for the caller to delete: see [`Store::erased_calls`].
    pub async fn erase_contact(
        &self,
        contact: Uuid,
        now: Timestamp,
    ) -> Result<Erasure, EraseContactError> {
        let mut write = self.write().await?;
        if contacts::by_id(&mut write, &self.workspace, contact)
            .await
            .map_err(StoreError)?
            .is_none()
        {
            return Err(EraseContactError::Unknown);
        }
        let erased = self.erase_found(&mut write, contact, now).await?;
        write.commit().await.map_err(StoreError)?;
        Ok(erased)
    }

    /// Erases whoever has this number, or else this address, as [`Store::erase_contact`] does. There
    /// may be no contact of theirs any more: what it left is found by the number and the address.
    pub async fn erase_person(
        &self,
        person: &Person,
        now: Timestamp,
    ) -> Result<Erasure, EraseContactError> {
        let mut write = self.write().await?;
        if person.number.is_none() && is_shared(&mut write, &self.workspace, person).await? {
            return Err(EraseContactError::Ambiguous);
        }
        let contact = contacts::find_or_create_person(&mut write, &self.workspace, person, now);
        let contact = contact.await.map_err(StoreError)?;
        let erased = self.erase_found(&mut write, contact, now).await?;
        write.commit().await.map_err(StoreError)?;
        Ok(erased)
    }

    async fn erase_found(
        &self,
        write: &mut AnyConnection,
        contact: Uuid,
        now: Timestamp,
    ) -> Result<Erasure, EraseContactError> {
        let taken_back = contacts::take_back(write, &self.workspace, contact).await;
        taken_back.map_err(StoreError)?;
        if is_in_call(write, &self.workspace, contact).await? {
            return Err(EraseContactError::InCall);
        }
        let erased = self.erase_within(write, Uuid::now_v7(), contact, now).await;
        Ok(erased.map_err(StoreError)?)
    }

    async fn erase_within(
        &self,
        write: &mut AnyConnection,
        erasure: Uuid,
        contact: Uuid,
        now: Timestamp,
    ) -> Result<Erasure, sqlx::Error> {
        sqlx::query(
            "INSERT INTO erasures (id, workspace_id, contact_id, removed, created_at)
             VALUES ($1, $2, $3, '{}', $4)",
        )
        .bind(erasure.to_string())
        .bind(self.workspace.as_str())
        .bind(contact.to_string())
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "INSERT INTO erased_calls (erasure_id, call_id, workspace_id, recording)
             SELECT $3, id, workspace_id, recording FROM calls
             WHERE contact_id = $1 AND workspace_id = $2",
        )
        .bind(contact.to_string())
        .bind(self.workspace.as_str())
        .bind(erasure.to_string())
        .execute(&mut *write)
        .await?;
        sqlx::query(NOTE_TRANSCRIPTION_FILES)
            .bind(contact.to_string())
            .bind(self.workspace.as_str())
            .bind(erasure.to_string())
            .execute(&mut *write)
            .await?;
        // Who the words belong to is known as long as the transcriptions name them.
        sqlx::query(ERASE_SEGMENTS)
            .bind(contact.to_string())
            .bind(self.workspace.as_str())
            .execute(&mut *write)
            .await?;
        let mut removed = Removed::default();
        for (part, statement) in STEPS {
            let gone = sqlx::query(*statement)
                .bind(contact.to_string())
                .bind(self.workspace.as_str())
                .execute(&mut *write)
                .await?;
            *part(&mut removed) += gone.rows_affected();
        }
        for statement in [
            dialling::ERASE_ATTEMPTS,
            dialling::ERASE_DO_NOT_CALL,
            ERASE_SESSIONS,
            ERASE_TOOL_CALLS,
            ERASE_WHATSAPP_MESSAGES,
        ] {
            sqlx::query(statement)
                .bind(contact.to_string())
                .bind(self.workspace.as_str())
                .execute(&mut *write)
                .await?;
        }
        contacts::remove(write, &self.workspace, contact).await?;
        let counts = serde_json::to_string(&removed).map_err(|e| unreadable("removed", e))?;
        let erased = sqlx::query_as(
            "UPDATE erasures SET removed = $1, finished_at = CASE WHEN EXISTS (
                 SELECT 1 FROM erased_calls WHERE erasure_id = $2
             ) THEN NULL ELSE created_at END
             WHERE id = $2 RETURNING *",
        )
        .bind(counts)
        .bind(erasure.to_string())
        .fetch_one(write)
        .await?;
        Ok(erased)
    }

    /// The erasure with this id.
    pub async fn erasure(&self, id: Uuid) -> Result<Option<Erasure>, StoreError> {
        let found = sqlx::query_as("SELECT * FROM erasures WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(found)
    }

    /// Calls of all workspaces whose files are still to be deleted, at most so many that follow
    /// `after`.
    pub async fn erased_calls(
        &self,
        after: Option<(Uuid, Uuid)>,
        most: u32,
    ) -> Result<Vec<ErasedCall>, StoreError> {
        let (erasure, call) = after.unwrap_or_default();
        let calls = sqlx::query_as(
            "SELECT * FROM erased_calls WHERE erasure_id > $1 OR (erasure_id = $1 AND call_id > $2)
             ORDER BY erasure_id, call_id LIMIT $3",
        )
        .bind(erasure.to_string())
        .bind(call.to_string())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(calls)
    }

    /// Notes that the files of a call are gone, and with the last one that its erasure is finished.
    pub async fn settle_erased_call(
        &self,
        call: &ErasedCall,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.in_workspace(&call.workspace).write().await?;
        sqlx::query("DELETE FROM erased_calls WHERE erasure_id = $1 AND call_id = $2")
            .bind(call.erasure.to_string())
            .bind(call.call.to_string())
            .execute(&mut *write)
            .await?;
        sqlx::query(
            "UPDATE erasures SET finished_at = $1 WHERE id = $2 AND finished_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM erased_calls WHERE erasure_id = $2)",
        )
        .bind(micros(now))
        .bind(call.erasure.to_string())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}

/// Whether several contacts have the person's address.
async fn is_shared(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    person: &Person,
) -> Result<bool, StoreError> {
    let Some(email) = &person.email else {
        return Ok(false);
    };
    let found: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM contacts WHERE workspace_id = $1 AND lower(email) = lower($2)",
    )
    .bind(workspace.as_str())
    .bind(email)
    .fetch_one(write)
    .await?;
    Ok(found > 1)
}

async fn is_in_call(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
) -> Result<bool, StoreError> {
    let live: Option<String> = sqlx::query_scalar(
        "SELECT id FROM calls
         WHERE contact_id = $1 AND workspace_id = $2 AND ended_at IS NULL LIMIT 1",
    )
    .bind(contact.to_string())
    .bind(workspace.as_str())
    .fetch_optional(write)
    .await?;
    Ok(live.is_some())
}

impl FromRow<'_, AnyRow> for Erasure {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            contact: uuid(row, "contact_id")?,
            removed: json(row, "removed")?,
            created_at: time(row, "created_at")?,
            finished_at: optional_time(row, "finished_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for ErasedCall {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let recording: Option<String> = row.try_get("recording")?;
        Ok(Self {
            erasure: uuid(row, "erasure_id")?,
            call: uuid(row, "call_id")?,
            workspace: WorkspaceId::read(row)?,
            recording: recording.map(PathBuf::from),
        })
    }
}
