//! `/availability-types`: when schedules are open, and how their time is cut into slots.

mod settings;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Deletion, NewAvailabilityType};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) use settings::{Settings, read};

use super::{LONGEST_LIST, objects};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Nothing, Path, Text, Whole, ZoneName, created, done, id, ok,
};
use crate::state::ApiState;
use settings::{DayException, WeeklyHours};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, replace, delete))
}

/// When schedules are open.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "Practice hours",
    "timezone": "Europe/Berlin",
    "weekly_hours": {
        "monday": [{ "from": "09:00:00", "until": "12:00:00" }],
        "tuesday": [], "wednesday": [], "thursday": [], "friday": [], "saturday": [], "sunday": [],
    },
    "exceptions": [{ "date": "2026-12-24", "until_date": "2026-12-26", "hours": [] }],
    "slot_minutes": 30,
    "slot_step_minutes": 30,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 10,
    "minimum_notice_minutes": 120,
    "horizon_days": 60,
    "created_at": "2026-11-28T10:00:00Z",
    "updated_at": "2026-11-28T10:00:00Z",
}))]
struct AvailabilityType {
    /// Identifies it.
    uuid: Uuid,
    /// What it is called.
    name: String,
    #[serde(flatten)]
    settings: Settings,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// An availability type as it is to be. What is left out is as described.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewAvailabilityType)]
struct Body {
    /// What it is called.
    name: Text<1, 255>,
    /// Where its clocks are: an IANA time zone; `UTC`.
    timezone: Option<ZoneName>,
    /// The hours of each weekday; Monday to Friday from 9 to 17.
    weekly_hours: Option<WeeklyHours>,
    /// Days off, and days with other hours; of several for one day the last counts.
    #[schema(max_items = 500)]
    exceptions: Option<Vec<DayException>>,
    /// How long a slot is; 30.
    slot_minutes: Option<Whole<5, 1440>>,
    /// How far apart slots begin, counted from the beginning of the hours; as long as a slot.
    slot_step_minutes: Option<Whole<5, 1440>>,
    /// What has to be free before each appointment; nothing.
    buffer_before_minutes: Option<Whole<0, 1440>>,
    /// What has to be free after each appointment; nothing.
    buffer_after_minutes: Option<Whole<0, 1440>>,
    /// How long ahead a slot has to be booked; not at all.
    minimum_notice_minutes: Option<Whole<0, 43_200>>,
    /// How far ahead a slot can be booked; 60 days.
    horizon_days: Option<Whole<1, 730>>,
}

/// All availability types
///
/// Oldest first, at most 1,000 of them.
#[utoipa::path(
    get, path = "/availability-types", operation_id = "list_availability_types", tag = "schedules",
    security(("token" = ["schedules:read"])),
    responses((status = 200, description = "The availability types.",
        body = Envelope<Vec<AvailabilityType>>)),
)]
async fn list(caller: Caller) -> Result<Envelope<Vec<AvailabilityType>>, ApiError> {
    let types = caller.store.availability_types(LONGEST_LIST).await;
    let types = types.map_err(|error| ApiError::internal("list availability types", &error))?;
    let types: Result<Vec<_>, ApiError> = types.into_iter().map(view).collect();
    Ok(ok("Availability types retrieved successfully", types?))
}

/// Makes an availability type
///
/// Hours are times of day on the clocks of its zone: when these change, slots stay on the hour,
/// and times that do not exist are not offered.
#[utoipa::path(
    post, path = "/availability-types", operation_id = "create_availability_type",
    tag = "schedules",
    security(("token" = ["schedules:write"])),
    request_body(content = Body, example = json!({
        "name": "Practice hours",
        "timezone": "Europe/Berlin",
        "weekly_hours": {
            "monday": [{ "from": "09:00", "until": "12:00" }, { "from": "14:00", "until": "18:00" }],
            "friday": [{ "from": "09:00", "until": "12:00" }],
        },
        "exceptions": [{ "date": "2026-12-24", "until_date": "2026-12-26", "hours": [] }],
        "slot_minutes": 30,
        "buffer_after_minutes": 10,
        "minimum_notice_minutes": 120,
    })),
    responses((status = 201, description = "The availability type.",
        body = Envelope<AvailabilityType>)),
)]
async fn create(
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Created<AvailabilityType>, ApiError> {
    let new = objects::<Body>(body)?.read()?;
    let made = caller
        .store
        .insert_availability_type(Uuid::now_v7(), &new, clock::now());
    let made = made.await;
    let made = made.map_err(|error| ApiError::internal("make an availability type", &error))?;
    Ok(created(
        "Availability type created successfully",
        view(made)?,
    ))
}

/// One availability type
#[utoipa::path(
    get, path = "/availability-types/{availability_type_uuid}",
    operation_id = "show_availability_type", tag = "schedules",
    security(("token" = ["schedules:read"])),
    params(("availability_type_uuid" = Uuid, Path, description = "The availability type.")),
    responses(
        (status = 200, description = "The availability type.", body = Envelope<AvailabilityType>),
        (status = 404, description = "`AVAILABILITY_TYPE_NOT_FOUND`: There is no such availability type.",
            body = ErrorBody),
    ),
)]
async fn show(
    caller: Caller,
    Path(wanted): Path<String>,
) -> Result<Envelope<AvailabilityType>, ApiError> {
    let found = caller.store.availability_type(id(&wanted, unknown)?).await;
    let found = found.map_err(|error| ApiError::internal("find an availability type", &error))?;
    let found = found.ok_or_else(unknown)?;
    Ok(ok("Availability type retrieved successfully", view(found)?))
}

/// Replaces an availability type
///
/// It becomes what is given, and as usual where something is left out. Appointments that are made
/// already stay.
#[utoipa::path(
    put, path = "/availability-types/{availability_type_uuid}",
    operation_id = "replace_availability_type", tag = "schedules",
    security(("token" = ["schedules:write"])),
    params(("availability_type_uuid" = Uuid, Path, description = "The availability type.")),
    request_body(content = Body, example = json!({
        "name": "Practice hours", "timezone": "Europe/Berlin", "slot_minutes": 45,
    })),
    responses(
        (status = 200, description = "The availability type.", body = Envelope<AvailabilityType>),
        (status = 404, description = "`AVAILABILITY_TYPE_NOT_FOUND`: There is no such availability type.",
            body = ErrorBody),
    ),
)]
async fn replace(
    caller: Caller,
    Path(wanted): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<AvailabilityType>, ApiError> {
    let new = objects::<Body>(body)?.read()?;
    let changed = caller
        .store
        .replace_availability_type(id(&wanted, unknown)?, &new, clock::now());
    let changed = changed.await;
    let changed =
        changed.map_err(|error| ApiError::internal("change an availability type", &error))?;
    let changed = changed.ok_or_else(unknown)?;
    Ok(ok("Availability type updated successfully", view(changed)?))
}

/// Deletes an availability type
///
/// One that a schedule has can not be deleted.
#[utoipa::path(
    delete, path = "/availability-types/{availability_type_uuid}",
    operation_id = "delete_availability_type", tag = "schedules",
    security(("token" = ["schedules:write"])),
    params(("availability_type_uuid" = Uuid, Path, description = "The availability type.")),
    responses(
        (status = 200, description = "It is deleted.", body = Envelope<Nothing>),
        (status = 404, description = "`AVAILABILITY_TYPE_NOT_FOUND`: There is no such availability type.",
            body = ErrorBody),
        (status = 409, description = "`AVAILABILITY_TYPE_IN_USE`: A schedule has this availability type.",
            body = ErrorBody),
    ),
)]
async fn delete(caller: Caller, Path(wanted): Path<String>) -> Result<Envelope<Nothing>, ApiError> {
    let wanted = id(&wanted, unknown)?;
    let deletion = caller
        .store
        .delete_availability_type(wanted, clock::now())
        .await;
    match deletion.map_err(|error| ApiError::internal("delete an availability type", &error))? {
        Deletion::Deleted => Ok(done("Availability type deleted successfully")),
        Deletion::Unknown => Err(unknown()),
        Deletion::InUse => Err(ApiError::new(
            http::StatusCode::CONFLICT,
            "AVAILABILITY_TYPE_IN_USE",
            "A schedule has this availability type.",
            "Give its schedules another one first; \
             GET /api/v1/schedules?availability_type_uuid= lists them.",
        )),
    }
}

pub(super) fn unknown() -> ApiError {
    ApiError::not_found(
        "AVAILABILITY_TYPE_NOT_FOUND",
        "There is no such availability type.",
        "GET /api/v1/availability-types lists all of them.",
    )
}

fn view(stored: store::AvailabilityType) -> Result<AvailabilityType, ApiError> {
    Ok(AvailabilityType {
        uuid: stored.id,
        name: stored.name,
        settings: read(stored.settings)?,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    })
}

impl Body {
    fn read(self) -> Result<NewAvailabilityType, ApiError> {
        let usual = Settings::default();
        let length = self.slot_minutes.unwrap_or(usual.slot_minutes);
        let settings = Settings {
            timezone: self.timezone.unwrap_or(usual.timezone),
            weekly_hours: self.weekly_hours.unwrap_or(usual.weekly_hours),
            exceptions: self.exceptions.unwrap_or(usual.exceptions),
            slot_minutes: length,
            slot_step_minutes: self.slot_step_minutes.unwrap_or(length),
            buffer_before_minutes: self
                .buffer_before_minutes
                .unwrap_or(usual.buffer_before_minutes),
            buffer_after_minutes: self
                .buffer_after_minutes
                .unwrap_or(usual.buffer_after_minutes),
            minimum_notice_minutes: self
                .minimum_notice_minutes
                .unwrap_or(usual.minimum_notice_minutes),
            horizon_days: self.horizon_days.unwrap_or(usual.horizon_days),
        };
        settings.check()?;
        Ok(NewAvailabilityType {
            name: self.name.0,
            settings: settings.stored()?,
        })
    }
}
