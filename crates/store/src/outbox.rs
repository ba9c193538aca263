//! The outbox: webhook messages that are owed, each claimed by one delivery at a time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, SqliteConnection};
use uuid::Uuid;

use crate::call_end::EndReport;
use crate::columns::{micros, time, uuid};
use crate::database::{Store, StoreError};
use secret::Secret;

/// Messages that are forgotten in one write, so that no other write waits long for it.
const FORGOTTEN_AT_ONCE: u32 = 1_000;

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
        let mut write = self.write().await?;
        let claimed: Vec<ClaimedDelivery> = sqlx::query_as(
            "WITH open AS (
                 SELECT id, webhook_id, next_attempt_at, claimed_until FROM outbox
                 WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= ?1
             ), busy AS (
                 SELECT webhook_id, count(*) AS count FROM open
                 WHERE claimed_until > ?1 GROUP BY webhook_id
             ), due AS (
                 SELECT open.id, open.next_attempt_at, coalesce(busy.count, 0) + row_number() OVER (
                     PARTITION BY open.webhook_id ORDER BY open.next_attempt_at, open.id
                 ) AS place
                 FROM open
                 JOIN webhooks ON webhooks.id = open.webhook_id AND webhooks.is_active = 1
                 LEFT JOIN busy ON busy.webhook_id = open.webhook_id
                 WHERE open.claimed_until IS NULL OR open.claimed_until <= ?1
             )
             SELECT outbox.*, webhooks.url, webhooks.secret FROM outbox
             JOIN webhooks ON webhooks.id = outbox.webhook_id
             WHERE outbox.id IN (
                 SELECT id FROM due WHERE place <= ?2 ORDER BY next_attempt_at, id LIMIT ?3
             )
             ORDER BY outbox.next_attempt_at, outbox.id",
        )
        .bind(micros(now))
        .bind(limits.per_webhook)
        .bind(limits.messages)
        .fetch_all(&mut *write)
        .await?;
        for delivery in &claimed {
            sqlx::query("UPDATE outbox SET claimed_until = ? WHERE id = ?")
                .bind(micros(until))
                .bind(delivery.id.to_string())
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(claimed)
    }

    /// Spares the write lock while there is nothing to do.
    async fn is_any_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let any = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE delivered_at IS NULL
             AND given_up_at IS NULL AND next_attempt_at <= ?1
             AND (claimed_until IS NULL OR claimed_until <= ?1))",
        )
        .bind(micros(now))
        .fetch_one(&self.readers)
        .await?;
        Ok(any)
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
        let mut write = self.write().await?;
        sqlx::query(
            "UPDATE outbox SET delivered_at = ?, given_up_at = ?,
                 next_attempt_at = coalesce(?, next_attempt_at), last_error = ?,
                 claimed_until = NULL, attempts = attempts + 1
             WHERE id = ?",
        )
        .bind(delivered_at.map(micros))
        .bind(given_up_at.map(micros))
        .bind(next.map(micros))
        .bind(error)
        .bind(delivery.id.to_string())
        .execute(&mut *write)
        .await?;
        if let Outcome::EndpointGone { error } = outcome {
            sqlx::query(
                "UPDATE webhooks SET is_active = 0, disabled_reason = ?, updated_at = ?
                 WHERE id = ?",
            )
            .bind(error)
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
            "UPDATE outbox SET given_up_at = ?1
             WHERE delivered_at IS NULL AND given_up_at IS NULL AND created_at < ?2
             AND (claimed_until IS NULL OR claimed_until <= ?1)",
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
                     AND coalesce(delivered_at, given_up_at) < ?1 LIMIT ?2
                 )",
            )
            .bind(micros(settled_before))
            .bind(FORGOTTEN_AT_ONCE)
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

/// Owes one message to each active webhook of the agent that wants the event.
pub(crate) async fn owe(
    write: &mut SqliteConnection,
    agent: Uuid,
    report: &EndReport,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let webhooks: Vec<(String, String)> = sqlx::query_as(
        "SELECT id, workspace_id FROM webhooks WHERE agent_id = ? AND is_active = 1
         AND EXISTS (SELECT 1 FROM json_each(webhooks.events) WHERE value = ?)",
    )
    .bind(agent.to_string())
    .bind(report.event)
    .fetch_all(&mut *write)
    .await?;
    let mut owed = 0;
    for (webhook, workspace) in webhooks {
        sqlx::query(
            "INSERT INTO outbox
             (id, workspace_id, webhook_id, event, payload, created_at, next_attempt_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(workspace)
        .bind(webhook)
        .bind(report.event)
        .bind(&report.payload)
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        owed += 1;
    }
    Ok(owed)
}

impl FromRow<'_, SqliteRow> for ClaimedDelivery {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            webhook: uuid(row, "webhook_id")?,
            url: row.try_get("url")?,
            secret: Secret::new(row.try_get::<String, _>("secret")?),
            event: row.try_get("event")?,
            payload: row.try_get("payload")?,
            created_at: time(row, "created_at")?,
            attempts: row.try_get("attempts")?,
        })
    }
}
