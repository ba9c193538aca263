//! When a schedule is open, and how its time is cut into slots.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::hours::{OpenHours, Week};
use crate::interval::{Interval, Intervals, later};
use crate::zone::Zone;

/// When a schedule can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Where its clocks are.
    pub zone: Zone,
    /// The hours of an ordinary week.
    pub week: Week,
    /// Days that have others; of several for one day, the last counts.
    pub exceptions: Vec<Exception>,
    /// How its time is cut into slots.
    pub pattern: Pattern,
}

/// Days with hours of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The first of the days.
    pub first: Date,
    /// The last of them; days before the first are none.
    pub last: Date,
    /// Their hours; without any they are closed. Hours of the night before, which began on an
    /// ordinary day, stay.
    pub hours: Vec<OpenHours>,
}

/// How time is cut into slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// How long a slot is.
    pub length: SignedDuration,
    /// How far apart slots begin, counted on the wall clock from the beginning of the hours.
    pub step: SignedDuration,
    /// What has to be free before each booking.
    pub buffer_before: SignedDuration,
    /// What has to be free after each booking.
    pub buffer_after: SignedDuration,
    /// How long ahead a slot has to be booked.
    pub notice: SignedDuration,
    /// How far ahead a slot can be booked.
    pub horizon: SignedDuration,
}

impl Pattern {
    /// What lies between two bookings at least: the one's buffer after it and the other's before.
    pub fn gap(&self) -> SignedDuration {
        self.buffer_before.saturating_add(self.buffer_after)
    }

    /// The instants at which a slot may begin that is booked now.
    pub(crate) fn bookable(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        (later(now, self.notice), later(now, self.horizon))
    }
}

impl Availability {
    /// When it is open, of the hours that begin on the days from `first` to `last`.
    pub fn open(&self, first: Date, last: Date) -> Intervals {
        days(first, last)
            .flat_map(|day| {
                let hours = self.hours(day).iter();
                hours.filter_map(move |hours| hours.instants(day, &self.zone))
            })
            .collect()
    }

    /// When slots of this length may begin on a day by its hours, in order.
    ///
    /// They are counted on the wall clock, so that a change of the clocks does not put the
    /// slots after it off the hour: times that are skipped are left out, times that come twice
    /// are there twice.
    pub(crate) fn starts(
        &self,
        day: Date,
        open: &Intervals,
        length: SignedDuration,
    ) -> Vec<Interval> {
        // A slot at least every minute: no time would be covered by steps of nothing.
        let step = self.pattern.step.max(SignedDuration::from_mins(1));
        let mut starts = Vec::new();
        for hours in self.hours(day) {
            let Some((mut shown, until)) = hours.on(day) else {
                continue;
            };
            while shown < until {
                let slots = self.zone.instants(shown);
                let slots = slots.filter_map(|start| Interval::lasting(start, length));
                starts.extend(slots.filter(|slot| open.contains(*slot)));
                match shown.checked_add(step) {
                    Ok(next) => shown = next,
                    Err(_) => break,
                }
            }
        }
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    fn hours(&self, day: Date) -> &[OpenHours] {
        let mut exceptions = self.exceptions.iter().rev();
        let exception = exceptions.find(|one| (one.first..=one.last).contains(&day));
        exception.map_or_else(|| self.week.on(day.weekday()), |one| one.hours.as_slice())
    }
}

/// The days from `first` to `last`.
pub(crate) fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    let next = move |day: &Date| day.tomorrow().ok().filter(|day| *day <= last);
    std::iter::successors((first <= last).then_some(first), next)
}
