//! What is shown of listings.

use jiff::Timestamp;
use serde::Serialize;
use store::ListingRecord;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::campaigns::{CampaignStatus, CampaignType, last_day, shown_day};
use crate::exchange::LocalDate;

/// A campaign with its rule and its contacts.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "campaign_uuid": "0198c5a2-6f0e-7c51-9d3a-1c6f6d1b2a34",
    "pool_uuid": "0198c5a2-6f0e-7c51-9d3a-2c6f6d1b2a34",
    "rule_uuid": null,
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "name": "Spring offer",
    "description": null,
    "status": "Active",
    "campaign_type": "call",
    "start_date": null,
    "end_date": null,
    "contacts_count": 2,
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Listing {
    /// Identifies the listing.
    uuid: Uuid,
    /// Its campaign.
    campaign_uuid: Uuid,
    /// The pool that its contacts are in.
    pool_uuid: Uuid,
    /// The rule that it goes by.
    #[schema(required)]
    rule_uuid: Option<Uuid>,
    /// Who calls.
    #[schema(required)]
    agent_uuid: Option<Uuid>,
    /// What it is called.
    name: String,
    /// What it is for.
    #[schema(required)]
    description: Option<String>,
    /// Where its campaign is.
    #[schema(value_type = CampaignStatus)]
    status: String,
    /// What it does.
    #[schema(value_type = CampaignType)]
    campaign_type: String,
    /// Its first day, in UTC.
    #[schema(required)]
    start_date: Option<LocalDate>,
    /// Its last day, in UTC.
    #[schema(required)]
    end_date: Option<LocalDate>,
    /// How many contacts it is to reach.
    contacts_count: u64,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// What became of contacts that were to join a listing.
#[derive(Serialize, ToSchema)]
pub(super) struct AddedListingContacts {
    /// The listing.
    pub(super) listing_uuid: Uuid,
    /// How many joined.
    pub(super) contacts_added: u64,
    /// How many were in it already.
    pub(super) contacts_skipped: u64,
}

pub(super) fn view(listing: ListingRecord) -> Listing {
    Listing {
        uuid: listing.id,
        campaign_uuid: listing.campaign,
        pool_uuid: listing.pool,
        rule_uuid: listing.rule,
        agent_uuid: listing.agent,
        name: listing.name,
        description: listing.description,
        status: listing.status,
        campaign_type: listing.kind,
        start_date: listing.starts_at.map(shown_day),
        end_date: listing.ends_at.map(last_day),
        contacts_count: listing.contacts,
        created_at: listing.created_at,
        updated_at: listing.updated_at,
    }
}
