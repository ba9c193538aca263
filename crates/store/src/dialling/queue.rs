//! The queue: which tasks are due.
//!
//! What is read here and in `candidates.rs` is decided upon outside, without a lock; what was
//! decided is written only if the task's revision, the contact's attempts and the pool's places are
//! still as they were. A transaction of a workspace has it to itself, so that of all nodes on one
//! database a single one takes a task up (`beginning.rs`). Its attempt, and the call that it makes,
//! are written before anything is done.

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::rules::count;
use crate::columns::{micros, optional_time, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// A task that is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTask {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The task.
    pub id: Uuid,
}

/// A pool of a running campaign that has tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningPool {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The campaign.
    pub campaign: Uuid,
    /// The pool.
    pub pool: Uuid,
    /// `FIFO`, `LIFO` or `Parallel`.
    pub kind: String,
    /// How many contacts of a parallel pool are called at once.
    pub max_parallel_items: u32,
    /// How many of its contacts are being called, in whatever campaign.
    pub under_way: u32,
}

impl Store {
    /// Tasks of all workspaces that are due and from no pool, most urgent first. A task of a
    /// campaign is due while that is running.
    pub async fn due_tasks(&self, most: u32, now: Timestamp) -> Result<Vec<DueTask>, StoreError> {
        let due = sqlx::query_as(
            "SELECT tasks.id, tasks.workspace_id FROM tasks
             LEFT JOIN campaigns ON campaigns.id = tasks.campaign_id
             WHERE tasks.pool_id IS NULL AND tasks.deleted_at IS NULL
             AND tasks.status IN ('scheduled', 'queued') AND tasks.open_attempt IS NULL
             AND tasks.due_at <= $1
             AND (tasks.campaign_id IS NULL OR campaigns.status = 'In Process')
             ORDER BY tasks.priority DESC, tasks.due_at, tasks.id LIMIT $2",
        )
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(due)
    }

    /// When the next of the tasks from no pool is due after `now`.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT min(due_at) AS due_at FROM tasks
             WHERE pool_id IS NULL AND deleted_at IS NULL AND status IN ('scheduled', 'queued')
             AND due_at > $1",
        )
        .bind(micros(now))
        .fetch_one(&self.readers)
        .await?;
        Ok(optional_time(&row, "due_at")?)
    }

    /// The pools of running campaigns of all workspaces.
    pub async fn running_pools(&self) -> Result<Vec<RunningPool>, StoreError> {
        let pools = sqlx::query_as(
            "SELECT campaigns.workspace_id, campaigns.id AS campaign_id, pools.id AS pool_id,
                 pools.type, pools.max_parallel_items, (
                     SELECT count(*) FROM task_attempts JOIN tasks
                         ON tasks.id = task_attempts.task_id AND tasks.pool_id = pools.id
                     WHERE task_attempts.ended_at IS NULL
                 ) AS under_way
             FROM campaigns
             JOIN campaign_pools ON campaign_pools.campaign_id = campaigns.id
             JOIN pools ON pools.id = campaign_pools.pool_id AND pools.is_active = 1
                 AND pools.deleted_at IS NULL
             WHERE campaigns.status = 'In Process' AND campaigns.deleted_at IS NULL
             ORDER BY campaigns.created_at, campaigns.id, campaign_pools.attached_at, pools.id",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(pools)
    }

    /// The due tasks of a running campaign's pool, in the pool's order.
    pub async fn due_in_pool(
        &self,
        pool: &RunningPool,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<DueTask>, StoreError> {
        let order = if pool.kind == "LIFO" { "DESC" } else { "ASC" };
        let statement = format!(
            "SELECT id, workspace_id FROM tasks
             WHERE campaign_id = $1 AND pool_id = $2 AND deleted_at IS NULL
             AND status IN ('pending', 'scheduled', 'queued') AND open_attempt IS NULL
             AND due_at <= $3
             ORDER BY pool_priority DESC, position {order} LIMIT $4"
        );
        let due = sqlx::query_as(sqlx::AssertSqlSafe(statement))
            .bind(pool.campaign.to_string())
            .bind(pool.pool.to_string())
            .bind(micros(now))
            .bind(i64::from(most))
            .fetch_all(&self.readers)
            .await?;
        Ok(due)
    }

    /// Tasks of all workspaces whose attempt is over and of which nobody has decided yet what
    /// follows.
    pub async fn tasks_without_verdict(&self, most: u32) -> Result<Vec<DueTask>, StoreError> {
        let due = sqlx::query_as(
            "SELECT id, workspace_id FROM tasks WHERE awaits_verdict = 1
             ORDER BY due_at, id LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(due)
    }
}

impl FromRow<'_, AnyRow> for DueTask {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            id: uuid(row, "id")?,
        })
    }
}

impl FromRow<'_, AnyRow> for RunningPool {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            campaign: uuid(row, "campaign_id")?,
            pool: uuid(row, "pool_id")?,
            kind: row.try_get("type")?,
            max_parallel_items: count(row, "max_parallel_items")?,
            under_way: count(row, "under_way")?,
        })
    }
}
