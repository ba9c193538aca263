//! Deliveries as clients see them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::{DeliveryRecord, DeliveryState};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::words;
use crate::webhooks::delivery::message_id;

/// A message to a webhook.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "delivery_uuid": "0198c5a2-7a10-7d42-8f00-9b1c2d3e4f50",
    "message_id": "msg_0198c5a27a107d428f009b1c2d3e4f50",
    "event": "conversation_end_report",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "status": "delivered",
    "attempt_count": 2,
    "last_error": null,
    "next_attempt_at": null,
    "created_at": "2026-03-29T10:00:46Z",
    "delivered_at": "2026-03-29T10:00:51Z",
    "given_up_at": null,
}))]
pub(super) struct WebhookDelivery {
    /// Identifies the delivery.
    delivery_uuid: Uuid,
    /// What is sent as `webhook-id`, the same at every attempt.
    message_id: String,
    /// The event, as webhooks subscribe to it; `webhook_test` for a test.
    event: String,
    /// What it is about.
    #[schema(required)]
    conversation_uuid: Option<Uuid>,
    /// What has become of it.
    status: DeliveryStatus,
    /// Attempts made.
    attempt_count: u32,
    /// What went wrong at the last attempt, if it did.
    #[schema(required)]
    last_error: Option<String>,
    /// When it is tried next, at the earliest; null when it is not tried any more, or waits for an
    /// earlier one about its conversation.
    #[schema(required)]
    next_attempt_at: Option<Timestamp>,
    /// When what it tells of happened.
    created_at: Timestamp,
    /// When the endpoint took it.
    #[schema(required)]
    delivered_at: Option<Timestamp>,
    /// When it was given up.
    #[schema(required)]
    given_up_at: Option<Timestamp>,
    /// The body that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    payload: Option<Value>,
    /// The last attempts, at most 100, in the order in which they were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts: Option<Vec<WebhookAttempt>>,
}

/// An attempt to deliver a message.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "number": 1,
    "at": "2026-03-29T10:00:46Z",
    "duration_ms": 120,
    "status_code": 503,
    "error": "the endpoint answered 503",
}))]
struct WebhookAttempt {
    /// From 1.
    number: u64,
    /// When it began.
    at: Timestamp,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// The status of the endpoint's answer, if there was one.
    #[schema(required)]
    status_code: Option<u16>,
    /// What went wrong, if it did.
    #[schema(required)]
    error: Option<String>,
}

words! {
    /// What has become of a delivery.
    pub(super) enum DeliveryStatus {
        /// It is owed.
        Pending = "pending",
        /// The endpoint took it.
        Delivered = "delivered",
        /// It is not tried any more.
        GivenUp = "given_up",
    }
}

impl DeliveryStatus {
    pub(super) const fn state(self) -> DeliveryState {
        match self {
            Self::Pending => DeliveryState::Pending,
            Self::Delivered => DeliveryState::Delivered,
            Self::GivenUp => DeliveryState::GivenUp,
        }
    }

    const fn of(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::GivenUp => Self::GivenUp,
        }
    }
}

/// A delivery as it stands in a list.
pub(super) fn delivery(record: &DeliveryRecord) -> WebhookDelivery {
    WebhookDelivery {
        delivery_uuid: record.id,
        message_id: message_id(record.id),
        event: record.event.clone(),
        conversation_uuid: record.conversation,
        status: DeliveryStatus::of(record.state()),
        attempt_count: record.attempts,
        last_error: record.last_error.clone(),
        next_attempt_at: record.next_attempt_at,
        created_at: record.created_at,
        delivered_at: record.delivered_at,
        given_up_at: record.given_up_at,
        payload: None,
        attempts: None,
    }
}

/// A delivery by itself.
pub(super) fn with_attempts(
    record: &DeliveryRecord,
    attempts: Vec<store::DeliveryAttempt>,
) -> WebhookDelivery {
    let attempts = attempts.into_iter().map(|attempt| WebhookAttempt {
        number: attempt.number,
        at: attempt.started_at,
        duration_ms: u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
        status_code: attempt.status_code,
        error: attempt.error,
    });
    WebhookDelivery {
        payload: Some(serde_json::from_str(&record.payload).unwrap_or_default()),
        attempts: Some(attempts.collect()),
        ..delivery(record)
    }
}
