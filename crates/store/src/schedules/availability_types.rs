//! Availability types: when schedules are open, in settings that several of them share.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::{Deletion, StoreScheduleError};
use crate::columns::{json, micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// When schedules are open.
#[derive(Clone, Debug, PartialEq)]
pub struct AvailabilityType {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Hours, exceptions and slots, in the API's field names.
    pub settings: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What an availability type is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAvailabilityType {
    /// What it is called.
    pub name: String,
    /// Hours, exceptions and slots, in the API's field names.
    pub settings: Value,
}

impl Store {
    /// The availability types, oldest first; at most `limit`.
    pub async fn availability_types(
        &self,
        limit: u32,
    ) -> Result<Vec<AvailabilityType>, StoreError> {
        let types = sqlx::query_as(
            "SELECT * FROM availability_types WHERE workspace_id = $1 AND deleted_at IS NULL
             ORDER BY created_at, id LIMIT $2",
        )
        .bind(self.workspace.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        Ok(types)
    }

    /// The availability type with this id. That of a deleted schedule may be gone.
    pub async fn availability_type(
        &self,
        id: Uuid,
    ) -> Result<Option<AvailabilityType>, StoreError> {
        let found = sqlx::query_as(
            "SELECT * FROM availability_types
             WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found)
    }

    /// Makes an availability type.
    pub async fn insert_availability_type(
        &self,
        id: Uuid,
        new: &NewAvailabilityType,
        now: Timestamp,
    ) -> Result<AvailabilityType, StoreError> {
        let mut write = self.write().await?;
        let made = sqlx::query_as(
            "INSERT INTO availability_types
             (id, workspace_id, name, settings, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING *",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .bind(&new.name)
        .bind(new.settings.to_string())
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(made)
    }

    /// Makes an availability type what `new` says; `None` when there is none.
    pub async fn replace_availability_type(
        &self,
        id: Uuid,
        new: &NewAvailabilityType,
        now: Timestamp,
    ) -> Result<Option<AvailabilityType>, StoreError> {
        let mut write = self.write().await?;
        let changed = sqlx::query_as(
            "UPDATE availability_types SET name = $1, settings = $2, updated_at = $3
             WHERE id = $4 AND workspace_id = $5 AND deleted_at IS NULL RETURNING *",
        )
        .bind(&new.name)
        .bind(new.settings.to_string())
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Deletes an availability type that no schedule has.
    pub async fn delete_availability_type(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Deletion, StoreError> {
        let mut write = self.write().await?;
        if find(&mut write, &self.workspace, id).await?.is_none() {
            return Ok(Deletion::Unknown);
        }
        let schedules: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM schedules WHERE availability_type_id = $1 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .fetch_one(&mut *write)
        .await?;
        if schedules > 0 {
            return Ok(Deletion::InUse);
        }
        sqlx::query(
            "UPDATE availability_types SET deleted_at = $1 WHERE id = $2 AND workspace_id = $3",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Deletion::Deleted)
    }
}

/// Refuses an availability type that does not exist.
pub(crate) async fn require(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<(), StoreScheduleError> {
    match find(write, workspace, id).await? {
        Some(_) => Ok(()),
        None => Err(StoreScheduleError::UnknownAvailabilityType),
    }
}

async fn find(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<AvailabilityType>, StoreError> {
    let found = sqlx::query_as(
        "SELECT * FROM availability_types
         WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .fetch_optional(write)
    .await?;
    Ok(found)
}

impl FromRow<'_, AnyRow> for AvailabilityType {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            name: row.try_get("name")?,
            settings: json(row, "settings")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
