//! An agent at the desk: what it can offer of the schedules that it books in, what becomes of a
//! wish, and how that is told to its model.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::agenda::{Agenda, Refusal};
use crate::alternatives::{Suggestions, alternatives};
use crate::approval::Approval;
use crate::interval::{Interval, later};
use crate::lapse::Lapse;
use crate::telling::{tell_refusal, tell_slots, tell_time};
use crate::zone::LocalTimeError;

/// The most slots of a schedule that are told at once.
const TOLD: usize = 24;

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

/// Decides on a wish for a time, as the clocks of the schedule show it or with an offset. Of
/// several schedules that are free it is the first, or one by the random number `pick`.
pub fn wish(counters: &[Counter<'_>], start: &str, pick: Option<u64>, now: Timestamp) -> Wish {
    let tried: Vec<(usize, Result<Interval, String>)> = counters
        .iter()
        .map(|counter| counter.take(start, now))
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

impl Counter<'_> {
    /// Tells which slots are free.
    fn offer(&self, days: Option<Days>, now: Timestamp) -> String {
        let availability = self.agenda.availability();
        let zone = &availability.zone;
        let range = match days {
            None => Interval::lasting(now, USUAL),
            Some((first, last)) => zone
                .whole_day(first)
                .zip(zone.whole_day(last))
                .and_then(|(first, last)| Interval::new(first.start(), last.end())),
        };
        let length = availability.pattern.length;
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
        let more = if slots.len() > TOLD {
            "; and more later"
        } else {
            ""
        };
        format!(
            "{head}: {}{more}.",
            tell_slots(zone, slots.into_iter().take(TOLD))
        )
    }

    /// The span of a wish, if it can be had; otherwise why not.
    fn take(&self, start: &str, now: Timestamp) -> Result<Interval, String> {
        let availability = self.agenda.availability();
        let zone = &availability.zone;
        let start = zone.read(start).map_err(|error| match error {
            LocalTimeError::Unreadable => {
                "Give the time as a date and a time, such as `2026-12-01 10:00`.".to_owned()
            }
            LocalTimeError::Skipped => {
                "The clocks are put forward over that time: it does not exist.".to_owned()
            }
        })?;
        let end = later(start, availability.pattern.length);
        let wanted = Interval::new(start, end);
        let wanted = wanted.ok_or_else(|| tell_refusal(zone, Refusal::TooFar(start)))?;
        let agenda = self.limited(self.rules.book_from, now);
        match agenda.check(wanted) {
            Ok(()) => Ok(wanted),
            Err(refusal) => {
                let why = tell_refusal(zone, refusal);
                let instead = self.instead(wanted, now);
                Err(format!(
                    "{}, {}: {why}{instead}",
                    self.name,
                    tell_time(zone, start)
                ))
            }
        }
    }

    /// What is suggested for a time that can not be had.
    fn instead(&self, wanted: Interval, now: Timestamp) -> String {
        let agenda = self.limited(self.rules.offer_from, now);
        let zone = &agenda.availability().zone;
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
