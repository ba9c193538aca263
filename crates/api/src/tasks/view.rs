//! Tasks as clients see them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use store::{AttemptRecord, TaskRecord};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::dialling::Kind;
use crate::exchange::words;

words! {
    /// Where a task is in its life.
    pub(super) enum TaskStatus {
        /// Waits for its turn in a pool.
        Pending = "pending",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Is in the queue.
        Queued = "queued",
        /// Is being done.
        InProgress = "in_progress",
        /// Is done.
        Completed = "completed",
        /// Could not be done.
        Failed = "failed",
        /// Is not to be done any more.
        Cancelled = "cancelled",
        /// Was not done in time.
        Expired = "expired",
        /// Is held back.
        OnHold = "on_hold",
    }
}

words! {
    /// How a task waits between its attempts.
    pub(super) enum RetryStrategy {
        /// Always as long.
        Fixed = "fixed",
        /// Twice as long each time, up to a week.
        Exponential = "exponential",
        /// As the list says.
        Custom = "custom",
    }
}

/// Something to be done at a time.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "title": "Remind of the delivery",
    "description": null,
    "type": "make_call",
    "status": "scheduled",
    "priority": 5,
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "campaign_uuid": null,
    "pool_uuid": null,
    "scheduled_at": "2026-03-29T10:00:00Z",
    "next_attempt_at": "2026-03-29T10:00:00Z",
    "expires_at": null,
    "timezone": null,
    "max_attempts": 3,
    "attempts_made": 0,
    "retry_interval_minutes": [60],
    "retry_strategy": "fixed",
    "task_data": {},
    "metadata": {},
    "auto_queue": false,
    "reason": null,
    "completed_at": null,
    "created_at": "2026-03-28T10:00:00Z",
    "updated_at": "2026-03-28T10:00:00Z",
}))]
pub(super) struct Task {
    /// Identifies the task.
    uuid: Uuid,
    /// What it is called.
    title: String,
    /// What it is about.
    #[schema(required)]
    description: Option<String>,
    /// What is done.
    #[serde(rename = "type")]
    #[schema(value_type = Kind)]
    kind: String,
    /// Where it is.
    #[schema(value_type = TaskStatus)]
    status: String,
    /// From 1 to 10; larger is sooner.
    priority: u32,
    /// Who does it.
    agent_uuid: Uuid,
    /// For whom.
    #[schema(required)]
    contact_uuid: Option<Uuid>,
    /// The campaign that it belongs to.
    #[schema(required)]
    campaign_uuid: Option<Uuid>,
    /// The pool that it comes from.
    #[schema(required)]
    pool_uuid: Option<Uuid>,
    /// When it was to be done at first.
    scheduled_at: Timestamp,
    /// When it is looked at next, while it waits.
    #[schema(required)]
    next_attempt_at: Option<Timestamp>,
    /// From when on it is not done any more.
    #[schema(required)]
    expires_at: Option<Timestamp>,
    /// The zone of the contact.
    #[schema(required)]
    timezone: Option<String>,
    /// Most attempts.
    max_attempts: u32,
    /// Attempts that it made.
    attempts_made: u32,
    /// Minutes between its attempts.
    retry_interval_minutes: Vec<u32>,
    /// How it waits between them.
    #[schema(value_type = RetryStrategy)]
    retry_strategy: String,
    /// What its type needs.
    #[schema(value_type = Object)]
    task_data: Map<String, Value>,
    /// What its maker keeps with it.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// Whether it was in the queue from the beginning.
    auto_queue: bool,
    /// Why it waits, or why it is where it is.
    #[schema(required)]
    reason: Option<String>,
    /// When it was completed.
    #[schema(required)]
    completed_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// Its last attempts, oldest first, where one task is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts: Option<Vec<Attempt>>,
}

/// One try of a task.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskAttempt)]
struct Attempt {
    /// Identifies the attempt.
    uuid: Uuid,
    /// The call that it made.
    #[schema(required)]
    call_uuid: Option<Uuid>,
    /// That call's conversation.
    #[schema(required)]
    conversation_uuid: Option<Uuid>,
    /// When it began.
    started_at: Timestamp,
    /// When it was over.
    #[schema(required)]
    ended_at: Option<Timestamp>,
    /// How it went: the final status of its call, else `completed`, `failed`, or `unknown` if nobody
    /// can say whether a message was sent.
    #[schema(required)]
    outcome: Option<String>,
    /// More about it.
    #[schema(required)]
    reason: Option<String>,
}

pub(super) fn task(task: TaskRecord) -> Task {
    let waits = matches!(
        task.status.as_str(),
        "pending" | "scheduled" | "queued" | "on_hold"
    );
    Task {
        uuid: task.id,
        title: task.title,
        description: task.description,
        kind: task.kind,
        status: task.status,
        priority: task.priority,
        agent_uuid: task.agent,
        contact_uuid: task.contact,
        campaign_uuid: task.campaign,
        pool_uuid: task.pool,
        scheduled_at: task.scheduled_at,
        next_attempt_at: waits.then_some(task.due_at),
        expires_at: task.expires_at,
        timezone: task.timezone,
        max_attempts: task.max_attempts,
        attempts_made: task.attempts_made,
        retry_interval_minutes: task.retry_minutes,
        retry_strategy: task.retry_strategy,
        task_data: object(task.task_data),
        metadata: object(task.metadata),
        auto_queue: task.auto_queue,
        reason: task.reason,
        completed_at: task.completed_at,
        created_at: task.created_at,
        updated_at: task.updated_at,
        attempts: None,
    }
}

pub(super) fn with_attempts(record: TaskRecord, attempts: Vec<AttemptRecord>) -> Task {
    let attempts = attempts.into_iter().map(|attempt| Attempt {
        uuid: attempt.id,
        call_uuid: attempt.call,
        conversation_uuid: attempt.conversation,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        outcome: attempt.outcome,
        reason: attempt.reason,
    });
    Task {
        attempts: Some(attempts.collect()),
        ..task(record)
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
