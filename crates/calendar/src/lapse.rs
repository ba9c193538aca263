//! Spans of time as settings write them: `5_min`, `3_hours`, `2_days`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

/// A span of time in one unit. A day is 24 hours, also when clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lapse {
    count: u16,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
}

impl Lapse {
    /// No time at all.
    pub const NONE: Self = Self::minutes(0);

    /// The most that can be counted of a unit.
    pub const MAX_COUNT: u16 = 9999;

    /// What a text has to look like, as a regular expression.
    pub const PATTERN: &str =
        "^[0-9]{1,4}_(min|mins|minute|minutes|hour|hours|day|days|week|weeks)$";

    /// So many minutes, at most [`MAX_COUNT`](Self::MAX_COUNT).
    pub const fn minutes(count: u16) -> Self {
        let count = if count > Self::MAX_COUNT {
            Self::MAX_COUNT
        } else {
            count
        };
        Self {
            count,
            unit: Unit::Minute,
        }
    }

    /// How long it is.
    pub fn duration(self) -> SignedDuration {
        let hours = i64::from(self.count);
        match self.unit {
            Unit::Minute => SignedDuration::from_mins(hours),
            Unit::Hour => SignedDuration::from_hours(hours),
            Unit::Day => SignedDuration::from_hours(24 * hours),
            Unit::Week => SignedDuration::from_hours(7 * 24 * hours),
        }
    }

    /// How it is said: `3 hours`, `1 minute`.
    pub fn in_words(self) -> String {
        let unit = match self.unit {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
        };
        let plural = if self.count == 1 { "" } else { "s" };
        format!("{} {unit}{plural}", self.count)
    }
}

impl FromStr for Lapse {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (count, unit) = text.split_once('_').ok_or(())?;
        let is_number = (1..=4).contains(&count.len()) && count.bytes().all(|c| c.is_ascii_digit());
        let count = count.parse().ok().filter(|_| is_number).ok_or(())?;
        let unit = match unit {
            "min" | "mins" | "minute" | "minutes" => Unit::Minute,
            "hour" | "hours" => Unit::Hour,
            "day" | "days" => Unit::Day,
            "week" | "weeks" => Unit::Week,
            _ => return Err(()),
        };
        Ok(Self { count, unit })
    }
}

impl fmt::Display for Lapse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match (self.unit, self.count) {
            (Unit::Minute, _) => "min",
            (Unit::Hour, 1) => "hour",
            (Unit::Hour, _) => "hours",
            (Unit::Day, 1) => "day",
            (Unit::Day, _) => "days",
            (Unit::Week, 1) => "week",
            (Unit::Week, _) => "weeks",
        };
        write!(formatter, "{}_{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lapse(text: &str) -> Lapse {
        text.parse().unwrap()
    }

    #[test]
    fn each_unit_is_as_long_as_it_says() {
        assert_eq!(lapse("5_min").duration(), SignedDuration::from_mins(5));
        assert_eq!(lapse("3_hours").duration(), SignedDuration::from_hours(3));
        assert_eq!(lapse("1_day").duration(), SignedDuration::from_hours(24));
        assert_eq!(lapse("2_weeks").duration(), SignedDuration::from_hours(336));
    }

    #[test]
    fn a_lapse_is_written_in_one_way_and_said_in_words() {
        let written: Vec<String> = ["05_minutes", "1_hours", "2_day", "1_week"]
            .map(|text| lapse(text).to_string())
            .into();
        assert_eq!(written, ["5_min", "1_hour", "2_days", "1_week"]);
        assert_eq!(lapse("1_hours").in_words(), "1 hour");
        assert_eq!(lapse("30_min").in_words(), "30 minutes");
    }

    #[test]
    fn other_texts_are_no_lapse() {
        for text in [
            "",
            "5",
            "min",
            "_min",
            "5_",
            "5 min",
            "-5_min",
            "+5_min",
            "10000_min",
            "5_år",
        ] {
            assert_eq!(text.parse::<Lapse>(), Err(()), "{text}");
        }
    }
}
