//! Messages that were sent: each is a turn of its conversation, in a session that lasts as long as
//! no pause is too long.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::columns::{micros, optional_uuid, time, uuid, words};
use crate::database::{Store, StoreError};
use crate::message_sessions::{self, MessageSession};
use crate::outbox::{self, Announcement};
use crate::workspaces::WorkspaceId;

/// What is known of a message that Meta took.
#[derive(Clone, Copy, Debug)]
pub struct TakenWhatsappMessage<'a> {
    /// The message's id.
    pub message: Uuid,
    /// Meta's id of it.
    pub message_id: &'a str,
    /// What the recipient reads.
    pub text: &'a str,
    /// After how long without another message its session is over.
    pub session_timeout: Duration,
}

/// What webhooks are told of a message, as far as it happens.
#[derive(Clone, Debug)]
pub struct SessionNews {
    /// The session before is over.
    pub over: Announcement,
    /// A session began.
    pub begun: Announcement,
    /// The message was sent.
    pub written: Announcement,
}

/// Where a message belongs.
struct Place {
    conversation: Uuid,
    agent: Uuid,
    contact: Option<Uuid>,
    attempt: Option<Uuid>,
}

impl Store {
    /// Notes that a message was sent. It continues the session of its conversation, or begins one
    /// if there is none or too much time has passed. Owes what webhooks are told of it and returns
    /// how many messages that are. The words to somebody who was erased meanwhile are not kept.
    pub async fn note_sent_whatsapp_message(
        &self,
        taken: &TakenWhatsappMessage<'_>,
        news: &SessionNews,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let settled = sqlx::query(
            "UPDATE whatsapp_messages SET status = 'sent', message_id = $1, error = NULL,
                 updated_at = $2
             WHERE id = $3 AND workspace_id = $4 AND status = 'sending' RETURNING *",
        )
        .bind(taken.message_id)
        .bind(micros(now))
        .bind(taken.message.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = settled else { return Ok(0) };
        let recipient: &str = row.try_get("recipient")?;
        let mut owed = 0;
        if !recipient.is_empty() {
            let place = Place {
                conversation: uuid(&row, "conversation_id")?,
                agent: uuid(&row, "agent_id")?,
                contact: optional_uuid(&row, "contact_id")?,
                attempt: optional_uuid(&row, "attempt_id")?,
            };
            owed = self
                .write_turn(&mut write, &place, taken, news, now)
                .await?;
        }
        write.commit().await?;
        Ok(owed)
    }

    async fn write_turn(
        &self,
        write: &mut AnyConnection,
        place: &Place,
        taken: &TakenWhatsappMessage<'_>,
        news: &SessionNews,
        now: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let (workspace, conversation) = (&self.workspace, place.conversation);
        open_conversation(write, workspace, place, now).await?;
        let timeout =
            SignedDuration::try_from(taken.session_timeout).unwrap_or(SignedDuration::MAX);
        let ends_at = now.saturating_add(timeout).unwrap_or(Timestamp::MAX);
        let joined = join_session(write, workspace, conversation, ends_at, now).await?;
        sqlx::query(
            "INSERT INTO messages
             (conversation_id, position, workspace_id, speaker, text, start_ms, end_ms, interrupted,
              session_id, created_at, kind)
             SELECT $1, CASE WHEN noted > sent THEN noted ELSE sent END, $2, 'agent', $3, 0, 0, 0,
                 $4, $5, 'template'
             FROM (SELECT
                 (SELECT coalesce(max(position) + 1, 0) FROM messages WHERE conversation_id = $1)
                     AS noted,
                 (SELECT count(*) - 1 FROM whatsapp_messages
                     WHERE conversation_id = $1 AND status = 'sent') AS sent
             ) AS places",
        )
        .bind(conversation.to_string())
        .bind(workspace.as_str())
        .bind(words(taken.text))
        .bind(joined.session.to_string())
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "UPDATE whatsapp_messages SET session_id = $1 WHERE id = $2 AND workspace_id = $3",
        )
        .bind(joined.session.to_string())
        .bind(taken.message.to_string())
        .bind(workspace.as_str())
        .execute(&mut *write)
        .await?;
        if let Some(attempt) = place.attempt {
            sqlx::query(
                "UPDATE task_attempts SET conversation_id = $1 WHERE id = $2 AND workspace_id = $3",
            )
            .bind(conversation.to_string())
            .bind(attempt.to_string())
            .bind(workspace.as_str())
            .execute(&mut *write)
            .await?;
        }
        let mut told = Vec::new();
        if joined.ended_another {
            told.push(news.over.clone());
        }
        if joined.is_new {
            told.push(news.begun.clone());
        }
        told.push(news.written.clone());
        outbox::owe(write, workspace, conversation, &told, now).await
    }
}

/// Begins the conversation, or goes on with it.
async fn open_conversation(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    place: &Place,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO conversations
         (id, workspace_id, agent_id, contact_id, channel, started_at, updated_at)
         VALUES ($1, $2, $3, $4, 'whatsapp', $5, $5)
         ON CONFLICT (id) DO UPDATE SET ended_at = NULL, updated_at = excluded.updated_at
         WHERE conversations.workspace_id = excluded.workspace_id",
    )
    .bind(place.conversation.to_string())
    .bind(workspace.as_str())
    .bind(place.agent.to_string())
    .bind(place.contact.map(|contact| contact.to_string()))
    .bind(micros(now))
    .execute(write)
    .await?;
    Ok(())
}

struct Joined {
    session: Uuid,
    is_new: bool,
    /// One was open whose time was up.
    ended_another: bool,
}

async fn join_session(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    conversation: Uuid,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<Joined, sqlx::Error> {
    let open = sqlx::query(
        "SELECT id, last_activity_at, ends_at FROM sessions
         WHERE conversation_id = $1 AND workspace_id = $2 AND ends_at IS NOT NULL
         ORDER BY started_at DESC, id DESC LIMIT 1",
    )
    .bind(conversation.to_string())
    .bind(workspace.as_str())
    .fetch_optional(&mut *write)
    .await?;
    let mut ended_another = false;
    if let Some(open) = open {
        let session = uuid(&open, "id")?;
        if time(&open, "ends_at")? > now {
            sqlx::query(
                "UPDATE sessions SET last_activity_at = $1, updated_at = $1, ends_at = $2
                 WHERE id = $3 AND workspace_id = $4",
            )
            .bind(micros(now))
            .bind(micros(ends_at))
            .bind(session.to_string())
            .bind(workspace.as_str())
            .execute(write)
            .await?;
            return Ok(Joined {
                session,
                is_new: false,
                ended_another,
            });
        }
        let over = MessageSession {
            session,
            conversation,
        };
        ended_another = message_sessions::end(write, workspace, over, now).await?;
        sqlx::query("UPDATE conversations SET ended_at = NULL WHERE id = $1 AND workspace_id = $2")
            .bind(conversation.to_string())
            .bind(workspace.as_str())
            .execute(&mut *write)
            .await?;
    }
    let session = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO sessions
         (id, workspace_id, conversation_id, started_at, last_activity_at, updated_at, ends_at)
         VALUES ($1, $2, $3, $4, $4, $4, $5)",
    )
    .bind(session.to_string())
    .bind(workspace.as_str())
    .bind(conversation.to_string())
    .bind(micros(now))
    .bind(micros(ends_at))
    .execute(write)
    .await?;
    Ok(Joined {
        session,
        is_new: true,
        ended_another,
    })
}
