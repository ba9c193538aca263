//! Days of campaigns: from the beginning of one to the end of another, in UTC.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::error::ApiError;
use crate::exchange::LocalDate;

/// The first moment of a day.
pub(crate) fn first_moment(day: LocalDate) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.0.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::MIN)
}

/// The first moment after a day.
pub(crate) fn moment_after(day: LocalDate) -> Timestamp {
    day.0
        .checked_add(1.day())
        .map_or(Timestamp::MAX, |next| first_moment(LocalDate(next)))
}

/// The day that begins at this moment.
pub(crate) fn shown_day(at: Timestamp) -> LocalDate {
    LocalDate(TimeZone::UTC.to_datetime(at).date())
}

/// The day that this moment comes after.
pub(crate) fn last_day(at: Timestamp) -> LocalDate {
    let within = at.saturating_sub(SignedDuration::from_micros(1));
    shown_day(within.unwrap_or(at))
}

/// Refuses a campaign that ends before it begins.
pub(super) fn check(
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
) -> Result<(), ApiError> {
    match starts_at.zip(ends_at) {
        Some((starts_at, ends_at)) if ends_at <= starts_at => Err(ApiError::invalid(
            "end_date",
            "a day not before `start_date`",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_runs_to_the_end_of_its_last_day() {
        let day = LocalDate("2026-03-29".parse().unwrap());
        assert_eq!(first_moment(day), "2026-03-29T00:00:00Z".parse().unwrap());
        assert_eq!(moment_after(day), "2026-03-30T00:00:00Z".parse().unwrap());
        assert_eq!(shown_day(first_moment(day)), day);
        assert_eq!(last_day(moment_after(day)), day);
    }
}
