//! What is shown of a contact.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use store::ContactField;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{ContactChannel, ContactStatus, NumberType};
use super::custom::{self, CustomValue};
use super::tags::ContactTag;
use crate::exchange::FromText as _;

/// A contact. Each field of the workspace's own is shown under its key, an empty text where the
/// contact has no value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "name": "Ann",
    "surname": "Lee",
    "email": "ann@example.com",
    "phone_number": "+14155550123",
    "number_type": "mobile",
    "country_code": "US",
    "timezone": "America/Los_Angeles",
    "primary_language": "en",
    "preferred_contact_channel": "Call",
    "preferred_contact_time": "mornings",
    "status": "Active",
    "do_not_call": false,
    "tags": [{ "uuid": "0198c5a2-7100-7aa1-9c55-3f1d2e4b5a69", "name": "customer" }],
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Contact {
    /// Identifies the contact.
    uuid: Uuid,
    /// First name, or the whole one.
    #[schema(required)]
    name: Option<String>,
    /// Family name.
    #[schema(required)]
    surname: Option<String>,
    /// E-mail address.
    #[schema(required)]
    email: Option<String>,
    /// E.164 number; the SIP user of a caller that has none.
    #[schema(required)]
    phone_number: Option<String>,
    /// What kind of number it is.
    #[schema(required)]
    number_type: Option<NumberType>,
    /// The number's country.
    #[schema(required)]
    country_code: Option<String>,
    /// IANA name of the time zone they live in.
    #[schema(required)]
    timezone: Option<String>,
    /// The language they speak.
    #[schema(required)]
    primary_language: Option<String>,
    /// How they like to be reached.
    #[schema(required)]
    preferred_contact_channel: Option<ContactChannel>,
    /// When they like to be reached.
    #[schema(required)]
    preferred_contact_time: Option<String>,
    /// Whether the contact counts.
    status: ContactStatus,
    /// Whether they do not want to be called.
    do_not_call: bool,
    /// Their tags, by name.
    tags: Vec<ContactTag>,
    /// When they were first heard of.
    created_at: Timestamp,
    /// When anything of this last changed.
    updated_at: Timestamp,
    #[serde(flatten)]
    custom: BTreeMap<String, CustomValue>,
}

pub(super) fn contact(contact: store::Contact, fields: &[ContactField]) -> Contact {
    let details = contact.details;
    let status = if details.is_inactive {
        ContactStatus::Inactive
    } else {
        ContactStatus::Active
    };
    Contact {
        uuid: contact.id,
        name: details.name,
        surname: details.surname,
        email: details.email,
        phone_number: details.number,
        number_type: details
            .number_type
            .as_deref()
            .and_then(NumberType::from_text),
        country_code: details.country_code,
        timezone: details.timezone,
        primary_language: details.primary_language,
        preferred_contact_channel: details
            .preferred_channel
            .as_deref()
            .and_then(ContactChannel::from_text),
        preferred_contact_time: details.preferred_time,
        status,
        do_not_call: details.do_not_call,
        tags: contact.tags.into_iter().map(ContactTag::from).collect(),
        created_at: contact.created_at,
        updated_at: contact.updated_at,
        custom: custom::shown(contact.values, fields),
    }
}
