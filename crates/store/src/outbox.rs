//! The outbox: webhook messages that are owed, each claimed by one delivery at a time.
//!
//! Messages about one conversation go to a webhook one after the other, in the order in which they
//! were owed: a message has a time at which it is due only when no earlier one is open. `claims.rs`
//! takes up what is due, `settling.rs` notes how it went, `log.rs` shows it and owes it again.
//! Deliveries are the node's work: claiming and settling are about the messages of all workspaces.

pub(crate) mod claims;
pub(crate) mod log;
pub(crate) mod settling;

use jiff::Timestamp;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::columns::{json, micros};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// What webhooks are told about a conversation.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The event name that webhooks subscribe to.
    pub event: &'static str,
    /// The body to send.
    pub payload: String,
}

impl Store {
    /// Owes announcements about a conversation, all or none of them, to every active webhook of its
    /// agent and of the workspace that subscribes to them. Returns how many messages that are.
    pub async fn announce(
        &self,
        conversation: Uuid,
        told: &[Announcement],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let owed = owe(&mut write, &self.workspace, conversation, told, now).await?;
        write.commit().await?;
        Ok(owed)
    }

    /// How many messages are neither delivered nor given up.
    pub async fn owed_deliveries(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND given_up_at IS NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Owes each announcement about a conversation to the active webhooks that want it: those of its
/// agent and those of the workspace. The transaction is to have the workspace to itself.
pub(crate) async fn owe(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    conversation: Uuid,
    told: &[Announcement],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    if told.is_empty() {
        return Ok(0);
    }
    let webhooks = sqlx::query(
        "SELECT id, events FROM webhooks
         WHERE workspace_id = $2 AND is_active = 1 AND EXISTS (
             SELECT 1 FROM conversations WHERE conversations.id = $1
             AND conversations.workspace_id = $2
             AND (webhooks.agent_id IS NULL OR webhooks.agent_id = conversations.agent_id)
         ) ORDER BY created_at, id",
    )
    .bind(conversation.to_string())
    .bind(workspace.as_str())
    .fetch_all(&mut *write)
    .await?;
    let mut owed = 0;
    for webhook in webhooks {
        let events: Vec<String> = json(&webhook, "events")?;
        let id: String = webhook.try_get("id")?;
        for one in told
            .iter()
            .filter(|one| events.iter().any(|it| it == one.event))
        {
            insert(write, workspace, &id, conversation, one, now).await?;
            owed += 1;
        }
    }
    Ok(owed)
}

/// Puts a message behind those of its webhook and conversation that are open.
async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    webhook: &str,
    conversation: Uuid,
    told: &Announcement,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT max(position) FROM outbox WHERE webhook_id = $1 AND conversation_id = $2
         AND delivered_at IS NULL AND given_up_at IS NULL",
    )
    .bind(webhook)
    .bind(conversation.to_string())
    .fetch_one(&mut *write)
    .await?;
    let due = last.is_none().then_some(micros(now));
    sqlx::query(
        "INSERT INTO outbox
         (id, workspace_id, webhook_id, conversation_id, position, event, payload, created_at,
          owed_since, next_attempt_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(workspace.as_str())
    .bind(webhook)
    .bind(conversation.to_string())
    .bind(last.map_or(0, |last| last + 1))
    .bind(told.event)
    .bind(&told.payload)
    .bind(micros(now))
    .bind(due)
    .execute(write)
    .await?;
    Ok(())
}
