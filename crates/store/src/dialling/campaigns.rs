//! Campaigns: an agent, a rule, and pools of contacts to reach.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::rules::RuleTerms;
use super::{campaign_tasks, rules, tasks};
use crate::columns::{micros, optional_time, optional_uuid, time, unsigned, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// What a campaign is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignTerms {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Status word.
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
    /// What a text campaign sends.
    pub template: Option<Uuid>,
}

/// A stored campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignRecord {
    /// The campaign's id.
    pub id: Uuid,
    /// What it is like.
    pub terms: CampaignTerms,
    /// Contacts in its pools.
    pub contacts: u64,
    /// Its tasks.
    pub tasks: u64,
    /// Those of them that are completed.
    pub completed: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which campaigns to list; absent parts match every campaign.
#[derive(Clone, Debug, Default)]
pub struct CampaignFilter {
    /// Only those with these words in their names.
    pub containing: Option<String>,
    /// Only those with this status word.
    pub status: Option<String>,
}

/// What became of pools that were to be attached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedPools {
    /// Those that are attached now.
    pub attached: Vec<Uuid>,
    /// Those that do not exist.
    pub not_found: Vec<Uuid>,
    /// Tasks that were made, if the campaign is running.
    pub tasks: u64,
}

/// Every column of [`CampaignRecord`].
macro_rules! select_campaigns {
    ($rest:literal) => {
        concat!(
            "SELECT campaigns.*, (
                 SELECT count(*) FROM pool_contacts JOIN campaign_pools
                     ON campaign_pools.pool_id = pool_contacts.pool_id
                 WHERE campaign_pools.campaign_id = campaigns.id
             ) AS contacts, (
                 SELECT count(*) FROM tasks
                 WHERE tasks.campaign_id = campaigns.id AND tasks.deleted_at IS NULL
             ) AS tasks, (
                 SELECT count(*) FROM tasks WHERE tasks.campaign_id = campaigns.id
                 AND tasks.deleted_at IS NULL AND tasks.status = 'completed'
             ) AS completed FROM campaigns ",
            $rest
        )
    };
}

const SELECT: &str =
    select_campaigns!("WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");

impl Store {
    /// Makes a campaign.
    pub async fn create_campaign(
        &self,
        terms: &CampaignTerms,
        now: Timestamp,
    ) -> Result<CampaignRecord, StoreError> {
        let mut write = self.write().await?;
        let campaign = insert(&mut write, &self.workspace, terms, now).await?;
        write.commit().await?;
        Ok(campaign)
    }

    /// Page `page` (from 1) of the campaigns that match, newest first.
    pub async fn campaigns(
        &self,
        filter: &CampaignFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<CampaignRecord>, StoreError> {
        let list = List {
            select: select_campaigns!(""),
            table: "campaigns",
            filter: Filter::of(&self.workspace, "campaigns.workspace_id")
                .equal("coalesce(campaigns.deleted_at, 0)", Some(0))
                .equal("campaigns.status", filter.status.as_deref())
                .containing(&["campaigns.name"], filter.containing.as_deref()),
            order: "campaigns.created_at DESC, campaigns.id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The campaign with this id.
    pub async fn campaign(&self, id: Uuid) -> Result<Option<CampaignRecord>, StoreError> {
        let campaign = sqlx::query_as(SELECT)
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(campaign)
    }

    /// Changes a campaign as `change` says, which may refuse; `None` when there is none. Once it is
    /// completed or archived, what of it waits is cancelled.
    pub async fn change_campaign<E: Send>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut CampaignTerms) -> Result<(), E> + Send,
        now: Timestamp,
    ) -> Result<Option<Result<CampaignRecord, E>>, StoreError> {
        let change = |terms: &mut CampaignTerms| change(terms).map(|()| None);
        self.change_campaign_and_rule(id, change, now).await
    }

    /// Changes a campaign as [`Store::change_campaign`] does. A rule that `change` gives back is
    /// made, and the campaign goes by it.
    pub async fn change_campaign_and_rule<E: Send>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut CampaignTerms) -> Result<Option<RuleTerms>, E> + Send,
        now: Timestamp,
    ) -> Result<Option<Result<CampaignRecord, E>>, StoreError> {
        let mut write = self.write().await?;
        let Some(mut campaign) = find(&mut write, &self.workspace, id).await? else {
            return Ok(None);
        };
        match change(&mut campaign.terms) {
            Ok(None) => {}
            Ok(Some(rule)) => {
                let made = rules::insert(&mut write, &self.workspace, &rule, now).await?;
                campaign.terms.rule = Some(made.id);
            }
            Err(refusal) => return Ok(Some(Err(refusal))),
        }
        campaign.updated_at = now;
        let terms = &campaign.terms;
        sqlx::query(
            "UPDATE campaigns SET name = $1, description = $2, status = $3, type = $4,
                 starts_at = $5, ends_at = $6, agent_id = $7, rule_id = $8, template_id = $9,
                 updated_at = $10
             WHERE id = $11",
        )
        .bind(&terms.name)
        .bind(&terms.description)
        .bind(&terms.status)
        .bind(&terms.kind)
        .bind(terms.starts_at.map(micros))
        .bind(terms.ends_at.map(micros))
        .bind(terms.agent.map(|id| id.to_string()))
        .bind(terms.rule.map(|id| id.to_string()))
        .bind(terms.template.map(|id| id.to_string()))
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        if matches!(terms.status.as_str(), "Completed" | "Archived") {
            let why = "the campaign was stopped";
            campaign_tasks::close_tasks(&mut write, id, "cancelled", why, now).await?;
        }
        let changed = find(&mut write, &self.workspace, id).await?;
        write.commit().await?;
        Ok(changed.map(Ok))
    }

    /// Deletes a campaign; what of it waits is cancelled. Returns what it was.
    pub async fn delete_campaign(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<CampaignRecord>, StoreError> {
        let mut write = self.write().await?;
        let Some(campaign) = find(&mut write, &self.workspace, id).await? else {
            return Ok(None);
        };
        let why = "the campaign was deleted";
        campaign_tasks::close_tasks(&mut write, id, "cancelled", why, now).await?;
        sqlx::query("UPDATE campaigns SET deleted_at = $1 WHERE id = $2")
            .bind(micros(now))
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Some(campaign))
    }

    /// Attaches pools to a campaign, besides those that it has; `None` when there is no such
    /// campaign. A running campaign gets tasks for their contacts at once.
    pub async fn attach_pools(
        &self,
        campaign: Uuid,
        pools: &[Uuid],
        now: Timestamp,
    ) -> Result<Option<AttachedPools>, StoreError> {
        let mut write = self.write().await?;
        if find(&mut write, &self.workspace, campaign).await?.is_none() {
            return Ok(None);
        }
        let mut result = AttachedPools::default();
        for &pool in pools {
            if !tasks::exists(&mut write, &self.workspace, "pools", pool).await? {
                result.not_found.push(pool);
                continue;
            }
            attach(&mut write, &self.workspace, campaign, pool, now).await?;
            result.attached.push(pool);
        }
        result.tasks =
            campaign_tasks::make(&mut write, &self.workspace, campaign, u32::MAX, now).await?;
        write.commit().await?;
        Ok(Some(result))
    }

    /// The pools of a campaign, in the order in which they were attached.
    pub async fn campaign_pools(&self, campaign: Uuid) -> Result<Vec<Uuid>, StoreError> {
        let rows = sqlx::query(
            "SELECT pool_id FROM campaign_pools WHERE campaign_id = $1 AND workspace_id = $2
             ORDER BY attached_at, pool_id",
        )
        .bind(campaign.to_string())
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        let pools: Result<Vec<Uuid>, sqlx::Error> =
            rows.iter().map(|row| uuid(row, "pool_id")).collect();
        Ok(pools?)
    }

    /// Whether there is such a rule, for a campaign to go by.
    pub async fn has_rule(&self, rule: Uuid) -> Result<bool, StoreError> {
        let mut connection = self.readers.acquire().await?;
        Ok(rules::find(&mut connection, &self.workspace, rule)
            .await?
            .is_some())
    }
}

pub(super) async fn attach(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    campaign: Uuid,
    pool: Uuid,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO campaign_pools (campaign_id, pool_id, workspace_id, attached_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (campaign_id, pool_id) DO NOTHING",
    )
    .bind(campaign.to_string())
    .bind(pool.to_string())
    .bind(workspace.as_str())
    .bind(micros(now))
    .execute(write)
    .await?;
    Ok(())
}

async fn find(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<CampaignRecord>, sqlx::Error> {
    sqlx::query_as(SELECT)
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(connection)
        .await
}

pub(super) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    terms: &CampaignTerms,
    now: Timestamp,
) -> Result<CampaignRecord, sqlx::Error> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO campaigns
         (id, workspace_id, name, description, status, type, starts_at, ends_at, agent_id, rule_id,
          template_id, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .bind(&terms.name)
    .bind(&terms.description)
    .bind(&terms.status)
    .bind(&terms.kind)
    .bind(terms.starts_at.map(micros))
    .bind(terms.ends_at.map(micros))
    .bind(terms.agent.map(|id| id.to_string()))
    .bind(terms.rule.map(|id| id.to_string()))
    .bind(terms.template.map(|id| id.to_string()))
    .bind(micros(now))
    .execute(write)
    .await?;
    Ok(CampaignRecord {
        id,
        terms: terms.clone(),
        contacts: 0,
        tasks: 0,
        completed: 0,
        created_at: now,
        updated_at: now,
    })
}

impl FromRow<'_, AnyRow> for CampaignRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            terms: CampaignTerms {
                name: row.try_get("name")?,
                description: row.try_get("description")?,
                status: row.try_get("status")?,
                kind: row.try_get("type")?,
                starts_at: optional_time(row, "starts_at")?,
                ends_at: optional_time(row, "ends_at")?,
                agent: optional_uuid(row, "agent_id")?,
                rule: optional_uuid(row, "rule_id")?,
                template: optional_uuid(row, "template_id")?,
            },
            contacts: unsigned(row, "contacts")?,
            tasks: unsigned(row, "tasks")?,
            completed: unsigned(row, "completed")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
