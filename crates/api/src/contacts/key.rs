//! Keys of fields: names in contacts.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::exchange::{FromText, read_text};

const LONGEST_KEY: usize = 64;

/// Names of what every contact has or may come to have.
const TAKEN: &[&str] = &[
    "uuid",
    "id",
    "contact_uuid",
    "workspace_uuid",
    "name",
    "surname",
    "email",
    "phone_number",
    "number",
    "number_type",
    "country_code",
    "timezone",
    "primary_language",
    "preferred_contact_channel",
    "preferred_contact_time",
    "status",
    "do_not_call",
    "tags",
    "stage",
    "stage_uuid",
    "created_at",
    "updated_at",
    "deleted_at",
];

/// The name of a field in contacts.
pub(super) struct Key(pub(super) String);

impl FromText for Key {
    fn expected() -> Cow<'static, str> {
        "a small letter, then small letters, digits and `_`, at most 64 in all".into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase();
        let is_first = text.bytes().next().is_some_and(is_letter);
        let mut bytes = text.bytes();
        let is_later = bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'_');
        (text.len() <= LONGEST_KEY && is_first && is_later).then(|| Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read_text(from)
    }
}

impl ComposeSchema for Key {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LONGEST_KEY))
            .pattern(Some("^[a-z][a-z0-9_]*$"))
            .into()
    }
}

impl ToSchema for Key {
    fn name() -> Cow<'static, str> {
        "ContactFieldKey".into()
    }
}

impl Key {
    /// Whether contacts have something of this name without it.
    pub(super) fn is_taken(&self) -> bool {
        TAKEN.contains(&self.0.as_str())
    }
}
