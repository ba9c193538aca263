//! Sessions of messages that are over because nobody has written for too long. Looking for them is
//! the node's work: it is about the sessions of all workspaces.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

use crate::columns::{micros, uuid};
use crate::conversations::ContactName;
use crate::database::{Store, StoreError};
use crate::outbox::{self, Announcement};
use crate::workspaces::WorkspaceId;

/// A session of messages whose time is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueSession {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The session.
    pub session: MessageSession,
    /// Who speaks for us.
    pub agent: Uuid,
    /// The other party, while it is known.
    pub contact: Option<ContactName>,
}

/// A session of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageSession {
    /// The session.
    pub session: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
}

impl Store {
    /// Sessions of messages in all workspaces whose time is up, at most so many.
    pub async fn overdue_sessions(
        &self,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<OverdueSession>, StoreError> {
        let overdue = sqlx::query_as(
            "SELECT sessions.id, sessions.workspace_id, sessions.conversation_id,
                 conversations.agent_id, conversations.contact_id,
                 contacts.name AS contact_name, contacts.surname AS contact_surname,
                 contacts.number AS contact_number, contacts.email AS contact_email
             FROM sessions
             JOIN conversations ON conversations.id = sessions.conversation_id
             LEFT JOIN contacts ON contacts.id = conversations.contact_id
             WHERE sessions.ends_at <= $1 ORDER BY sessions.ends_at, sessions.id LIMIT $2",
        )
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(overdue)
    }

    /// Ends a session of messages whose time is up at `now`, with its conversation, and owes what
    /// webhooks are told of it. Returns how many messages that are; none when somebody has written
    /// meanwhile or it was ended already.
    pub async fn end_overdue_session(
        &self,
        overdue: &OverdueSession,
        told: &Announcement,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let store = self.in_workspace(&overdue.workspace);
        let mut write = store.write().await?;
        let workspace = &store.workspace;
        if !end(&mut write, workspace, overdue.session, now).await? {
            return Ok(0);
        }
        let conversation = overdue.session.conversation;
        let told = std::slice::from_ref(told);
        let owed = outbox::owe(&mut write, workspace, conversation, told, now).await?;
        write.commit().await?;
        Ok(owed)
    }
}

/// Ends a session with its last message if its time is up, and its conversation with it. Whether it
/// was.
pub(crate) async fn end(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    session: MessageSession,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query(
        "UPDATE sessions SET ended_at = last_activity_at, ends_at = NULL, updated_at = $1
         WHERE id = $2 AND workspace_id = $3 AND ends_at <= $1",
    )
    .bind(micros(now))
    .bind(session.session.to_string())
    .bind(workspace.as_str())
    .execute(&mut *write)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE conversations SET updated_at = $1, ended_at = (
             SELECT max(ended_at) FROM sessions WHERE conversation_id = $2
         ) WHERE id = $2 AND workspace_id = $3",
    )
    .bind(micros(now))
    .bind(session.conversation.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(true)
}

impl FromRow<'_, AnyRow> for OverdueSession {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            session: MessageSession {
                session: uuid(row, "id")?,
                conversation: uuid(row, "conversation_id")?,
            },
            agent: uuid(row, "agent_id")?,
            contact: ContactName::read(row)?,
        })
    }
}
