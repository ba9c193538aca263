//! Workspaces: whose everything is. Rows of one are never seen by another.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, time, unreadable};
use crate::database::{Store, StoreError};

/// The workspace that every node has, and the only one of most.
const DEFAULT: &str = "default";

/// Which workspace; cheap to clone. [`WorkspaceId::default`] is that of every node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceId(Arc<str>);

impl WorkspaceId {
    /// The workspace with this id.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number that stands for the workspace among the locks of a database.
    pub(crate) fn lock_key(&self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    pub(crate) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        row.try_get("workspace_id").map(|id: &str| Self::new(id))
    }
}

impl Default for WorkspaceId {
    fn default() -> Self {
        Self::new(DEFAULT)
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a workspace may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A monthly quota.
    Free,
    /// As much as it likes.
    Unlimited,
}

impl Plan {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Unlimited => "unlimited",
        }
    }

    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        match row.try_get("plan")? {
            "free" => Ok(Self::Free),
            "unlimited" => Ok(Self::Unlimited),
            other => {
                let reason = std::io::Error::other(format!("{other:?} is no plan"));
                Err(unreadable("plan", reason))
            }
        }
    }
}

/// A stored workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// The workspace's id.
    pub id: WorkspaceId,
    /// What its maker called it. Names need not be unique.
    pub name: String,
    /// What it may use.
    pub plan: Plan,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// Makes a workspace.
    pub async fn create_workspace(
        &self,
        name: &str,
        plan: Plan,
        now: Timestamp,
    ) -> Result<Workspace, StoreError> {
        let mut write = self.write_for_all().await?;
        let workspace = sqlx::query_as(
            "INSERT INTO workspaces (id, name, plan, created_at) VALUES ($1, $2, $3, $4)
             RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(name)
        .bind(plan.as_str())
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(workspace)
    }

    /// All workspaces, oldest first.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        let workspaces = sqlx::query_as("SELECT * FROM workspaces ORDER BY created_at, id")
            .fetch_all(&self.readers)
            .await?;
        Ok(workspaces)
    }

    /// The workspace with this id, whichever this store's own is.
    pub async fn workspace(&self, id: &WorkspaceId) -> Result<Option<Workspace>, StoreError> {
        let workspace = sqlx::query_as("SELECT * FROM workspaces WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(workspace)
    }
}

impl FromRow<'_, AnyRow> for Workspace {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: WorkspaceId::new(row.try_get::<&str, _>("id")?),
            name: row.try_get("name")?,
            plan: Plan::read(row)?,
            created_at: time(row, "created_at")?,
        })
    }
}
