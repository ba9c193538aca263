//! Deciding requests: approving, rejecting and withdrawing them.

use calendar::Interval;
use http::StatusCode;
use serde::Deserialize;
use store::{DecideError, PlaceError, RequestDecision};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::view::{AppointmentRequest, view};
use super::{find, unknown};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, MaybeJson, Path, Text, ok};
use crate::schedules::place::{ClashBody, Place, Refused};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(cancel))
}

/// What is said to a request that is approved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AppointmentApproval)]
struct Approval {
    /// A note.
    approval_note: Option<Text<0, 1000>>,
}

/// What is said to a request that is rejected.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AppointmentRejection)]
struct Rejection {
    /// Why.
    rejection_reason: Option<Text<0, 1000>>,
}

/// Approves a request
///
/// What it asks for is done in the same moment: an appointment is made, moved or cancelled. If
/// there is no room for it any more, the request stays as it is.
#[utoipa::path(
    post, path = "/appointment-requests/{request_uuid}/approve",
    operation_id = "approve_appointment_request", tag = "appointments",
    security(("token" = ["appointments:write"])),
    params(("request_uuid" = Uuid, Path, description = "The request.")),
    request_body(content = Option<Approval>, example = json!({ "approval_note": "See you then." })),
    responses(
        (status = 200, description = "The request, with its appointment.",
            body = Envelope<AppointmentRequest>),
        (status = 404, description = "`APPOINTMENT_REQUEST_NOT_FOUND`: There is no such request; \
            `SCHEDULE_NOT_FOUND`: its schedule is deleted.", body = ErrorBody),
        (status = 409, description = "`APPOINTMENT_CLASH`, `APPOINTMENT_REQUEST_DECIDED` or \
            `APPOINTMENT_GONE`: It can not be done, or is decided already.", body = ClashBody),
    ),
)]
async fn approve(
    caller: Caller,
    Path(request): Path<String>,
    MaybeJson(body): MaybeJson<Approval>,
) -> Result<Envelope<AppointmentRequest>, Refused> {
    let asked = find(&caller, &request).await?;
    let place = Place::find(&caller.store, asked.asked.schedule).await?;
    let decision = RequestDecision::Approve {
        appointment: Uuid::now_v7(),
        note: body.and_then(|body| body.approval_note).map(|it| it.0),
        room: place.room(),
    };
    let now = clock::now();
    let decided = caller
        .store
        .decide_appointment_request(asked.asked.id, &decision, now);
    match decided.await {
        Ok(decided) => Ok(ok(
            "Appointment request approved successfully",
            view(&caller.store, decided).await?,
        )),
        Err(DecideError::Place(PlaceError::NoRoom(reason))) => {
            let wish = Interval::new(asked.asked.start, asked.asked.end).ok_or_else(unknown)?;
            let moved = asked.asked.appointment;
            Err(place.refuse(&caller.store, wish, moved, reason, now).await)
        }
        Err(error) => Err(refused(error).into()),
    }
}

/// Rejects a request
///
/// What it asks for is not done.
#[utoipa::path(
    post, path = "/appointment-requests/{request_uuid}/reject",
    operation_id = "reject_appointment_request", tag = "appointments",
    security(("token" = ["appointments:write"])),
    params(("request_uuid" = Uuid, Path, description = "The request.")),
    request_body(content = Option<Rejection>, example = json!({
        "rejection_reason": "We are closed that day.",
    })),
    responses(
        (status = 200, description = "The request.", body = Envelope<AppointmentRequest>),
        (status = 404, description = "`APPOINTMENT_REQUEST_NOT_FOUND`: There is no such request.",
            body = ErrorBody),
        (status = 409, description = "`APPOINTMENT_REQUEST_DECIDED`: The request is decided already.",
            body = ErrorBody),
    ),
)]
async fn reject(
    caller: Caller,
    Path(request): Path<String>,
    MaybeJson(body): MaybeJson<Rejection>,
) -> Result<Envelope<AppointmentRequest>, ApiError> {
    let reason = body.and_then(|body| body.rejection_reason).map(|it| it.0);
    let decided = settle(&caller, &request, &RequestDecision::Reject { reason }).await?;
    Ok(ok("Appointment request rejected successfully", decided))
}

/// Withdraws a request
///
/// What it asks for is not done.
#[utoipa::path(
    post, path = "/appointment-requests/{request_uuid}/cancel",
    operation_id = "cancel_appointment_request", tag = "appointments",
    security(("token" = ["appointments:write"])),
    params(("request_uuid" = Uuid, Path, description = "The request.")),
    responses(
        (status = 200, description = "The request.", body = Envelope<AppointmentRequest>),
        (status = 404, description = "`APPOINTMENT_REQUEST_NOT_FOUND`: There is no such request.",
            body = ErrorBody),
        (status = 409, description = "`APPOINTMENT_REQUEST_DECIDED`: The request is decided already.",
            body = ErrorBody),
    ),
)]
async fn cancel(
    caller: Caller,
    Path(request): Path<String>,
) -> Result<Envelope<AppointmentRequest>, ApiError> {
    let decided = settle(&caller, &request, &RequestDecision::Cancel).await?;
    Ok(ok("Appointment request cancelled successfully", decided))
}

/// Decides that nothing be done.
async fn settle(
    caller: &Caller,
    request: &str,
    decision: &RequestDecision,
) -> Result<AppointmentRequest, ApiError> {
    let asked = find(caller, request).await?;
    let id = asked.asked.id;
    let decided = caller
        .store
        .decide_appointment_request(id, decision, clock::now())
        .await;
    view(&caller.store, decided.map_err(refused)?).await
}

fn refused(error: DecideError) -> ApiError {
    let conflict = |code, message: String, details: &str| {
        ApiError::new(StatusCode::CONFLICT, code, message, details)
    };
    match error {
        DecideError::Unknown => unknown(),
        DecideError::Decided(status) => conflict(
            "APPOINTMENT_REQUEST_DECIDED",
            format!("The request is {status} already."),
            "Make another request.",
        ),
        DecideError::AppointmentGone => conflict(
            "APPOINTMENT_GONE",
            "The appointment of the request is cancelled or deleted.".to_owned(),
            "Reject the request.",
        ),
        DecideError::Place(error) => ApiError::internal("decide a request", &error),
    }
}
