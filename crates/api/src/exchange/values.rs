//! Values that bodies and query parameters are made of, each refused with what it should be.
//!
//! As fields of a body they stand in a struct that derives `Deserialize` and `ToSchema`; as
//! query parameters they are read by [`Query::read`](super::Query::read).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZoneDatabase;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use uuid::Uuid;

/// What can be read from text.
pub(crate) trait FromText: Sized {
    /// What the text should be, as a phrase that follows "expected".
    fn expected() -> Cow<'static, str>;

    /// The value, if the text is one.
    fn from_text(text: &str) -> Option<Self>;
}

/// Text of `MIN` to `MAX` characters; where `MIN` is not 0, not all of them blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<const MIN: usize, const MAX: usize>(pub(crate) String);

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: i64, const MAX: i64>(pub(crate) i64);

/// A moment as RFC 3339 writes it, kept to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) Timestamp);

/// A day of the calendar, such as `2026-03-29`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocalDate(pub(crate) Date);

/// A time of day, `HH:MM` or `HH:MM:SS`; shown as `HH:MM:SS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeOfDay(pub(crate) Time);

/// The IANA name of a time zone, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZoneName(pub(crate) String);

impl<const MIN: usize, const MAX: usize> FromText for Text<MIN, MAX> {
    fn expected() -> Cow<'static, str> {
        format!("text of {MIN} to {MAX} characters").into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let is_blank = text.trim().is_empty();
        let fits = (MIN..=MAX).contains(&text.chars().count()) && (MIN == 0 || !is_blank);
        fits.then(|| Self(text.to_owned()))
    }
}

impl<const MIN: i64, const MAX: i64> FromText for Whole<MIN, MAX> {
    fn expected() -> Cow<'static, str> {
        format!("a whole number from {MIN} to {MAX}").into()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::within)
    }
}

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    fn within(number: i64) -> Option<Self> {
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }
}

impl FromText for Moment {
    fn expected() -> Cow<'static, str> {
        "a time as RFC 3339 writes it, such as `2026-03-29T10:00:00Z`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        Timestamp::from_microsecond(at.as_microsecond())
            .ok()
            .map(Self)
    }
}

impl FromText for LocalDate {
    fn expected() -> Cow<'static, str> {
        "a date such as `2026-03-29`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let is_plain = text.len() == "2026-03-29".len();
        text.parse().ok().filter(|_| is_plain).map(Self)
    }
}

impl FromText for TimeOfDay {
    fn expected() -> Cow<'static, str> {
        "a time of day such as `09:00`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let format = match text.len() {
            5 => "%H:%M",
            8 => "%H:%M:%S",
            _ => return None,
        };
        let has_digits = |at: &usize| text.as_bytes().get(*at).is_some_and(u8::is_ascii_digit);
        let is_padded = [0, 1, 3, 4].iter().all(has_digits);
        let time = Time::strptime(format, text).ok()?;
        is_padded.then_some(Self(time))
    }
}

impl FromText for ZoneName {
    fn expected() -> Cow<'static, str> {
        "a time zone's IANA name such as `Europe/Berlin`".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(text).ok()?;
        zone.iana_name().map(|name| Self(name.to_owned()))
    }
}

impl FromText for Uuid {
    fn expected() -> Cow<'static, str> {
        "a UUID".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for bool {
    fn expected() -> Cow<'static, str> {
        "true or false".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// Reads a [`FromText`] out of a string, and nothing else.
pub(crate) fn read_text<'de, T: FromText, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Reader<T>(PhantomData<T>);

    impl<T: FromText> Visitor<'_> for Reader<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(&T::expected())
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::from_text(text).ok_or_else(|| unexpected::<T, E>())
        }
    }

    deserializer.deserialize_str(Reader(PhantomData))
}

/// Repeats nothing of what was sent.
fn unexpected<T: FromText, E: Error>() -> E {
    E::custom(format_args!("unusable, expected {}", T::expected()))
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<const MIN: i64, const MAX: i64>;

        impl<const MIN: i64, const MAX: i64> Visitor<'_> for Reader<MIN, MAX> {
            type Value = Whole<MIN, MAX>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&Whole::<MIN, MAX>::expected())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Whole::within(number).ok_or_else(unexpected::<Self::Value, E>)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            /// JSON has one kind of number: 5.0 is as whole as 5.
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                const EXACT: f64 = 9_007_199_254_740_992.0;
                if number.fract() != 0.0 || number.abs() > EXACT {
                    return Err(unexpected::<Self::Value, E>());
                }
                self.visit_i64(number as i64)
            }
        }

        deserializer.deserialize_i64(Reader)
    }
}

macro_rules! read_from_text {
    ($($({$(const $bound:ident: $kind:ty),+})? $value:ty;)+) => {$(
        impl<'de, $($(const $bound: $kind),+)?> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_text(deserializer)
            }
        }
    )+};
}

read_from_text! {
    {const MIN: usize, const MAX: usize} Text<MIN, MAX>;
    Moment;
    LocalDate;
    TimeOfDay;
    ZoneName;
}

macro_rules! shown_as {
    ($($({$(const $bound:ident: $kind:ty),+})? $value:ty = $shown:expr;)+) => {$(
        impl $(<$(const $bound: $kind),+>)? Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let shown: fn(&Self) -> _ = $shown;
                shown(self).serialize(serializer)
            }
        }
    )+};
}

shown_as! {
    {const MIN: usize, const MAX: usize} Text<MIN, MAX> = |it| it.0.clone();
    {const MIN: i64, const MAX: i64} Whole<MIN, MAX> = |it| it.0;
    Moment = |it| it.0;
    LocalDate = |it| it.0.to_string();
    TimeOfDay = |it| it.0.strftime("%H:%M:%S").to_string();
    ZoneName = |it| it.0.clone();
}

/// Documents values, each under a name of its own.
macro_rules! documented {
    ($($({$(const $bound:ident: $kind:ty),+})? $value:ty, $name:expr, $schema:expr;)+) => {$(
        impl $(<$(const $bound: $kind),+>)? ComposeSchema for $value {
            fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl $(<$(const $bound: $kind),+>)? ToSchema for $value {
            fn name() -> Cow<'static, str> {
                Cow::from($name)
            }
        }
    )+};
}

documented! {
    {const MIN: usize, const MAX: usize} Text<MIN, MAX>, format!("Text{MIN}To{MAX}"),
        text_schema().min_length((MIN > 0).then_some(MIN)).max_length(Some(MAX))
            .pattern((MIN > 0).then_some(r"\S"));
    {const MIN: i64, const MAX: i64} Whole<MIN, MAX>, format!("Whole{MIN}To{MAX}"),
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(MIN as f64))
            .maximum(Some(MAX as f64));
    Moment, "Moment", text_schema().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    LocalDate, "LocalDate", text_schema().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    TimeOfDay, "TimeOfDay",
        text_schema().pattern(Some(r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"))
            .examples(["09:00"]);
    ZoneName, "ZoneName", text_schema().description(Some("IANA name of a time zone"))
        .examples(["Europe/Berlin"]);
}

fn text_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Defines an enum of words: what a field, a query parameter or a column can be.
///
/// `words! { /// Doc. pub(crate) enum Name { /// Doc. Variant = "word", … } }` gives it `ALL`,
/// `as_str`, [`FromText`], `Serialize`, `Deserialize` and `ToSchema`.
macro_rules! words {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        #[allow(dead_code, reason = "not each set of words is listed or written")]
        impl $name {
            /// All of them.
            $visibility const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            $visibility const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::exchange::FromText for $name {
            fn expected() -> std::borrow::Cow<'static, str> {
                $crate::exchange::one_of(&[$($word),+]).into()
            }

            fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::exchange::read_text(from)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl utoipa::__dev::ComposeSchema for $name {
            fn compose(
                _: Vec<utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>>,
            ) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

pub(crate) use words;

/// `a`, `b` or `c`.
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
