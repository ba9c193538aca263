//! Looking for a time, and booking it.

use calendar::{Counter, Interval, Wish, Zone, find_slots, tell_time, wish};
use engine::ToolReply;
use jiff::SignedDuration;
use serde_json::{Map, Value};
use store::{
    Appointment, AppointmentFields, NewAppointmentRequest, NoRoom, Person, PlaceError, RequestKind,
    Room,
};
use uuid::Uuid;

use super::opened::{self, Opened};
use super::replies::{Halt, done, needed, refused, sorry};
use super::{Service, TRIES, questions};

/// The longest title and the longest notes of an appointment.
const LONGEST_TITLE: usize = 255;
const LONGEST_NOTES: usize = 5_000;

/// The most days that are looked at at once.
const MOST_DAYS: SignedDuration = SignedDuration::from_hours(31 * 24);

/// How many days are looked at if the last is not said.
const USUAL_DAYS: SignedDuration = SignedDuration::from_hours(6 * 24);

/// Tells what is free, what is asked, and what the caller has already.
pub(super) async fn find(service: &Service<'_>, all: &[Opened]) -> Result<ToolReply, Halt> {
    let wanted = &service.wanted;
    let opened = opened::chosen(all, wanted)?;
    let (from, until) = (wanted.day("from_date")?, wanted.day("until_date")?);
    let mut counters = Vec::new();
    let mut days = None;
    for at in &opened {
        let clocks = service.clocks(at);
        let first = from.unwrap_or_else(|| clocks.day(service.now));
        if from.is_some() || until.is_some() {
            let last = until.or_else(|| first.checked_add(USUAL_DAYS).ok());
            let furthest = first.checked_add(MOST_DAYS).unwrap_or(first);
            days = Some((first, last.unwrap_or(first).min(furthest)));
        }
        let around = match days {
            None => Interval::lasting(service.now, super::UNASKED),
            Some((first, last)) => {
                let whole = clocks.whole_day(first).zip(clocks.whole_day(last));
                whole.and_then(|(first, last)| Interval::new(first.start(), last.end()))
            }
        };
        let Some(around) = around else {
            let error = "Give `until_date` as a day that is not before `from_date`.";
            return Err(Halt(needed(error, &[], "Which days shall it be?")));
        };
        counters.push(service.counter(at, around, None).await?);
    }
    let mut told = vec![find_slots(&counters, days, service.now)];
    told.extend(opened.iter().filter_map(|at| at.described()));
    for at in &opened {
        let asked: Vec<String> = questions::asked(at)
            .into_iter()
            .map(questions::told)
            .collect();
        if !asked.is_empty() {
            told.push(format!(
                "Before a booking in {} is asked: {}.",
                at.name,
                asked.join(", ")
            ));
        }
    }
    let own = service.guest.appointments(&service.store, all, service.now);
    let own = own.await?;
    if !own.is_empty() {
        let own: Vec<String> = own
            .iter()
            .map(|(at, one)| named(service, at, one))
            .collect();
        told.push(format!("The caller has already: {}.", own.join("; ")));
    }
    Ok(done(told.join("\n")))
}

/// Books the time that is wanted, or proposes it where a person has to agree.
pub(super) async fn book(service: &Service<'_>, all: &[Opened]) -> Result<ToolReply, Halt> {
    let start = service.wanted.text("start_time", 1_000).unwrap_or_default();
    let opened = opened::chosen(all, &service.wanted)?;
    for _ in 0..TRIES {
        let mut counters = Vec::new();
        for at in &opened {
            let around = service.around(at, &start)?;
            counters.push(service.counter(at, around, None).await?);
        }
        let pick = service.visit.is_random.then(rand::random);
        let (index, slot, is_asked) = match wish(&counters, &start, pick, service.now) {
            Wish::Refused(why) => return Ok(refused(why)),
            Wish::Propose(index, slot) => (index, slot, true),
            Wish::Book(index, slot) => (index, slot, false),
        };
        let (at, counter) = match (opened.get(index), counters.get(index)) {
            (Some(at), Some(counter)) => (*at, counter),
            _ => return Err(Halt(sorry())),
        };
        let asked = questions::asked(at);
        let answers = questions::answered(&asked, &service.wanted.answers())?;
        let contact = service.guest.contact(service).await?;
        if is_asked {
            return propose(service, at, counter, slot, (contact, answers)).await;
        }
        if let Some(reply) = place(service, at, counter, slot, (contact, answers)).await? {
            return Ok(reply);
        }
    }
    Ok(refused(
        "That time has just been taken. Another one is needed.",
    ))
}

type Party = (Uuid, Map<String, Value>);

/// Makes the appointment; nothing if somebody else has just taken the time.
async fn place(
    service: &Service<'_>,
    at: &Opened,
    counter: &Counter<'_>,
    slot: Interval,
    (contact, answers): Party,
) -> Result<Option<ToolReply>, Halt> {
    let fields = AppointmentFields {
        contact: Some(contact),
        title: title(service, at),
        description: None,
        start: slot.start(),
        end: slot.end(),
        status: "approved".to_owned(),
        notes: service.wanted.text("notes", LONGEST_NOTES),
        custom_answers: Value::Object(answers),
        cancellation_reason: None,
    };
    let (id, room) = (Uuid::now_v7(), room(at, counter, slot));
    let made = service
        .store
        .insert_appointment(id, at.place.schedule, &fields, room, service.now);
    match made.await {
        Ok(made) => {
            tracing::info!(call = %service.visit.call, appointment = %made.id, "booked");
            let named = named(service, at, &made);
            let minutes = slot.length().as_mins();
            Ok(Some(done(format!(
                "It is booked: {named}, {minutes} minutes."
            ))))
        }
        Err(PlaceError::NoRoom(NoRoom::Clash | NoRoom::Full)) => Ok(None),
        Err(PlaceError::NoRoom(reason)) => Err(gone(reason)),
        Err(PlaceError::Store(error)) => Err(error.into()),
    }
}

/// Asks whoever keeps the schedule for the appointment.
async fn propose(
    service: &Service<'_>,
    at: &Opened,
    counter: &Counter<'_>,
    slot: Interval,
    (contact, answers): Party,
) -> Result<ToolReply, Halt> {
    // A request has no answers of its own: whoever decides reads them in its notes.
    let answers = answers.into_iter().map(|(question, answer)| {
        let words = answer.as_str().map(str::to_owned);
        let words = words.unwrap_or_else(|| answer.to_string());
        format!("{question}: {words}")
    });
    let notes: Vec<String> = service
        .wanted
        .text("notes", LONGEST_NOTES)
        .into_iter()
        .chain(answers)
        .collect();
    let notes: String = notes.join("\n").chars().take(LONGEST_NOTES).collect();
    let request = NewAppointmentRequest {
        id: Uuid::now_v7(),
        kind: RequestKind::Create,
        schedule: at.place.schedule,
        contact: Some(contact),
        party: Person::default(),
        appointment: None,
        title: title(service, at),
        description: None,
        start: slot.start(),
        end: slot.end(),
        notes: (!notes.is_empty()).then_some(notes),
    };
    ask(service, &request).await?;
    let time = when(counter.clocks(), slot);
    Ok(done(format!(
        "It is not booked yet, it is asked for: {}, {time}. {}",
        request.title,
        at.is_asked()
    )))
}

/// Stores a request for whoever keeps the schedule.
pub(super) async fn ask(
    service: &Service<'_>,
    request: &NewAppointmentRequest,
) -> Result<(), Halt> {
    let asked = service
        .store
        .insert_appointment_request(request, service.now);
    match asked.await {
        Ok(asked) => {
            let request = asked.asked.id;
            tracing::info!(call = %service.visit.call, %request, "an appointment is asked for");
            Ok(())
        }
        Err(PlaceError::NoRoom(reason)) => Err(gone(reason)),
        Err(PlaceError::Store(error)) => Err(error.into()),
    }
}

/// What an appointment needs, in its schedule and on its day.
pub(super) fn room(at: &Opened, counter: &Counter<'_>, slot: Interval) -> Room {
    let zone = &at.place.availability.zone;
    let day = zone.whole_day(zone.day(slot.start()));
    let limit = day.zip(counter.rules.per_day);
    Room {
        limit: limit.map(|(day, most)| ((day.start(), day.end()), most)),
        ..at.place.room()
    }
}

/// The schedule or the contact has just been deleted.
pub(super) fn gone(reason: NoRoom) -> Halt {
    tracing::warn!(%reason, "an agent can not book");
    Halt(sorry())
}

fn title(service: &Service<'_>, at: &Opened) -> String {
    let title = service.wanted.text("title", LONGEST_TITLE);
    title.unwrap_or_else(|| at.name.chars().take(LONGEST_TITLE).collect())
}

/// `Check-up in Dr. Adams, Tuesday 2026-12-01 10:00 (Europe/Berlin)`
pub(super) fn named(service: &Service<'_>, at: &Opened, appointment: &Appointment) -> String {
    let fields = &appointment.fields;
    let clocks = service.clocks(at);
    let time = tell_time(clocks, fields.start);
    if fields.title == at.name {
        return format!("{}, {time} ({clocks})", at.name);
    }
    format!("{} in {}, {time} ({clocks})", fields.title, at.name)
}

/// `Tuesday 2026-12-01 10:00 (Europe/Berlin)`
pub(super) fn when(clocks: &Zone, slot: Interval) -> String {
    format!("{} ({clocks})", tell_time(clocks, slot.start()))
}
