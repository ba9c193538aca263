//! Times in requests: RFC 3339, or what the clocks of a schedule's zone show.

use std::borrow::Cow;

use calendar::{Interval, Lapse, LocalTimeError, Zone};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};

use crate::error::ApiError;
use crate::exchange::{FromText, read_text};

/// What clocks show, such as `2026-03-29 09:30:00`.
const SHOWN: &str = "^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|\
                     [12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])) ([01][0-9]|2[0-3]):[0-5][0-9]:\
                     [0-5][0-9]$";

/// A time: RFC 3339, or without an offset what the clocks of the schedule's zone show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Time(String);

impl Time {
    /// The instant that is meant in a zone, to the microsecond.
    pub(super) fn instant(&self, zone: &Zone, field: &str) -> Result<Timestamp, ApiError> {
        let instant = zone.read(&self.0).map_err(|error| match error {
            LocalTimeError::Skipped => {
                let expected = format!(
                    "a time that the clocks of {zone} show: they are put forward over this one"
                );
                ApiError::invalid(field, expected)
            }
            LocalTimeError::Unreadable => ApiError::invalid(field, Self::expected()),
        })?;
        let whole = Timestamp::from_microsecond(instant.as_microsecond());
        whole.map_err(|_| ApiError::invalid(field, Self::expected()))
    }
}

impl FromText for Time {
    fn expected() -> Cow<'static, str> {
        "a time such as `2026-03-29T09:30:00Z` or, as the schedule's clocks show it, \
         `2026-03-29 09:30:00`"
            .into()
    }

    fn from_text(text: &str) -> Option<Self> {
        // Coordinated universal time skips nothing.
        let is_time = Zone::utc().read(text).is_ok();
        is_time.then(|| Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer)
    }
}

impl ComposeSchema for Time {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let moment = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        AnyOfBuilder::new()
            .item(text().format(Some(moment)))
            .item(text().pattern(Some(SHOWN)))
            .examples(["2026-12-01T10:00:00Z", "2026-12-01 11:00:00"])
            .into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        "ScheduleTime".into()
    }
}

/// A whole day of a zone, or a time in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DayOrTime {
    Day(Date),
    Time(Time),
}

impl DayOrTime {
    /// The first instant that is meant.
    pub(super) fn start(&self, zone: &Zone, field: &str) -> Result<Timestamp, ApiError> {
        match self {
            Self::Day(day) => whole(*day, zone, field).map(Interval::start),
            Self::Time(time) => time.instant(zone, field),
        }
    }

    /// The instant before which what is meant ends: a day with its last instant, a time at once.
    pub(super) fn end(&self, zone: &Zone, field: &str) -> Result<Timestamp, ApiError> {
        match self {
            Self::Day(day) => whole(*day, zone, field).map(Interval::end),
            Self::Time(time) => time.instant(zone, field),
        }
    }
}

fn whole(day: Date, zone: &Zone, field: &str) -> Result<Interval, ApiError> {
    let day = zone.whole_day(day);
    day.ok_or_else(|| ApiError::invalid(field, format!("a day that there is in {zone}")))
}

impl FromText for DayOrTime {
    fn expected() -> Cow<'static, str> {
        "a day such as `2026-03-29` or a time such as `2026-03-29T09:30:00Z`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let is_day = text.len() == "2026-03-29".len();
        let day = text.parse().ok().filter(|_| is_day).map(Self::Day);
        day.or_else(|| Time::from_text(text).map(Self::Time))
    }
}

impl ComposeSchema for DayOrTime {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let day = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        AnyOfBuilder::new()
            .item(day)
            .item(Time::compose(Vec::new()))
            .examples(["2026-12-01"])
            .into()
    }
}

impl ToSchema for DayOrTime {
    fn name() -> Cow<'static, str> {
        "DayOrTime".into()
    }
}

/// A span of time as settings write it, such as `3_hours`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) Lapse);

impl FromText for Span {
    fn expected() -> Cow<'static, str> {
        "a span such as `5_min`, `3_hours`, `2_days` or `1_week`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl ComposeSchema for Span {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(Lapse::PATTERN))
            .examples(["3_hours"])
            .into()
    }
}

impl ToSchema for Span {
    fn name() -> Cow<'static, str> {
        "TimeSpan".into()
    }
}
