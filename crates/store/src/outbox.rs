//! The outbox: webhook messages that are owed, each claimed by one delivery at a time. Deliveries
//! are the node's work: the methods here are about the messages of all workspaces.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, time, unsigned, uuid, words};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;
use secret::Secret;

/// Messages that are forgotten in one write, so that no other write waits long for it.
const FORGOTTEN_AT_ONCE: u16 = 1_000;

/// What webhooks are told about a conversation.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The event name that webhooks subscribe to.
    pub event: &'static str,
    /// The body to send.
    pub payload: String,
}

/// How much one claim may take.
#[derive(Clone, Copy, Debug)]
pub struct ClaimLimits {
    /// Messages in all.
    pub messages: u32,
    /// Messages of one webhook that may be under way at once, those claimed before included.
    pub per_webhook: u32,
    /// How long the claim holds. A claim that outlives its process is taken over after this.
    pub hold: Duration,
}

/// A message that this process now has to deliver.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The message, the same at every attempt.
    pub id: Uuid,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The webhook it goes to.
    pub webhook: Uuid,
    /// The webhook's address.
    pub url: String,
    /// What signs it.
    pub secret: Secret,
    /// The event name.
    pub event: String,
    /// The body.
    pub payload: String,
    /// Since when it is owed.
    pub created_at: Timestamp,
    /// Attempts made before this one.
    pub attempts: u32,
}

/// How a delivery went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The endpoint took the message.
    Delivered,
    /// To be tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// Never tried again.
    GivenUp {
        /// What went wrong.
        error: String,
    },
    /// Never tried again, and the webhook gets no more messages until it is activated again.
    EndpointGone {
        /// What the endpoint said.
        error: String,
    },
}

impl Store {
    /// Owes announcements about a conversation, all or none of them, to every active webhook of its
    /// agent that subscribes to them. Returns how many messages that are.
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

    /// Claims messages that are due, at most [`ClaimLimits::messages`] of them, oldest due first,
    /// leaving out webhooks that are inactive or have their share under way.
    pub async fn claim_deliveries(
        &self,
        limits: ClaimLimits,
        now: Timestamp,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let hold = SignedDuration::try_from(limits.hold).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(hold).unwrap_or(Timestamp::MAX);
        if !self.is_any_due(now).await? {
            return Ok(Vec::new());
        }
        let mut write = self.write_for_all().await?;
        let due: Vec<ClaimedDelivery> = sqlx::query_as(
            "WITH open AS (
                 SELECT id, webhook_id, next_attempt_at, claimed_until FROM outbox
                 WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= $1
             ), busy AS (
                 SELECT webhook_id, count(*) AS count FROM open
                 WHERE claimed_until > $1 GROUP BY webhook_id
             ), due AS (
                 SELECT open.id, open.next_attempt_at, coalesce(busy.count, 0) + row_number() OVER (
                     PARTITION BY open.webhook_id ORDER BY open.next_attempt_at, open.id
                 ) AS place
                 FROM open
                 JOIN webhooks ON webhooks.id = open.webhook_id AND webhooks.is_active = 1
                 LEFT JOIN busy ON busy.webhook_id = open.webhook_id
                 WHERE open.claimed_until IS NULL OR open.claimed_until <= $1
             )
             SELECT outbox.*, webhooks.url, webhooks.secret FROM outbox
             JOIN webhooks ON webhooks.id = outbox.webhook_id
             WHERE outbox.id IN (
                 SELECT id FROM due WHERE place <= $2 ORDER BY next_attempt_at, id LIMIT $3
             )
             ORDER BY outbox.next_attempt_at, outbox.id",
        )
        .bind(micros(now))
        .bind(i64::from(limits.per_webhook))
        .bind(i64::from(limits.messages))
        .fetch_all(&mut *write)
        .await?;
        let mut claimed = Vec::with_capacity(due.len());
        for delivery in due {
            let outcome = sqlx::query(
                "UPDATE outbox SET claimed_until = $1
                 WHERE id = $2 AND delivered_at IS NULL AND given_up_at IS NULL
                 AND (claimed_until IS NULL OR claimed_until <= $3)",
            )
            .bind(micros(until))
            .bind(delivery.id.to_string())
            .bind(micros(now))
            .execute(&mut *write)
            .await?;
            if outcome.rows_affected() == 1 {
                claimed.push(delivery);
            }
        }
        write.commit().await?;
        Ok(claimed)
    }

    /// Spares the write lock while there is nothing to do.
    async fn is_any_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let any: Option<i64> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM outbox WHERE delivered_at IS NULL
             AND given_up_at IS NULL AND next_attempt_at <= $1
             AND (claimed_until IS NULL OR claimed_until <= $1) LIMIT 1",
        )
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await?;
        Ok(any.is_some())
    }

    /// Notes how a claimed delivery went and lets go of its claim.
    pub async fn settle_delivery(
        &self,
        delivery: &ClaimedDelivery,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (delivered_at, given_up_at, next, error) = match outcome {
            Outcome::Delivered => (Some(now), None, None, None),
            Outcome::Retry { at, error } => (None, None, Some(*at), Some(error)),
            Outcome::GivenUp { error } | Outcome::EndpointGone { error } => {
                (None, Some(now), None, Some(error))
            }
        };
        let mut write = self.in_workspace(&delivery.workspace).write().await?;
        sqlx::query(
            "UPDATE outbox SET delivered_at = $1, given_up_at = $2,
                 next_attempt_at = coalesce($3, next_attempt_at), last_error = $4,
                 claimed_until = NULL, attempts = attempts + 1
             WHERE id = $5",
        )
        .bind(delivered_at.map(micros))
        .bind(given_up_at.map(micros))
        .bind(next.map(micros))
        .bind(error.map(|error| words(error)))
        .bind(delivery.id.to_string())
        .execute(&mut *write)
        .await?;
        if let Outcome::EndpointGone { error } = outcome {
            sqlx::query(
                "UPDATE webhooks SET is_active = 0, disabled_reason = $1, updated_at = $2
                 WHERE id = $3",
            )
            .bind(words(error))
            .bind(micros(now))
            .bind(delivery.webhook.to_string())
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Gives up messages that are owed since before `created_before`. Returns how many.
    pub async fn give_up_deliveries(
        &self,
        created_before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let outcome = sqlx::query(
            "UPDATE outbox SET given_up_at = $1
             WHERE delivered_at IS NULL AND given_up_at IS NULL AND created_at < $2
             AND (claimed_until IS NULL OR claimed_until <= $1)",
        )
        .bind(micros(now))
        .bind(micros(created_before))
        .execute(&self.writer)
        .await?;
        Ok(outcome.rows_affected())
    }

    /// Forgets messages that were delivered or given up before `settled_before`. Returns how many.
    pub async fn forget_deliveries(&self, settled_before: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let outcome = sqlx::query(
                "DELETE FROM outbox WHERE id IN (
                     SELECT id FROM outbox
                     WHERE (delivered_at IS NOT NULL OR given_up_at IS NOT NULL)
                     AND coalesce(delivered_at, given_up_at) < $1 LIMIT $2
                 )",
            )
            .bind(micros(settled_before))
            .bind(i64::from(FORGOTTEN_AT_ONCE))
            .execute(&self.writer)
            .await?;
            let rows = outcome.rows_affected();
            forgotten += rows;
            if rows < u64::from(FORGOTTEN_AT_ONCE) {
                return Ok(forgotten);
            }
        }
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

/// Owes each announcement about a conversation to the active webhooks of its agent that want it.
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
         WHERE workspace_id = $2 AND is_active = 1 AND agent_id = (
             SELECT agent_id FROM conversations WHERE id = $1 AND workspace_id = $2
         ) ORDER BY created_at, id",
    )
    .bind(conversation.to_string())
    .bind(workspace.as_str())
    .fetch_all(&mut *write)
    .await?;
    let mut owed = 0;
    for webhook in webhooks {
        let events: Vec<String> = json(&webhook, "events")?;
        for one in told {
            if !events.iter().any(|event| event == one.event) {
                continue;
            }
            sqlx::query(
                "INSERT INTO outbox
                 (id, workspace_id, webhook_id, event, payload, created_at, next_attempt_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6)",
            )
            .bind(Uuid::now_v7().to_string())
            .bind(workspace.as_str())
            .bind(webhook.try_get::<&str, _>("id")?)
            .bind(one.event)
            .bind(&one.payload)
            .bind(micros(now))
            .execute(&mut *write)
            .await?;
            owed += 1;
        }
    }
    Ok(owed)
}

impl FromRow<'_, AnyRow> for ClaimedDelivery {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            workspace: WorkspaceId::read(row)?,
            webhook: uuid(row, "webhook_id")?,
            url: row.try_get("url")?,
            secret: Secret::new(row.try_get::<String, _>("secret")?),
            event: row.try_get("event")?,
            payload: row.try_get("payload")?,
            created_at: time(row, "created_at")?,
            attempts: u32::try_from(unsigned(row, "attempts")?).unwrap_or(u32::MAX),
        })
    }
}
