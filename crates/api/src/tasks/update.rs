//! `PUT` and `PATCH /tasks/{task_uuid}`.

use axum::extract::State;
use serde::Deserialize;
use store::TaskChange;
use utoipa::ToSchema;

use super::view::{self, Task};
use super::{refused, task_id};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Change, Envelope, Json, Moment, Path, Text, Whole, ok, words};
use crate::state::ApiState;

words! {
    /// What a waiting task can be made by hand.
    pub(super) enum SettableTaskStatus {
        /// Waits for its turn or its time.
        Pending = "pending",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Is in the queue.
        Queued = "queued",
        /// Is held back.
        OnHold = "on_hold",
        /// Is not to be done any more.
        Cancelled = "cancelled",
    }
}

/// What changes about a task; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TaskChange)]
pub(super) struct Body {
    /// What it is called.
    title: Option<Text<1, 255>>,
    /// What it is about.
    #[serde(default)]
    description: Change<Text<0, 4000>>,
    /// Larger is sooner.
    priority: Option<Whole<1, 10>>,
    /// When it is done.
    scheduled_at: Option<Moment>,
    /// From when on it is not done any more.
    #[serde(default)]
    expires_at: Change<Moment>,
    /// Hold it back, give it free or cancel it.
    status: Option<SettableTaskStatus>,
    /// True puts it into the queue; false takes it back out, to wait for its time. What `status` says
    /// goes before it.
    auto_queue: Option<bool>,
}

/// Changes a task
///
/// Time, priority and status can be changed while it waits; title and description always.
#[utoipa::path(
    put, path = "/tasks/{task_uuid}", operation_id = "update_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    request_body(content = Body, example = json!({ "priority": 8, "status": "on_hold" })),
    responses(
        (status = 200, description = "The task.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: It does not wait any more.",
            body = ErrorBody),
    ),
)]
pub(super) async fn update(
    state: State<ApiState>,
    caller: Caller,
    task: Path<String>,
    body: Json<Body>,
) -> Result<Envelope<Task>, ApiError> {
    change(state, caller, task, body).await
}

/// Changes parts of a task
///
/// The same as with PUT.
#[utoipa::path(
    patch, path = "/tasks/{task_uuid}", operation_id = "patch_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    request_body(content = Body, example = json!({ "scheduled_at": "2036-03-29T12:00:00Z" })),
    responses(
        (status = 200, description = "The task.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
        (status = 409, description = "`TASK_STATUS_CONFLICT`: It does not wait any more.",
            body = ErrorBody),
    ),
)]
pub(super) async fn patch(
    state: State<ApiState>,
    caller: Caller,
    task: Path<String>,
    body: Json<Body>,
) -> Result<Envelope<Task>, ApiError> {
    change(state, caller, task, body).await
}

async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    Path(task): Path<String>,
    Json(body): Json<Body>,
) -> Result<Envelope<Task>, ApiError> {
    let task = task_id(&task)?;
    let status = body.status.map(SettableTaskStatus::as_str);
    let change = TaskChange {
        title: body.title.map(|title| title.0),
        description: set(body.description.map(|text| text.0)),
        priority: body.priority.map(|priority| priority.0 as u32),
        scheduled_at: body.scheduled_at.map(|at| at.0),
        expires_at: set(body.expires_at.map(|at| at.0)),
        status,
        auto_queue: body.auto_queue,
    };
    let changed = caller.store.change_task(task, &change, clock::now()).await;
    let changed = changed.map_err(|error| refused(&error, "changed"))?;
    state.dialling.notify_one();
    Ok(ok("Task updated successfully", view::task(changed)))
}

fn set<T>(change: Change<T>) -> Option<Option<T>> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(value) => Some(Some(value)),
    }
}
