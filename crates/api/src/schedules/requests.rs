//! `/appointment-requests`: appointments that someone proposes until a person agrees or not.

mod decide;
mod new;
mod view;

use axum::extract::State;
use store::AppointmentRequestFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::new::New;
use self::view::{AppointmentRequest, AppointmentRequestStatus, view, views};
use super::LONGEST_LIST;
use super::appointments::days;
use super::place::{Place, Refused};
use super::times::DayOrTime;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Path, Query, created, id, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .merge(decide::routes())
}

/// All appointment requests
///
/// By the time that they ask for, at most 1,000 of them. Days are those of the schedule's zone if
/// `schedule_uuid` is given, else UTC's.
#[utoipa::path(
    get, path = "/appointment-requests", operation_id = "list_appointment_requests",
    tag = "appointments",
    security(("token" = ["appointments:read"])),
    params(
        ("status" = inline(Option<AppointmentRequestStatus>), Query, description = "Only those with this status."),
        ("schedule_uuid" = Option<Uuid>, Query, description = "Only those for this schedule."),
        ("start_date" = inline(Option<DayOrTime>), Query,
            description = "Only those for this day or time or later."),
        ("end_date" = inline(Option<DayOrTime>), Query,
            description = "Only those for this day or before it, or before this time."),
    ),
    responses((status = 200, description = "The requests.",
        body = Envelope<Vec<AppointmentRequest>>)),
)]
async fn list(
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Vec<AppointmentRequest>>, ApiError> {
    let status: Option<AppointmentRequestStatus> = query.read("status")?;
    let schedule = query.read("schedule_uuid")?;
    let (from, until) = days(&caller, &mut query, schedule).await?;
    let filter = AppointmentRequestFilter {
        status: status.map(AppointmentRequestStatus::as_str),
        schedule,
        from,
        until,
    };
    let requests = caller
        .store
        .appointment_requests(&filter, LONGEST_LIST)
        .await;
    let requests = requests.map_err(|error| ApiError::internal("list requests", &error))?;
    let requests = views(&caller.store, requests).await?;
    Ok(ok("Appointment requests retrieved successfully", requests))
}

/// Proposes an appointment
///
/// Nothing is booked until it is approved, and its time is not held. Whoever asks is a contact, or
/// says who they are; by their telephone number, else by their e-mail address, their contact is
/// found, or made.
#[utoipa::path(
    post, path = "/appointment-requests", operation_id = "create_appointment_request",
    tag = "appointments",
    security(("token" = ["appointments:write"])),
    request_body(content = New, example = json!({
        "schedule_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
        "title": "Check-up",
        "start_time": "2036-12-01 10:00:00",
        "contact_name": "Ada",
        "contact_email": "ada@example.com",
        "contact_phone": "+14155550123",
    })),
    responses(
        (status = 201, description = "The request.", body = Envelope<AppointmentRequest>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND` or `CONTACT_NOT_FOUND`: There is no such \
            schedule or contact.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<New>,
) -> Result<Created<AppointmentRequest>, Refused> {
    let now = clock::now();
    let place = Place::find(&caller.store, body.schedule_uuid).await?;
    let (new, span) = body.read(&state, &place, now)?;
    match caller.store.insert_appointment_request(&new, now).await {
        Ok(made) => Ok(created(
            "Appointment request created successfully",
            view(&caller.store, made).await?,
        )),
        Err(error) => Err(place.fail(&caller.store, span, error, now).await),
    }
}

/// One appointment request
#[utoipa::path(
    get, path = "/appointment-requests/{request_uuid}", operation_id = "show_appointment_request",
    tag = "appointments",
    security(("token" = ["appointments:read"])),
    params(("request_uuid" = Uuid, Path, description = "The request.")),
    responses(
        (status = 200, description = "The request.", body = Envelope<AppointmentRequest>),
        (status = 404, description = "`APPOINTMENT_REQUEST_NOT_FOUND`: There is no such request.",
            body = ErrorBody),
    ),
)]
async fn show(
    caller: Caller,
    Path(request): Path<String>,
) -> Result<Envelope<AppointmentRequest>, ApiError> {
    let found = find(&caller, &request).await?;
    Ok(ok(
        "Appointment request retrieved successfully",
        view(&caller.store, found).await?,
    ))
}

async fn find(caller: &Caller, request: &str) -> Result<store::AppointmentRequest, ApiError> {
    let found = caller
        .store
        .appointment_request(id(request, unknown)?)
        .await;
    let found = found.map_err(|error| ApiError::internal("find a request", &error))?;
    found.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::not_found(
        "APPOINTMENT_REQUEST_NOT_FOUND",
        "There is no such request.",
        "GET /api/v1/appointment-requests lists all of them.",
    )
}
