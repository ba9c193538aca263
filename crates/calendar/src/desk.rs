//! An agent at the desk: what it can offer of the schedules that it books in, what becomes of a
//! wish, and how that is told to its model.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::agenda::{Agenda, Refusal};
use crate::alternatives::{Suggestions, alternatives};
use crate::approval::Approval;
use crate::cancelling::{CancelRefusal, Cancelling};
use crate::interval::{Interval, later};
use crate::lapse::Lapse;
use crate::moving::{Move, Moving};
use crate::telling::{tell_move_refusal, tell_refusal, tell_slots, tell_time};
use crate::wording;
use crate::zone::{LocalTimeError, Zone};

/// The most slots of a schedule that are told at once.
const TOLD: usize = 24;

/// The most slots that are told to someone who named no time.
const TOLD_UNASKED: usize = 4;

/// How far ahead is looked if no day is named.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Which slots of a schedule an agent offers and takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRules {
    /// How long ahead the first slot lies that is offered.
    pub offer_from: Lapse,
    /// How long ahead the first slot lies that is taken if it is asked for.
    pub book_from: Lapse,
    /// How many bookings may begin on a day.
    pub per_day: Option<u32>,
    /// What is suggested for a time that can not be had; nothing if there is none.
    pub suggestions: Option<Suggestions>,
}

/// A schedule that an agent books in.
#[derive(Clone, Debug)]
pub struct Counter<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The schedule with its bookings.
    pub agenda: Agenda<'a>,
    /// On whose clocks times are told and meant; on those of the schedule if there are none.
    pub clocks: Option<&'a Zone>,
    /// Which slots are offered and taken.
    pub rules: SlotRules,
    /// What a person has to agree to.
    pub approval: Approval,
}

/// What becomes of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is to be booked in this schedule, the place in the list.
    Book(usize, Interval),
    /// It is to be proposed to whoever keeps this schedule.
    Propose(usize, Interval),
    /// It can not be met; this tells why, and what could be instead.
    Refused(String),
}

/// What becomes of a wish to move a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveWish {
    /// It is to be moved there.
    Move(Interval),
    /// That it be moved there is to be proposed to whoever keeps the schedule.
    Propose(Interval),
    /// It can not be moved, or not there; this tells why, and what could be instead.
    Refused(String),
}

/// What becomes of a wish to cancel a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelWish {
    /// It is to be cancelled.
    Cancel,
    /// That it be cancelled is to be proposed to whoever keeps the schedule.
    Propose,
    /// It can not be cancelled.
    Refused(CancelRefusal),
}

/// The days about which is asked, from the first to the last.
pub type Days = (Date, Date);

/// Tells what is free, schedule by schedule.
pub fn find_slots(counters: &[Counter<'_>], days: Option<Days>, now: Timestamp) -> String {
    if counters.is_empty() {
        return "There is no schedule to book in.".to_owned();
    }
    let told: Vec<String> = counters
        .iter()
        .map(|counter| counter.offer(days, now))
        .collect();
    told.join("\n")
}

/// Decides on a wish for a time, as the clocks show it, with an offset or as people say it. Of
/// several schedules that are free it is the first, or one by the random number `pick`.
pub fn wish(counters: &[Counter<'_>], start: &str, pick: Option<u64>, now: Timestamp) -> Wish {
    let tried: Vec<(usize, Result<Interval, String>)> = counters
        .iter()
        .map(|counter| counter.take(start, counter.usual_length(), now))
        .enumerate()
        .collect();
    let free: Vec<(usize, Interval)> = tried
        .iter()
        .filter_map(|(index, taken)| Some((*index, *taken.as_ref().ok()?)))
        .collect();
    let chosen = pick.and_then(|pick| usize::try_from(pick % free.len().max(1) as u64).ok());
    let Some((index, slot)) = free.get(chosen.unwrap_or_default()).copied() else {
        let mut reasons: Vec<String> = tried.into_iter().filter_map(|(_, it)| it.err()).collect();
        reasons.dedup();
        if reasons.is_empty() {
            reasons.push("There is no schedule to book in.".to_owned());
        }
        return Wish::Refused(reasons.join("\n"));
    };
    let approval = counters.get(index).map(|counter| counter.approval);
    match approval {
        Some(approval) if approval.of_new(slot.start(), now) => Wish::Propose(index, slot),
        _ => Wish::Book(index, slot),
    }
}

/// Decides on a wish to move a booking of a schedule, whose agenda is without it. It stays as long
/// as it is.
pub fn wish_to_move(
    counter: &Counter<'_>,
    moving: Moving,
    booked: Interval,
    start: &str,
    now: Timestamp,
) -> MoveWish {
    let zone = &counter.agenda.availability().zone;
    let decide = |to| moving.decide(booked.start(), to, zone, now);
    // Who may not move it at all need not look for another time.
    if let Some(why) = tell_move_refusal(decide(booked.start())) {
        return MoveWish::Refused(why.to_owned());
    }
    let wanted = match counter.take(start, booked.length(), now) {
        Ok(wanted) => wanted,
        Err(why) => return MoveWish::Refused(why),
    };
    let is_asked = decide(wanted.start()) == Move::Asked;
    if is_asked || counter.approval.of_moved(wanted.start(), now) {
        MoveWish::Propose(wanted)
    } else {
        MoveWish::Move(wanted)
    }
}

/// Decides on a wish to cancel a booking that begins at `start`.
pub fn wish_to_cancel(
    cancelling: Cancelling,
    approval: Approval,
    start: Timestamp,
    reason: Option<&str>,
    now: Timestamp,
) -> CancelWish {
    match cancelling.check(start, reason, now) {
        Err(refusal) => CancelWish::Refused(refusal),
        Ok(()) if approval.of_cancelled(start, now) => CancelWish::Propose,
        Ok(()) => CancelWish::Cancel,
    }
}

/// The instants that a text may mean on these clocks, the likeliest first: a time as they show it,
/// with an offset, or as people say it. None if it is no time of a day.
pub fn read_time(text: &str, clocks: &Zone, now: Timestamp) -> Vec<Timestamp> {
    meant(text, clocks, now).unwrap_or_default()
}

/// Why a text is no instant.
enum Unmeant {
    /// It names no day, or no time of day.
    Unsaid,
    /// The clocks skip it.
    Skipped,
}

fn meant(text: &str, clocks: &Zone, now: Timestamp) -> Result<Vec<Timestamp>, Unmeant> {
    match clocks.read(text.trim()) {
        Ok(at) => return Ok(vec![at]),
        Err(LocalTimeError::Skipped) => return Err(Unmeant::Skipped),
        Err(LocalTimeError::Unreadable) => {}
    }
    let said = wording::read(text, clocks.clock(now));
    let Some(day) = said.day.filter(|_| !said.times.is_empty()) else {
        return Err(Unmeant::Unsaid);
    };
    let times = said.times.into_iter();
    let meant: Vec<Timestamp> = times
        .filter_map(|time| clocks.instants(day.to_datetime(time)).next())
        .collect();
    if meant.is_empty() {
        return Err(Unmeant::Skipped);
    }
    Ok(meant)
}

impl Counter<'_> {
    /// On whose clocks times are told and meant.
    pub fn clocks(&self) -> &Zone {
        let own = &self.agenda.availability().zone;
        self.clocks.unwrap_or(own)
    }

    fn usual_length(&self) -> SignedDuration {
        self.agenda.availability().pattern.length
    }

    /// Tells which slots are free.
    fn offer(&self, days: Option<Days>, now: Timestamp) -> String {
        self.offer_at_most(TOLD, days, now)
    }

    fn offer_at_most(&self, most: usize, days: Option<Days>, now: Timestamp) -> String {
        let zone = self.clocks();
        let range = match days {
            None => Interval::lasting(now, USUAL),
            Some((first, last)) => zone
                .whole_day(first)
                .zip(zone.whole_day(last))
                .and_then(|(first, last)| Interval::new(first.start(), last.end())),
        };
        let length = self.usual_length();
        let agenda = self.limited(self.rules.offer_from, now);
        let slots = range.map_or_else(Vec::new, |range| agenda.free(range, length));
        let head = format!(
            "{} (times in {zone}, {} minutes each)",
            self.name,
            length.as_mins()
        );
        if slots.is_empty() {
            return format!("{head}: nothing is free then.");
        }
        let more = if slots.len() > most {
            "; and more later"
        } else {
            ""
        };
        format!(
            "{head}: {}{more}.",
            tell_slots(zone, slots.into_iter().take(most))
        )
    }

    /// The span of a wish, if it can be had; otherwise why not.
    fn take(
        &self,
        start: &str,
        length: SignedDuration,
        now: Timestamp,
    ) -> Result<Interval, String> {
        let starts = meant(start, self.clocks(), now).map_err(|unmeant| match unmeant {
            Unmeant::Unsaid => format!(
                "A day and a time are needed, such as 2026-12-01 10:00. Free are, in {}",
                self.offer_at_most(TOLD_UNASKED, None, now)
            ),
            Unmeant::Skipped => {
                "The clocks are put forward over that time: it does not exist.".to_owned()
            }
        })?;
        let agenda = self.limited(self.rules.book_from, now);
        let mut refused = Vec::new();
        for start in starts {
            let checked = match Interval::new(start, later(start, length)) {
                Some(wanted) => agenda.check(wanted).map(|()| wanted),
                None => Err(Refusal::TooFar(start)),
            };
            match checked {
                Ok(wanted) => return Ok(wanted),
                Err(refusal) => refused.push((start, refusal)),
            }
        }
        // Nobody means a time at which it is closed, if another may be meant.
        let is_open = |refused: &&(Timestamp, Refusal)| refused.1 != Refusal::Closed;
        let likeliest = refused.iter().find(is_open).or_else(|| refused.first());
        let Some((start, refusal)) = likeliest.copied() else {
            return Err("There is no such time.".to_owned());
        };
        let clocks = self.clocks();
        let why = tell_refusal(clocks, refusal);
        let wanted = Interval::new(start, later(start, length));
        let instead = wanted.map(|wanted| self.instead(wanted, now));
        Err(format!(
            "{}, {}: {why}{}",
            self.name,
            tell_time(clocks, start),
            instead.unwrap_or_default()
        ))
    }

    /// What is suggested for a time that can not be had.
    fn instead(&self, wanted: Interval, now: Timestamp) -> String {
        let agenda = self.limited(self.rules.offer_from, now);
        let zone = self.clocks();
        let suggestions = self.rules.suggestions;
        let found = suggestions.map(|suggest| alternatives(&agenda, wanted, suggest));
        match found {
            Some(found) if !found.is_empty() => {
                let told: Vec<String> = found
                    .iter()
                    .map(|slot| tell_time(zone, slot.start()))
                    .collect();
                format!(" Free instead: {}.", told.join(", "))
            }
            Some(_) => " Nothing near it is free.".to_owned(),
            None => String::new(),
        }
    }

    fn limited(&self, notice: Lapse, now: Timestamp) -> Agenda<'_> {
        let agenda = self.agenda.clone().with_notice(notice, now);
        agenda.with_daily_limit(self.rules.per_day)
    }
}
