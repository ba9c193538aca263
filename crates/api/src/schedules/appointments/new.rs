//! An appointment to be made.

use calendar::Interval;
use serde::Deserialize;
use store::AppointmentFields;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answers::Answers;
use super::view::AppointmentStatus;
use crate::error::ApiError;
use crate::exchange::Text;
use crate::schedules::place::Place;
use crate::schedules::times::Time;

/// An appointment to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewAppointment)]
pub(super) struct New {
    /// The schedule that it is in.
    pub(super) schedule_uuid: Uuid,
    /// What it is called.
    title: Text<1, 255>,
    /// When it begins.
    start_time: Time,
    /// When it ends: after it begins, at most 7 days later.
    end_time: Time,
    /// With whom it is.
    contact_uuid: Option<Uuid>,
    /// What it is about.
    description: Option<Text<0, 5000>>,
    /// Its status; `approved`.
    status: Option<AppointmentStatus>,
    /// Notes for those who keep the schedule.
    notes: Option<Text<0, 5000>>,
    /// Answers to the schedule's questions, by their names. Required questions need one, of the
    /// question's type.
    custom_answers: Option<Answers>,
    /// Whether the time has to be within the hours of the schedule, and as far ahead as its
    /// availability type says; false.
    within_availability: Option<bool>,
}

impl New {
    /// Whether it has to be within the hours of the schedule.
    pub(super) fn is_bound_to_hours(&self) -> bool {
        self.within_availability.unwrap_or_default()
    }

    /// The appointment, and when it is.
    pub(super) fn read(self, place: &Place) -> Result<(AppointmentFields, Interval), ApiError> {
        let zone = &place.availability.zone;
        let start = self.start_time.instant(zone, "start_time")?;
        let end = self.end_time.instant(zone, "end_time")?;
        let span = place.span(start, end)?;
        let answers = self.custom_answers.unwrap_or_default();
        let status = self.status.unwrap_or(AppointmentStatus::Approved);
        answers.check(&place.details.custom_questions)?;
        let fields = AppointmentFields {
            contact: self.contact_uuid,
            title: self.title.0,
            description: self.description.map(|it| it.0),
            start,
            end,
            status: status.as_str().to_owned(),
            notes: self.notes.map(|it| it.0),
            custom_answers: answers.into(),
            cancellation_reason: None,
        };
        Ok((fields, span))
    }
}
