//! Listings: a campaign, its rule and one pool of contacts, made in one go.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

use super::campaign_tasks;
use super::campaigns::{self, CampaignTerms};
use super::members::{self, Joined};
use super::pools::{self, PoolTerms};
use super::rules::{self, RuleTerms};
use crate::columns::{micros, optional_time, optional_uuid, time, unsigned, uuid};
use crate::contacts::{Person, find_or_create_person};
use crate::database::{Store, StoreError};

/// A listing to be made.
#[derive(Clone, Debug)]
pub struct NewListing {
    /// The listing's id.
    pub id: Uuid,
    /// The campaign; its rule is that of [`rule`](Self::rule) if there is one.
    pub campaign: CampaignTerms,
    /// A rule that is made with it.
    pub rule: Option<RuleTerms>,
    /// The pool that its contacts are in.
    pub pool: PoolTerms,
    /// Whom it is to reach.
    pub contacts: Vec<Person>,
}

/// A stored listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingRecord {
    /// The listing's id.
    pub id: Uuid,
    /// Its campaign.
    pub campaign: Uuid,
    /// Its pool.
    pub pool: Uuid,
    /// The campaign's name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The campaign's status word.
    pub status: String,
    /// `call` or `text`.
    pub kind: String,
    /// When it begins.
    pub starts_at: Option<Timestamp>,
    /// The first moment after it.
    pub ends_at: Option<Timestamp>,
    /// Who calls.
    pub agent: Option<Uuid>,
    /// The rule that it goes by.
    pub rule: Option<Uuid>,
    /// How many contacts it is to reach.
    pub contacts: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Every column of [`ListingRecord`].
macro_rules! select_listings {
    ($rest:literal) => {
        concat!(
            "SELECT listings.id, listings.campaign_id, listings.pool_id, listings.created_at,
                 campaigns.name, campaigns.description, campaigns.status, campaigns.type,
                 campaigns.starts_at, campaigns.ends_at, campaigns.agent_id, campaigns.rule_id,
                 campaigns.updated_at, (
                     SELECT count(*) FROM pool_contacts
                     WHERE pool_contacts.pool_id = listings.pool_id
                 ) AS contacts
             FROM listings JOIN campaigns ON campaigns.id = listings.campaign_id
                 AND campaigns.deleted_at IS NULL
             WHERE listings.workspace_id = $1 ",
            $rest
        )
    };
}

impl Store {
    /// The newest listings, at most so many.
    pub async fn listings(&self, most: u32) -> Result<Vec<ListingRecord>, StoreError> {
        let listings = sqlx::query_as(select_listings!(
            "ORDER BY listings.created_at DESC, listings.id DESC LIMIT $2"
        ))
        .bind(self.workspace.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(listings)
    }

    /// The listing with this id.
    pub async fn listing(&self, id: Uuid) -> Result<Option<ListingRecord>, StoreError> {
        let listing = sqlx::query_as(select_listings!("AND listings.id = $2"))
            .bind(self.workspace.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(listing)
    }

    /// Makes a listing with its campaign, rule, pool and contacts, all or nothing.
    pub async fn create_listing(
        &self,
        new: &NewListing,
        now: Timestamp,
    ) -> Result<ListingRecord, StoreError> {
        let mut write = self.write().await?;
        let workspace = &self.workspace;
        let mut terms = new.campaign.clone();
        if let Some(rule) = &new.rule {
            terms.rule = Some(rules::insert(&mut write, workspace, rule, now).await?.id);
        }
        let campaign = campaigns::insert(&mut write, workspace, &terms, now).await?;
        let pool = pools::insert(&mut write, workspace, &new.pool, now).await?;
        campaigns::attach(&mut write, workspace, campaign.id, pool.id, now).await?;
        for person in &new.contacts {
            let contact = find_or_create_person(&mut write, workspace, person, now).await?;
            members::join(&mut write, workspace, pool.id, contact, 0, now).await?;
        }
        let id = new.id;
        sqlx::query(
            "INSERT INTO listings (id, workspace_id, campaign_id, pool_id, created_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.to_string())
        .bind(workspace.as_str())
        .bind(campaign.id.to_string())
        .bind(pool.id.to_string())
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        let made = sqlx::query_as(select_listings!("AND listings.id = $2"))
            .bind(workspace.as_str())
            .bind(id.to_string())
            .fetch_one(&mut *write)
            .await?;
        write.commit().await?;
        Ok(made)
    }

    /// Adds contacts to a listing; `None` when there is no such listing. Returns how many joined
    /// and how many were in it already. A running one gets tasks for them at once.
    pub async fn add_listing_contacts(
        &self,
        listing: Uuid,
        contacts: &[Person],
        now: Timestamp,
    ) -> Result<Option<(u64, u64)>, StoreError> {
        let Some(listing) = self.listing(listing).await? else {
            return Ok(None);
        };
        let mut write = self.write().await?;
        let workspace = &self.workspace;
        let (mut added, mut skipped) = (0, 0);
        for person in contacts {
            let contact = find_or_create_person(&mut write, workspace, person, now).await?;
            match members::join(&mut write, workspace, listing.pool, contact, 0, now).await? {
                Joined::Added => added += 1,
                Joined::Already | Joined::Unknown => skipped += 1,
            }
        }
        campaign_tasks::make(&mut write, workspace, listing.campaign, u32::MAX, now).await?;
        write.commit().await?;
        Ok(Some((added, skipped)))
    }
}

impl FromRow<'_, AnyRow> for ListingRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            campaign: uuid(row, "campaign_id")?,
            pool: uuid(row, "pool_id")?,
            name: row.try_get("name")?,
            description: row.try_get("description")?,
            status: row.try_get("status")?,
            kind: row.try_get("type")?,
            starts_at: optional_time(row, "starts_at")?,
            ends_at: optional_time(row, "ends_at")?,
            agent: optional_uuid(row, "agent_id")?,
            rule: optional_uuid(row, "rule_id")?,
            contacts: unsigned(row, "contacts")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
