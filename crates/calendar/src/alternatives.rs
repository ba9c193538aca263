//! Which free slots to offer to someone whose wish can not be met.

use std::cmp::Reverse;

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use crate::agenda::Agenda;
use crate::interval::{Interval, later};

/// How far after the wanted time alternatives are looked for.
const SEARCHED: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What to suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestions {
    /// How many slots at most.
    pub count: usize,
    /// Which come first, among equals by what follows.
    pub priority: Priority,
    /// Slots on the wanted day before those of other days.
    pub same_day: bool,
    /// Slots at the wanted time of day before those at other times, of those that are equal by
    /// `same_day`.
    pub same_time: bool,
    /// Also slots before the wanted day, back to the Monday of its week. Without it there are none
    /// before the wanted day.
    pub same_week: bool,
}

/// Which slot is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// The one that is nearer to the wanted time.
    Closest,
    /// The earlier one.
    Earliest,
    /// The later one.
    Latest,
}

impl Default for Suggestions {
    fn default() -> Self {
        Self {
            count: 3,
            priority: Priority::Closest,
            same_day: true,
            same_time: false,
            same_week: true,
        }
    }
}

/// The free slots that come nearest to what was wanted, best first; none that overlap.
pub fn alternatives(agenda: &Agenda<'_>, wanted: Interval, suggest: Suggestions) -> Vec<Interval> {
    let zone = &agenda.availability().zone;
    let day = zone.day(wanted.start());
    let first = if suggest.same_week { monday(day) } else { day };
    let from = zone
        .beginning(first.into())
        .unwrap_or_else(|| wanted.start());
    let Some(searched) = Interval::new(from, later(wanted.start(), SEARCHED)) else {
        return Vec::new();
    };
    let wanted_time = zone.clock(wanted.start()).time();
    let rank = |slot: &Interval| {
        let shown = zone.clock(slot.start());
        let other_day = suggest.same_day && shown.date() != day;
        let other_time = suggest.same_time && shown.time() != wanted_time;
        (
            other_day,
            other_time,
            Distance::of(slot.start(), wanted.start(), suggest.priority),
            *slot,
        )
    };
    let mut slots = agenda.free(searched, wanted.length());
    slots.sort_by_key(rank);
    let mut chosen: Vec<Interval> = Vec::new();
    for slot in slots {
        if chosen.len() == suggest.count {
            break;
        }
        if !chosen.iter().any(|one| one.overlaps(slot)) {
            chosen.push(slot);
        }
    }
    chosen
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    Away(SignedDuration),
    At(Timestamp),
    Before(Reverse<Timestamp>),
}

impl Distance {
    fn of(slot: Timestamp, wanted: Timestamp, priority: Priority) -> Self {
        match priority {
            Priority::Closest => Self::Away(slot.duration_since(wanted).abs()),
            Priority::Earliest => Self::At(slot),
            Priority::Latest => Self::Before(Reverse(slot)),
        }
    }
}

/// The Monday of a day's week.
fn monday(day: Date) -> Date {
    let since = i64::from(day.weekday().since(Weekday::Monday));
    let since = SignedDuration::from_hours(24 * since);
    day.checked_sub(since).unwrap_or(day)
}

/// Whether two days are of the same week, which begins on Monday.
pub(crate) fn is_same_week(one: Date, other: Date) -> bool {
    monday(one) == monday(other)
}
