//! The messages of a webhook as its owner sees them: what was sent, how each attempt went, and
//! messages that are sent because somebody asks for it.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::Announcement;
use crate::columns::{micros, optional_time, optional_uuid, time, unsigned, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};

/// A message of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The message's id.
    pub id: Uuid,
    /// The webhook it goes to.
    pub webhook: Uuid,
    /// What it is about.
    pub conversation: Option<Uuid>,
    /// The event name, as webhooks subscribe to it.
    pub event: String,
    /// The body.
    pub payload: String,
    /// When it came about.
    pub created_at: Timestamp,
    /// When it is tried next; absent when it is settled, or waits for an earlier message.
    pub next_attempt_at: Option<Timestamp>,
    /// Attempts made.
    pub attempts: u32,
    /// When the endpoint took it.
    pub delivered_at: Option<Timestamp>,
    /// When it was given up.
    pub given_up_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// An attempt that was made to deliver a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// From 1.
    pub number: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The status of the endpoint's answer, if it answered.
    pub status_code: Option<u16>,
    /// What went wrong, if it did.
    pub error: Option<String>,
}

/// Which messages to list; absent parts match every one.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those that are in this state.
    pub state: Option<DeliveryState>,
    /// Only those about this conversation.
    pub conversation: Option<Uuid>,
}

/// What has become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is owed.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It is not tried any more.
    GivenUp,
}

/// Why a message is not sent because somebody asks for it.
#[derive(Debug, thiserror::Error)]
pub enum SendDeliveryError {
    /// The webhook has no such message, or there is no such webhook.
    #[error("there is no such message")]
    Unknown,
    /// The webhook is not active.
    #[error("the webhook is not active")]
    Inactive,
    /// The message is owed anyway.
    #[error("the message is still owed")]
    Pending,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SendDeliveryError {
    fn from(error: sqlx::Error) -> Self {
        StoreError(error).into()
    }
}

impl DeliveryRecord {
    /// What has become of it.
    pub fn state(&self) -> DeliveryState {
        match (self.delivered_at, self.given_up_at) {
            (Some(_), _) => DeliveryState::Delivered,
            (None, Some(_)) => DeliveryState::GivenUp,
            (None, None) => DeliveryState::Pending,
        }
    }
}

impl Store {
    /// Page `page` (from 1) of a webhook's messages that match, newest first, `per_page` to a page.
    pub async fn deliveries(
        &self,
        webhook: Uuid,
        filter: DeliveryFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<DeliveryRecord>, StoreError> {
        let (delivered, given_up) = match filter.state {
            None => (None, None),
            Some(DeliveryState::Pending) => (Some(true), Some(true)),
            Some(DeliveryState::Delivered) => (Some(false), None),
            Some(DeliveryState::GivenUp) => (None, Some(false)),
        };
        let list = List {
            select: "SELECT * FROM outbox",
            table: "outbox",
            filter: Filter::of(&self.workspace, "workspace_id")
                .equal("webhook_id", Some(webhook))
                .equal("conversation_id", filter.conversation)
                .empty("delivered_at", delivered)
                .empty("given_up_at", given_up),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// One message of a webhook.
    pub async fn delivery(
        &self,
        webhook: Uuid,
        id: Uuid,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        let delivery = sqlx::query_as(
            "SELECT * FROM outbox WHERE id = $1 AND webhook_id = $2 AND workspace_id = $3",
        )
        .bind(id.to_string())
        .bind(webhook.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(delivery)
    }

    /// The last attempts to deliver a message, at most `most`, the first of them first.
    pub async fn delivery_attempts(
        &self,
        delivery: Uuid,
        most: u32,
    ) -> Result<Vec<DeliveryAttempt>, StoreError> {
        let mut attempts: Vec<DeliveryAttempt> = sqlx::query_as(
            "SELECT * FROM outbox_attempts WHERE message_id = $1 AND workspace_id = $2
             ORDER BY number DESC LIMIT $3",
        )
        .bind(delivery.to_string())
        .bind(self.workspace.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        attempts.reverse();
        Ok(attempts)
    }

    /// Owes a settled message again, out of the order of its conversation and with all attempts.
    /// If the webhook is paused, its pause ends.
    pub async fn redeliver(
        &self,
        webhook: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<DeliveryRecord, SendDeliveryError> {
        let mut write = self.write().await?;
        self.end_pause(&mut write, webhook, now).await?;
        let again: Option<DeliveryRecord> = sqlx::query_as(
            "UPDATE outbox SET delivered_at = NULL, given_up_at = NULL, position = NULL,
                 owed_since = $1, next_attempt_at = $1, claimed_until = NULL,
                 attempts_before = attempts
             WHERE id = $2 AND webhook_id = $3 AND workspace_id = $4
             AND (delivered_at IS NOT NULL OR given_up_at IS NOT NULL) RETURNING *",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(webhook.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let Some(again) = again else {
            drop(write);
            return Err(match self.delivery(webhook, id).await? {
                Some(_) => SendDeliveryError::Pending,
                None => SendDeliveryError::Unknown,
            });
        };
        write.commit().await?;
        Ok(again)
    }

    /// Owes a message that is about no conversation to one webhook, whatever it subscribes to. If
    /// the webhook is paused, its pause ends.
    pub async fn send_to_webhook(
        &self,
        webhook: Uuid,
        told: &Announcement,
        now: Timestamp,
    ) -> Result<DeliveryRecord, SendDeliveryError> {
        let mut write = self.write().await?;
        self.end_pause(&mut write, webhook, now).await?;
        let owed = sqlx::query_as(
            "INSERT INTO outbox
             (id, workspace_id, webhook_id, event, payload, created_at, owed_since,
              next_attempt_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $6) RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(webhook.to_string())
        .bind(told.event)
        .bind(&told.payload)
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(owed)
    }

    /// Has the webhook's endpoint tested at once if it is paused.
    async fn end_pause(
        &self,
        write: &mut AnyConnection,
        webhook: Uuid,
        now: Timestamp,
    ) -> Result<(), SendDeliveryError> {
        let active: Option<i64> = sqlx::query_scalar(
            "SELECT is_active FROM webhooks WHERE id = $1 AND workspace_id = $2",
        )
        .bind(webhook.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        match active {
            None => return Err(SendDeliveryError::Unknown),
            Some(0) => return Err(SendDeliveryError::Inactive),
            Some(_) => {}
        }
        sqlx::query("UPDATE webhooks SET paused_until = $1 WHERE id = $2 AND paused_until > $1")
            .bind(micros(now))
            .bind(webhook.to_string())
            .execute(write)
            .await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for DeliveryRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let (delivered_at, given_up_at) = (
            optional_time(row, "delivered_at")?,
            optional_time(row, "given_up_at")?,
        );
        let is_open = delivered_at.is_none() && given_up_at.is_none();
        Ok(Self {
            id: uuid(row, "id")?,
            webhook: uuid(row, "webhook_id")?,
            conversation: optional_uuid(row, "conversation_id")?,
            event: row.try_get("event")?,
            payload: row.try_get("payload")?,
            created_at: time(row, "created_at")?,
            next_attempt_at: optional_time(row, "next_attempt_at")?.filter(|_| is_open),
            attempts: u32::try_from(unsigned(row, "attempts")?).unwrap_or(u32::MAX),
            delivered_at,
            given_up_at,
            last_error: row.try_get("last_error")?,
        })
    }
}

impl FromRow<'_, AnyRow> for DeliveryAttempt {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let status_code: Option<i64> = row.try_get("status_code")?;
        Ok(Self {
            number: unsigned(row, "number")?,
            started_at: time(row, "started_at")?,
            duration: Duration::from_millis(unsigned(row, "duration_ms")?),
            status_code: status_code.and_then(|code| u16::try_from(code).ok()),
            error: row.try_get("error")?,
        })
    }
}
