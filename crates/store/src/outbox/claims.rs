//! Taking up what is due: a claim holds for a while and outlives nobody.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, time, unsigned, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;
use secret::Secret;

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
    pub owed_since: Timestamp,
    /// Attempts made before this one since it is owed.
    pub attempts: u32,
}

impl Store {
    /// Claims messages that are due, at most [`ClaimLimits::messages`] of them, oldest due first,
    /// leaving out webhooks that are inactive, paused, or have their share under way. A webhook
    /// whose pause is over has one message under way, until one was delivered.
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
            "WITH ready AS (
                 SELECT id, CASE WHEN paused_until IS NULL THEN $2 ELSE 1 END AS share
                 FROM webhooks
                 WHERE is_active = 1 AND (paused_until IS NULL OR paused_until <= $1)
             ), open AS (
                 SELECT outbox.id, webhook_id, next_attempt_at, claimed_until, ready.share
                 FROM outbox JOIN ready ON ready.id = outbox.webhook_id
                 WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= $1
             ), busy AS (
                 SELECT webhook_id, count(*) AS count FROM open
                 WHERE claimed_until > $1 GROUP BY webhook_id
             ), due AS (
                 SELECT open.id, open.next_attempt_at, open.share,
                     coalesce(busy.count, 0) + row_number() OVER (
                         PARTITION BY open.webhook_id ORDER BY open.next_attempt_at, open.id
                     ) AS place
                 FROM open
                 LEFT JOIN busy ON busy.webhook_id = open.webhook_id
                 WHERE open.claimed_until IS NULL OR open.claimed_until <= $1
             )
             SELECT outbox.*, webhooks.url, webhooks.secret FROM outbox
             JOIN webhooks ON webhooks.id = outbox.webhook_id
             WHERE outbox.id IN (
                 SELECT id FROM due WHERE place <= share ORDER BY next_attempt_at, id LIMIT $3
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
        let any: Option<String> = sqlx::query_scalar(
            "SELECT id FROM webhooks
             WHERE is_active = 1 AND (paused_until IS NULL OR paused_until <= $1) AND EXISTS (
                 SELECT 1 FROM outbox WHERE webhook_id = webhooks.id
                 AND delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= $1
                 AND (claimed_until IS NULL OR claimed_until <= $1)
             ) LIMIT 1",
        )
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await?;
        Ok(any.is_some())
    }
}

impl FromRow<'_, AnyRow> for ClaimedDelivery {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let attempts = unsigned(row, "attempts")?;
        let attempts = attempts.saturating_sub(unsigned(row, "attempts_before")?);
        Ok(Self {
            id: uuid(row, "id")?,
            workspace: WorkspaceId::read(row)?,
            webhook: uuid(row, "webhook_id")?,
            url: row.try_get("url")?,
            secret: Secret::new(row.try_get::<String, _>("secret")?),
            event: row.try_get("event")?,
            payload: row.try_get("payload")?,
            owed_since: time(row, "owed_since")?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        })
    }
}
