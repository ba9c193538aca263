//! `GET /schedules/{schedule_uuid}/slots`: what is free.

use calendar::Interval;
use jiff::SignedDuration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::place::{Place, Slot};
use super::schedule;
use super::times::DayOrTime;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Path, Query, Whole, id, ok};
use crate::state::ApiState;

/// How much is shown if nothing is said.
const USUAL: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How much can be asked for, and a day that is an hour longer than others.
const MOST: SignedDuration = SignedDuration::from_hours(24 * 31 + 1);

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Free slots of a schedule
///
/// In order: within its hours, apart from its appointments, and as far ahead as its availability
/// type allows. A slot is not held: whoever books it first has it.
#[utoipa::path(
    get, path = "/schedules/{schedule_uuid}/slots", operation_id = "list_slots", tag = "schedules",
    security(("token" = ["schedules:read"])),
    params(
        ("schedule_uuid" = Uuid, Path, description = "The schedule."),
        ("from" = inline(Option<DayOrTime>), Query, description = "Slots that begin on this day or at this \
            time or later; now."),
        ("to" = inline(Option<DayOrTime>), Query, description = "Slots that begin on this day or before \
            this time, at most 31 days after `from`; 7 days after it."),
        ("duration" = inline(Option<Whole<1, 1440>>), Query, description = "How many minutes are needed; \
            as the availability type says."),
    ),
    responses(
        (status = 200, description = "The slots.", body = Envelope<Vec<Slot>>),
        (status = 404, description = "`SCHEDULE_NOT_FOUND`: There is no such schedule.",
            body = ErrorBody),
    ),
)]
async fn list(
    caller: Caller,
    Path(schedule): Path<String>,
    mut query: Query,
) -> Result<Envelope<Vec<Slot>>, ApiError> {
    let place = Place::find(&caller.store, id(&schedule, schedule::unknown)?).await?;
    let now = clock::now();
    let zone = &place.availability.zone;
    let from: Option<DayOrTime> = query.read("from")?;
    let to: Option<DayOrTime> = query.read("to")?;
    let duration: Option<Whole<1, 1440>> = query.read("duration")?;
    let from = from.map_or(Ok(now), |from| from.start(zone, "from"))?;
    let to = match to {
        Some(to) => to.end(zone, "to")?,
        None => from.checked_add(USUAL).unwrap_or(from),
    };
    let range = Interval::new(from, to)
        .ok_or_else(|| ApiError::invalid("to", "a day or time after `from`"))?;
    if range.length() > MOST {
        return Err(ApiError::invalid(
            "to",
            "a day or time at most 31 days after `from`",
        ));
    }
    let usual = place.availability.pattern.length;
    let length = duration.map_or(usual, |minutes| SignedDuration::from_mins(minutes.0));
    let agenda = place.agenda(&caller.store, range, None, now).await?;
    let slots = agenda.free(range, length);
    let slots = slots.into_iter().map(|slot| place.show(slot)).collect();
    Ok(ok("Slots retrieved successfully", slots))
}
