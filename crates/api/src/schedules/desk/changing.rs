//! Moving and cancelling an appointment of whoever calls.

use calendar::{
    CancelRefusal, CancelWish, Interval, MoveWish, read_time, tell_cancel_refusal, wish_to_cancel,
    wish_to_move,
};
use engine::ToolReply;
use store::{
    Appointment, AppointmentFields, ChangeAppointmentError, NewAppointmentRequest, NoRoom, Person,
    RequestKind, Room,
};
use uuid::Uuid;

use super::making::{ask, gone, named, room, when};
use super::opened::Opened;
use super::replies::{Halt, denied, done, needed, refused, sorry};
use super::{Service, TRIES};

/// The longest reason of a cancellation.
const LONGEST_REASON: usize = 1_000;

/// It was changed or cancelled by somebody else meanwhile.
struct Changed;

/// Moves an appointment of the caller, or proposes that where a person has to agree.
pub(super) async fn reschedule(
    service: &Service<'_>,
    opened: &[Opened],
) -> Result<ToolReply, Halt> {
    let (at, appointment) = meant(service, opened).await?;
    let start = service
        .wanted
        .text("new_start_time", 1_000)
        .unwrap_or_default();
    let booked = span(&appointment)?;
    for _ in 0..TRIES {
        let around = service.around(at, &start)?;
        let counter = service.counter(at, around, Some(appointment.id)).await?;
        let moving = at.assignment.moving();
        let to = match wish_to_move(&counter, moving, booked, &start, service.now) {
            MoveWish::Refused(why) => return Ok(refused(why)),
            MoveWish::Propose(to) => {
                let request = request(RequestKind::Reschedule, &appointment, to, None);
                ask(service, &request).await?;
                return Ok(done(format!(
                    "It is not moved yet, it is asked for: {} to {}. {}",
                    named(service, at, &appointment),
                    when(counter.clocks(), to),
                    at.is_asked()
                )));
            }
            MoveWish::Move(to) => to,
        };
        let change = |fields: &AppointmentFields| AppointmentFields {
            start: to.start(),
            end: to.end(),
            ..fields.clone()
        };
        let room = room(at, &counter, to);
        if let Some(moved) = changed(service, &appointment, change, room).await? {
            tracing::info!(call = %service.visit.call, appointment = %moved.id, "moved");
            return Ok(done(format!(
                "It is moved: {}.",
                named(service, at, &moved)
            )));
        }
    }
    Ok(refused(
        "That time has just been taken. Another one is needed.",
    ))
}

/// Cancels an appointment of the caller, or proposes that where a person has to agree.
pub(super) async fn cancel(service: &Service<'_>, opened: &[Opened]) -> Result<ToolReply, Halt> {
    let (at, appointment) = meant(service, opened).await?;
    let reason = service.wanted.text("reason", LONGEST_REASON);
    let decided = wish_to_cancel(
        at.assignment.cancelling(),
        at.assignment.approving(),
        appointment.fields.start,
        reason.as_deref(),
        service.now,
    );
    if let CancelWish::Refused(refusal) = decided {
        let told = tell_cancel_refusal(refusal);
        return Ok(match refusal {
            CancelRefusal::NotByAgent | CancelRefusal::TooLate => denied(told),
            CancelRefusal::NeedsReason => {
                let error = "Nothing was cancelled: ask the caller why, then call the function \
                             again with `reason`.";
                needed(error, &[], "Why is it to be cancelled?")
            }
        });
    }
    if let Some(fee) = at.assignment.fee()
        && !service.wanted.is_set("fee_accepted")
    {
        let error = format!(
            "Nothing was cancelled: tell the caller what it costs ({fee}). If they want it all \
             the same, call the function again with `fee_accepted`."
        );
        return Ok(needed(&error, &[], &format!("Before I cancel that: {fee}")));
    }
    let named = named(service, at, &appointment);
    if decided == CancelWish::Propose {
        let booked = span(&appointment)?;
        let request = request(RequestKind::Cancel, &appointment, booked, reason);
        ask(service, &request).await?;
        return Ok(done(format!(
            "It is not cancelled yet, it is asked for: {named}. {}",
            at.is_asked()
        )));
    }
    let change = |fields: &AppointmentFields| AppointmentFields {
        status: "cancelled".to_owned(),
        cancellation_reason: reason.clone(),
        ..fields.clone()
    };
    match changed(service, &appointment, change, at.place.room()).await? {
        Some(cancelled) => {
            let appointment = cancelled.id;
            tracing::info!(call = %service.visit.call, %appointment, "cancelled");
            Ok(done(format!("It is cancelled: {named}.")))
        }
        None => Err(Halt(sorry())),
    }
}

/// The appointment that the caller means: the only one that they have, or the one at the time that
/// they name.
async fn meant<'a>(
    service: &Service<'_>,
    opened: &'a [Opened],
) -> Result<(&'a Opened, Appointment), Halt> {
    let own = service
        .guest
        .appointments(&service.store, opened, service.now);
    let mut own = own.await?;
    if own.is_empty() {
        let told = "The caller has no appointment to come that could be changed here.";
        return Err(Halt(denied(told)));
    }
    let time = service.wanted.text("appointment_time", 255);
    let is_named = |at: &Opened, one: &Appointment| {
        time.as_deref().is_none_or(|time| {
            let meant = read_time(time, service.clocks(at), service.now);
            meant.contains(&one.fields.start)
        })
    };
    let mut fitting = own
        .iter()
        .enumerate()
        .filter(|(_, (at, one))| is_named(at, one));
    if let (Some((index, _)), None) = (fitting.next(), fitting.next()) {
        return Ok(own.swap_remove(index));
    }
    let told: Vec<String> = own
        .iter()
        .map(|(at, one)| named(service, at, one))
        .collect();
    let error = "Nothing was changed: ask the caller which appointment is meant, then call the \
                 function again with `appointment_time`.";
    let message = format!("Which appointment do you mean? {}.", told.join("; "));
    Err(Halt(needed(error, &told, &message)))
}

/// Changes an appointment that is still as it was; nothing if there is no room for it. Halts if it
/// was changed meanwhile.
async fn changed(
    service: &Service<'_>,
    appointment: &Appointment,
    change: impl Fn(&AppointmentFields) -> AppointmentFields + Send,
    room: Room,
) -> Result<Option<Appointment>, Halt> {
    let known = &appointment.fields;
    let (start, status, contact) = (known.start, known.status.clone(), known.contact);
    let apply = move |before: &Appointment| {
        let now = &before.fields;
        let is_same = now.start == start && now.status == status && now.contact == contact;
        if is_same {
            Ok(change(now))
        } else {
            Err(Changed)
        }
    };
    let done = service
        .store
        .change_appointment(appointment.id, apply, room, service.now);
    match done.await {
        Ok(changed) => Ok(Some(changed)),
        Err(ChangeAppointmentError::NoRoom(NoRoom::Clash | NoRoom::Full, _)) => Ok(None),
        Err(ChangeAppointmentError::NoRoom(reason, _)) => Err(gone(reason)),
        Err(ChangeAppointmentError::Unknown | ChangeAppointmentError::Refused(Changed)) => {
            let told = "Somebody else has just changed that appointment. Look it up again.";
            Err(Halt(refused(told)))
        }
        Err(ChangeAppointmentError::Store(error)) => Err(error.into()),
    }
}

fn span(appointment: &Appointment) -> Result<Interval, Halt> {
    let fields = &appointment.fields;
    Interval::new(fields.start, fields.end).ok_or_else(|| Halt(sorry()))
}

fn request(
    kind: RequestKind,
    appointment: &Appointment,
    span: Interval,
    notes: Option<String>,
) -> NewAppointmentRequest {
    let fields = &appointment.fields;
    NewAppointmentRequest {
        id: Uuid::now_v7(),
        kind,
        schedule: appointment.schedule,
        contact: fields.contact,
        party: Person::default(),
        appointment: Some(appointment.id),
        title: fields.title.clone(),
        description: fields.description.clone(),
        start: span.start(),
        end: span.end(),
        notes,
    }
}
