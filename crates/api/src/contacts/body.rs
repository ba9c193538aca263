//! What is sent of a contact.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use store::{ContactDetails, ContactExtras, ContactField};
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::custom::{self, CustomValue};
use crate::error::ApiError;
use crate::exchange::{Change, FromText, Text, ZoneName, read_text, typed, words};
use crate::number::NumberRules;

/// Tags that are given to a contact at once, at most.
const MOST_TAGS: usize = 50;

/// The fields that every contact has, as they are sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct KnownFields {
    /// First name, or the whole one.
    #[serde(default)]
    name: Change<Text<1, 255>>,
    /// Family name.
    #[serde(default)]
    surname: Change<Text<1, 255>>,
    /// E-mail address.
    #[serde(default)]
    email: Change<Email>,
    /// Telephone number with its country code; spaces and `- ( ) . /` may stand in it. It is kept
    /// in E.164 form.
    #[serde(default)]
    phone_number: Change<Text<1, 64>>,
    /// What kind of number it is.
    #[serde(default)]
    number_type: Change<NumberType>,
    /// The number's country: two capital letters (ISO 3166), or a telephone code such as `+1`.
    #[serde(default)]
    country_code: Change<CountryCode>,
    /// The time zone they live in.
    #[serde(default)]
    timezone: Change<ZoneName>,
    /// The language they speak, as BCP 47 writes it, such as `en` or `pt-BR`.
    #[serde(default)]
    primary_language: Change<Language>,
    /// How they like to be reached.
    #[serde(default)]
    preferred_contact_channel: Change<ContactChannel>,
    /// When they like to be reached, in your words.
    #[serde(default)]
    preferred_contact_time: Change<Text<1, 255>>,
    /// `Active` if nothing else is said.
    #[serde(default)]
    status: Change<ContactStatus>,
    /// Whether they do not want to be called: then no call is placed to them.
    #[serde(default)]
    do_not_call: Change<bool>,
    /// Their tags, by `uuid`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 50)]
    tags: Option<Vec<String>>,
}

words! {
    /// What kind of number a number is.
    pub(super) enum NumberType {
        /// Of a mobile telephone.
        Mobile = "mobile",
        /// Of a place.
        Landline = "landline",
    }
}

words! {
    /// How somebody can be reached.
    pub(super) enum ContactChannel {
        /// By telephone.
        Call = "Call",
        /// By text message.
        Sms = "SMS",
        /// By WhatsApp.
        WhatsApp = "WhatsApp",
    }
}

words! {
    /// Whether a contact counts.
    pub(super) enum ContactStatus {
        /// It does.
        Active = "Active",
        /// It is kept and not used: tasks and campaigns leave it alone.
        Inactive = "Inactive",
    }
}

/// Text of a form of its own: what is expected, its pattern, its greatest length, and the check.
macro_rules! shaped {
    ($($name:ident, $most:literal, $pattern:literal, $expected:literal, $fits:path;)+) => {$(
        /// What the pattern says.
        pub(crate) struct $name(pub(crate) String);

        impl FromText for $name {
            fn expected() -> Cow<'static, str> {
                $expected.into()
            }

            fn from_text(text: &str) -> Option<Self> {
                let fits = (2..=$most).contains(&text.len()) && $fits(text);
                fits.then(|| Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                read_text(from)
            }
        }

        impl ComposeSchema for $name {
            fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .min_length(Some(2))
                    .max_length(Some($most))
                    .pattern(Some($pattern))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

shaped! {
    Email, 254, r"^[!-?A-~]+@[!-?A-~]+$", "an e-mail address such as `ann@example.com`", is_email;
    CountryCode, 4, r"^([A-Z]{2}|\+[0-9]{1,3})$",
        "two capital letters such as `US`, or a telephone code such as `+1`", is_country;
    Language, 35, r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "a language such as `en` or `pt-BR`",
        is_language;
}

fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let is_part = |part: Option<&str>| {
        part.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_graphic()))
    };
    is_part(parts.next()) && is_part(parts.next()) && parts.next().is_none()
}

fn is_country(text: &str) -> bool {
    match text.strip_prefix('+') {
        Some(code) => code.len() <= 3 && code.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
    }
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_first = |part: &str| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let is_later = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(is_first) && parts.all(is_later)
}

/// What the document says of a body: the known fields, and any of the workspace's own.
pub(super) struct ContactBody;

impl PartialSchema for ContactBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = KnownFields::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let values = AdditionalProperties::RefOr(CustomValue::schema());
            object.additional_properties = Some(Box::new(values));
        }
        schema
    }
}

impl ToSchema for ContactBody {
    fn name() -> Cow<'static, str> {
        "ContactFields".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        KnownFields::schemas(schemas);
    }
}

/// What was sent of a contact, ready to be stored.
pub(super) struct Sent {
    pub(super) changes: Changes,
    pub(super) extras: ContactExtras,
}

/// Changes of what every contact has.
pub(super) struct Changes {
    known: KnownFields,
    /// In E.164 form.
    number: Change<String>,
}

impl Sent {
    /// Reads a body; `fields` are the workspace's own.
    pub(super) fn read(
        mut body: Value,
        fields: &[ContactField],
        numbers: &NumberRules,
    ) -> Result<Self, ApiError> {
        let own = take_own(&mut body, fields);
        allow_shown_tags(&mut body);
        let mut known: KnownFields = typed(body)?;
        let number = match std::mem::take(&mut known.phone_number) {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(text) => Change::Set(numbers.read("phone_number", &text.0)?),
        };
        let extras = ContactExtras {
            tags: known.tags.take().map(read_tags).transpose()?,
            values: custom::read(own, fields)?,
        };
        Ok(Self {
            changes: Changes { known, number },
            extras,
        })
    }
}

impl Changes {
    pub(super) fn apply(self, details: &mut ContactDetails) {
        fn change<T>(text: &mut Option<String>, change: Change<T>, read: fn(T) -> String) {
            *text = change.map(read).apply(text.take());
        }
        let KnownFields {
            name,
            surname,
            email,
            phone_number: _,
            number_type,
            country_code,
            timezone,
            primary_language,
            preferred_contact_channel,
            preferred_contact_time,
            status,
            do_not_call,
            tags: _,
        } = self.known;
        change(&mut details.number, self.number, |it| it);
        change(&mut details.name, name, |it| it.0);
        change(&mut details.surname, surname, |it| it.0);
        change(&mut details.email, email, |it| it.0);
        change(&mut details.number_type, number_type, |it| {
            it.as_str().to_owned()
        });
        change(&mut details.country_code, country_code, |it| it.0);
        change(&mut details.timezone, timezone, |it| it.0);
        change(&mut details.primary_language, primary_language, |it| it.0);
        let channel = preferred_contact_channel;
        change(&mut details.preferred_channel, channel, |it| {
            it.as_str().to_owned()
        });
        change(&mut details.preferred_time, preferred_contact_time, |it| {
            it.0
        });
        let is_inactive = status.map(|it| it == ContactStatus::Inactive);
        details.is_inactive = is_inactive
            .apply(Some(details.is_inactive))
            .unwrap_or(false);
        details.do_not_call = do_not_call
            .apply(Some(details.do_not_call))
            .unwrap_or(false);
    }
}

/// Takes the fields of the workspace's own out of a body.
fn take_own(body: &mut Value, fields: &[ContactField]) -> Map<String, Value> {
    let mut own = Map::new();
    if let Some(sent) = body.as_object_mut() {
        for field in fields {
            if let Some(value) = sent.remove(&field.key) {
                own.insert(field.key.clone(), value);
            }
        }
    }
    own
}

/// Tags may be sent as they are shown.
fn allow_shown_tags(body: &mut Value) {
    let tags = body.get_mut("tags").and_then(Value::as_array_mut);
    for tag in tags.into_iter().flatten() {
        if let Some(id) = tag.get_mut("uuid").map(Value::take) {
            *tag = id;
        }
    }
}

fn read_tags(tags: Vec<String>) -> Result<Vec<Uuid>, ApiError> {
    if tags.len() > MOST_TAGS {
        return Err(ApiError::invalid(
            "tags",
            format!("at most {MOST_TAGS} tags"),
        ));
    }
    let tags = tags.iter().enumerate().map(|(index, tag)| {
        let read = tag.parse::<Uuid>();
        read.map_err(|_| ApiError::invalid(format!("tags[{index}]"), "the UUID of a tag"))
    });
    let tags: BTreeSet<Uuid> = tags.collect::<Result<_, _>>()?;
    Ok(tags.into_iter().collect())
}
