//! Whoever an agent books for: the other party of its call.

use calendar::Zone;
use engine::CallId;
use jiff::Timestamp;
use serde_json::{Value, from_value};
use store::{Appointment, AppointmentFilter, Person, Store};
use uuid::Uuid;

use super::Service;
use super::opened::Opened;
use super::replies::{Halt, needed};
use crate::contacts::Email;

/// The most appointments of one contact that are looked at.
const MOST: u32 = 100;

/// The longest name that a contact has.
const LONGEST_NAME: usize = 255;

/// Whoever an agent books for.
pub(super) struct Guest {
    contact: Option<Uuid>,
    /// The contact's number.
    number: Option<String>,
    /// Whether it is known what they are called.
    is_named: bool,
    /// The clocks where they are, if that is known.
    pub(super) clocks: Option<Zone>,
}

impl Guest {
    /// The other party of a call. Who hides their number is nobody yet.
    pub(super) async fn of_call(store: &Store, call: CallId) -> Result<Self, Halt> {
        let record = store.call(call.0).await?;
        let contact = match record.and_then(|record| record.contact) {
            Some(contact) => store.contact(contact).await?,
            None => None,
        };
        let Some(contact) = contact else {
            return Ok(Self {
                contact: None,
                number: None,
                is_named: false,
                clocks: None,
            });
        };
        let details = contact.details;
        Ok(Self {
            contact: Some(contact.id),
            number: details.number,
            is_named: details.name.is_some() || details.surname.is_some(),
            clocks: details.timezone.as_deref().and_then(Zone::named),
        })
    }

    /// The contact that they are. What they say of themselves is kept of a contact of which it was
    /// not known; who calls without a number has to say how to be reached.
    pub(super) async fn contact(&self, service: &Service<'_>) -> Result<Uuid, Halt> {
        let wanted = &service.wanted;
        let email = wanted.text("email", 320).map(Value::String);
        let email = email.and_then(|email| from_value::<Email>(email).ok());
        let said = Person {
            name: wanted.text("name", LONGEST_NAME),
            email: email.map(|email| email.0),
            ..Person::default()
        };
        let person = match (self.contact, &self.number) {
            (Some(contact), Some(_))
                if said.email.is_none() && (self.is_named || said.name.is_none()) =>
            {
                return Ok(contact);
            }
            (Some(contact), None) => return Ok(contact),
            (Some(_), Some(number)) => Person {
                number: Some(number.clone()),
                ..said
            },
            (None, _) => {
                let phone = wanted.text("phone", 64);
                let number = phone.and_then(|phone| service.numbers.normalise(&phone).ok());
                Person { number, ..said }
            }
        };
        let is_reached = person.number.is_some() || person.email.is_some();
        if self.contact.is_none() && !(is_reached && person.name.is_some()) {
            let error = "Nothing was booked: the caller hides their number. Ask what they are \
                         called, and for a telephone number with its country code or an e-mail \
                         address, then call the function again with `name` and `phone` or `email`.";
            let message = "For that I need your name, and your telephone number with its country \
                           code or an e-mail address.";
            return Err(Halt(needed(error, &[], message)));
        }
        Ok(service
            .store
            .contact_of_person(&person, service.now)
            .await?)
    }

    /// Their appointments to come that stand, in these schedules, earliest first.
    pub(super) async fn appointments<'a>(
        &self,
        store: &Store,
        opened: &'a [Opened],
        now: Timestamp,
    ) -> Result<Vec<(&'a Opened, Appointment)>, Halt> {
        let Some(contact) = self.contact else {
            return Ok(Vec::new());
        };
        let filter = AppointmentFilter {
            contact: Some(contact),
            from: Some(now),
            ..AppointmentFilter::default()
        };
        let found = store.appointments(&filter, MOST).await?;
        let found = found.into_iter().filter_map(|appointment| {
            let stands = matches!(appointment.fields.status.as_str(), "pending" | "approved");
            let mut opened = opened.iter();
            let at = opened.find(|at| at.place.schedule == appointment.schedule);
            at.filter(|_| stands).map(|at| (at, appointment))
        });
        Ok(found.collect())
    }
}
