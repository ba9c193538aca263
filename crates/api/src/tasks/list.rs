//! `GET /tasks` and `GET /tasks/{task_uuid}`.

use axum::extract::State;
use store::TaskFilter;

use super::view::{self, Task, TaskStatus};
use crate::caller::Caller;
use crate::dialling::Kind;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Moment, Paginator, Paging, Path, Query, Whole, ok};
use crate::state::ApiState;

/// Attempts that are shown with a task.
const SHOWN_ATTEMPTS: u32 = 20;

/// All tasks
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/tasks", operation_id = "list_tasks", tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(
        Paging,
        ("type" = inline(Option<Kind>), Query, description = "Only those that do this."),
        ("status" = inline(Option<TaskStatus>), Query, description = "Only those with this status."),
        ("contact_uuid" = Option<Uuid>, Query, description = "Only those for this contact."),
        ("campaign_uuid" = Option<Uuid>, Query, description = "Only those of this campaign."),
        ("agent_uuid" = Option<Uuid>, Query, description = "Only those of this agent."),
        ("priority" = inline(Option<Whole<1, 10>>), Query, description = "Only those of this priority."),
        ("scheduled_from" = inline(Option<Moment>), Query,
            description = "Only those that are to be done then or later."),
        ("scheduled_to" = inline(Option<Moment>), Query,
            description = "Only those that are to be done before then."),
    ),
    responses((status = 200, description = "A page of tasks.", body = Envelope<Paginator<Task>>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Task>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let kind: Option<Kind> = query.read("type")?;
    let status: Option<TaskStatus> = query.read("status")?;
    let priority: Option<Whole<1, 10>> = query.read("priority")?;
    let from: Option<Moment> = query.read("scheduled_from")?;
    let to: Option<Moment> = query.read("scheduled_to")?;
    let filter = TaskFilter {
        kind: kind.map(|kind| kind.as_str().to_owned()),
        status: status.map(|status| status.as_str().to_owned()),
        contact: query.read("contact_uuid")?,
        campaign: query.read("campaign_uuid")?,
        agent: query.read("agent_uuid")?,
        priority: priority.map(|priority| priority.0 as u32),
        scheduled_from: from.map(|from| from.0),
        scheduled_before: to.map(|to| to.0),
    };
    let page = caller
        .store
        .tasks(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list tasks", &error))?;
    let link = state.list_link(
        "tasks",
        &[
            ("type", filter.kind),
            ("status", filter.status),
            ("contact_uuid", filter.contact.map(|id| id.to_string())),
            ("campaign_uuid", filter.campaign.map(|id| id.to_string())),
            ("agent_uuid", filter.agent.map(|id| id.to_string())),
            (
                "priority",
                filter.priority.map(|priority| priority.to_string()),
            ),
            (
                "scheduled_from",
                filter.scheduled_from.map(|at| at.to_string()),
            ),
            (
                "scheduled_to",
                filter.scheduled_before.map(|at| at.to_string()),
            ),
        ],
    );
    let tasks = page.items.into_iter().map(view::task).collect();
    let page = Paginator::new(paging, page.total, &link, tasks);
    Ok(ok("Tasks retrieved successfully", page))
}

/// One task
///
/// With its last attempts.
#[utoipa::path(
    get, path = "/tasks/{task_uuid}", operation_id = "show_task", tag = "tasks",
    security(("token" = ["tasks:read"])),
    params(("task_uuid" = Uuid, Path, description = "The task.")),
    responses(
        (status = 200, description = "The task.", body = Envelope<Task>),
        (status = 404, description = "`TASK_NOT_FOUND`: There is no such task.", body = ErrorBody),
    ),
)]
pub(super) async fn show(
    caller: Caller,
    Path(task): Path<String>,
) -> Result<Envelope<Task>, ApiError> {
    let task = super::find(&caller, &task).await?;
    let attempts = caller.store.task_attempts(task.id, SHOWN_ATTEMPTS).await;
    let attempts = attempts.map_err(|error| ApiError::internal("list attempts", &error))?;
    Ok(ok(
        "Task retrieved successfully",
        view::with_attempts(task, attempts),
    ))
}
