//! Messages: the turns of a conversation.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{flag, micros, optional_uuid, signed, time, unsigned, uuid, words};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::outbox::{self, Announcement};
use crate::pages::{List, Page};
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

/// A turn with its place in its conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// The conversation.
    pub conversation: Uuid,
    /// The session that it was said in.
    pub session: Option<Uuid>,
    /// Its place in the conversation, from 0.
    pub position: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// How it was said: `speech`, or written as a `template`.
    pub kind: String,
    /// Who said what.
    pub message: Message,
}

impl MessageRecord {
    /// The turn's id, which follows from its conversation and its place in it (UUID version 5).
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(&self.conversation, self.position.to_string().as_bytes())
    }
}

/// Whose turns to list, and in which order.
#[derive(Clone, Debug)]
pub struct MessageFilter {
    /// Only those of this conversation.
    pub conversation: Option<Uuid>,
    /// Only those of this session.
    pub session: Option<Uuid>,
    /// Only those of one of these speakers.
    pub speakers: Option<Vec<&'static str>>,
    /// The latest first.
    pub is_descending: bool,
}

impl Store {
    /// Page `page` (from 1) of the turns that match, `per_page` to a page.
    pub async fn message_page(
        &self,
        filter: &MessageFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<MessageRecord>, StoreError> {
        let mut conditions = Filter::of(&self.workspace, "workspace_id")
            .equal("conversation_id", filter.conversation)
            .equal("session_id", filter.session);
        if let Some(speakers) = &filter.speakers {
            conditions = conditions.any_of("speaker", speakers.iter().copied());
        }
        let list = List {
            select: "SELECT * FROM messages",
            table: "messages",
            filter: conditions,
            order: if filter.is_descending {
                "conversation_id DESC, position DESC"
            } else {
                "conversation_id, position"
            },
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// Adds the next turn of a conversation that goes on, notes that its call still lived at `at`,
    /// and owes what webhooks are told of it. All or nothing, so that it can be tried again without
    /// doubling the turn. Returns how many messages are owed.
    pub async fn append_message(
        &self,
        conversation: Uuid,
        message: &Message,
        told: &[Announcement],
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let next: i64 = sqlx::query_scalar(
            "SELECT coalesce(max(position) + 1, 0) FROM messages WHERE conversation_id = $1",
        )
        .bind(conversation.to_string())
        .fetch_one(&mut *write)
        .await?;
        insert(&mut write, &self.workspace, conversation, next, message).await?;
        for statement in [
            "UPDATE calls SET updated_at = $1
             WHERE conversation_id = $2 AND workspace_id = $3 AND ended_at IS NULL",
            "UPDATE sessions SET last_activity_at = $1, updated_at = $1
             WHERE conversation_id = $2 AND workspace_id = $3 AND ended_at IS NULL",
            "UPDATE conversations SET updated_at = $1 WHERE id = $2 AND workspace_id = $3",
        ] {
            sqlx::query(statement)
                .bind(micros(at))
                .bind(conversation.to_string())
                .bind(self.workspace.as_str())
                .execute(&mut *write)
                .await?;
        }
        let owed = outbox::owe(&mut write, &self.workspace, conversation, told, at).await?;
        write.commit().await?;
        Ok(owed)
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

/// Stores one turn; an error when the workspace has no such conversation. It belongs to the
/// conversation's last session, and began `start_ms` after that was answered.
async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    conversation: Uuid,
    position: i64,
    message: &Message,
) -> Result<(), sqlx::Error> {
    let stored = sqlx::query(
        "INSERT INTO messages
         (conversation_id, position, workspace_id, speaker, text, start_ms, end_ms, interrupted,
          session_id, created_at)
         SELECT conversations.id, $2, $3, $4, $5, $6, $7, $8, sessions.id,
             coalesce(calls.answered_at, sessions.started_at, conversations.started_at) + $9
         FROM conversations
         LEFT JOIN sessions ON sessions.id = (
             SELECT id FROM sessions AS one WHERE one.conversation_id = conversations.id
             ORDER BY one.started_at DESC, one.id DESC LIMIT 1
         )
         LEFT JOIN calls ON calls.id = sessions.call_id
         WHERE conversations.id = $1 AND conversations.workspace_id = $3",
    )
    .bind(conversation.to_string())
    .bind(position)
    .bind(workspace.as_str())
    .bind(&message.speaker)
    .bind(words(&message.text))
    .bind(signed(message.start_ms))
    .bind(signed(message.end_ms))
    .bind(i64::from(message.interrupted))
    .bind(signed(message.start_ms.saturating_mul(1_000)))
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

impl FromRow<'_, AnyRow> for MessageRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            conversation: uuid(row, "conversation_id")?,
            session: optional_uuid(row, "session_id")?,
            position: unsigned(row, "position")?,
            created_at: time(row, "created_at")?,
            kind: row.try_get("kind")?,
            message: Message::from_row(row)?,
        })
    }
}
