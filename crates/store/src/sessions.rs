//! Sessions: what a conversation is held in. A call is one session of its conversation, under the
//! call's own id; messages are one session as long as no pause is too long.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::call_end::CallEnd;
use crate::calls::NewCall;
use crate::columns::{micros, optional_time, optional_uuid, signed, time, unreadable, uuid, words};
use crate::conversations::ContactName;
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// Takes what is personal out of the sessions of a contact, and calls off what is still owed of
/// them. `$1` is the contact, `$2` the workspace.
pub(crate) const ERASE_SESSIONS: &str = "UPDATE sessions SET summary = NULL,
         evaluation_due_at = NULL, evaluation_claim = NULL, report_due_at = NULL
     WHERE workspace_id = $2 AND conversation_id IN (
         SELECT id FROM conversations WHERE contact_id = $1 AND workspace_id = $2
     )";

/// A stored session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// The session's id.
    pub id: Uuid,
    /// The conversation that it is a session of.
    pub conversation: Uuid,
    /// Who speaks for us.
    pub agent: Uuid,
    /// The other party.
    pub contact: Option<ContactName>,
    /// The call that it is held in.
    pub call: Option<Uuid>,
    /// The campaign that it was begun for.
    pub campaign: Option<Uuid>,
    /// The listing that made that campaign.
    pub listing: Option<Uuid>,
    /// The tasks that it was begun for, or that sent its messages.
    pub tasks: Vec<Uuid>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; absent while it goes on.
    pub ended_at: Option<Timestamp>,
    /// When anybody last said something, or the session ended.
    pub last_activity_at: Timestamp,
    /// What it came to.
    pub summary: Option<String>,
    /// When the summary was made.
    pub summary_generated_at: Option<Timestamp>,
    /// When it was evaluated.
    pub evaluated_at: Option<Timestamp>,
    /// What was counted of its media, as the engine reported it.
    pub line: Option<Value>,
    /// When anything of it was last noted.
    pub updated_at: Timestamp,
}

/// Every column of [`SessionRecord`]; the rows to take follow.
macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT sessions.id, sessions.conversation_id, sessions.call_id, sessions.started_at,
                 sessions.ended_at, sessions.last_activity_at, sessions.summary,
                 sessions.summary_generated_at, sessions.evaluated_at, sessions.line,
                 sessions.updated_at,
                 conversations.agent_id, conversations.contact_id,
                 contacts.name AS contact_name, contacts.surname AS contact_surname,
                 contacts.number AS contact_number, contacts.email AS contact_email,
                 task_attempts.task_id, task_attempts.campaign_id, listings.id AS listing_id
             FROM sessions
             JOIN conversations ON conversations.id = sessions.conversation_id
             LEFT JOIN contacts ON contacts.id = conversations.contact_id
             LEFT JOIN task_attempts ON task_attempts.id = coalesce(
                 (SELECT id FROM task_attempts AS one WHERE one.call_id = sessions.call_id),
                 (SELECT attempt_id FROM whatsapp_messages AS one
                     WHERE one.session_id = sessions.id AND one.attempt_id IS NOT NULL
                     ORDER BY one.created_at DESC, one.id DESC LIMIT 1)
             )
             LEFT JOIN listings ON listings.id = (
                 SELECT id FROM listings AS one WHERE one.campaign_id = task_attempts.campaign_id
                 ORDER BY one.created_at, one.id LIMIT 1
             ) ",
            $rest
        )
    };
}

impl Store {
    /// Page `page` (from 1) of a conversation's sessions in the order of their beginnings,
    /// `per_page` to a page; only those that go on or are over, if it is said.
    pub async fn sessions(
        &self,
        conversation: Uuid,
        is_open: Option<bool>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<SessionRecord>, StoreError> {
        let list = List {
            select: select_sessions!(""),
            table: "sessions",
            filter: Filter::of(&self.workspace, "sessions.workspace_id")
                .equal("sessions.conversation_id", Some(conversation))
                .empty("sessions.ended_at", is_open),
            order: "sessions.started_at, sessions.id",
            is_counted: false,
        };
        let mut page: Page<SessionRecord> = self.page(list, page, per_page).await?;
        for session in &mut page.items {
            self.add_tasks(session).await?;
        }
        Ok(page)
    }

    /// The session with this id.
    pub async fn session(&self, id: Uuid) -> Result<Option<SessionRecord>, StoreError> {
        let mut found: Option<SessionRecord> = sqlx::query_as(select_sessions!(
            "WHERE sessions.id = $1 AND sessions.workspace_id = $2"
        ))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        if let Some(session) = &mut found {
            self.add_tasks(session).await?;
        }
        Ok(found)
    }

    /// Several tasks may have sent messages in one session; a call is made for one.
    async fn add_tasks(&self, session: &mut SessionRecord) -> Result<(), StoreError> {
        if session.call.is_some() || session.tasks.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query(
            "SELECT DISTINCT task_attempts.task_id FROM whatsapp_messages
             JOIN task_attempts ON task_attempts.id = whatsapp_messages.attempt_id
             WHERE whatsapp_messages.session_id = $1 AND whatsapp_messages.workspace_id = $2
             ORDER BY task_attempts.task_id",
        )
        .bind(session.id.to_string())
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        let tasks = rows.iter().map(|row| uuid(row, "task_id"));
        session.tasks = tasks.collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// Begins the session of a call that was just written.
pub(crate) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    call: &NewCall,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sessions
         (id, workspace_id, conversation_id, call_id, started_at, last_activity_at, updated_at)
         VALUES ($1, $2, $3, $1, $4, $4, $4)",
    )
    .bind(call.id.to_string())
    .bind(workspace.as_str())
    .bind(call.conversation.to_string())
    .bind(micros(call.at))
    .execute(write)
    .await?;
    Ok(())
}

/// Ends the session of a call, and notes how long its answers were waited for.
pub(crate) async fn end(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    end: &CallEnd,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE sessions SET ended_at = $1, last_activity_at = $1, updated_at = $2, summary = $3,
             summary_generated_at = CASE WHEN $3 IS NULL THEN NULL ELSE $2 END, line = $6
         WHERE id = $4 AND workspace_id = $5",
    )
    .bind(micros(end.ended_at))
    .bind(micros(now))
    .bind(end.summary.as_deref().map(words))
    .bind(end.call.to_string())
    .bind(workspace.as_str())
    .bind(end.line.as_ref().map(Value::to_string))
    .execute(&mut *write)
    .await?;
    for (position, latency) in (0_i64..).zip(&end.latencies) {
        let Some(wait) = latency["voiced_to_audible_ms"].as_u64() else {
            continue;
        };
        sqlx::query(
            "INSERT INTO answer_waits (session_id, position, workspace_id, started_at, wait_ms)
             SELECT id, $2, workspace_id, started_at, $3 FROM sessions
             WHERE id = $1 AND workspace_id = $4",
        )
        .bind(end.call.to_string())
        .bind(position)
        .bind(signed(wait))
        .bind(workspace.as_str())
        .execute(&mut *write)
        .await?;
    }
    Ok(())
}

impl FromRow<'_, AnyRow> for SessionRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let line: Option<&str> = row.try_get("line")?;
        Ok(Self {
            id: uuid(row, "id")?,
            conversation: uuid(row, "conversation_id")?,
            agent: uuid(row, "agent_id")?,
            contact: ContactName::read(row)?,
            call: optional_uuid(row, "call_id")?,
            campaign: optional_uuid(row, "campaign_id")?,
            listing: optional_uuid(row, "listing_id")?,
            tasks: optional_uuid(row, "task_id")?.into_iter().collect(),
            started_at: time(row, "started_at")?,
            ended_at: optional_time(row, "ended_at")?,
            last_activity_at: time(row, "last_activity_at")?,
            summary: row.try_get("summary")?,
            summary_generated_at: optional_time(row, "summary_generated_at")?,
            evaluated_at: optional_time(row, "evaluated_at")?,
            line: line
                .map(serde_json::from_str)
                .transpose()
                .map_err(|e| unreadable("line", e))?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
