//! `/schedules`: the calendars that appointments are made in.

mod bodies;
mod details;
mod view;

use axum::extract::State;
use http::StatusCode;
use store::{Deletion, NewSchedule, StoreScheduleError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) use self::details::{AnswerType, Details, Question};

use self::bodies::{New, Update};
use self::view::{Schedule, view};
use super::{LONGEST_LIST, availability};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, Query, created, done, id, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
}

/// All schedules
///
/// Oldest first, at most 1,000 of them.
#[utoipa::path(
    get, path = "/schedules", operation_id = "list_schedules", tag = "schedules",
    security(("token" = ["schedules:read"])),
    params(("availability_type_uuid" = Option<Uuid>, Query,
        description = "Only those with this availability type.")),
    responses((status = 200, description = "The schedules.", body = Envelope<Vec<Schedule>>)),
)]
async fn list(caller: Caller, mut query: Query) -> Result<Envelope<Vec<Schedule>>, ApiError> {
    let availability_type = query.read("availability_type_uuid")?;
    let schedules = caller
        .store
        .schedules(availability_type, LONGEST_LIST)
        .await;
    let schedules = schedules.map_err(|error| ApiError::internal("list schedules", &error))?;
    let schedules: Result<Vec<_>, ApiError> = schedules.into_iter().map(view).collect();
    Ok(ok("Schedules retrieved successfully", schedules?))
}

/// Makes a schedule
///
/// It is open when its availability type says. One appointment at a time is made in it.
#[utoipa::path(
    post, path = "/schedules", operation_id = "create_schedule", tag = "schedules",
    security(("token" = ["schedules:write"])),
    request_body(content = New, example = json!({
        "name": "Dr. Adams",
        "availability_type_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
        "color": "#2f80ed",
        "custom_questions": [{ "name": "First visit?", "type": "boolean", "required": true }],
    })),
    responses(
        (status = 201, description = "The schedule.", body = Envelope<Schedule>),
        (status = 404, description = "`AVAILABILITY_TYPE_NOT_FOUND`: There is no such availability type.",
            body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<New>,
) -> Result<Created<Schedule>, ApiError> {
    let mut details = Details {
        r#type: body
            .r#type
            .map_or_else(|| "appointment".to_owned(), |it| it.0),
        color: body.color.map(|it| it.0),
        ai_agents: Vec::new(),
        human_agents: Vec::new(),
        custom_questions: Vec::new(),
    };
    let lists = (body.ai_agents, body.human_agents, body.custom_questions);
    details.set(&state, &caller, lists)?;
    let new = NewSchedule {
        name: body.name.0,
        availability_type: body.availability_type_uuid,
        details: details.stored()?,
    };
    let made = caller
        .store
        .insert_schedule(Uuid::now_v7(), &new, clock::now());
    let made = made.await.map_err(refused)?;
    Ok(created("Schedule created successfully", view(made)?))
}

/// One schedule
#[utoipa::path(
    get, path = "/schedules/{schedule_uuid}", operation_id = "show_schedule", tag = "schedules",
    security(("token" = ["schedules:read"])),
    params(("schedule_uuid" = Uuid, Path, description = "The schedule.")),
    responses(
        (status = 200, description = "The schedule.", body = Envelope<Schedule>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND`: There is no such schedule.",
            body = ErrorBody),
    ),
)]
async fn show(
    caller: Caller,
    Path(schedule): Path<String>,
) -> Result<Envelope<Schedule>, ApiError> {
    let found = caller.store.schedule(id(&schedule, unknown)?).await;
    let found = found.map_err(|error| ApiError::internal("find a schedule", &error))?;
    let found = found.ok_or_else(unknown)?;
    Ok(ok("Schedule retrieved successfully", view(found)?))
}

/// Changes a schedule
///
/// What is left out stays. Appointments that are made already stay, whatever its new hours.
#[utoipa::path(
    put, path = "/schedules/{schedule_uuid}", operation_id = "update_schedule", tag = "schedules",
    security(("token" = ["schedules:write"])),
    params(("schedule_uuid" = Uuid, Path, description = "The schedule.")),
    request_body(content = Update, example = json!({ "name": "Dr. Adams", "color": "#27ae60" })),
    responses(
        (status = 200, description = "The schedule as it is now.", body = Envelope<Schedule>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND`: There is no such schedule.",
            body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(schedule): Path<String>,
    Json(body): Json<Update>,
) -> Result<Envelope<Schedule>, ApiError> {
    let schedule = id(&schedule, unknown)?;
    let change = |before: store::Schedule| -> Result<NewSchedule, ApiError> {
        let mut details = Details::read(before.details)?;
        if let Some(kind) = body.r#type {
            details.r#type = kind.0;
        }
        details.color = body.color.map(|it| it.0).apply(details.color);
        let lists = (body.ai_agents, body.human_agents, body.custom_questions);
        details.set(&state, &caller, lists)?;
        Ok(NewSchedule {
            name: body.name.map_or(before.name, |it| it.0),
            availability_type: body
                .availability_type_uuid
                .unwrap_or(before.availability_type),
            details: details.stored()?,
        })
    };
    let changed = caller
        .store
        .change_schedule(schedule, change, clock::now())
        .await;
    let changed = changed.map_err(refused)??;
    Ok(ok("Schedule updated successfully", view(changed)?))
}

/// Deletes a schedule
///
/// Its appointments of the past stay. One with appointments to come, or with requests that wait,
/// can not be deleted.
#[utoipa::path(
    delete, path = "/schedules/{schedule_uuid}", operation_id = "delete_schedule",
    tag = "schedules",
    security(("token" = ["schedules:write"])),
    params(("schedule_uuid" = Uuid, Path, description = "The schedule.")),
    responses(
        (status = 200, description = "It is deleted.", body = Envelope<Nothing>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND`: There is no such schedule.",
            body = ErrorBody),
        (status = 409, description = "`SCHEDULE_IN_USE`: The schedule has appointments to come, or \
            requests that wait.", body = ErrorBody),
    ),
)]
async fn delete(
    caller: Caller,
    Path(schedule): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let schedule = id(&schedule, unknown)?;
    let deletion = caller.store.delete_schedule(schedule, clock::now()).await;
    match deletion.map_err(|error| ApiError::internal("delete a schedule", &error))? {
        Deletion::Deleted => Ok(done("Schedule deleted successfully")),
        Deletion::Unknown => Err(unknown()),
        Deletion::InUse => Err(ApiError::new(
            StatusCode::CONFLICT,
            "SCHEDULE_IN_USE",
            "The schedule has appointments to come, or requests that wait.",
            "Cancel its appointments and decide its requests first.",
        )),
    }
}

pub(super) fn unknown() -> ApiError {
    ApiError::not_found(
        "SCHEDULE_NOT_FOUND",
        "There is no such schedule.",
        "GET /api/v1/schedules lists all of them.",
    )
}

fn refused(error: StoreScheduleError) -> ApiError {
    match error {
        StoreScheduleError::UnknownAvailabilityType => availability::unknown(),
        StoreScheduleError::Unknown => unknown(),
        StoreScheduleError::Store(error) => ApiError::internal("store a schedule", &error),
    }
}
