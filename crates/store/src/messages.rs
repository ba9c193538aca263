//! Messages: the turns of a conversation.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{flag, micros, signed, unsigned, words};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// One party's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `agent` or `caller`.
    pub speaker: String,
    /// The words.
    pub text: String,
    /// Start of the speech, in milliseconds from the start of the recording.
    pub start_ms: u64,
    /// End of the speech, in milliseconds from the start of the recording.
    pub end_ms: u64,
    /// The agent was cut short by the caller.
    pub interrupted: bool,
}

impl Store {
    /// Adds the next turn of a conversation that goes on, and notes that its call still lived at
    /// `at`. Both or neither, so that it can be tried again without doubling the turn.
    pub async fn append_message(
        &self,
        conversation: Uuid,
        message: &Message,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let next: i64 = sqlx::query_scalar(
            "SELECT coalesce(max(position) + 1, 0) FROM messages WHERE conversation_id = $1",
        )
        .bind(conversation.to_string())
        .fetch_one(&mut *write)
        .await?;
        insert(&mut write, &self.workspace, conversation, next, message).await?;
        sqlx::query(
            "UPDATE calls SET updated_at = $1
             WHERE conversation_id = $2 AND workspace_id = $3 AND ended_at IS NULL",
        )
        .bind(micros(at))
        .bind(conversation.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// The turns of a conversation, in order.
    pub async fn messages(&self, conversation: Uuid) -> Result<Vec<Message>, StoreError> {
        let messages = sqlx::query_as(
            "SELECT * FROM messages WHERE conversation_id = $1 AND workspace_id = $2
             ORDER BY position",
        )
        .bind(conversation.to_string())
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(messages)
    }
}

/// Puts the final transcript in the place of the turns noted so far.
pub(crate) async fn replace_all(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    conversation: Uuid,
    messages: &[Message],
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM messages WHERE conversation_id = $1 AND workspace_id = $2")
        .bind(conversation.to_string())
        .bind(workspace.as_str())
        .execute(&mut *write)
        .await?;
    for (position, message) in (0..).zip(messages) {
        insert(write, workspace, conversation, position, message).await?;
    }
    Ok(())
}

/// Stores one turn; an error when the workspace has no such conversation.
async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    conversation: Uuid,
    position: i64,
    message: &Message,
) -> Result<(), sqlx::Error> {
    let stored = sqlx::query(
        "INSERT INTO messages
         (conversation_id, position, workspace_id, speaker, text, start_ms, end_ms, interrupted)
         SELECT id, $2, $3, $4, $5, $6, $7, $8 FROM conversations
         WHERE id = $1 AND workspace_id = $3",
    )
    .bind(conversation.to_string())
    .bind(position)
    .bind(workspace.as_str())
    .bind(&message.speaker)
    .bind(words(&message.text))
    .bind(signed(message.start_ms))
    .bind(signed(message.end_ms))
    .bind(i64::from(message.interrupted))
    .execute(write)
    .await?;
    if stored.rows_affected() == 0 {
        return Err(sqlx::Error::RowNotFound);
    }
    Ok(())
}

impl FromRow<'_, AnyRow> for Message {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            speaker: row.try_get("speaker")?,
            text: row.try_get("text")?,
            start_ms: unsigned(row, "start_ms")?,
            end_ms: unsigned(row, "end_ms")?,
            interrupted: flag(row, "interrupted")?,
        })
    }
}
