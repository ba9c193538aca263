//! What is to change of an appointment.

use serde::Deserialize;
use store::AppointmentFields;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answers::Answers;
use super::view::AppointmentStatus;
use crate::error::ApiError;
use crate::exchange::{Change, Text};
use crate::schedules::place::Place;
use crate::schedules::times::Time;

/// What is to change of an appointment. What is left out stays; null empties a field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AppointmentChange)]
pub(super) struct Update {
    /// What it is called.
    title: Option<Text<1, 255>>,
    /// When it begins. Without `end_time` it stays as long as it is.
    start_time: Option<Time>,
    /// When it ends: after it begins, at most 7 days later.
    end_time: Option<Time>,
    /// Its status.
    status: Option<AppointmentStatus>,
    /// With whom it is.
    #[serde(default)]
    contact_uuid: Change<Uuid>,
    /// What it is about.
    #[serde(default)]
    description: Change<Text<0, 5000>>,
    /// Notes for those who keep the schedule.
    #[serde(default)]
    notes: Change<Text<0, 5000>>,
    /// Answers to the schedule's questions, by their names.
    custom_answers: Option<Answers>,
}

/// A status to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AppointmentStatusChange)]
pub(super) struct StatusChange {
    /// The status.
    status: AppointmentStatus,
    /// Why it is cancelled.
    reason: Option<Text<0, 1000>>,
}

impl Update {
    /// What the appointment becomes.
    pub(super) fn apply(
        self,
        before: &AppointmentFields,
        place: &Place,
    ) -> Result<AppointmentFields, ApiError> {
        let zone = &place.availability.zone;
        let length = before.end.duration_since(before.start);
        let start = match &self.start_time {
            Some(start) => start.instant(zone, "start_time")?,
            None => before.start,
        };
        let end = match &self.end_time {
            Some(end) => end.instant(zone, "end_time")?,
            None => start.checked_add(length).unwrap_or(start),
        };
        place.span(start, end)?;
        let custom_answers = match self.custom_answers {
            Some(answers) => {
                answers.check(&place.details.custom_questions)?;
                answers.into()
            }
            None => before.custom_answers.clone(),
        };
        let fields = AppointmentFields {
            contact: self.contact_uuid.apply(before.contact),
            title: self.title.map_or_else(|| before.title.clone(), |it| it.0),
            description: self
                .description
                .map(|it| it.0)
                .apply(before.description.clone()),
            start,
            end,
            status: before.status.clone(),
            notes: self.notes.map(|it| it.0).apply(before.notes.clone()),
            custom_answers,
            cancellation_reason: before.cancellation_reason.clone(),
        };
        Ok(match self.status {
            Some(status) => with_status(fields, status, None),
            None => fields,
        })
    }
}

impl StatusChange {
    /// What the appointment becomes.
    pub(super) fn apply(self, before: &AppointmentFields) -> AppointmentFields {
        with_status(before.clone(), self.status, self.reason.map(|it| it.0))
    }
}

/// A reason stays for as long as the appointment is cancelled.
fn with_status(
    fields: AppointmentFields,
    status: AppointmentStatus,
    reason: Option<String>,
) -> AppointmentFields {
    let cancellation_reason = match status {
        AppointmentStatus::Cancelled => reason.or(fields.cancellation_reason),
        AppointmentStatus::Pending
        | AppointmentStatus::Approved
        | AppointmentStatus::Completed
        | AppointmentStatus::NoShow => None,
    };
    AppointmentFields {
        status: status.as_str().to_owned(),
        cancellation_reason,
        ..fields
    }
}
