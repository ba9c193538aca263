//! The numbers themselves. One number belongs to one workspace.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{flag, json, micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// A number of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// The number's id.
    pub id: Uuid,
    /// In E.164 form.
    pub number: String,
    /// Two-letter code of its country, where it has one.
    pub country_code: Option<String>,
    /// What its owner calls it.
    pub name: String,
    /// `inbound`, `outbound` or `both`.
    pub direction: String,
    /// How it is written as a caller id: `e164` or `digits`; absent for the usual.
    pub ani_format: Option<String>,
    /// What it may carry.
    pub capacity: NumberCapacity,
    /// When it was brought.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a number may carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberCapacity {
    /// Whether calls may leave by it.
    pub voice_enabled: bool,
    /// Outbound calls at once; absent for any number.
    pub voice_limit: Option<u32>,
    /// Two-letter codes of the countries that may be called; empty for all of them.
    pub destinations: Vec<String>,
    /// Whether calls to it are taken.
    pub inbound_enabled: bool,
    /// Inbound calls at once; absent for any number.
    pub inbound_limit: Option<u32>,
}

/// A number to be stored.
#[derive(Clone, Debug)]
pub struct NewPhoneNumber {
    /// In E.164 form.
    pub number: String,
    /// Two-letter code of its country.
    pub country_code: Option<String>,
    /// What its owner calls it.
    pub name: String,
    /// `inbound`, `outbound` or `both`.
    pub direction: &'static str,
    /// How it is written as a caller id.
    pub ani_format: Option<&'static str>,
}

/// Why a number was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SaveNumberError {
    /// Another workspace has it.
    #[error("the number is not free")]
    Taken,
    /// The workspace has registered it already.
    #[error("the workspace has the number already")]
    Registered,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SaveNumberError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError(error))
    }
}

impl Store {
    /// Page `page` (from 1) of the numbers, the newest first.
    pub async fn phone_numbers(
        &self,
        page: u32,
        per_page: u32,
    ) -> Result<Page<PhoneNumber>, StoreError> {
        let list = List {
            select: "SELECT * FROM phone_numbers",
            table: "phone_numbers",
            filter: Filter::of(&self.workspace, "workspace_id"),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The number with this id.
    pub async fn phone_number(&self, id: Uuid) -> Result<Option<PhoneNumber>, StoreError> {
        let number =
            sqlx::query_as("SELECT * FROM phone_numbers WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(number)
    }

    /// The number that is written like this in E.164 form.
    pub async fn phone_number_called(
        &self,
        number: &str,
    ) -> Result<Option<PhoneNumber>, StoreError> {
        let number =
            sqlx::query_as("SELECT * FROM phone_numbers WHERE number = $1 AND workspace_id = $2")
                .bind(number)
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(number)
    }

    /// Says what a number may carry; `None` when there is no such one.
    pub async fn set_number_capacity(
        &self,
        id: Uuid,
        capacity: &NumberCapacity,
        now: Timestamp,
    ) -> Result<Option<PhoneNumber>, StoreError> {
        let mut write = self.write().await?;
        let changed = sqlx::query_as(
            "UPDATE phone_numbers SET voice_enabled = $1, voice_limit = $2, destinations = $3,
                 inbound_enabled = $4, inbound_limit = $5, updated_at = $6
             WHERE id = $7 AND workspace_id = $8 RETURNING *",
        )
        .bind(i64::from(capacity.voice_enabled))
        .bind(capacity.voice_limit.map(i64::from))
        .bind(Value::from(capacity.destinations.clone()).to_string())
        .bind(i64::from(capacity.inbound_enabled))
        .bind(capacity.inbound_limit.map(i64::from))
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Gives a number up, with its connections and bindings. Whether there was one.
    pub async fn release_phone_number(&self, id: Uuid) -> Result<bool, StoreError> {
        let released = sqlx::query("DELETE FROM phone_numbers WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(released.rows_affected() > 0)
    }
}

/// The workspace's number, stored now if nobody has it. The flag says whether it is new.
pub(super) async fn find_or_insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    new: &NewPhoneNumber,
    now: Timestamp,
) -> Result<(PhoneNumber, bool), SaveNumberError> {
    let inserted = sqlx::query(
        "INSERT INTO phone_numbers (id, workspace_id, number, country_code, name, direction,
             ani_format, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         ON CONFLICT (number) DO NOTHING",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(workspace.as_str())
    .bind(&new.number)
    .bind(new.country_code.as_deref())
    .bind(&new.name)
    .bind(new.direction)
    .bind(new.ani_format)
    .bind(micros(now))
    .execute(&mut *write)
    .await?;
    let found =
        sqlx::query_as("SELECT * FROM phone_numbers WHERE number = $1 AND workspace_id = $2")
            .bind(&new.number)
            .bind(workspace.as_str())
            .fetch_optional(write)
            .await?;
    let number = found.ok_or(SaveNumberError::Taken)?;
    Ok((number, inserted.rows_affected() > 0))
}

impl FromRow<'_, AnyRow> for PhoneNumber {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            number: row.try_get("number")?,
            country_code: row.try_get("country_code")?,
            name: row.try_get("name")?,
            direction: row.try_get("direction")?,
            ani_format: row.try_get("ani_format")?,
            capacity: NumberCapacity::read(row)?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}

impl NumberCapacity {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let limit = |column: &str| {
            let limit: Option<i64> = row.try_get(column)?;
            Ok::<_, sqlx::Error>(limit.map(|limit| u32::try_from(limit).unwrap_or(0)))
        };
        Ok(Self {
            voice_enabled: flag(row, "voice_enabled")?,
            voice_limit: limit("voice_limit")?,
            destinations: json(row, "destinations")?,
            inbound_enabled: flag(row, "inbound_enabled")?,
            inbound_limit: limit("inbound_limit")?,
        })
    }
}
