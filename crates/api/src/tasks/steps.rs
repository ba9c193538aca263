//! `POST /tasks/{task_uuid}/queue`, `cancel`, `retry` and `complete`, and `DELETE`.

use axum::extract::State;
use engine::CallId;

use super::view::{self, Task};
use super::{refused, task_id};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Path, ok};
use crate::state::ApiState;

/// Queues a task
///
/// It is done as soon as it can be, instead of at its time. The rule of its campaign still holds.
#[utoipa::path(
    post, path = "/tasks/{task_uuid}/queue", operation_id = "queue_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    responses(
        (status = 200, description = "It is in the queue.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: It does not wait any more.",
            body = ErrorBody),
    ),
)]
pub(super) async fn queue(
    State(state): State<ApiState>,
    caller: Caller,
    Path(task): Path<String>,
) -> Result<Envelope<Task>, ApiError> {
    let queued = caller.store.queue_task(task_id(&task)?, clock::now()).await;
    let queued = queued.map_err(|error| refused(&error, "queued"))?;
    state.dialling.notify_one();
    Ok(ok("Task queued successfully", view::task(queued)))
}

/// Cancels a task
///
/// A call that it has under way is ended.
#[utoipa::path(
    post, path = "/tasks/{task_uuid}/cancel", operation_id = "cancel_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    responses(
        (status = 200, description = "It is cancelled.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: It is over already.",
            body = ErrorBody),
    ),
)]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    caller: Caller,
    Path(task): Path<String>,
) -> Result<Envelope<Task>, ApiError> {
    let task = task_id(&task)?;
    let cancelled = caller.store.cancel_task(task, clock::now()).await;
    let cancelled = cancelled.map_err(|error| refused(&error, "cancelled"))?;
    let open = caller.store.open_attempt(task).await;
    let open = open.map_err(|error| ApiError::internal("find a task's call", &error))?;
    if let Some(call) = open.and_then(|attempt| attempt.call) {
        // A call of another node is ended there when its claim is renewed.
        state.calls.hang_up(CallId(call), None);
    }
    Ok(ok("Task cancelled successfully", view::task(cancelled)))
}

/// Tries a task again
///
/// One that failed, expired or was cancelled gets all its attempts again and is queued.
#[utoipa::path(
    post, path = "/tasks/{task_uuid}/retry", operation_id = "retry_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    responses(
        (status = 200, description = "It is in the queue.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: It has not failed.",
            body = ErrorBody),
    ),
)]
pub(super) async fn retry(
    State(state): State<ApiState>,
    caller: Caller,
    Path(task): Path<String>,
) -> Result<Envelope<Task>, ApiError> {
    let retried = caller.store.retry_task(task_id(&task)?, clock::now()).await;
    let retried = retried.map_err(|error| refused(&error, "tried again"))?;
    state.dialling.notify_one();
    Ok(ok("Task queued again successfully", view::task(retried)))
}

/// Completes a task
///
/// For tasks that somebody does: `follow_up`, `appointment`, `survey`, `notification`,
/// `send_email` and `custom` become `in_progress` at their time and stay so until this.
#[utoipa::path(
    post, path = "/tasks/{task_uuid}/complete", operation_id = "complete_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    responses(
        (status = 200, description = "It is completed.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: It is over, or a call is under way.",
            body = ErrorBody),
    ),
)]
pub(super) async fn complete(
    caller: Caller,
    Path(task): Path<String>,
) -> Result<Envelope<Task>, ApiError> {
    let completed = caller
        .store
        .complete_task(task_id(&task)?, clock::now())
        .await;
    let completed = completed.map_err(|error| refused(&error, "completed"))?;
    Ok(ok("Task completed successfully", view::task(completed)))
}

/// Deletes a task
///
/// Its attempts still count for its contact.
#[utoipa::path(
    delete, path = "/tasks/{task_uuid}", operation_id = "delete_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    responses(
        (status = 200, description = "The task as it was.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: A call is under way.",
            body = ErrorBody),
    ),
)]
pub(super) async fn delete(
    caller: Caller,
    Path(task): Path<String>,
) -> Result<Envelope<Task>, ApiError> {
    let deleted = caller
        .store
        .delete_task(task_id(&task)?, clock::now())
        .await;
    let deleted = deleted.map_err(|error| refused(&error, "deleted"))?;
    Ok(ok("Task deleted successfully", view::task(deleted)))
}
