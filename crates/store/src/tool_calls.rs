//! What agents had done in calls: uses of tools, with what they answered.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{flag, micros, optional_uuid, signed, time, unsigned, uuid, words};
use crate::database::{Store, StoreError};
use crate::outbox::{self, Announcement};

/// Forgets the uses of tools in the conversations of the contact `$1` of the workspace `$2`.
pub(crate) const ERASE_TOOL_CALLS: &str = "DELETE FROM tool_calls
     WHERE workspace_id = $2 AND conversation_id IN (
         SELECT id FROM conversations WHERE contact_id = $1 AND workspace_id = $2
     )";

/// A use of a tool that begins.
#[derive(Clone, Debug)]
pub struct NewToolCall {
    /// The call.
    pub call: Uuid,
    /// Which use of a tool in it, from 0.
    pub number: u32,
    /// Its conversation.
    pub conversation: Uuid,
    /// The tool's name.
    pub tool: String,
    /// The intent behind it: its id and its name.
    pub intent: Option<(Uuid, String)>,
    /// What the model wrote as its arguments, a JSON object.
    pub arguments: String,
    /// When it was called.
    pub at: Timestamp,
}

/// What a tool answered.
#[derive(Clone, Debug)]
pub struct ToolAnswer {
    /// The call.
    pub call: Uuid,
    /// Which use of a tool in it, from 0.
    pub number: u32,
    /// `done`, `incomplete`, `failed` or `timed_out`.
    pub status: &'static str,
    /// The answer.
    pub text: String,
    /// Whether it was spoken as it is.
    pub spoken: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// A use of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCallRecord {
    /// The call.
    pub call: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// Which use of a tool in it, from 0.
    pub number: u64,
    /// The tool's name.
    pub tool: String,
    /// The intent behind it.
    pub intent: Option<Uuid>,
    /// What the intent was called.
    pub intent_name: Option<String>,
    /// What the model wrote as its arguments.
    pub arguments: String,
    /// When it was called.
    pub called_at: Timestamp,
    /// What came of it; absent until it is answered.
    pub status: Option<String>,
    /// The answer.
    pub answer: Option<String>,
    /// Whether it was spoken as it is.
    pub spoken: bool,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
}

impl Store {
    /// Notes a use of a tool, and owes what webhooks are told of it. A use that is known already
    /// stays as it is and owes nothing. Returns how many messages are owed.
    pub async fn note_tool_call(
        &self,
        used: &NewToolCall,
        told: &[Announcement],
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let noted = sqlx::query(
            "INSERT INTO tool_calls (call_id, number, workspace_id, conversation_id, tool,
                 intent_id, intent_name, arguments, called_at)
             SELECT calls.id, $2, $3, calls.conversation_id, $5, $6, $7, $8, $9 FROM calls
             WHERE calls.id = $1 AND calls.workspace_id = $3 AND calls.conversation_id = $4
             ON CONFLICT DO NOTHING",
        )
        .bind(used.call.to_string())
        .bind(i64::from(used.number))
        .bind(self.workspace.as_str())
        .bind(used.conversation.to_string())
        .bind(words(&used.tool))
        .bind(used.intent.as_ref().map(|(id, _)| id.to_string()))
        .bind(used.intent.as_ref().map(|(_, name)| words(name)))
        .bind(words(&used.arguments))
        .bind(micros(used.at))
        .execute(&mut *write)
        .await?;
        let is_new = noted.rows_affected() > 0;
        let told = if is_new { told } else { &[] };
        let conversation = used.conversation;
        let owed = outbox::owe(&mut write, &self.workspace, conversation, told, used.at).await?;
        write.commit().await?;
        Ok(owed)
    }

    /// Notes what a tool answered; what is known of that already stays.
    pub async fn note_tool_answer(&self, answer: &ToolAnswer) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query(
            "UPDATE tool_calls SET status = $1, answer = $2, spoken = $3, took_ms = $4
             WHERE call_id = $5 AND number = $6 AND workspace_id = $7 AND status IS NULL",
        )
        .bind(answer.status)
        .bind(words(&answer.text))
        .bind(i64::from(answer.spoken))
        .bind(signed(answer.took_ms))
        .bind(answer.call.to_string())
        .bind(i64::from(answer.number))
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// The uses of tools in a conversation, in order.
    pub async fn tool_calls(&self, conversation: Uuid) -> Result<Vec<ToolCallRecord>, StoreError> {
        let used = sqlx::query_as(
            "SELECT * FROM tool_calls WHERE conversation_id = $1 AND workspace_id = $2
             ORDER BY called_at, number",
        )
        .bind(conversation.to_string())
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(used)
    }
}

impl FromRow<'_, AnyRow> for ToolCallRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let took: Option<i64> = row.try_get("took_ms")?;
        Ok(Self {
            call: uuid(row, "call_id")?,
            conversation: uuid(row, "conversation_id")?,
            number: unsigned(row, "number")?,
            tool: row.try_get("tool")?,
            intent: optional_uuid(row, "intent_id")?,
            intent_name: row.try_get("intent_name")?,
            arguments: row.try_get("arguments")?,
            called_at: time(row, "called_at")?,
            status: row.try_get("status")?,
            answer: row.try_get("answer")?,
            spoken: flag(row, "spoken")?,
            took_ms: took.and_then(|took| u64::try_from(took).ok()),
        })
    }
}
