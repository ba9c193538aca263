//! What is shown of a pool's contacts.

use jiff::Timestamp;
use serde::Serialize;
use store::MemberRecord;
use utoipa::__dev::ComposeSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema as _, ToSchema};
use uuid::Uuid;

use crate::exchange::{Paginator, words};

words! {
    /// How far a contact of a pool is.
    pub(crate) enum MemberStatus {
        /// Waits for its turn.
        Pending = "Pending",
        /// Is being called.
        Processing = "Processing",
        /// Has answered.
        InCall = "In_Call",
        /// Was not reached and is tried again.
        Retrying = "Retrying",
        /// Waits for a time at which it may be called.
        Scheduled = "Scheduled",
        /// Was reached.
        Completed = "Completed",
        /// Was not reached.
        Failed = "Failed",
        /// Is left out.
        Skipped = "Skipped",
    }
}

/// A contact in a pool.
#[derive(Serialize, ToSchema)]
#[schema(as = PoolContact, example = json!({
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "name": "Ada King",
    "phone_number": "+14155550123",
    "email": null,
    "status": "Retrying",
    "priority": 0,
    "retry_count": 1,
    "started_at": "2026-03-29T10:00:00Z",
    "completed_at": null,
    "failed_at": null,
    "next_retry_at": "2026-03-29T12:00:00Z",
    "notes": "to be tried again: busy",
    "added_at": "2026-03-28T10:00:00Z",
}))]
pub(super) struct Member {
    /// Who it is.
    contact_uuid: Uuid,
    /// What they are called.
    #[schema(required)]
    name: Option<String>,
    /// Their number.
    #[schema(required)]
    phone_number: Option<String>,
    /// Their e-mail address.
    #[schema(required)]
    email: Option<String>,
    /// How far they are.
    #[schema(value_type = MemberStatus)]
    status: String,
    /// Larger is sooner.
    priority: i64,
    /// Attempts after the first.
    retry_count: u32,
    /// When the first attempt began.
    #[schema(required)]
    started_at: Option<Timestamp>,
    /// When they were reached.
    #[schema(required)]
    completed_at: Option<Timestamp>,
    /// When they were given up.
    #[schema(required)]
    failed_at: Option<Timestamp>,
    /// When they are tried again.
    #[schema(required)]
    next_retry_at: Option<Timestamp>,
    /// What is to be known about it.
    #[schema(required)]
    notes: Option<String>,
    /// When they joined.
    added_at: Timestamp,
}

/// The contacts of a pool: a page of them that names the pool.
#[derive(Serialize)]
pub(super) struct PoolContacts {
    /// The pool.
    pub(super) pool_uuid: Uuid,
    #[serde(flatten)]
    pub(super) page: Paginator<Member>,
}

impl ComposeSchema for PoolContacts {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let mut page = Paginator::<Member>::schema();
        if let RefOr::T(Schema::Object(page)) = &mut page {
            let uuid = ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
            page.properties.insert("pool_uuid".to_owned(), uuid.into());
            page.required.push("pool_uuid".to_owned());
        }
        page
    }
}

impl ToSchema for PoolContacts {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Member::name().into_owned(), Member::schema()));
        Paginator::<Member>::schemas(schemas);
    }
}

/// What became of contacts that were to join a pool.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "pool_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "contacts_added": 2,
    "contacts_skipped": 0,
    "contact_uuids_not_found": [],
    "tasks_created": 0,
    "running_campaign_uuids": [],
}))]
pub(super) struct AddedPoolContacts {
    /// The pool.
    pub(super) pool_uuid: Uuid,
    /// How many joined.
    pub(super) contacts_added: u64,
    /// How many were in it already.
    pub(super) contacts_skipped: u64,
    /// Who does not exist.
    pub(super) contact_uuids_not_found: Vec<Uuid>,
    /// Tasks that running campaigns got from them.
    pub(super) tasks_created: u64,
    /// Campaigns that are running with the pool.
    pub(super) running_campaign_uuids: Vec<Uuid>,
}

fn full_name(name: Option<String>, surname: Option<String>) -> Option<String> {
    let parts: Vec<String> = [name, surname].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

impl From<MemberRecord> for Member {
    fn from(member: MemberRecord) -> Self {
        Self {
            contact_uuid: member.contact,
            name: full_name(member.name, member.surname),
            phone_number: member.number,
            email: member.email,
            status: member.status,
            priority: member.priority,
            retry_count: member.retries,
            started_at: member.started_at,
            completed_at: member.completed_at,
            failed_at: member.failed_at,
            next_retry_at: member.next_retry_at,
            notes: member.notes,
            added_at: member.added_at,
        }
    }
}
