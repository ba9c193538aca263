//! Pools as clients write and see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{PoolRecord, PoolTerms};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::{Text, Whole, words};

words! {
    /// The order in which a pool is gone through.
    pub(crate) enum PoolType {
        /// One contact after the other; who joined first goes first.
        Fifo = "FIFO",
        /// One contact after the other; who joined last goes first.
        Lifo = "LIFO",
        /// Several at once, up to `max_parallel_items`.
        Parallel = "Parallel",
    }
}

/// Contacts that are called in an order.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "Spring customers",
    "description": "Bought in spring.",
    "type": "FIFO",
    "max_parallel_items": 10,
    "max_retries": 3,
    "is_active": true,
    "contacts_count": 120,
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Pool {
    /// Identifies the pool.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// What it is for.
    description: String,
    /// The order.
    #[serde(rename = "type")]
    #[schema(value_type = PoolType)]
    kind: String,
    /// How many contacts of a parallel pool are called at once.
    max_parallel_items: u32,
    /// Attempts on a contact after the first.
    max_retries: u32,
    /// Whether its contacts are called at all.
    is_active: bool,
    /// How many contacts are in it.
    contacts_count: u64,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// How many contacts were copied, of a pool that was copied just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    contacts_copied: Option<u64>,
}

/// A pool to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewPool {
    /// What it is called.
    name: Text<3, 255>,
    /// What it is for.
    description: Text<0, 2000>,
    /// `FIFO`, if left out.
    #[serde(rename = "type")]
    kind: Option<PoolType>,
    /// 10, if left out.
    max_parallel_items: Option<Whole<1, 100>>,
    /// 3, if left out.
    max_retries: Option<Whole<0, 100>>,
    /// True, if left out.
    is_active: Option<bool>,
}

/// What changes about a pool; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct PoolChange {
    /// What it is called.
    name: Option<Text<3, 255>>,
    /// What it is for.
    description: Option<Text<0, 2000>>,
    /// The order.
    #[serde(rename = "type")]
    kind: Option<PoolType>,
    /// How many contacts of a parallel pool are called at once.
    max_parallel_items: Option<Whole<1, 100>>,
    /// Attempts on a contact after the first, for tasks that are made from then on.
    max_retries: Option<Whole<0, 100>>,
    /// Whether its contacts are called at all.
    is_active: Option<bool>,
}

/// How a pool is copied.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Duplication {
    /// The copy's name; the pool's with ` (copy)`, if left out.
    pub(super) name: Option<Text<3, 255>>,
    /// Whether its contacts are copied; true, if left out.
    pub(super) copy_contacts: Option<bool>,
}

/// A pool of which nothing is said but name and description.
pub(crate) fn usual(name: String, description: String, kind: PoolType) -> PoolTerms {
    PoolTerms {
        name,
        description,
        kind: kind.as_str().to_owned(),
        max_parallel_items: 10,
        max_retries: 3,
        is_active: true,
    }
}

impl NewPool {
    pub(super) fn terms(self) -> PoolTerms {
        let kind = self.kind.unwrap_or(PoolType::Fifo);
        let mut terms = usual(self.name.0, self.description.0, kind);
        let change = PoolChange {
            name: None,
            description: None,
            kind: None,
            max_parallel_items: self.max_parallel_items,
            max_retries: self.max_retries,
            is_active: self.is_active,
        };
        change.apply(&mut terms);
        terms
    }
}

impl PoolChange {
    pub(super) fn apply(self, terms: &mut PoolTerms) {
        let number = |whole: i64| u32::try_from(whole).unwrap_or(u32::MAX);
        if let Some(name) = self.name {
            terms.name = name.0;
        }
        if let Some(description) = self.description {
            terms.description = description.0;
        }
        if let Some(kind) = self.kind {
            kind.as_str().clone_into(&mut terms.kind);
        }
        if let Some(most) = self.max_parallel_items {
            terms.max_parallel_items = number(most.0);
        }
        if let Some(most) = self.max_retries {
            terms.max_retries = number(most.0);
        }
        terms.is_active = self.is_active.unwrap_or(terms.is_active);
    }
}

impl Pool {
    /// The same pool as a copy with so many contacts.
    pub(super) const fn copied(mut self, contacts: u64) -> Self {
        self.contacts_copied = Some(contacts);
        self
    }
}

impl From<PoolRecord> for Pool {
    fn from(pool: PoolRecord) -> Self {
        Self {
            uuid: pool.id,
            name: pool.terms.name,
            description: pool.terms.description,
            kind: pool.terms.kind,
            max_parallel_items: pool.terms.max_parallel_items,
            max_retries: pool.terms.max_retries,
            is_active: pool.terms.is_active,
            contacts_count: pool.contacts,
            created_at: pool.created_at,
            updated_at: pool.updated_at,
            contacts_copied: None,
        }
    }
}
