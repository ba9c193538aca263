//! `/appointments`.

mod answers;
mod change;
mod new;
mod view;

use calendar::{Interval, Zone};
use jiff::Timestamp;
use store::{AppointmentFilter, ChangeAppointmentError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::change::{StatusChange, Update};
use self::new::New;
use self::view::AppointmentStatus;
pub(super) use self::view::{Appointment, view};
use super::LONGEST_LIST;
use super::place::{ClashBody, Place, Refused};
use super::times::DayOrTime;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, Query, created, done, id, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(set_status))
}

/// All appointments
///
/// Earliest first, at most 1,000 of them: ask for those from a later `start_date` on for more.
/// Days are those of the schedule's zone if `schedule_uuid` is given, else UTC's.
#[utoipa::path(
    get, path = "/appointments", operation_id = "list_appointments", tag = "appointments",
    security(("token" = ["appointments:read"])),
    params(
        ("contact_uuid" = Option<Uuid>, Query, description = "Only those with this contact."),
        ("schedule_uuid" = Option<Uuid>, Query, description = "Only those in this schedule."),
        ("status" = inline(Option<AppointmentStatus>), Query, description = "Only those with this status."),
        ("start_date" = inline(Option<DayOrTime>), Query,
            description = "Only those that begin on this day or at this time or later."),
        ("end_date" = inline(Option<DayOrTime>), Query,
            description = "Only those that begin on this day or before it, or before this time."),
    ),
    responses((status = 200, description = "The appointments.", body = Envelope<Vec<Appointment>>)),
)]
async fn list(caller: Caller, mut query: Query) -> Result<Envelope<Vec<Appointment>>, ApiError> {
    let status: Option<AppointmentStatus> = query.read("status")?;
    let schedule = query.read("schedule_uuid")?;
    let (from, until) = days(&caller, &mut query, schedule).await?;
    let filter = AppointmentFilter {
        contact: query.read("contact_uuid")?,
        schedule,
        status: status.map(AppointmentStatus::as_str),
        from,
        until,
    };
    let appointments = caller.store.appointments(&filter, LONGEST_LIST).await;
    let appointments =
        appointments.map_err(|error| ApiError::internal("list appointments", &error))?;
    let appointments = appointments.into_iter().map(view).collect();
    Ok(ok("Appointments retrieved successfully", appointments))
}

/// Makes an appointment
///
/// Refused with 409 and what is free instead if another appointment of the schedule is there, or
/// nearer than the buffers of its availability type allow; of requests at the same time, one gets
/// it. Times without an offset are those of the schedule's zone: one that its clocks skip is
/// refused, of one that they show twice the earlier is taken.
#[utoipa::path(
    post, path = "/appointments", operation_id = "create_appointment", tag = "appointments",
    security(("token" = ["appointments:write"])),
    request_body(content = New, example = json!({
        "schedule_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
        "title": "Check-up",
        "start_time": "2026-12-01 10:00:00",
        "end_time": "2026-12-01 10:30:00",
        "notes": "First visit",
    })),
    responses(
        (status = 201, description = "The appointment.", body = Envelope<Appointment>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND` or `CONTACT_NOT_FOUND`: There is no such \
            schedule or contact.", body = ErrorBody),
        (status = 409, description = "`APPOINTMENT_CLASH` or `OUTSIDE_AVAILABILITY`: Another \
            appointment is there, or too near, or the schedule is not open then.",
            body = ClashBody),
    ),
)]
async fn create(caller: Caller, Json(body): Json<New>) -> Result<Created<Appointment>, Refused> {
    let now = clock::now();
    let place = Place::find(&caller.store, body.schedule_uuid).await?;
    let is_bound_to_hours = body.is_bound_to_hours();
    let (fields, span) = body.read(&place)?;
    if is_bound_to_hours {
        place.check_hours(&caller.store, span, now).await?;
    }
    let made = caller
        .store
        .insert_appointment(Uuid::now_v7(), place.schedule, &fields, place.room(), now)
        .await;
    match made {
        Ok(made) => Ok(created("Appointment created successfully", view(made))),
        Err(error) => Err(place.fail(&caller.store, span, error, now).await),
    }
}

/// One appointment
#[utoipa::path(
    get, path = "/appointments/{appointment_uuid}", operation_id = "show_appointment",
    tag = "appointments",
    security(("token" = ["appointments:read"])),
    params(("appointment_uuid" = Uuid, Path, description = "The appointment.")),
    responses(
        (status = 200, description = "The appointment.", body = Envelope<Appointment>),
        (status = 404, description = "`APPOINTMENT_NOT_FOUND`: There is no such appointment.",
            body = ErrorBody),
    ),
)]
async fn show(
    caller: Caller,
    Path(appointment): Path<String>,
) -> Result<Envelope<Appointment>, ApiError> {
    let found = find(&caller, &appointment).await?;
    Ok(ok("Appointment retrieved successfully", view(found)))
}

/// Changes an appointment
///
/// What is left out stays; null empties a field. A new `start_time` alone moves the appointment
/// and keeps its length. Where it moves, or stands again after it was cancelled, there has to be
/// room for it.
#[utoipa::path(
    put, path = "/appointments/{appointment_uuid}", operation_id = "update_appointment",
    tag = "appointments",
    security(("token" = ["appointments:write"])),
    params(("appointment_uuid" = Uuid, Path, description = "The appointment.")),
    request_body(content = Update, example = json!({ "start_time": "2026-12-01 11:00:00" })),
    responses(
        (status = 200, description = "The appointment as it is now.", body = Envelope<Appointment>),
        (status = 404, description = "`APPOINTMENT_NOT_FOUND`: There is no such appointment; \
            `SCHEDULE_NOT_FOUND`: its schedule is deleted.", body = ErrorBody),
        (status = 409, description = "`APPOINTMENT_CLASH`: Another appointment is there, or too near.",
            body = ClashBody),
    ),
)]
async fn update(
    caller: Caller,
    Path(appointment): Path<String>,
    Json(body): Json<Update>,
) -> Result<Envelope<Appointment>, Refused> {
    let before = find(&caller, &appointment).await?;
    let place = Place::find(&caller.store, before.schedule).await?;
    let change = |before: &store::Appointment| body.apply(&before.fields, &place);
    let changed = change_in(&caller, &place, before.id, change, clock::now()).await?;
    Ok(ok("Appointment updated successfully", changed))
}

/// Sets the status of an appointment
///
/// One that is cancelled leaves its time to others. For one that stands again there has to be
/// room.
#[utoipa::path(
    post, path = "/appointments/{appointment_uuid}/status",
    operation_id = "set_appointment_status", tag = "appointments",
    security(("token" = ["appointments:write"])),
    params(("appointment_uuid" = Uuid, Path, description = "The appointment.")),
    request_body(content = StatusChange, example = json!({
        "status": "cancelled", "reason": "The caller is ill.",
    })),
    responses(
        (status = 200, description = "The appointment as it is now.", body = Envelope<Appointment>),
        (status = 404, description = "`APPOINTMENT_NOT_FOUND`: There is no such appointment; \
            `SCHEDULE_NOT_FOUND`: its schedule is deleted.", body = ErrorBody),
        (status = 409, description = "`APPOINTMENT_CLASH`: Another appointment is there, or too near.",
            body = ClashBody),
    ),
)]
async fn set_status(
    caller: Caller,
    Path(appointment): Path<String>,
    Json(body): Json<StatusChange>,
) -> Result<Envelope<Appointment>, Refused> {
    let before = find(&caller, &appointment).await?;
    let place = Place::find(&caller.store, before.schedule).await?;
    let change = |before: &store::Appointment| Ok(body.apply(&before.fields));
    let changed = change_in(&caller, &place, before.id, change, clock::now()).await?;
    Ok(ok("Appointment status updated successfully", changed))
}

/// Deletes an appointment
///
/// Nothing is left of it; cancel it to keep it. Requests that it came from stay.
#[utoipa::path(
    delete, path = "/appointments/{appointment_uuid}", operation_id = "delete_appointment",
    tag = "appointments",
    security(("token" = ["appointments:write"])),
    params(("appointment_uuid" = Uuid, Path, description = "The appointment.")),
    responses(
        (status = 200, description = "It is deleted.", body = Envelope<Nothing>),
        (status = 404, description = "`APPOINTMENT_NOT_FOUND`: There is no such appointment.",
            body = ErrorBody),
    ),
)]
async fn delete(
    caller: Caller,
    Path(appointment): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let appointment = id(&appointment, unknown)?;
    let deleted = caller.store.delete_appointment(appointment).await;
    let deleted = deleted.map_err(|error| ApiError::internal("delete an appointment", &error))?;
    deleted.ok_or_else(unknown)?;
    Ok(done("Appointment deleted successfully"))
}

/// The span of `start_date` and `end_date`, in the days of a schedule or of UTC.
pub(super) async fn days(
    caller: &Caller,
    query: &mut Query,
    schedule: Option<Uuid>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
    let from: Option<DayOrTime> = query.read("start_date")?;
    let until: Option<DayOrTime> = query.read("end_date")?;
    let zone = match schedule {
        Some(schedule) if from.is_some() || until.is_some() => {
            // Nothing is in a schedule that does not exist, on any day.
            let place = Place::find(&caller.store, schedule).await;
            place.map_or_else(|_| Zone::utc(), |place| place.availability.zone)
        }
        _ => Zone::utc(),
    };
    let from = from.map(|from| from.start(&zone, "start_date"));
    let until = until.map(|until| until.end(&zone, "end_date"));
    Ok((from.transpose()?, until.transpose()?))
}

async fn change_in(
    caller: &Caller,
    place: &Place,
    appointment: Uuid,
    change: impl FnOnce(&store::Appointment) -> Result<store::AppointmentFields, ApiError> + Send,
    now: Timestamp,
) -> Result<Appointment, Refused> {
    let changed = caller
        .store
        .change_appointment(appointment, change, place.room(), now)
        .await;
    match changed {
        Ok(changed) => Ok(view(changed)),
        Err(ChangeAppointmentError::Unknown) => Err(unknown().into()),
        Err(ChangeAppointmentError::Refused(error)) => Err(error.into()),
        Err(ChangeAppointmentError::NoRoom(reason, wished)) => {
            let wish = Interval::new(wished.fields.start, wished.fields.end);
            let wish = wish.ok_or_else(unknown)?;
            Err(place
                .refuse(&caller.store, wish, Some(appointment), reason, now)
                .await)
        }
        Err(ChangeAppointmentError::Store(error)) => {
            Err(ApiError::internal("change an appointment", &error).into())
        }
    }
}

async fn find(caller: &Caller, appointment: &str) -> Result<store::Appointment, ApiError> {
    let found = caller.store.appointment(id(appointment, unknown)?).await;
    let found = found.map_err(|error| ApiError::internal("find an appointment", &error))?;
    found.ok_or_else(unknown)
}

pub(super) fn unknown() -> ApiError {
    ApiError::not_found(
        "APPOINTMENT_NOT_FOUND",
        "There is no such appointment.",
        "GET /api/v1/appointments lists all of them.",
    )
}
