//! A schedule with its bookings at one moment: what is free, and why something is not.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::availability::{Availability, days};
use crate::interval::{Interval, Intervals, later};
use crate::lapse::Lapse;

/// A schedule with its bookings at one moment.
///
/// The bookings have to be all of those that stand, from a day before the times asked about to a
/// day after them, and the gap that the buffers make.
#[derive(Clone, Debug)]
pub struct Agenda<'a> {
    availability: &'a Availability,
    /// When no booking can be, for another one is or is too near.
    busy: Intervals,
    /// How many bookings begin on each day.
    taken: BTreeMap<Date, u32>,
    /// How many may begin on a day.
    daily: Option<u32>,
    /// When a booking may begin.
    earliest: Timestamp,
    latest: Timestamp,
}

/// The shortest there is: what makes the last instant at which a booking may begin one of those
/// before the end of a span.
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// Why a time can not be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another booking is there, or too near.
    Clash,
    /// The schedule is not open for all of it.
    Closed,
    /// It begins too soon; this is the earliest.
    TooSoon(Timestamp),
    /// It begins too far ahead; this is the latest.
    TooFar(Timestamp),
    /// As many as are allowed begin on its day.
    DayFull,
}

impl<'a> Agenda<'a> {
    /// The schedule with these bookings, of which each stands.
    pub fn new(
        availability: &'a Availability,
        bookings: impl IntoIterator<Item = Interval>,
        now: Timestamp,
    ) -> Self {
        let gap = availability.pattern.gap();
        let mut taken = BTreeMap::new();
        let busy = bookings
            .into_iter()
            .inspect(|booking| {
                *taken
                    .entry(availability.zone.day(booking.start()))
                    .or_default() += 1
            })
            .map(|booking| booking.widened(gap))
            .collect();
        let (earliest, latest) = availability.pattern.bookable(now);
        Self {
            availability,
            busy,
            taken,
            daily: None,
            earliest,
            latest,
        }
    }

    /// Lets no more than so many bookings begin on a day.
    #[must_use]
    pub fn with_daily_limit(mut self, limit: Option<u32>) -> Self {
        self.daily = limit;
        self
    }

    /// Lets bookings begin only so long after `now`, if that is later than the schedule has it.
    #[must_use]
    pub fn with_notice(mut self, notice: Lapse, now: Timestamp) -> Self {
        self.earliest = self.earliest.max(later(now, notice.duration()));
        self
    }

    /// The schedule's hours and zone.
    pub const fn availability(&self) -> &'a Availability {
        self.availability
    }

    /// The slots of this length that can be booked and begin within `range`, in order.
    pub fn free(&self, range: Interval, length: SignedDuration) -> Vec<Interval> {
        let zone = &self.availability.zone;
        let start = range.start().max(self.earliest);
        let end = range.end().min(later(self.latest, INSTANT));
        let Some(range) = Interval::new(start, end) else {
            return Vec::new();
        };
        // Hours of a night begin the day before, and a slot may end the day after the last.
        let first = before(zone.day(range.start()));
        let last = zone.day(range.end());
        let open = self
            .availability
            .open(before(first), zone.day(later(range.end(), length)));
        let mut slots: Vec<Interval> = days(first, last)
            .flat_map(|day| self.availability.starts(day, &open, length))
            .filter(|slot| range.start() <= slot.start() && slot.start() < range.end())
            .filter(|slot| self.check_open(*slot).is_ok())
            .collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Whether this can be booked.
    pub fn check(&self, wanted: Interval) -> Result<(), Refusal> {
        if wanted.start() < self.earliest {
            return Err(Refusal::TooSoon(self.earliest));
        }
        if wanted.start() > self.latest {
            return Err(Refusal::TooFar(self.latest));
        }
        if !self.is_open(wanted) {
            return Err(Refusal::Closed);
        }
        self.check_open(wanted)
    }

    /// Whether this can be booked, given that the schedule is open and the time is none too early
    /// or late.
    fn check_open(&self, wanted: Interval) -> Result<(), Refusal> {
        if self.busy.overlaps(wanted) {
            return Err(Refusal::Clash);
        }
        let day = self.availability.zone.day(wanted.start());
        let taken = self.taken.get(&day).copied().unwrap_or_default();
        if self.daily.is_some_and(|limit| taken >= limit) {
            return Err(Refusal::DayFull);
        }
        Ok(())
    }

    /// Whether another booking is there, or too near.
    pub fn clashes(&self, wanted: Interval) -> bool {
        self.busy.overlaps(wanted)
    }

    fn is_open(&self, wanted: Interval) -> bool {
        let zone = &self.availability.zone;
        let first = before(zone.day(wanted.start()));
        self.availability
            .open(first, zone.day(wanted.end()))
            .contains(wanted)
    }
}

fn before(day: Date) -> Date {
    day.yesterday().unwrap_or(Date::MIN)
}
