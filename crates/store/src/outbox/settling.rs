//! How deliveries went, and what becomes of messages that are old.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::claims::ClaimedDelivery;
use crate::columns::{micros, optional_time, optional_uuid, signed, unsigned, words};
use crate::database::{Store, StoreError};

/// Messages that are forgotten in one write, so that no other write waits long for it.
const FORGOTTEN_AT_ONCE: u16 = 1_000;

/// One attempt to deliver a message.
#[derive(Clone, Debug)]
pub struct MadeAttempt {
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The status of the endpoint's answer, if it answered.
    pub status_code: Option<u16>,
    /// How it went.
    pub outcome: Outcome,
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

/// How a webhook's endpoint has done of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Failed attempts since the last good one, of all its messages.
    pub failures: u32,
    /// Until when nothing is sent to it. When that is over, one message is, until one was
    /// delivered.
    pub paused_until: Option<Timestamp>,
}

impl Outcome {
    /// What went wrong.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Delivered => None,
            Self::Retry { error, .. } | Self::GivenUp { error } | Self::EndpointGone { error } => {
                Some(error)
            }
        }
    }
}

impl Store {
    /// Notes how a claimed delivery went, lets go of its claim, and makes the next message about
    /// its conversation due if this one is settled. `health` is told how the endpoint did before
    /// and says how it does now.
    ///
    /// Changes nothing when the message is not open any more.
    pub async fn settle_delivery(
        &self,
        delivery: &ClaimedDelivery,
        attempt: &MadeAttempt,
        health: impl Fn(EndpointHealth) -> EndpointHealth + Send + Sync,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let error = attempt.outcome.error().map(words);
        let (delivered_at, given_up_at, next) = match &attempt.outcome {
            Outcome::Delivered => (Some(now), None, None),
            Outcome::Retry { at, .. } => (None, None, Some(*at)),
            Outcome::GivenUp { .. } | Outcome::EndpointGone { .. } => (None, Some(now), None),
        };
        let mut write = self.in_workspace(&delivery.workspace).write().await?;
        let settled = sqlx::query(
            "UPDATE outbox SET delivered_at = $1, given_up_at = $2,
                 next_attempt_at = coalesce($3, next_attempt_at), last_error = $4,
                 claimed_until = NULL, attempts = attempts + 1
             WHERE id = $5 AND delivered_at IS NULL AND given_up_at IS NULL
             RETURNING attempts, conversation_id",
        )
        .bind(delivered_at.map(micros))
        .bind(given_up_at.map(micros))
        .bind(next.map(micros))
        .bind(error.as_deref())
        .bind(delivery.id.to_string())
        .fetch_optional(&mut *write)
        .await?;
        let Some(settled) = settled else {
            return Ok(());
        };
        note_attempt(&mut write, delivery, attempt, settled.try_get("attempts")?).await?;
        if next.is_none()
            && let Some(conversation) = optional_uuid(&settled, "conversation_id")?
        {
            release(&mut write, delivery.webhook, conversation, now).await?;
        }
        note_health(&mut write, delivery.webhook, health).await?;
        if let Outcome::EndpointGone { error } = &attempt.outcome {
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

    /// Gives up messages that are owed since before `owed_before`, and makes those due that waited
    /// for one of them. Returns how many were given up.
    pub async fn give_up_deliveries(
        &self,
        owed_before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut write = self.write_for_all().await?;
        let outcome = sqlx::query(
            "UPDATE outbox SET given_up_at = $1,
                 last_error = coalesce(last_error, 'its time was over before it could be sent')
             WHERE delivered_at IS NULL AND given_up_at IS NULL AND owed_since < $2
             AND (claimed_until IS NULL OR claimed_until <= $1)",
        )
        .bind(micros(now))
        .bind(micros(owed_before))
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "UPDATE outbox SET next_attempt_at = $1
             WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_attempt_at IS NULL
             AND NOT EXISTS (
                 SELECT 1 FROM outbox AS earlier
                 WHERE earlier.webhook_id = outbox.webhook_id
                 AND earlier.conversation_id = outbox.conversation_id
                 AND earlier.position < outbox.position
                 AND earlier.delivered_at IS NULL AND earlier.given_up_at IS NULL
             )",
        )
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(outcome.rows_affected())
    }

    /// Forgets messages that were delivered or given up before `settled_before`, with their
    /// attempts. Returns how many.
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
}

async fn note_attempt(
    write: &mut AnyConnection,
    delivery: &ClaimedDelivery,
    attempt: &MadeAttempt,
    number: i64,
) -> Result<(), sqlx::Error> {
    let millis = u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX);
    sqlx::query(
        "INSERT INTO outbox_attempts
         (message_id, number, workspace_id, started_at, duration_ms, status_code, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(delivery.id.to_string())
    .bind(number)
    .bind(delivery.workspace.as_str())
    .bind(micros(attempt.started_at))
    .bind(signed(millis))
    .bind(attempt.status_code.map(i64::from))
    .bind(attempt.outcome.error().map(words))
    .execute(write)
    .await?;
    Ok(())
}

/// Makes the first open message of a webhook about a conversation due.
async fn release(
    write: &mut AnyConnection,
    webhook: Uuid,
    conversation: Uuid,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET next_attempt_at = $1 WHERE next_attempt_at IS NULL AND id = (
             SELECT id FROM outbox WHERE webhook_id = $2 AND conversation_id = $3
             AND delivered_at IS NULL AND given_up_at IS NULL AND position IS NOT NULL
             ORDER BY position LIMIT 1
         )",
    )
    .bind(micros(now))
    .bind(webhook.to_string())
    .bind(conversation.to_string())
    .execute(write)
    .await?;
    Ok(())
}

async fn note_health(
    write: &mut AnyConnection,
    webhook: Uuid,
    health: impl Fn(EndpointHealth) -> EndpointHealth + Send + Sync,
) -> Result<(), sqlx::Error> {
    let before: Option<EndpointHealth> = sqlx::query_as("SELECT * FROM webhooks WHERE id = $1")
        .bind(webhook.to_string())
        .fetch_optional(&mut *write)
        .await?;
    let Some(before) = before else {
        return Ok(());
    };
    let after = health(before);
    if after == before {
        return Ok(());
    }
    sqlx::query("UPDATE webhooks SET failures = $1, paused_until = $2 WHERE id = $3")
        .bind(i64::from(after.failures))
        .bind(after.paused_until.map(micros))
        .bind(webhook.to_string())
        .execute(write)
        .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for EndpointHealth {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            failures: u32::try_from(unsigned(row, "failures")?).unwrap_or(u32::MAX),
            paused_until: optional_time(row, "paused_until")?,
        })
    }
}
