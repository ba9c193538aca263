//! A request to be made.

use calendar::Interval;
use jiff::Timestamp;
use serde::Deserialize;
use store::{NewAppointmentRequest, Person, RequestKind};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::contacts::Email;
use crate::error::ApiError;
use crate::exchange::Text;
use crate::schedules::place::Place;
use crate::schedules::times::Time;
use crate::state::ApiState;

/// An appointment that is proposed. Whoever asks is `contact_uuid`, or has a `contact_name` and a
/// `contact_email` or `contact_phone`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewAppointmentRequest)]
pub(super) struct New {
    /// The schedule.
    pub(super) schedule_uuid: Uuid,
    /// What the appointment is called.
    title: Text<1, 255>,
    /// When it is to begin: in the future.
    start_time: Time,
    /// When it is to end, at most 7 days later; a slot of the schedule after it begins.
    end_time: Option<Time>,
    /// Who asks.
    contact_uuid: Option<Uuid>,
    /// First name, or the whole one.
    contact_name: Option<Text<1, 255>>,
    /// Family name.
    contact_surname: Option<Text<1, 255>>,
    /// Address for electronic mail.
    contact_email: Option<Email>,
    /// Telephone number, best with its country code.
    contact_phone: Option<Text<1, 64>>,
    /// What it is about.
    description: Option<Text<0, 5000>>,
    /// Notes for those who decide.
    notes: Option<Text<0, 5000>>,
}

impl New {
    /// The request, and when it is for.
    pub(super) fn read(
        self,
        state: &ApiState,
        place: &Place,
        now: Timestamp,
    ) -> Result<(NewAppointmentRequest, Interval), ApiError> {
        let party = self.party(state)?;
        let zone = &place.availability.zone;
        let start = self.start_time.instant(zone, "start_time")?;
        if start <= now {
            return Err(ApiError::invalid("start_time", "a time in the future"));
        }
        let end = match &self.end_time {
            Some(end) => end.instant(zone, "end_time")?,
            None => start
                .checked_add(place.availability.pattern.length)
                .unwrap_or(start),
        };
        let span = place.span(start, end)?;
        let new = NewAppointmentRequest {
            id: Uuid::now_v7(),
            kind: RequestKind::Create,
            schedule: place.schedule,
            contact: self.contact_uuid,
            party,
            appointment: None,
            title: self.title.0,
            description: self.description.map(|it| it.0),
            start,
            end,
            notes: self.notes.map(|it| it.0),
        };
        Ok((new, span))
    }

    fn party(&self, state: &ApiState) -> Result<Person, ApiError> {
        let text = |text: &Option<Text<1, 255>>| text.as_ref().map(|it| it.0.trim().to_owned());
        let phone = self.contact_phone.as_ref();
        let phone = phone.map(|phone| state.numbers.read("contact_phone", &phone.0));
        let party = Person {
            name: text(&self.contact_name),
            surname: text(&self.contact_surname),
            email: self.contact_email.as_ref().map(|it| it.0.clone()),
            number: phone.transpose()?,
        };
        if self.contact_uuid.is_none() {
            if party.name.is_none() {
                return Err(ApiError::missing("contact_name"));
            }
            if party.email.is_none() && party.number.is_none() {
                return Err(ApiError::missing("contact_email"));
            }
        }
        Ok(party)
    }
}
