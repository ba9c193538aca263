//! A schedule as a place for appointments: its hours, its bookings, and what to suggest where
//! there is no room.

use axum::Json;
use axum::response::{IntoResponse, Response};
use calendar::{Agenda, Availability, Interval, Suggestions, alternatives};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{NoRoom, PlaceError, Room, Store};
use utoipa::ToSchema;
use uuid::Uuid;

use super::schedule::Details;
use super::{availability, schedule};
use crate::error::ApiError;

/// Alternatives are looked for so far around a wish; bookings have to be known a little further.
pub(super) const AROUND: SignedDuration = SignedDuration::from_hours(24 * 32);

/// A schedule as a place for appointments.
pub(super) struct Place {
    pub(super) schedule: Uuid,
    pub(super) availability: Availability,
    pub(super) details: Details,
}

/// A time in a schedule that is free.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "start_time": "2026-12-01T09:00:00Z",
    "end_time": "2026-12-01T09:30:00Z",
    "local_time": "2026-12-01 10:00:00",
}))]
pub(super) struct Slot {
    /// When it begins.
    start_time: Timestamp,
    /// When it ends.
    end_time: Timestamp,
    /// What the clocks of the schedule's zone show when it begins.
    local_time: String,
}

impl Place {
    /// The schedule with this id; 404 if there is none.
    pub(super) async fn find(store: &Store, id: Uuid) -> Result<Self, ApiError> {
        let broken = |error| ApiError::internal("find a schedule", &error);
        let found = store.schedule(id).await.map_err(broken)?;
        Self::of(store, found.ok_or_else(schedule::unknown)?).await
    }

    /// A schedule that was found.
    pub(super) async fn of(store: &Store, found: store::Schedule) -> Result<Self, ApiError> {
        let broken = |error| ApiError::internal("find when a schedule is open", &error);
        let hours = store.availability_type(found.availability_type).await;
        // It can not be deleted as long as a schedule has it.
        let hours = hours.map_err(broken)?.ok_or_else(availability::unknown)?;
        Ok(Self {
            schedule: found.id,
            availability: availability::read(hours.settings)?.availability()?,
            details: Details::read(found.details)?,
        })
    }

    /// What an appointment needs.
    pub(super) fn room(&self) -> Room {
        Room {
            gap: self.availability.pattern.gap(),
            limit: None,
        }
    }

    /// A wish as it is booked: refused if it ends no later than it begins, or is too long.
    pub(super) fn span(&self, start: Timestamp, end: Timestamp) -> Result<Interval, ApiError> {
        let span = Interval::new(start, end)
            .ok_or_else(|| ApiError::invalid("end_time", "a time after `start_time`"))?;
        if span.length() > store::LONGEST_APPOINTMENT {
            let expected = "a time at most 7 days after `start_time`";
            return Err(ApiError::invalid("end_time", expected));
        }
        Ok(span)
    }

    /// The schedule as it is now, with what is booked around a span; an appointment `except` does
    /// not count.
    pub(super) async fn agenda(
        &self,
        store: &Store,
        around: Interval,
        except: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Agenda<'_>, ApiError> {
        let margin = around.widened(SignedDuration::from_hours(72));
        let booked = store.booked(self.schedule, (margin.start(), margin.end()), except);
        let booked = booked.await;
        let booked = booked.map_err(|error| ApiError::internal("list appointments", &error))?;
        let booked = booked
            .into_iter()
            .filter_map(|(start, end)| Interval::new(start, end));
        Ok(Agenda::new(&self.availability, booked, now))
    }

    /// What is free near a wish that can not be met.
    pub(super) async fn suggest(
        &self,
        store: &Store,
        wish: Interval,
        except: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Vec<Slot>, ApiError> {
        let agenda = self
            .agenda(store, wish.widened(AROUND), except, now)
            .await?;
        let found = alternatives(&agenda, wish, Suggestions::default());
        Ok(found.into_iter().map(|slot| self.show(slot)).collect())
    }

    pub(super) fn show(&self, slot: Interval) -> Slot {
        let shown = self.availability.zone.clock(slot.start());
        Slot {
            start_time: slot.start(),
            end_time: slot.end(),
            local_time: shown.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }

    /// The answer to a wish that the store did not place.
    pub(super) async fn refuse(
        &self,
        store: &Store,
        wish: Interval,
        except: Option<Uuid>,
        reason: NoRoom,
        now: Timestamp,
    ) -> Refused {
        match reason {
            NoRoom::UnknownSchedule => schedule::unknown().into(),
            NoRoom::UnknownContact => unknown_contact().into(),
            NoRoom::Clash | NoRoom::Full => self.instead(store, wish, except, CLASH, now).await,
        }
    }

    /// Refuses a wish out of the schedule's hours, too soon or too far ahead.
    pub(super) async fn check_hours(
        &self,
        store: &Store,
        wish: Interval,
        now: Timestamp,
    ) -> Result<(), Refused> {
        match Agenda::new(&self.availability, [], now).check(wish) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.instead(store, wish, None, OUTSIDE, now).await),
        }
    }

    /// The answer to a wish that can not be met, with what is free instead.
    async fn instead(
        &self,
        store: &Store,
        wish: Interval,
        except: Option<Uuid>,
        why: Why,
        now: Timestamp,
    ) -> Refused {
        match self.suggest(store, wish, except, now).await {
            Ok(alternatives) => Refused::Taken(why, alternatives),
            Err(error) => error.into(),
        }
    }

    /// The answer to a wish that the store did not place, whatever the reason.
    pub(super) async fn fail(
        &self,
        store: &Store,
        wish: Interval,
        error: PlaceError,
        now: Timestamp,
    ) -> Refused {
        match error {
            PlaceError::NoRoom(reason) => self.refuse(store, wish, None, reason, now).await,
            PlaceError::Store(error) => ApiError::internal("store an appointment", &error).into(),
        }
    }
}

/// Why an appointment is not made or changed.
#[derive(Debug)]
pub(super) enum Refused {
    /// An error like every other one.
    Error(Box<ApiError>),
    /// There is no room; these slots are free.
    Taken(Why, Vec<Slot>),
}

/// Why there is no room: a word for programs, and words for people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Why {
    code: &'static str,
    message: &'static str,
}

const CLASH: Why = Why {
    code: "APPOINTMENT_CLASH",
    message: "Another appointment is there, or too near.",
};

const OUTSIDE: Why = Why {
    code: "OUTSIDE_AVAILABILITY",
    message: "The schedule is not open then, or can not be booked so soon or so far ahead.",
};

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Error(Box::new(error))
    }
}

/// The body of the answer to an appointment for which there is no room.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "success": false,
    "message": "Another appointment is there, or too near.",
    "error": {
        "code": "APPOINTMENT_CLASH",
        "details": "Take another time, such as one of `data.alternatives`.",
    },
    "data": { "alternatives": [{
        "start_time": "2026-12-01T09:30:00Z",
        "end_time": "2026-12-01T10:00:00Z",
        "local_time": "2026-12-01 10:30:00",
    }] },
}))]
pub(super) struct ClashBody {
    /// Always false.
    success: bool,
    /// What happened.
    #[schema(value_type = String)]
    message: &'static str,
    /// What exactly.
    error: ClashDetail,
    /// What is free instead, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    data: Option<Alternatives>,
}

/// What exactly happened.
#[derive(Serialize, ToSchema)]
struct ClashDetail {
    /// `APPOINTMENT_CLASH` or `OUTSIDE_AVAILABILITY`.
    #[schema(value_type = String)]
    code: &'static str,
    /// What to do.
    #[schema(value_type = String)]
    details: &'static str,
}

/// Slots that are free.
#[derive(Serialize, ToSchema)]
struct Alternatives {
    /// The slots nearest to the wish, best first: those of its day, then those around it. There
    /// are none for a wish that lies in the past.
    alternatives: Vec<Slot>,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (why, alternatives) = match self {
            Self::Error(error) => return error.into_response(),
            Self::Taken(why, alternatives) => (why, alternatives),
        };
        let body = ClashBody {
            success: false,
            message: why.message,
            error: ClashDetail {
                code: why.code,
                details: "Take another time, such as one of `data.alternatives`.",
            },
            data: Some(Alternatives { alternatives }),
        };
        (StatusCode::CONFLICT, Json(body)).into_response()
    }
}

pub(super) fn unknown_contact() -> ApiError {
    ApiError::not_found(
        "CONTACT_NOT_FOUND",
        "There is no such contact.",
        "GET /api/v1/contacts lists all of them.",
    )
}
