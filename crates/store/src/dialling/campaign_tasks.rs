//! The tasks of campaigns: made for the contacts of their pools, and done or not.

use jiff::Timestamp;
use serde_json::json;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::columns::{micros, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// Tasks that are made in one write, so that no other write waits long for it.
const MADE_AT_ONCE: u32 = 500;

/// Minutes between the attempts of a campaign that has no rule.
const RETRY_MINUTES: u32 = 60;

impl Store {
    /// Moves the campaigns of all workspaces on: those whose time has come begin, those whose time
    /// is over end, the running ones get tasks, and those that have nothing left to do complete.
    /// Whether any task was made.
    pub async fn advance_campaigns(&self, now: Timestamp) -> Result<bool, StoreError> {
        sqlx::query(
            "UPDATE campaigns SET status = 'In Process', updated_at = $1
             WHERE status = 'Active' AND deleted_at IS NULL AND agent_id IS NOT NULL
             AND (starts_at IS NULL OR starts_at <= $1) AND (ends_at IS NULL OR ends_at > $1)",
        )
        .bind(micros(now))
        .execute(&self.writer)
        .await?;
        let running = sqlx::query(
            "SELECT id, workspace_id, ends_at FROM campaigns
             WHERE deleted_at IS NULL AND (
                 status = 'In Process' OR (status IN ('Active', 'Paused') AND ends_at <= $1)
             )",
        )
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await?;
        let mut is_any_made = false;
        for row in running {
            let (id, workspace) = (uuid(&row, "id")?, WorkspaceId::read(&row)?);
            let ends_at: Option<i64> = row.try_get("ends_at")?;
            let store = self.in_workspace(&workspace);
            if ends_at.is_some_and(|ends_at| ends_at <= micros(now)) {
                store.end_campaign(id, now).await?;
            } else {
                is_any_made |= store.advance_campaign(id, now).await?;
            }
        }
        Ok(is_any_made)
    }

    async fn advance_campaign(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        if !self.lacks_tasks(id).await? && !self.is_done(id).await? {
            return Ok(false);
        }
        let mut write = self.write().await?;
        let made = make(&mut write, &self.workspace, id, MADE_AT_ONCE, now).await?;
        if made == 0 {
            sqlx::query(
                "UPDATE campaigns SET status = 'Completed', updated_at = $1
                 WHERE id = $2 AND status = 'In Process' AND EXISTS (
                     SELECT 1 FROM tasks WHERE campaign_id = $2 AND pool_id IS NOT NULL
                 ) AND NOT EXISTS (
                     SELECT 1 FROM tasks WHERE campaign_id = $2 AND deleted_at IS NULL AND (
                         status IN ('pending', 'scheduled', 'queued', 'in_progress', 'on_hold')
                         OR open_attempt IS NOT NULL
                     )
                 )",
            )
            .bind(micros(now))
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(made > 0)
    }

    /// Spares the write lock while there is nothing to do.
    async fn lacks_tasks(&self, campaign: Uuid) -> Result<bool, StoreError> {
        let one = sqlx::query(WITHOUT_TASKS)
            .bind(campaign.to_string())
            .bind(1_i64)
            .fetch_optional(&self.readers)
            .await?;
        Ok(one.is_some())
    }

    async fn is_done(&self, campaign: Uuid) -> Result<bool, StoreError> {
        let open = sqlx::query(
            "SELECT 1 FROM tasks WHERE campaign_id = $1 AND deleted_at IS NULL AND (
                 status IN ('pending', 'scheduled', 'queued', 'in_progress', 'on_hold')
                 OR open_attempt IS NOT NULL
             ) LIMIT 1",
        )
        .bind(campaign.to_string())
        .fetch_optional(&self.readers)
        .await?;
        Ok(open.is_none())
    }

    /// Ends a campaign whose time is over: what was not done expires.
    async fn end_campaign(&self, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("UPDATE campaigns SET status = 'Completed', updated_at = $1 WHERE id = $2")
            .bind(micros(now))
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
        close_tasks(&mut write, id, "expired", "the campaign is over", now).await?;
        write.commit().await?;
        Ok(())
    }
}

/// Contacts of a campaign's pools for whom it has no task yet.
const WITHOUT_TASKS: &str = "SELECT members.pool_id, members.contact_id, members.priority,
         members.position, pools.max_retries
     FROM campaign_pools
     JOIN pools ON pools.id = campaign_pools.pool_id AND pools.is_active = 1
         AND pools.deleted_at IS NULL
     JOIN pool_contacts AS members ON members.pool_id = pools.id
     WHERE campaign_pools.campaign_id = $1 AND NOT EXISTS (
         SELECT 1 FROM tasks WHERE tasks.campaign_id = $1 AND tasks.pool_id IS NOT NULL
         AND tasks.contact_id = members.contact_id
     )
     ORDER BY campaign_pools.attached_at, members.pool_id, members.position LIMIT $2";

/// The campaigns that are running with this pool.
pub(super) async fn running_with(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    pool: Uuid,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT campaigns.id FROM campaigns
         JOIN campaign_pools ON campaign_pools.campaign_id = campaigns.id
         WHERE campaign_pools.pool_id = $1 AND campaigns.workspace_id = $2
         AND campaigns.status = 'In Process' AND campaigns.deleted_at IS NULL
         ORDER BY campaigns.created_at, campaigns.id",
    )
    .bind(pool.to_string())
    .bind(workspace.as_str())
    .fetch_all(write)
    .await?;
    rows.iter().map(|row| uuid(row, "id")).collect()
}

/// Makes tasks for contacts of the campaign's pools that have none, at most so many. A contact
/// that is in two of its pools is called from the first alone.
pub(super) async fn make(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    campaign: Uuid,
    most: u32,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let campaign_row = sqlx::query(
        "SELECT name, type, agent_id, template_id, rule_id FROM campaigns
         WHERE id = $1 AND workspace_id = $2 AND status = 'In Process' AND deleted_at IS NULL
         AND agent_id IS NOT NULL",
    )
    .bind(campaign.to_string())
    .bind(workspace.as_str())
    .fetch_optional(&mut *write)
    .await?;
    let Some(row) = campaign_row else {
        return Ok(0);
    };
    let is_text = row.try_get::<&str, _>("type")? == "text";
    let template: Option<String> = row.try_get("template_id")?;
    let rule: Option<String> = row.try_get("rule_id")?;
    let (kind, data) = if is_text {
        let data = json!({ "message_type": "whatsapp_template", "template_uuid": template });
        ("send_message", data)
    } else {
        ("make_call", json!({}))
    };
    // With a rule, its own interval is what is waited for.
    let minutes = if rule.is_some() { 0 } else { RETRY_MINUTES };
    let contacts = sqlx::query(WITHOUT_TASKS)
        .bind(campaign.to_string())
        .bind(i64::from(most))
        .fetch_all(&mut *write)
        .await?;
    let mut made = 0;
    for contact in contacts {
        let retries: i64 = contact.try_get("max_retries")?;
        let attempts = if is_text { 1 } else { retries + 1 };
        let inserted = sqlx::query(
            "INSERT INTO tasks
             (id, workspace_id, title, type, status, priority, agent_id, contact_id, campaign_id,
              pool_id, pool_priority, position, scheduled_at, due_at, max_attempts, attempts_left,
              retry_strategy, retry_minutes, task_data, metadata, auto_queue, created_at,
              updated_at)
             VALUES ($1, $2, $3, $4, 'pending', 5, $5, $6, $7, $8, $9, $10, $11, $11, $12, $12,
                 'fixed', $13, $14, '{}', 1, $11, $11)
             ON CONFLICT DO NOTHING",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(workspace.as_str())
        .bind(row.try_get::<&str, _>("name")?)
        .bind(kind)
        .bind(row.try_get::<&str, _>("agent_id")?)
        .bind(contact.try_get::<&str, _>("contact_id")?)
        .bind(campaign.to_string())
        .bind(contact.try_get::<&str, _>("pool_id")?)
        .bind(contact.try_get::<i64, _>("priority")?)
        .bind(contact.try_get::<i64, _>("position")?)
        .bind(micros(now))
        .bind(attempts)
        .bind(json!([minutes]).to_string())
        .bind(data.to_string())
        .execute(&mut *write)
        .await?;
        made += inserted.rows_affected();
    }
    Ok(made)
}

/// Closes what of a campaign waits, and says so of its pools' members.
pub(super) async fn close_tasks(
    write: &mut AnyConnection,
    campaign: Uuid,
    status: &'static str,
    why: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE pool_contacts SET status = $1, notes = $2, failed_at = $3, next_retry_at = NULL
         FROM (
             SELECT pool_id AS task_pool, contact_id AS task_contact FROM tasks
             WHERE campaign_id = $4 AND open_attempt IS NULL AND deleted_at IS NULL
             AND status IN ('pending', 'scheduled', 'queued', 'on_hold')
         ) AS closed
         WHERE pool_contacts.pool_id = closed.task_pool
         AND pool_contacts.contact_id = closed.task_contact",
    )
    .bind(if status == "expired" {
        "Failed"
    } else {
        "Skipped"
    })
    .bind(why)
    .bind(micros(now))
    .bind(campaign.to_string())
    .execute(&mut *write)
    .await?;
    sqlx::query(
        "UPDATE tasks SET status = $1, reason = $2, updated_at = $3, revision = revision + 1
         WHERE campaign_id = $4 AND open_attempt IS NULL AND deleted_at IS NULL
         AND status IN ('pending', 'scheduled', 'queued', 'on_hold')",
    )
    .bind(status)
    .bind(why)
    .bind(micros(now))
    .bind(campaign.to_string())
    .execute(write)
    .await?;
    Ok(())
}
