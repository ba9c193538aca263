//! Pools: contacts that are called in an order, so many at once.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::rules::count;
use crate::columns::{flag, micros, time, unsigned, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// What a pool is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolTerms {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `FIFO`, `LIFO` or `Parallel`.
    pub kind: String,
    /// How many contacts of a parallel pool are called at once.
    pub max_parallel_items: u32,
    /// Attempts on a contact after the first.
    pub max_retries: u32,
    /// Whether its contacts are called at all.
    pub is_active: bool,
}

/// A stored pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolRecord {
    /// The pool's id.
    pub id: Uuid,
    /// What it is like.
    pub terms: PoolTerms,
    /// How many contacts are in it.
    pub contacts: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Every column of [`PoolRecord`].
macro_rules! select_pools {
    ($rest:literal) => {
        concat!(
            "SELECT pools.*, (
                 SELECT count(*) FROM pool_contacts WHERE pool_id = pools.id
             ) AS contacts FROM pools ",
            $rest
        )
    };
}

const SELECT: &str = select_pools!("WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");

impl Store {
    /// Makes an empty pool.
    pub async fn create_pool(
        &self,
        terms: &PoolTerms,
        now: Timestamp,
    ) -> Result<PoolRecord, StoreError> {
        let mut write = self.write().await?;
        let pool = insert(&mut write, &self.workspace, terms, now).await?;
        write.commit().await?;
        Ok(pool)
    }

    /// Page `page` (from 1) of the pools with these words in their names, newest first.
    pub async fn pools(
        &self,
        containing: Option<&str>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<PoolRecord>, StoreError> {
        let list = List {
            select: select_pools!(""),
            table: "pools",
            filter: Filter::of(&self.workspace, "workspace_id")
                .equal("coalesce(deleted_at, 0)", Some(0))
                .containing(&["name"], containing),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The pool with this id.
    pub async fn pool(&self, id: Uuid) -> Result<Option<PoolRecord>, StoreError> {
        let pool = sqlx::query_as(SELECT)
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(pool)
    }

    /// Changes a pool; `None` when there is none.
    pub async fn change_pool(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut PoolTerms) + Send,
        now: Timestamp,
    ) -> Result<Option<PoolRecord>, StoreError> {
        let mut write = self.write().await?;
        let Some(mut pool) = find(&mut write, &self.workspace, id).await? else {
            return Ok(None);
        };
        change(&mut pool.terms);
        pool.updated_at = now;
        let terms = &pool.terms;
        sqlx::query(
            "UPDATE pools SET name = $1, description = $2, type = $3, max_parallel_items = $4,
                 max_retries = $5, is_active = $6, updated_at = $7
             WHERE id = $8 AND workspace_id = $9",
        )
        .bind(&terms.name)
        .bind(&terms.description)
        .bind(&terms.kind)
        .bind(i64::from(terms.max_parallel_items))
        .bind(i64::from(terms.max_retries))
        .bind(i64::from(terms.is_active))
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Some(pool))
    }

    /// Deletes a pool; its tasks that are not under way are cancelled. Whether there was one.
    pub async fn delete_pool(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let deleted = sqlx::query(
            "UPDATE pools SET deleted_at = $1
             WHERE id = $2 AND workspace_id = $3 AND deleted_at IS NULL",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE tasks SET status = 'cancelled', reason = 'the pool was deleted',
                 revision = revision + 1, updated_at = $1
             WHERE pool_id = $2 AND open_attempt IS NULL AND deleted_at IS NULL
             AND status IN ('pending', 'scheduled', 'queued', 'on_hold')",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        sqlx::query("DELETE FROM campaign_pools WHERE pool_id = $1")
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(true)
    }
}

pub(super) async fn find(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<PoolRecord>, sqlx::Error> {
    sqlx::query_as(SELECT)
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(connection)
        .await
}

pub(super) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    terms: &PoolTerms,
    now: Timestamp,
) -> Result<PoolRecord, sqlx::Error> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO pools
         (id, workspace_id, name, description, type, max_parallel_items, max_retries, is_active,
          created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .bind(&terms.name)
    .bind(&terms.description)
    .bind(&terms.kind)
    .bind(i64::from(terms.max_parallel_items))
    .bind(i64::from(terms.max_retries))
    .bind(i64::from(terms.is_active))
    .bind(micros(now))
    .execute(write)
    .await?;
    Ok(PoolRecord {
        id,
        terms: terms.clone(),
        contacts: 0,
        created_at: now,
        updated_at: now,
    })
}

impl FromRow<'_, AnyRow> for PoolRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            terms: PoolTerms {
                name: row.try_get("name")?,
                description: row.try_get("description")?,
                kind: row.try_get("type")?,
                max_parallel_items: count(row, "max_parallel_items")?,
                max_retries: count(row, "max_retries")?,
                is_active: flag(row, "is_active")?,
            },
            contacts: unsigned(row, "contacts")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
