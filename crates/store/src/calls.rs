//! Calls while they live: begun in one transaction, noted step by step, found and listed.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{
    json, micros, optional_time, optional_uuid, time, unreadable, unsigned, uuid,
};
use crate::contacts;
use crate::conversations::{self, NewConversation};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::forwarding::Forwarding;
use crate::holding::Holder;
use crate::outbox::{self, Announcement};
use crate::pages::{List, Page};
use crate::sessions;
use crate::workspaces::WorkspaceId;

/// A call that is about to be placed, or that just came in.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// The call's id.
    pub id: Uuid,
    /// The id of its conversation, which is made with it.
    pub conversation: Uuid,
    /// The agent that takes it; must be stored.
    pub agent: Uuid,
    /// `inbound` or `outbound`.
    pub direction: &'static str,
    /// The other party: E.164 number, or SIP user of an inbound call.
    pub number: String,
    /// Whether the number stands for someone, so that a contact is found or made for it.
    pub has_contact: bool,
    /// What carries the call, for example `sip`.
    pub provider: &'static str,
    /// Its first status word.
    pub status: &'static str,
    /// When it began.
    pub at: Timestamp,
}

/// What came into being with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunCall {
    /// The call.
    pub id: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// The contact that was found or made.
    pub contact: Option<Uuid>,
    /// Whether that contact was made for this call.
    pub is_new_contact: bool,
}

/// A stored call, with the names of its agent and contact and its conversation's outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// The call's id.
    pub id: Uuid,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Its conversation.
    pub conversation: Uuid,
    /// The agent that takes it.
    pub agent: Uuid,
    /// That agent's name.
    pub agent_name: String,
    /// The other party.
    pub contact: Option<Uuid>,
    /// What the other party is called, when known.
    pub contact_name: Option<String>,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// E.164 number, or SIP user of an inbound call.
    pub number: String,
    /// What carries the call.
    pub provider: String,
    /// Status word.
    pub status: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When the far end was first alerted.
    pub ringing_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended; absent while it lives.
    pub ended_at: Option<Timestamp>,
    /// When anything of it was last noted.
    pub updated_at: Timestamp,
    /// From answer to end.
    pub duration: Duration,
    /// SIP status code that ended it, if one did.
    pub sip_code: Option<u16>,
    /// Why it ended.
    pub reason: Option<String>,
    /// What came of passing it on, if that was tried.
    pub forwarding: Option<Forwarding>,
    /// The file of its recording.
    pub recording: Option<PathBuf>,
    /// The latencies of its answers, as the engine reports them.
    pub latencies: Vec<Value>,
    /// The decisions on what was heard of the caller, as the engine reports them.
    pub decisions: Vec<Value>,
    /// The answers that were begun ahead, as the engine reports them.
    pub tries: Vec<Value>,
    /// Summary of the conversation.
    pub summary: Option<String>,
    /// Sentiment of the conversation.
    pub sentiment: Option<String>,
}

/// Something of which a call has a list that grows while it lives.
#[derive(Clone, Debug)]
pub enum Progress {
    /// How long an answer took.
    Latency(Value),
    /// What was decided of a sound of the caller.
    Decision(Value),
    /// What became of an answer that was begun ahead.
    Try(Value),
}

/// Which calls to list; absent parts match every call.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Only those of this agent.
    pub agent: Option<Uuid>,
    /// Only those in this direction.
    pub direction: Option<String>,
    /// Only those with this status word.
    pub status: Option<String>,
    /// Only those that began at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that began before this moment.
    pub before: Option<Timestamp>,
}

/// Every column of [`CallRecord`]; the rows to take follow.
macro_rules! select_calls {
    ($rest:literal) => {
        concat!(
            "SELECT calls.*, agents.name AS agent_name, contacts.name AS contact_name,
                 conversations.summary, conversations.sentiment
             FROM calls
             JOIN agents ON agents.id = calls.agent_id
             JOIN conversations ON conversations.id = calls.conversation_id
             LEFT JOIN contacts ON contacts.id = calls.contact_id ",
            $rest
        )
    };
}
pub(crate) use select_calls;

impl Store {
    /// Writes contact, conversation and call in one transaction.
    pub async fn begin_call(&self, call: &NewCall) -> Result<BegunCall, StoreError> {
        self.begin_announced_call(call, &[]).await
    }

    /// Writes contact, conversation and call, and owes what webhooks are told of it, in one
    /// transaction.
    pub async fn begin_announced_call(
        &self,
        call: &NewCall,
        told: &[Announcement],
    ) -> Result<BegunCall, StoreError> {
        let mut write = self.write().await?;
        let begun = insert(&mut write, &self.workspace, self.holder, call).await?;
        outbox::owe(
            &mut write,
            &self.workspace,
            call.conversation,
            told,
            call.at,
        )
        .await?;
        write.commit().await?;
        Ok(begun)
    }

    /// Takes back a call that was refused before it started: nothing of it remains, nor of a
    /// contact that was made for it and that no other conversation has.
    pub async fn discard_call(&self, call: BegunCall) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        discard(&mut write, &self.workspace, call).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that the far end is being alerted, unless the call is answered or over, and owes what
    /// webhooks are told when that is news. Returns how many messages are owed.
    pub async fn note_ringing(
        &self,
        call: Uuid,
        status: &'static str,
        told: &[Announcement],
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let step = "UPDATE calls
             SET status = $1, ringing_at = coalesce(ringing_at, $2), updated_at = $2
             WHERE id = $3 AND workspace_id = $4 AND answered_at IS NULL AND ended_at IS NULL";
        self.note_step(step, call, status, told, at).await
    }

    /// Notes that the call was answered, unless it is over, and owes what webhooks are told when
    /// that is news. Returns how many messages are owed.
    pub async fn note_answered(
        &self,
        call: Uuid,
        status: &'static str,
        told: &[Announcement],
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let step = "UPDATE calls
             SET status = $1, answered_at = coalesce(answered_at, $2), updated_at = $2
             WHERE id = $3 AND workspace_id = $4 AND ended_at IS NULL";
        self.note_step(step, call, status, told, at).await
    }

    async fn note_step(
        &self,
        step: &'static str,
        call: Uuid,
        status: &'static str,
        told: &[Announcement],
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let before = sqlx::query(
            "SELECT status, conversation_id FROM calls WHERE id = $1 AND workspace_id = $2",
        )
        .bind(call.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let Some(before) = before else {
            return Ok(0);
        };
        let noted = sqlx::query(step)
            .bind(status)
            .bind(micros(at))
            .bind(call.to_string())
            .bind(self.workspace.as_str())
            .execute(&mut *write)
            .await?;
        let is_news = noted.rows_affected() > 0 && before.try_get::<&str, _>("status")? != status;
        let owed = if is_news {
            let conversation = uuid(&before, "conversation_id")?;
            outbox::owe(&mut write, &self.workspace, conversation, told, at).await?
        } else {
            0
        };
        write.commit().await?;
        Ok(owed)
    }

    /// Notes that the call still lives, with one more entry for one of its lists if there is one.
    pub async fn note_progress(
        &self,
        call: Uuid,
        progress: Option<&Progress>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let lives = sqlx::query(
            "UPDATE calls SET updated_at = $1
             WHERE id = $2 AND workspace_id = $3 AND ended_at IS NULL",
        )
        .bind(micros(at))
        .bind(call.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if let Some(progress) = progress.filter(|_| lives.rows_affected() > 0) {
            let (read, noted, entry) = progress.statements();
            let list: String = sqlx::query_scalar(read)
                .bind(call.to_string())
                .fetch_one(&mut *write)
                .await?;
            let mut all: Vec<Value> =
                serde_json::from_str(&list).map_err(|e| unreadable("progress", e))?;
            all.push(entry.clone());
            sqlx::query(noted)
                .bind(Value::from(all).to_string())
                .bind(call.to_string())
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// The call with this id.
    pub async fn call(&self, id: Uuid) -> Result<Option<CallRecord>, StoreError> {
        let call = sqlx::query_as(select_calls!(
            "WHERE calls.id = $1 AND calls.workspace_id = $2"
        ))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(call)
    }

    /// The call of this conversation.
    pub async fn call_of_conversation(&self, id: Uuid) -> Result<Option<CallRecord>, StoreError> {
        let call = sqlx::query_as(select_calls!(
            "WHERE calls.conversation_id = $1 AND calls.workspace_id = $2
             ORDER BY calls.created_at DESC LIMIT 1"
        ))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(call)
    }

    /// Page `page` (from 1) of the calls that match, newest first, `per_page` to a page.
    pub async fn calls(
        &self,
        filter: &CallFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<CallRecord>, StoreError> {
        let list = List {
            select: select_calls!(""),
            table: "calls",
            filter: Filter::of(&self.workspace, "calls.workspace_id")
                .equal("calls.agent_id", filter.agent)
                .equal("calls.direction", filter.direction.as_deref())
                .equal("calls.status", filter.status.as_deref())
                .from("calls.created_at", filter.from)
                .before("calls.created_at", filter.before),
            order: "calls.created_at DESC, calls.id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }
}

/// Writes contact, conversation and call.
pub(crate) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    holder: Option<Holder>,
    call: &NewCall,
) -> Result<BegunCall, sqlx::Error> {
    let contact = if call.has_contact {
        Some(contacts::find_or_create(write, workspace, &call.number, call.at).await?)
    } else {
        None
    };
    let is_new_contact = contact.as_ref().is_some_and(|found| found.is_new);
    let contact = contact.map(|found| found.id);
    let conversation = NewConversation {
        id: call.conversation,
        workspace,
        agent: call.agent,
        contact,
        started_at: call.at,
    };
    conversations::insert(write, &conversation).await?;
    sqlx::query(
        "INSERT INTO calls
         (id, workspace_id, conversation_id, agent_id, contact_id, direction, number, provider,
          status, created_at, updated_at, node, held_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)",
    )
    .bind(call.id.to_string())
    .bind(workspace.as_str())
    .bind(call.conversation.to_string())
    .bind(call.agent.to_string())
    .bind(contact.map(|id| id.to_string()))
    .bind(call.direction)
    .bind(&call.number)
    .bind(call.provider)
    .bind(call.status)
    .bind(micros(call.at))
    .bind(holder.map(|holder| holder.node.to_string()))
    .bind(holder.map(|holder| micros(holder.until(call.at))))
    .execute(&mut *write)
    .await?;
    sessions::insert(write, workspace, call).await?;
    Ok(BegunCall {
        id: call.id,
        conversation: call.conversation,
        contact,
        is_new_contact,
    })
}

/// Removes a call that never started, with its conversation and a contact that was made for it.
pub(crate) async fn discard(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    call: BegunCall,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM calls WHERE id = $1 AND workspace_id = $2")
        .bind(call.id.to_string())
        .bind(workspace.as_str())
        .execute(&mut *write)
        .await?;
    sqlx::query("DELETE FROM conversations WHERE id = $1 AND workspace_id = $2")
        .bind(call.conversation.to_string())
        .bind(workspace.as_str())
        .execute(&mut *write)
        .await?;
    if let Some(contact) = call.contact.filter(|_| call.is_new_contact) {
        contacts::remove_unused(write, workspace, contact).await?;
    }
    Ok(())
}

impl Progress {
    /// How the list is read and written, and what is to be added.
    const fn statements(&self) -> (&'static str, &'static str, &Value) {
        match self {
            Self::Latency(entry) => (
                "SELECT latencies FROM calls WHERE id = $1",
                "UPDATE calls SET latencies = $1 WHERE id = $2",
                entry,
            ),
            Self::Decision(entry) => (
                "SELECT decisions FROM calls WHERE id = $1",
                "UPDATE calls SET decisions = $1 WHERE id = $2",
                entry,
            ),
            Self::Try(entry) => (
                "SELECT tries FROM calls WHERE id = $1",
                "UPDATE calls SET tries = $1 WHERE id = $2",
                entry,
            ),
        }
    }
}

impl FromRow<'_, AnyRow> for CallRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let recording: Option<String> = row.try_get("recording")?;
        let sip_code: Option<i64> = row.try_get("sip_code")?;
        Ok(Self {
            id: uuid(row, "id")?,
            workspace: WorkspaceId::read(row)?,
            conversation: uuid(row, "conversation_id")?,
            agent: uuid(row, "agent_id")?,
            agent_name: row.try_get("agent_name")?,
            contact: optional_uuid(row, "contact_id")?,
            contact_name: row.try_get("contact_name")?,
            direction: row.try_get("direction")?,
            number: row.try_get("number")?,
            provider: row.try_get("provider")?,
            status: row.try_get("status")?,
            created_at: time(row, "created_at")?,
            ringing_at: optional_time(row, "ringing_at")?,
            answered_at: optional_time(row, "answered_at")?,
            ended_at: optional_time(row, "ended_at")?,
            updated_at: time(row, "updated_at")?,
            duration: Duration::from_millis(unsigned(row, "duration_ms")?),
            forwarding: Forwarding::read(row)?,
            sip_code: sip_code.and_then(|code| u16::try_from(code).ok()),
            reason: row.try_get("reason")?,
            recording: recording.map(PathBuf::from),
            latencies: json(row, "latencies")?,
            decisions: json(row, "decisions")?,
            tries: json(row, "tries")?,
            summary: row.try_get("summary")?,
            sentiment: row.try_get("sentiment")?,
        })
    }
}
