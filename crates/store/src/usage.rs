//! How many requests were made with each key, month by month.

use uuid::Uuid;

use crate::columns::signed;
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// Requests that are to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// Whose the key is.
    pub workspace: WorkspaceId,
    /// The key.
    pub key: Uuid,
    /// A month of UTC, such as `2026-03`.
    pub month: String,
    /// How many.
    pub requests: u64,
}

impl Store {
    /// Adds to what is counted, for keys of any workspace: all of it or, on an error, nothing.
    pub async fn add_usage(&self, usage: &[KeyUsage]) -> Result<(), StoreError> {
        let mut write = self.write_for_all().await?;
        for one in usage {
            sqlx::query(
                "INSERT INTO key_usage (workspace_id, key_id, month, requests)
                 VALUES ($1, $2, $3, $4)
                 ON CONFLICT (key_id, month) DO UPDATE SET
                     requests = key_usage.requests + excluded.requests",
            )
            .bind(one.workspace.as_str())
            .bind(one.key.to_string())
            .bind(&one.month)
            .bind(signed(one.requests))
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// How many requests were counted for a key of this workspace in a month.
    pub async fn usage(&self, key: Uuid, month: &str) -> Result<u64, StoreError> {
        let requests: Option<i64> = sqlx::query_scalar(
            "SELECT requests FROM key_usage
             WHERE key_id = $1 AND month = $2 AND workspace_id = $3",
        )
        .bind(key.to_string())
        .bind(month)
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(requests.and_then(|it| u64::try_from(it).ok()).unwrap_or(0))
    }
}
