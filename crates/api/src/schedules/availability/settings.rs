//! The settings of an availability type, as they are stored and shown.

use calendar::{Availability, Exception, OpenHours, Pattern, Week, Zone};
use jiff::SignedDuration;
use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::exchange::{LocalDate, TimeOfDay, Whole, ZoneName};

/// The most spans of hours of one day.
const MOST_HOURS: usize = 12;

/// The most exceptions of an availability type.
const MOST_EXCEPTIONS: usize = 500;

/// When schedules are open, and how their time is cut into slots.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AvailabilitySettings)]
pub(in crate::schedules) struct Settings {
    /// Where its clocks are: an IANA time zone.
    pub(super) timezone: ZoneName,
    /// The hours of each weekday.
    pub(super) weekly_hours: WeeklyHours,
    /// Days off, and days with other hours.
    pub(super) exceptions: Vec<DayException>,
    /// How long a slot is.
    pub(super) slot_minutes: Whole<5, 1440>,
    /// How far apart slots begin, counted from the beginning of the hours.
    pub(super) slot_step_minutes: Whole<5, 1440>,
    /// What has to be free before each appointment.
    pub(super) buffer_before_minutes: Whole<0, 1440>,
    /// What has to be free after each appointment.
    pub(super) buffer_after_minutes: Whole<0, 1440>,
    /// How long ahead a slot has to be booked.
    pub(super) minimum_notice_minutes: Whole<0, 43_200>,
    /// How far ahead a slot can be booked.
    pub(super) horizon_days: Whole<1, 730>,
}

/// Hours on the clocks of the zone. Hours that end no later than they begin go on into the next
/// day: `22:00` to `06:00` is a night, `00:00` to `00:00` a whole day.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = OpenHours)]
pub(super) struct Hours {
    /// When they begin.
    from: TimeOfDay,
    /// When they end.
    until: TimeOfDay,
}

/// The hours that begin on each weekday; one that is left out is closed.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub(super) struct WeeklyHours {
    /// The hours that begin on a Monday.
    #[schema(max_items = 12)]
    monday: Vec<Hours>,
    /// The hours that begin on a Tuesday.
    #[schema(max_items = 12)]
    tuesday: Vec<Hours>,
    /// The hours that begin on a Wednesday.
    #[schema(max_items = 12)]
    wednesday: Vec<Hours>,
    /// The hours that begin on a Thursday.
    #[schema(max_items = 12)]
    thursday: Vec<Hours>,
    /// The hours that begin on a Friday.
    #[schema(max_items = 12)]
    friday: Vec<Hours>,
    /// The hours that begin on a Saturday.
    #[schema(max_items = 12)]
    saturday: Vec<Hours>,
    /// The hours that begin on a Sunday.
    #[schema(max_items = 12)]
    sunday: Vec<Hours>,
}

/// A day, or several in a row, with hours of their own.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct DayException {
    /// The day, or the first of several.
    date: LocalDate,
    /// The last of several days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_date: Option<LocalDate>,
    /// The hours that begin on it, or on each of them; none are a day off.
    #[serde(default)]
    #[schema(max_items = 12)]
    hours: Vec<Hours>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timezone: ZoneName("UTC".to_owned()),
            weekly_hours: WeeklyHours::working_days(),
            exceptions: Vec::new(),
            slot_minutes: Whole(30),
            slot_step_minutes: Whole(30),
            buffer_before_minutes: Whole(0),
            buffer_after_minutes: Whole(0),
            minimum_notice_minutes: Whole(0),
            horizon_days: Whole(60),
        }
    }
}

impl WeeklyHours {
    /// Monday to Friday from 9 to 17.
    fn working_days() -> Self {
        let hour = |hour| TimeOfDay(jiff::civil::Time::constant(hour, 0, 0, 0));
        let day = || {
            vec![Hours {
                from: hour(9),
                until: hour(17),
            }]
        };
        Self {
            monday: day(),
            tuesday: day(),
            wednesday: day(),
            thursday: day(),
            friday: day(),
            ..Self::default()
        }
    }

    fn days(&self) -> [(&'static str, Weekday, &[Hours]); 7] {
        [
            ("monday", Weekday::Monday, &self.monday),
            ("tuesday", Weekday::Tuesday, &self.tuesday),
            ("wednesday", Weekday::Wednesday, &self.wednesday),
            ("thursday", Weekday::Thursday, &self.thursday),
            ("friday", Weekday::Friday, &self.friday),
            ("saturday", Weekday::Saturday, &self.saturday),
            ("sunday", Weekday::Sunday, &self.sunday),
        ]
    }
}

impl Settings {
    /// Refuses lists that are too long, and days that end before they begin.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let too_many = |field: String, most: usize| {
            Err(ApiError::invalid(field, format!("at most {most} entries")))
        };
        for (name, _, hours) in self.weekly_hours.days() {
            if hours.len() > MOST_HOURS {
                return too_many(format!("weekly_hours.{name}"), MOST_HOURS);
            }
        }
        if self.exceptions.len() > MOST_EXCEPTIONS {
            return too_many("exceptions".to_owned(), MOST_EXCEPTIONS);
        }
        for (index, exception) in self.exceptions.iter().enumerate() {
            if exception.hours.len() > MOST_HOURS {
                return too_many(format!("exceptions[{index}].hours"), MOST_HOURS);
            }
            if exception
                .until_date
                .is_some_and(|until| until.0 < exception.date.0)
            {
                return Err(ApiError::invalid(
                    format!("exceptions[{index}].until_date"),
                    "`date` or a day after it",
                ));
            }
        }
        Ok(())
    }

    /// As they are kept.
    pub(super) fn stored(&self) -> Result<Value, ApiError> {
        serde_json::to_value(self)
            .map_err(|error| ApiError::internal("write an availability type", &error))
    }

    /// What a calendar makes of them.
    pub(in crate::schedules) fn availability(&self) -> Result<Availability, ApiError> {
        let zone = Zone::named(&self.timezone.0).ok_or_else(|| {
            ApiError::internal("read an availability type", &"its time zone is unknown")
        })?;
        let days = self.weekly_hours.days().into_iter();
        let week = days.fold(Week::default(), |week, (_, day, hours)| {
            week.with(day, open(hours))
        });
        let exceptions = self.exceptions.iter().map(|exception| Exception {
            first: exception.date.0,
            last: exception.until_date.unwrap_or(exception.date).0,
            hours: open(&exception.hours),
        });
        Ok(Availability {
            zone,
            week,
            exceptions: exceptions.collect(),
            pattern: Pattern {
                length: SignedDuration::from_mins(self.slot_minutes.0),
                step: SignedDuration::from_mins(self.slot_step_minutes.0),
                buffer_before: SignedDuration::from_mins(self.buffer_before_minutes.0),
                buffer_after: SignedDuration::from_mins(self.buffer_after_minutes.0),
                notice: SignedDuration::from_mins(self.minimum_notice_minutes.0),
                horizon: SignedDuration::from_hours(24 * self.horizon_days.0),
            },
        })
    }
}

/// The settings that are stored.
pub(in crate::schedules) fn read(stored: Value) -> Result<Settings, ApiError> {
    serde_json::from_value(stored)
        .map_err(|error| ApiError::internal("read an availability type", &error))
}

fn open(hours: &[Hours]) -> Vec<OpenHours> {
    let open = |hours: &Hours| OpenHours {
        from: hours.from.0,
        until: hours.until.0,
    };
    hours.iter().map(open).collect()
}
