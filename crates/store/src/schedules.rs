//! Schedules, and how often and when they can be booked: availability types. What is booked is in
//! [`appointments`] and [`requests`], which schedules agents book in, in [`agent_booking`].
//!
//! Of two bookings of a schedule that stand, none overlaps the other or comes nearer than the gap
//! that the caller states: it is looked for and made in one transaction that writes.

pub(crate) mod agent_booking;
pub(crate) mod appointments;
pub(crate) mod availability_types;
pub(crate) mod erasing;
pub(crate) mod placing;
pub(crate) mod requests;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::workspaces::WorkspaceId;

/// A calendar in which appointments are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The schedule's id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// When it is open.
    pub availability_type: Uuid,
    /// The rest of it, in the API's field names.
    pub details: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a schedule is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSchedule {
    /// What it is called.
    pub name: String,
    /// When it is open.
    pub availability_type: Uuid,
    /// The rest of it, in the API's field names.
    pub details: Value,
}

/// Why a schedule is not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreScheduleError {
    /// There is no such availability type.
    #[error("there is no such availability type")]
    UnknownAvailabilityType,
    /// There is no such schedule.
    #[error("there is no such schedule")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of something that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted.
    Deleted,
    /// There was none.
    Unknown,
    /// Something else needs it.
    InUse,
}

impl Store {
    /// The schedules, oldest first: all, or those of an availability type; at most `limit`.
    pub async fn schedules(
        &self,
        availability_type: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError> {
        let mut filter = Filter::of(&self.workspace, "workspace_id")
            .equal("availability_type_id", availability_type);
        let limit = filter.place(i64::from(limit));
        let statement = format!(
            "SELECT * FROM schedules WHERE {} AND deleted_at IS NULL
             ORDER BY created_at, id LIMIT {limit}",
            filter.conditions()
        );
        let schedules = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(schedules)
    }

    /// What these schedules are called, the deleted ones too.
    pub async fn schedule_names(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let filter = Filter::of(&self.workspace, "workspace_id").any_of("id", ids.iter().copied());
        let statement = format!(
            "SELECT id, name FROM schedules WHERE {}",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        let names = rows
            .iter()
            .map(|row| Ok((uuid(row, "id")?, row.try_get("name")?)));
        let names: Result<_, sqlx::Error> = names.collect();
        Ok(names?)
    }

    /// The schedule with this id.
    pub async fn schedule(&self, id: Uuid) -> Result<Option<Schedule>, StoreError> {
        let schedule = sqlx::query_as(
            "SELECT * FROM schedules WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(schedule)
    }

    /// Makes a schedule.
    pub async fn insert_schedule(
        &self,
        id: Uuid,
        new: &NewSchedule,
        now: Timestamp,
    ) -> Result<Schedule, StoreScheduleError> {
        let mut write = self.write().await?;
        availability_types::require(&mut write, &self.workspace, new.availability_type).await?;
        let schedule = sqlx::query_as(
            "INSERT INTO schedules
             (id, workspace_id, availability_type_id, name, details, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING *",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .bind(new.availability_type.to_string())
        .bind(&new.name)
        .bind(new.details.to_string())
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await
        .map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        Ok(schedule)
    }

    /// Changes a schedule to what `change` makes of it.
    pub async fn change_schedule<E: Send>(
        &self,
        id: Uuid,
        change: impl FnOnce(Schedule) -> Result<NewSchedule, E> + Send,
        now: Timestamp,
    ) -> Result<Result<Schedule, E>, StoreScheduleError> {
        let mut write = self.write().await?;
        let Some(before) = find(&mut write, &self.workspace, id).await? else {
            return Err(StoreScheduleError::Unknown);
        };
        let new = match change(before) {
            Ok(new) => new,
            Err(refused) => return Ok(Err(refused)),
        };
        availability_types::require(&mut write, &self.workspace, new.availability_type).await?;
        let schedule = sqlx::query_as(
            "UPDATE schedules
             SET availability_type_id = $1, name = $2, details = $3, updated_at = $4
             WHERE id = $5 AND workspace_id = $6 RETURNING *",
        )
        .bind(new.availability_type.to_string())
        .bind(&new.name)
        .bind(new.details.to_string())
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_one(&mut *write)
        .await
        .map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        Ok(Ok(schedule))
    }

    /// Deletes a schedule, unless an appointment that stands is still to come or a request waits.
    /// Its appointments of the past stay.
    pub async fn delete_schedule(&self, id: Uuid, now: Timestamp) -> Result<Deletion, StoreError> {
        let mut write = self.write().await?;
        if find(&mut write, &self.workspace, id).await?.is_none() {
            return Ok(Deletion::Unknown);
        }
        let in_use: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM appointments WHERE schedule_id = $1
                     AND status IN ('pending', 'approved') AND end_time > $2)
                  + (SELECT count(*) FROM appointment_requests WHERE schedule_id = $1
                     AND status = 'pending' AND end_time > $2)",
        )
        .bind(id.to_string())
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        if in_use > 0 {
            return Ok(Deletion::InUse);
        }
        sqlx::query("UPDATE schedules SET deleted_at = $1 WHERE id = $2 AND workspace_id = $3")
            .bind(micros(now))
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Deletion::Deleted)
    }
}

/// The schedule with this id, as the transaction sees it.
pub(crate) async fn find(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<Schedule>, StoreError> {
    let schedule = sqlx::query_as(
        "SELECT * FROM schedules WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .fetch_optional(write)
    .await?;
    Ok(schedule)
}

impl FromRow<'_, AnyRow> for Schedule {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            name: row.try_get("name")?,
            availability_type: uuid(row, "availability_type_id")?,
            details: json(row, "details")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
