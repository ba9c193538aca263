//! Messages: written down before they are sent, settled after.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, optional_uuid, time, uuid, words};
use crate::contacts;
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// A message that is about to be sent.
#[derive(Clone, Debug)]
pub struct NewWhatsappMessage {
    /// The message's id.
    pub id: Uuid,
    /// Who sends it.
    pub agent: Uuid,
    /// What is sent.
    pub template: Uuid,
    /// E.164 number that it goes to.
    pub recipient: String,
    /// Meta's id of the number that it comes from.
    pub phone_number_id: String,
    /// The attempt of a task that it is sent for.
    pub attempt: Option<Uuid>,
}

/// A message that is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunWhatsappMessage {
    /// What the agent and this contact write each other belongs to it.
    pub conversation: Uuid,
    /// Whom it goes to.
    pub contact: Uuid,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatsappMessage {
    /// The message's id.
    pub id: Uuid,
    /// The conversation that it belongs to.
    pub conversation: Uuid,
    /// Whom it went to, while they are known.
    pub contact: Option<Uuid>,
    /// E.164 number that it went to; empty once its owner was erased.
    pub recipient: String,
    /// Meta's id of it.
    pub message_id: Option<String>,
    /// `sending`, `sent` or `failed`.
    pub status: String,
    /// Why it was not sent.
    pub error: Option<String>,
    /// When it was written down.
    pub created_at: Timestamp,
}

/// Takes the number out of the messages of a contact, of which Meta's ids have it, too. `$1` is the
/// contact, `$2` the workspace.
pub(crate) const ERASE_WHATSAPP_MESSAGES: &str =
    "UPDATE whatsapp_messages SET recipient = '', message_id = NULL, error = NULL
     WHERE contact_id = $1 AND workspace_id = $2";

impl Store {
    /// Writes down that a message is about to be sent; its contact is made if there is none with
    /// the number. `None` when its attempt has sent one already: no attempt sends two.
    pub async fn begin_whatsapp_message(
        &self,
        new: &NewWhatsappMessage,
        now: Timestamp,
    ) -> Result<Option<BegunWhatsappMessage>, StoreError> {
        let mut write = self.write().await?;
        let workspace = &self.workspace;
        let found = contacts::find_or_create(&mut write, workspace, &new.recipient, now).await?;
        let conversation = conversation(&mut write, workspace, found.id, new.agent).await?;
        let begun = BegunWhatsappMessage {
            conversation,
            contact: found.id,
        };
        let inserted = sqlx::query(
            "INSERT INTO whatsapp_messages (id, workspace_id, conversation_id, agent_id,
                 contact_id, template_id, attempt_id, phone_number_id, recipient, status,
                 created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'sending', $10, $10)
             ON CONFLICT (attempt_id) DO NOTHING",
        )
        .bind(new.id.to_string())
        .bind(workspace.as_str())
        .bind(conversation.to_string())
        .bind(new.agent.to_string())
        .bind(found.id.to_string())
        .bind(new.template.to_string())
        .bind(new.attempt.map(|attempt| attempt.to_string()))
        .bind(&new.phone_number_id)
        .bind(&new.recipient)
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        if inserted.rows_affected() == 0 {
            return Ok(None);
        }
        write.commit().await?;
        Ok(Some(begun))
    }

    /// The message with this id.
    pub async fn whatsapp_message(&self, id: Uuid) -> Result<Option<WhatsappMessage>, StoreError> {
        let message =
            sqlx::query_as("SELECT * FROM whatsapp_messages WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(message)
    }

    /// Whether an attempt began to send a message, and did not note that it failed.
    pub async fn has_sent_message(&self, attempt: Uuid) -> Result<bool, StoreError> {
        let begun: Option<String> = sqlx::query_scalar(
            "SELECT id FROM whatsapp_messages
             WHERE attempt_id = $1 AND workspace_id = $2 AND status <> 'failed'",
        )
        .bind(attempt.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(begun.is_some())
    }

    /// Notes why a message was not sent.
    pub async fn fail_whatsapp_message(
        &self,
        message: Uuid,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE whatsapp_messages SET status = 'failed', error = $1, updated_at = $2
             WHERE id = $3 AND workspace_id = $4",
        )
        .bind(words(reason))
        .bind(micros(now))
        .bind(message.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The messages of a conversation, the oldest first, at most so many.
    pub async fn whatsapp_messages(
        &self,
        conversation: Uuid,
        most: u32,
    ) -> Result<Vec<WhatsappMessage>, StoreError> {
        let messages = sqlx::query_as(
            "SELECT * FROM whatsapp_messages WHERE conversation_id = $1 AND workspace_id = $2
             ORDER BY created_at, id LIMIT $3",
        )
        .bind(conversation.to_string())
        .bind(self.workspace.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(messages)
    }
}

/// The conversation of an agent with a contact, or the id of a new one.
async fn conversation(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    agent: Uuid,
) -> Result<Uuid, sqlx::Error> {
    let last = sqlx::query(
        "SELECT conversation_id FROM whatsapp_messages
         WHERE contact_id = $1 AND agent_id = $2 AND workspace_id = $3
         ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(contact.to_string())
    .bind(agent.to_string())
    .bind(workspace.as_str())
    .fetch_optional(write)
    .await?;
    match last {
        Some(row) => uuid(&row, "conversation_id"),
        None => Ok(Uuid::now_v7()),
    }
}

impl FromRow<'_, AnyRow> for WhatsappMessage {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            conversation: uuid(row, "conversation_id")?,
            contact: optional_uuid(row, "contact_id")?,
            recipient: row.try_get("recipient")?,
            message_id: row.try_get("message_id")?,
            status: row.try_get("status")?,
            error: row.try_get("error")?,
            created_at: time(row, "created_at")?,
        })
    }
}
