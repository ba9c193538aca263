//! Conversations: what the API and webhooks identify; a call has one.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use crate::call_end::CallEnd;
use crate::columns::{micros, optional_time, optional_uuid, time, uuid, words};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// A stored conversation, with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationRecord {
    /// The conversation's id.
    pub id: Uuid,
    /// Who speaks for us.
    pub agent: Uuid,
    /// The other party.
    pub contact: Option<ContactName>,
    /// How it is held: `call` or `whatsapp`.
    pub channel: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; absent while it goes on.
    pub ended_at: Option<Timestamp>,
    /// When anything of it was last noted.
    pub updated_at: Timestamp,
    /// What it came to.
    pub summary: Option<String>,
    /// Its last call.
    pub call: Option<CallOfConversation>,
    /// The campaign that its last call was made or its last message was sent for.
    pub campaign: Option<Uuid>,
    /// The listing that made that campaign.
    pub listing: Option<Uuid>,
    /// Its sessions, in the order of their beginnings.
    pub sessions: Vec<Uuid>,
    /// The tasks that it was begun for.
    pub tasks: Vec<Uuid>,
}

/// Who somebody is, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactName {
    /// The contact's id.
    pub id: Uuid,
    /// First name.
    pub name: Option<String>,
    /// Surname.
    pub surname: Option<String>,
    /// E.164 number, or SIP user.
    pub number: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// The call of a conversation, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOfConversation {
    /// The call's id.
    pub id: Uuid,
    /// From answer to end.
    pub duration: Duration,
    /// Whether there is a recording.
    pub is_recorded: bool,
    /// When it began.
    pub created_at: Timestamp,
}

/// Which conversations to list, and in which order; absent parts match every one.
#[derive(Clone, Debug, Default)]
pub struct ConversationFilter {
    /// Only those with these characters in the contact's number.
    pub number: Option<String>,
    /// Only those of this agent.
    pub agent: Option<Uuid>,
    /// Only those of this channel.
    pub channel: Option<String>,
    /// Only those that go on, or only those that are over.
    pub is_open: Option<bool>,
    /// By when they were last changed instead of when they began.
    pub by_change: bool,
    /// The earliest first.
    pub is_ascending: bool,
}

/// Every column of [`ConversationRecord`]; the rows to take follow.
macro_rules! select_conversations {
    ($rest:literal) => {
        concat!(
            "SELECT conversations.*, contacts.name AS contact_name,
                 contacts.surname AS contact_surname, contacts.number AS contact_number,
                 contacts.email AS contact_email, calls.id AS call_id, calls.duration_ms,
                 calls.recording, calls.created_at AS call_created_at,
                 task_attempts.campaign_id, listings.id AS listing_id
             FROM conversations
             LEFT JOIN contacts ON contacts.id = conversations.contact_id
             LEFT JOIN calls ON calls.id = (
                 SELECT id FROM calls AS one WHERE one.conversation_id = conversations.id
                 ORDER BY one.created_at DESC, one.id DESC LIMIT 1
             )
             LEFT JOIN task_attempts ON task_attempts.id = (
                 SELECT id FROM task_attempts AS one
                 WHERE one.conversation_id = conversations.id
                 ORDER BY one.started_at DESC, one.id DESC LIMIT 1
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
    /// Page `page` (from 1) of the conversations that match, `per_page` to a page.
    pub async fn conversations(
        &self,
        filter: &ConversationFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<ConversationRecord>, StoreError> {
        let order = match (filter.by_change, filter.is_ascending) {
            (false, false) => "conversations.started_at DESC, conversations.id DESC",
            (false, true) => "conversations.started_at, conversations.id",
            (true, false) => "conversations.updated_at DESC, conversations.id DESC",
            (true, true) => "conversations.updated_at, conversations.id",
        };
        let list = List {
            select: select_conversations!(""),
            table: "conversations LEFT JOIN contacts ON contacts.id = conversations.contact_id",
            filter: Filter::of(&self.workspace, "conversations.workspace_id")
                .containing(&["contacts.number"], filter.number.as_deref())
                .equal("conversations.agent_id", filter.agent)
                .equal("conversations.channel", filter.channel.as_deref())
                .empty("conversations.ended_at", filter.is_open),
            order,
            is_counted: false,
        };
        let mut page: Page<ConversationRecord> = self.page(list, page, per_page).await?;
        self.add_parts(&mut page.items).await?;
        Ok(page)
    }

    /// The conversation with this id.
    pub async fn conversation(&self, id: Uuid) -> Result<Option<ConversationRecord>, StoreError> {
        let found: Option<ConversationRecord> = sqlx::query_as(select_conversations!(
            "WHERE conversations.id = $1 AND conversations.workspace_id = $2"
        ))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let mut found = [found];
        self.add_parts(&mut found).await?;
        let [found] = found;
        Ok(Some(found))
    }

    /// Reads the sessions and tasks of conversations.
    async fn add_parts(&self, conversations: &mut [ConversationRecord]) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = conversations.iter().map(|one| one.id).collect();
        let mut sessions = self
            .parts(
                &ids,
                "SELECT id AS part, conversation_id FROM sessions",
                "started_at, id",
            )
            .await?;
        let mut tasks = self
            .parts(
                &ids,
                "SELECT task_id AS part, conversation_id FROM task_attempts",
                "started_at, id",
            )
            .await?;
        for conversation in conversations {
            conversation.sessions = sessions.remove(&conversation.id).unwrap_or_default();
            conversation.tasks = tasks.remove(&conversation.id).unwrap_or_default();
            conversation.tasks.dedup();
        }
        Ok(())
    }

    async fn parts(
        &self,
        conversations: &[Uuid],
        select: &'static str,
        order: &'static str,
    ) -> Result<HashMap<Uuid, Vec<Uuid>>, StoreError> {
        let filter = Filter::of(&self.workspace, "workspace_id")
            .any_of("conversation_id", conversations.iter().copied());
        let statement = format!("{select} WHERE {} ORDER BY {order}", filter.conditions());
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        let mut parts: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for row in rows {
            let part = uuid(&row, "part")?;
            let of = uuid(&row, "conversation_id")?;
            parts.entry(of).or_default().push(part);
        }
        Ok(parts)
    }
}

impl ContactName {
    /// Of a row with the columns `contact_id`, `contact_name` and so on, if it has a contact.
    pub(crate) fn read(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(id) = optional_uuid(row, "contact_id")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            name: row.try_get("contact_name")?,
            surname: row.try_get("contact_surname")?,
            number: row.try_get("contact_number")?,
            email: row.try_get("contact_email")?,
        }))
    }
}

impl FromRow<'_, AnyRow> for ConversationRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let call = match optional_uuid(row, "call_id")? {
            None => None,
            Some(id) => {
                let duration: Option<i64> = row.try_get("duration_ms")?;
                let recording: Option<&str> = row.try_get("recording")?;
                let created_at = optional_time(row, "call_created_at")?;
                Some(CallOfConversation {
                    id,
                    duration: Duration::from_millis(duration.unwrap_or(0).try_into().unwrap_or(0)),
                    is_recorded: recording.is_some(),
                    created_at: created_at.unwrap_or_default(),
                })
            }
        };
        Ok(Self {
            id: uuid(row, "id")?,
            agent: uuid(row, "agent_id")?,
            contact: ContactName::read(row)?,
            channel: row.try_get("channel")?,
            started_at: time(row, "started_at")?,
            ended_at: optional_time(row, "ended_at")?,
            updated_at: time(row, "updated_at")?,
            summary: row.try_get("summary")?,
            call,
            campaign: optional_uuid(row, "campaign_id")?,
            listing: optional_uuid(row, "listing_id")?,
            sessions: Vec::new(),
            tasks: Vec::new(),
        })
    }
}

pub(crate) struct NewConversation<'a> {
    pub(crate) id: Uuid,
    pub(crate) workspace: &'a WorkspaceId,
    pub(crate) agent: Uuid,
    pub(crate) contact: Option<Uuid>,
    pub(crate) started_at: Timestamp,
}

/// Begins a conversation; an error when the workspace has no such agent.
pub(crate) async fn insert(
    write: &mut AnyConnection,
    conversation: &NewConversation<'_>,
) -> Result<(), sqlx::Error> {
    let begun = sqlx::query(
        "INSERT INTO conversations
         (id, workspace_id, agent_id, contact_id, channel, started_at, updated_at)
         SELECT $1, $2, id, $4, 'call', $5, $5 FROM agents WHERE id = $3 AND workspace_id = $2",
    )
    .bind(conversation.id.to_string())
    .bind(conversation.workspace.as_str())
    .bind(conversation.agent.to_string())
    .bind(conversation.contact.map(|id| id.to_string()))
    .bind(micros(conversation.started_at))
    .execute(write)
    .await?;
    if begun.rows_affected() == 0 {
        return Err(sqlx::Error::RowNotFound);
    }
    Ok(())
}

pub(crate) async fn end(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    end: &CallEnd,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE conversations SET summary = $1, sentiment = $2, ended_at = $3, updated_at = $3
         WHERE id = $4 AND workspace_id = $5",
    )
    .bind(end.summary.as_deref().map(words))
    .bind(end.sentiment.as_deref().map(words))
    .bind(micros(end.ended_at))
    .bind(end.conversation.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}
