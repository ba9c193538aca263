//! A window of the day, on the contact's clock.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::zones::Zones;

/// How far ahead an opening is looked for. Longer than any day that a zone ever left out.
const HORIZON: SignedDuration = SignedDuration::from_hours(4 * 24);

/// When people may be called: from `start` until just before `end`, on their own clock.
///
/// A window whose end is before its start goes over midnight; one that ends where it starts is
/// the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first moment of the day.
    pub start: Time,
    /// The first moment after the window.
    pub end: Time,
}

impl Hours {
    /// Whether a clock that shows this is within the window.
    pub fn contains(&self, clock: Time) -> bool {
        let Self { start, end } = *self;
        if start == end {
            true
        } else if start < end {
            start <= clock && clock < end
        } else {
            start <= clock || clock < end
        }
    }

    /// Whether it is within the window in every zone.
    pub fn is_open(&self, zones: &Zones, now: Timestamp) -> bool {
        zones
            .iter()
            .all(|zone| self.contains(zone.to_datetime(now).time()))
    }

    /// The first moment from `now` on that is within the window in every zone; `None` when the
    /// zones are so far apart that there is none.
    pub fn next_open(&self, zones: &Zones, now: Timestamp) -> Option<Timestamp> {
        if self.is_open(zones, now) {
            return Some(now);
        }
        let mut openings: Vec<Timestamp> = zones
            .iter()
            .flat_map(|zone| self.openings(zone, now))
            .filter(|&opening| opening > now)
            .collect();
        openings.sort_unstable();
        openings
            .into_iter()
            .find(|&opening| self.is_open(zones, opening))
    }

    /// The moments at which a clock may come into the window: when it shows the start, once or
    /// twice on a day, and when it is set forward or back.
    fn openings(&self, zone: &TimeZone, now: Timestamp) -> Vec<Timestamp> {
        let mut openings = Vec::new();
        let today = zone.to_datetime(now).date();
        for days in -1..=HORIZON.as_hours() / 24 {
            let Ok(day) = today.checked_add(days.days()) else {
                continue;
            };
            let clock = zone.to_ambiguous_timestamp(day.to_datetime(self.start));
            openings.extend(clock.earlier().ok());
            openings.extend(clock.later().ok());
        }
        let last = now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
        let changes = zone.following(now).map(|change| change.timestamp());
        openings.extend(changes.take_while(|&change| change <= last));
        openings
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hours(start: (i8, i8), end: (i8, i8)) -> Hours {
        Hours {
            start: time(start.0, start.1, 0, 0),
            end: time(end.0, end.1, 0, 0),
        }
    }

    fn office() -> Hours {
        hours((9, 0), (18, 0))
    }

    fn zone(name: &str) -> Zones {
        Zones::named(name).unwrap()
    }

    #[test]
    fn the_window_begins_with_its_start_and_ends_before_its_end() {
        let berlin = zone("Europe/Berlin");
        assert!(!office().is_open(&berlin, at("2026-01-15T07:59:59Z")));
        assert!(office().is_open(&berlin, at("2026-01-15T08:00:00Z")));
        assert!(office().is_open(&berlin, at("2026-01-15T16:59:59Z")));
        assert!(!office().is_open(&berlin, at("2026-01-15T17:00:00Z")));
    }

    #[test]
    fn in_summer_the_window_opens_an_hour_earlier() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(
            office().next_open(&berlin, at("2026-07-15T00:00:00Z")),
            Some(at("2026-07-15T07:00:00Z"))
        );
    }

    #[test]
    fn after_the_window_comes_that_of_the_next_day() {
        assert_eq!(
            office().next_open(&zone("America/New_York"), at("2026-01-15T23:30:00Z")),
            Some(at("2026-01-16T14:00:00Z"))
        );
    }

    #[test]
    fn the_night_before_clocks_go_forward_is_an_hour_shorter() {
        // New York goes from 01:59 to 03:00 on 8 March 2026.
        assert_eq!(
            office().next_open(&zone("America/New_York"), at("2026-03-07T23:30:00Z")),
            Some(at("2026-03-08T13:00:00Z"))
        );
    }

    #[test]
    fn a_start_that_is_left_out_is_the_moment_of_the_change() {
        assert_eq!(
            hours((2, 30), (5, 0)).next_open(&zone("America/New_York"), at("2026-03-08T05:00:00Z")),
            Some(at("2026-03-08T07:00:00Z"))
        );
    }

    #[test]
    fn a_start_that_comes_twice_opens_twice() {
        // New York goes from 01:59 back to 01:00 on 1 November 2026, at 06:00 UTC.
        let early = hours((1, 30), (5, 0));
        let new_york = zone("America/New_York");
        assert!(early.is_open(&new_york, at("2026-11-01T05:30:00Z")));
        assert_eq!(
            early.next_open(&new_york, at("2026-11-01T06:10:00Z")),
            Some(at("2026-11-01T06:30:00Z"))
        );
    }

    #[test]
    fn a_window_over_midnight_is_open_on_both_sides_of_it() {
        let night = hours((22, 0), (6, 0));
        let utc = zone("UTC");
        assert!(night.is_open(&utc, at("2026-01-15T23:00:00Z")));
        assert!(night.is_open(&utc, at("2026-01-15T05:59:00Z")));
        assert!(!night.is_open(&utc, at("2026-01-15T06:00:00Z")));
        assert_eq!(
            night.next_open(&utc, at("2026-01-15T06:00:00Z")),
            Some(at("2026-01-15T22:00:00Z"))
        );
    }

    #[test]
    fn a_window_that_ends_where_it_starts_is_the_whole_day() {
        let all = hours((9, 0), (9, 0));
        assert!(all.is_open(&zone("Asia/Tokyo"), at("2026-01-15T03:14:15Z")));
    }

    #[test]
    fn with_several_zones_it_has_to_be_open_in_all() {
        let australia = Zones::of_number("+610000000000").unwrap();
        let common = office().next_open(&australia, at("2026-01-15T00:00:00Z"));
        // 09:00 on the Cocos Islands; on Lord Howe Island it is 13:30.
        assert_eq!(common, Some(at("2026-01-15T02:30:00Z")));
        assert!(!office().is_open(&australia, at("2026-01-15T01:30:00Z")));
    }

    #[test]
    fn zones_that_are_too_far_apart_have_no_common_hours() {
        let everywhere = Zones::of_number("+18005550123").unwrap();
        assert_eq!(
            office().next_open(&everywhere, at("2026-01-15T00:00:00Z")),
            None
        );
    }

    const ZONES: [&str; 8] = [
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Europe/Berlin",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "UTC",
    ];

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(900),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_next_opening_is_open_and_nothing_before_it_is(
            now in 1_300_000_000_i64..1_900_000_000,
            start in 0_i8..24, end in 0_i8..24, minute in 0_i8..60,
            name in proptest::sample::select(&ZONES[..]),
        ) {
            let (zones, now) = (zone(name), Timestamp::from_second(now).unwrap());
            let window = hours((start, minute), (end, 0));
            let next = window.next_open(&zones, now).unwrap();
            prop_assert!(next >= now);
            prop_assert!(window.is_open(&zones, next));
            // Windows begin on whole minutes; 7 minutes divide no hour, so all are met in time.
            let mut moment = now;
            while moment < next {
                prop_assert!(!window.is_open(&zones, moment));
                moment += SignedDuration::from_mins(7);
            }
            prop_assert!(next == now || !window.is_open(&zones, next - SignedDuration::from_micros(1)));
        }
    }
}
