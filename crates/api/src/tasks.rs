//! `/tasks`: what is to be done at a time, by an agent or by a person.

mod create;
mod list;
mod person;
mod steps;
mod update;
mod view;

use store::{StepError, TaskRecord};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use self::person::Person;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::id;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(
            list::show,
            update::update,
            update::patch,
            steps::delete
        ))
        .routes(routes!(steps::queue))
        .routes(routes!(steps::cancel))
        .routes(routes!(steps::retry))
        .routes(routes!(steps::complete))
}

async fn find(caller: &Caller, task: &str) -> Result<TaskRecord, ApiError> {
    let task = task_id(task)?;
    let found = caller.store.task(task).await;
    let found = found.map_err(|error| ApiError::internal("find a task", &error))?;
    found.ok_or_else(unknown_task)
}

fn task_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, unknown_task)
}

fn unknown_task() -> ApiError {
    ApiError::not_found(
        "TASK_NOT_FOUND",
        "There is no such task.",
        "GET /api/v1/tasks lists all of them.",
    )
}

/// `what` completes "so it can not be".
fn refused(error: &StepError, what: &str) -> ApiError {
    match error {
        StepError::Unknown => unknown_task(),
        StepError::Conflict {
            status,
            is_under_way,
        } => {
            let state = if *is_under_way {
                format!("is {status}, with an attempt under way")
            } else {
                format!("is {status}")
            };
            ApiError::new(
                http::StatusCode::CONFLICT,
                "TASK_STATUS_CONFLICT",
                "The task is not where this can be done.",
                format!("The task {state}, so it can not be {what}."),
            )
        }
        StepError::Store(error) => ApiError::internal("change a task", error),
    }
}
