//! Time zones: which instants a wall clock's reading means.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::interval::Interval;

/// A time zone with an IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalTimeError {
    /// It is written in no known form.
    Unreadable,
    /// The zone's clocks skip it: they were put forward.
    Skipped,
}

impl Zone {
    /// The zone of this name, in its usual spelling; none if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let rules = TimeZoneDatabase::bundled().get(name).ok()?;
        let name = rules.iana_name()?.to_owned();
        Some(Self { name, rules })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            rules: TimeZone::UTC,
        }
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the zone's clocks show.
    pub fn clock(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(at)
    }

    /// How far the zone's clocks are from UTC, such as `+01:00`.
    pub(crate) fn offset(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.rules.clone())
            .strftime("%:z")
            .to_string()
    }

    /// The day that it is in the zone.
    pub fn day(&self, at: Timestamp) -> Date {
        self.clock(at).date()
    }

    /// The whole of a day, which may have fewer or more than 24 hours; none for a day that the
    /// zone skipped, or at the end of time.
    pub fn whole_day(&self, day: Date) -> Option<Interval> {
        let midnight = |day: Date| self.beginning(day.to_datetime(Time::midnight()));
        Interval::new(midnight(day)?, midnight(day.tomorrow().ok()?)?)
    }

    /// Reads an instant: RFC 3339 with an offset, or what the zone's clocks show then, such as
    /// `2026-03-29 09:30:00`. Of a reading that they show twice it is the earlier instant.
    pub fn read(&self, text: &str) -> Result<Timestamp, LocalTimeError> {
        let has_time = text.contains(':');
        let is_annotated = text.contains('[');
        if !has_time || is_annotated {
            return Err(LocalTimeError::Unreadable);
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant);
        }
        let shown: DateTime = text.parse().map_err(|_| LocalTimeError::Unreadable)?;
        // A reading with an offset that is no RFC 3339 must not lose the offset.
        let is_plain = text
            .bytes()
            .all(|c| matches!(c, b'0'..=b'9' | b'-' | b':' | b'.' | b' ' | b'T' | b't'));
        let has_offset = text
            .rsplit([' ', 'T', 't'])
            .next()
            .is_some_and(|time| time.contains('-'));
        if !is_plain || has_offset {
            return Err(LocalTimeError::Unreadable);
        }
        self.instants(shown).next().ok_or(LocalTimeError::Skipped)
    }

    /// The instants at which the zone's clocks show this: mostly one, none if they skip it, two if
    /// they show it twice.
    pub fn instants(&self, shown: DateTime) -> impl Iterator<Item = Timestamp> + use<> {
        let offsets = match self.rules.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
            AmbiguousOffset::Gap { .. } => [None, None],
            AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
        };
        let offsets = offsets.into_iter().flatten();
        offsets.filter_map(move |offset| offset.to_timestamp(shown).ok())
    }

    /// The first instant at which the zone's clocks show this or have skipped it.
    pub(crate) fn beginning(&self, shown: DateTime) -> Option<Timestamp> {
        let AmbiguousOffset::Gap { before, .. } = self.rules.to_ambiguous_timestamp(shown).offset()
        else {
            return self.instants(shown).next();
        };
        // Had the clocks not been put forward, they would show it after they were.
        let after_change = before.to_timestamp(shown).ok()?;
        let not_before = after_change.checked_add(jiff::SignedDuration::from_nanos(1));
        let change = self.rules.preceding(not_before.ok()?).next()?;
        Some(change.timestamp())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: &str, text: &str) -> Result<String, LocalTimeError> {
        let zone = Zone::named(zone).unwrap();
        zone.read(text).map(|at| at.to_string())
    }

    fn ok(instant: &str) -> Result<String, LocalTimeError> {
        Ok(instant.to_owned())
    }

    #[test]
    fn a_reading_without_offset_is_meant_in_the_zone() {
        let expected = ok("2026-03-27T08:30:00Z");
        assert_eq!(read("Europe/Berlin", "2026-03-27 09:30:00"), expected);
        assert_eq!(read("Europe/Berlin", "2026-03-27T09:30:00"), expected);
        assert_eq!(read("Europe/Berlin", "2026-03-27 09:30"), expected);
        assert_eq!(
            read("Asia/Kathmandu", "2026-03-27 09:30:00"),
            ok("2026-03-27T03:45:00Z")
        );
    }

    #[test]
    fn a_reading_with_offset_keeps_it() {
        let expected = ok("2026-03-27T16:30:00Z");
        assert_eq!(read("Asia/Tokyo", "2026-03-27T09:30:00-07:00"), expected);
        assert_eq!(read("Asia/Tokyo", "2026-03-27T16:30:00Z"), expected);
        assert_eq!(read("Asia/Tokyo", "2026-03-27 16:30:00.000000Z"), expected);
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_refused() {
        assert_eq!(
            read("Europe/Berlin", "2026-03-29 02:30:00"),
            Err(LocalTimeError::Skipped)
        );
        assert_eq!(
            read("Australia/Lord_Howe", "2026-10-04 02:15:00"),
            Err(LocalTimeError::Skipped)
        );
        assert_eq!(
            read("Australia/Lord_Howe", "2026-10-04 02:30:00"),
            ok("2026-10-03T15:30:00Z")
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_the_earlier_one_unless_an_offset_says_which() {
        assert_eq!(
            read("Europe/Berlin", "2026-10-25 02:30:00"),
            ok("2026-10-25T00:30:00Z")
        );
        assert_eq!(
            read("Europe/Berlin", "2026-10-25T02:30:00+01:00"),
            ok("2026-10-25T01:30:00Z")
        );
        assert_eq!(
            read("Australia/Lord_Howe", "2026-04-05 01:45:00"),
            ok("2026-04-04T14:45:00Z")
        );
    }

    #[test]
    fn other_texts_are_no_time() {
        for text in [
            "",
            "soon",
            "2026-03-27",
            "09:30",
            "2026-02-30 09:30:00",
            "2026-03-27 25:00:00",
            "2026-03-27T09:30:00+01:00[Europe/Berlin]",
            "2026-03-27 09:30:00 CET",
            "2026-03-27T09:30:00[Europe/Berlin]",
            "1774600200",
        ] {
            assert_eq!(read("UTC", text), Err(LocalTimeError::Unreadable), "{text}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_has_it() {
        let hours = |zone: &str, day: &str| {
            let day = Zone::named(zone).unwrap().whole_day(day.parse().unwrap());
            day.map(|day| day.length().as_mins() as f64 / 60.0)
        };
        assert_eq!(hours("Europe/Berlin", "2026-03-28"), Some(24.0));
        assert_eq!(hours("Europe/Berlin", "2026-03-29"), Some(23.0));
        assert_eq!(hours("Europe/Berlin", "2026-10-25"), Some(25.0));
        assert_eq!(hours("Australia/Lord_Howe", "2026-04-05"), Some(24.5));
        assert_eq!(hours("Africa/Cairo", "2026-04-24"), Some(23.0));
        assert_eq!(hours("Pacific/Apia", "2011-12-30"), None);
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_at_the_change() {
        let cairo = Zone::named("Africa/Cairo").unwrap();
        let day = cairo.whole_day("2026-04-24".parse().unwrap()).unwrap();
        assert_eq!(cairo.clock(day.start()).to_string(), "2026-04-24T01:00:00");
    }

    #[test]
    fn a_zone_is_known_by_its_usual_spelling() {
        assert_eq!(
            Zone::named("europe/berlin").unwrap().name(),
            "Europe/Berlin"
        );
        assert_eq!(Zone::named("Mars/Olympus"), None);
    }
}
