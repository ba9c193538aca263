//! Hours, days, weeks and months of a time zone, and which of them a quarter of an hour belongs to.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// Buckets that a window is divided into at most.
pub(super) const MOST: usize = 800;

/// What a window is divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Hours by the clock. A clock that is put back has one of them twice.
    Hour,
    /// Days by the calendar, of 23 to 25 hours where clocks change.
    Day,
    /// Weeks from Monday to Sunday.
    Week,
    /// Months of the calendar.
    Month,
}

/// Where the buckets of a window begin: at its beginning, and at each hour, midnight, Monday or first
/// of a month within it.
/// `None` if there are more than [`MOST`], or if the zone is not made of quarters of an hour.
pub(super) fn beginnings(
    from: Timestamp,
    before: Timestamp,
    zone: &TimeZone,
    step: Step,
) -> Option<Vec<Timestamp>> {
    let mut beginnings = vec![from];
    let mut at = from;
    loop {
        at = next(at, zone, step)?;
        if at >= before {
            return Some(beginnings);
        }
        if beginnings.len() == MOST || at.as_second().rem_euclid(15 * 60) != 0 {
            return None;
        }
        beginnings.push(at);
    }
}

/// When the next bucket begins after a moment.
fn next(at: Timestamp, zone: &TimeZone, step: Step) -> Option<Timestamp> {
    let local = at.to_zoned_datetime(zone.clone());
    let date = local.date();
    let begins = match step {
        Step::Day => date.checked_add(1.day()),
        Step::Week => {
            let left = 7 - i64::from(date.weekday().to_monday_zero_offset());
            date.checked_add(left.days())
        }
        Step::Month => date.first_of_month().checked_add(1.month()),
        Step::Hour => {
            let passed = SignedDuration::from_mins(i64::from(local.minute()))
                + SignedDuration::from_secs(i64::from(local.second()))
                + SignedDuration::from_nanos(i64::from(local.subsec_nanosecond()));
            let rest = SignedDuration::from_hours(1) - passed;
            return at.checked_add(rest).ok();
        }
    };
    // A midnight that clocks leave out is the first moment after it.
    Some(
        begins
            .ok()?
            .to_zoned_datetime(zone.clone())
            .ok()?
            .timestamp(),
    )
}

/// Which of the buckets a moment belongs to.
pub(super) fn place(beginnings: &[Timestamp], at: Timestamp) -> usize {
    beginnings
        .partition_point(|begins| *begins <= at)
        .saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn divided(from: &str, before: &str, zone: &str, step: Step) -> Vec<String> {
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let beginnings = beginnings(at(from), at(before), &zone, step).unwrap();
        beginnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn days_are_as_long_as_clocks_make_them() {
        // Berlin goes from +01:00 to +02:00 on 29 March 2026.
        let days = divided(
            "2026-03-27T23:00:00Z",
            "2026-03-30T22:00:00Z",
            "Europe/Berlin",
            Step::Day,
        );
        assert_eq!(
            days,
            [
                "2026-03-27T23:00:00Z",
                "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z"
            ]
        );
    }

    #[test]
    fn weeks_begin_on_mondays_and_months_on_their_first_day() {
        let weeks = divided(
            "2026-03-19T12:00:00Z",
            "2026-04-01T00:00:00Z",
            "Europe/Berlin",
            Step::Week,
        );
        assert_eq!(
            weeks,
            [
                "2026-03-19T12:00:00Z",
                "2026-03-22T23:00:00Z",
                // Clocks changed on the Sunday before.
                "2026-03-29T22:00:00Z"
            ]
        );
        let months = divided(
            "2026-01-31T12:00:00Z",
            "2026-04-01T00:00:00Z",
            "America/New_York",
            Step::Month,
        );
        assert_eq!(
            months,
            [
                "2026-01-31T12:00:00Z",
                "2026-02-01T05:00:00Z",
                "2026-03-01T05:00:00Z"
            ]
        );
    }

    #[test]
    fn an_hour_that_is_left_out_has_no_bucket_and_one_that_is_twice_there_has_two() {
        let spring = divided(
            "2026-03-29T00:00:00Z",
            "2026-03-29T03:00:00Z",
            "Europe/Berlin",
            Step::Hour,
        );
        assert_eq!(spring.len(), 3);
        // From half an hour to three, summer time, until four, winter time.
        let autumn = divided(
            "2026-10-25T00:30:00Z",
            "2026-10-25T03:00:00Z",
            "Europe/Berlin",
            Step::Hour,
        );
        assert_eq!(
            autumn,
            [
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z"
            ]
        );
    }

    #[test]
    fn zones_of_half_and_quarter_hours_are_divided_by_their_own_clock() {
        let kathmandu = divided(
            "2026-01-01T00:00:00Z",
            "2026-01-01T02:00:00Z",
            "Asia/Kathmandu",
            Step::Hour,
        );
        assert_eq!(
            kathmandu,
            [
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:15:00Z",
                "2026-01-01T01:15:00Z"
            ]
        );
        // Lord Howe puts its clocks forward by half an hour at two.
        let lord_howe = divided(
            "2026-10-03T14:30:00Z",
            "2026-10-03T17:30:00Z",
            "Australia/Lord_Howe",
            Step::Hour,
        );
        assert!(lord_howe.is_sorted(), "{lord_howe:?}");
    }

    #[test]
    fn too_many_buckets_are_none() {
        let (from, before) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(beginnings(from, before, &TimeZone::UTC, Step::Hour), None);
        let days = beginnings(from, before, &TimeZone::UTC, Step::Day).unwrap();
        assert_eq!(days.len(), 365);
    }

    #[test]
    fn a_moment_belongs_to_the_bucket_that_began_last() {
        let beginnings = [at("2026-01-01T00:10:00Z"), at("2026-01-01T01:00:00Z")];
        for (moment, bucket) in [
            ("2026-01-01T00:00:00Z", 0),
            ("2026-01-01T00:45:00Z", 0),
            ("2026-01-01T01:00:00Z", 1),
            ("2026-01-01T09:00:00Z", 1),
        ] {
            assert_eq!(place(&beginnings, at(moment)), bucket, "{moment}");
        }
    }
}
