//! Opening hours as a sign at the door gives them.

use jiff::civil::{Date, DateTime, Time, Weekday};

use crate::interval::Interval;
use crate::zone::Zone;

/// Hours between two times of day. Hours that end no later than they begin go on into the next
/// day: `22:00` to `06:00` is a night, `00:00` to `00:00` a whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenHours {
    /// When they begin.
    pub from: Time,
    /// When they end.
    pub until: Time,
}

impl OpenHours {
    /// What clocks show when the hours of a day begin and end; none at the end of time.
    pub(crate) fn on(self, day: Date) -> Option<(DateTime, DateTime)> {
        let is_overnight = self.until <= self.from;
        let last = if is_overnight {
            day.tomorrow().ok()?
        } else {
            day
        };
        Some((day.to_datetime(self.from), last.to_datetime(self.until)))
    }

    /// The hours of a day as instants; none if the zone's clocks skip all of them.
    pub(crate) fn instants(self, day: Date, zone: &Zone) -> Option<Interval> {
        let (from, until) = self.on(day)?;
        Interval::new(zone.beginning(from)?, zone.beginning(until)?)
    }
}

/// The hours of each weekday. They may overlap and stand in any order; a weekday without hours is
/// closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week {
    days: [Vec<OpenHours>; 7],
}

impl Week {
    /// Sets the hours that begin on a weekday.
    #[must_use]
    pub fn with(mut self, weekday: Weekday, hours: Vec<OpenHours>) -> Self {
        if let Some(day) = self.days.get_mut(index(weekday)) {
            *day = hours;
        }
        self
    }

    /// The hours that begin on a weekday.
    pub fn on(&self, weekday: Weekday) -> &[OpenHours] {
        self.days.get(index(weekday)).map_or(&[], Vec::as_slice)
    }
}

fn index(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn hours(from: Time, until: Time, zone: &str, day: Date) -> Option<(String, String)> {
        let zone = Zone::named(zone).unwrap();
        let open = OpenHours { from, until }.instants(day, &zone)?;
        Some((open.start().to_string(), open.end().to_string()))
    }

    #[test]
    fn hours_that_end_before_they_begin_go_on_into_the_next_day() {
        let night = hours(time(22, 0, 0, 0), time(6, 0, 0, 0), "UTC", date(2026, 5, 1)).unwrap();
        assert_eq!(
            night,
            ("2026-05-01T22:00:00Z".into(), "2026-05-02T06:00:00Z".into())
        );
        let midnight = Time::midnight();
        let day = hours(midnight, midnight, "Europe/Berlin", date(2026, 3, 29)).unwrap();
        assert_eq!(
            day,
            ("2026-03-28T23:00:00Z".into(), "2026-03-29T22:00:00Z".into())
        );
    }

    #[test]
    fn hours_begin_and_end_with_the_change_when_the_clocks_skip_their_times() {
        let berlin = |from, until| hours(from, until, "Europe/Berlin", date(2026, 3, 29));
        let change = "2026-03-29T01:00:00Z".to_owned();
        let (start, _) = berlin(time(2, 30, 0, 0), time(12, 0, 0, 0)).unwrap();
        assert_eq!(start, change);
        let (_, end) = berlin(time(0, 0, 0, 0), time(2, 30, 0, 0)).unwrap();
        assert_eq!(end, change);
        assert_eq!(berlin(time(2, 15, 0, 0), time(2, 45, 0, 0)), None);
    }

    #[test]
    fn a_weekday_without_hours_is_closed() {
        let nine_to_five = OpenHours {
            from: time(9, 0, 0, 0),
            until: time(17, 0, 0, 0),
        };
        let week = Week::default().with(Weekday::Sunday, vec![nine_to_five]);
        assert_eq!(week.on(Weekday::Sunday), [nine_to_five]);
        assert_eq!(week.on(Weekday::Monday), []);
    }
}
