//! Fields that a workspace adds to its contacts.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, time, uuid};
use crate::database::{Store, StoreError};

/// A field of the workspace's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactField {
    /// The field's id.
    pub id: Uuid,
    /// Its name in contacts, which never changes.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What its values are: `text`, `number`, `boolean`, `date` or `select`.
    pub kind: String,
    /// What a `select` can be.
    pub options: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A field to be made.
#[derive(Clone, Debug)]
pub struct NewContactField {
    /// Its name in contacts.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// `text`, `number`, `boolean`, `date` or `select`.
    pub kind: &'static str,
    /// What a `select` can be.
    pub options: Vec<String>,
}

/// Why a field was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SaveFieldError {
    /// Another field has the key.
    #[error("another field has this key")]
    KeyTaken,
    /// There are as many as there may be.
    #[error("there are as many fields as there may be")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// All fields, oldest first.
    pub async fn contact_fields(&self) -> Result<Vec<ContactField>, StoreError> {
        let fields = sqlx::query_as(
            "SELECT * FROM contact_fields WHERE workspace_id = $1 ORDER BY created_at, id",
        )
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(fields)
    }

    /// The field with this id.
    pub async fn contact_field(&self, id: Uuid) -> Result<Option<ContactField>, StoreError> {
        let field =
            sqlx::query_as("SELECT * FROM contact_fields WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(field)
    }

    /// Makes a field, unless there are `most` already.
    pub async fn create_contact_field(
        &self,
        field: &NewContactField,
        most: u32,
        now: Timestamp,
    ) -> Result<ContactField, SaveFieldError> {
        let mut write = self.write().await?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM contact_fields WHERE workspace_id = $1")
                .bind(self.workspace.as_str())
                .fetch_one(&mut *write)
                .await
                .map_err(StoreError)?;
        if count >= i64::from(most) {
            return Err(SaveFieldError::TooMany);
        }
        let made: Option<ContactField> = sqlx::query_as(
            "INSERT INTO contact_fields
             (id, workspace_id, key, name, type, options, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
             ON CONFLICT (workspace_id, key) DO NOTHING RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(&field.key)
        .bind(&field.name)
        .bind(field.kind)
        .bind(Value::from(field.options.clone()).to_string())
        .bind(micros(now))
        .fetch_optional(&mut *write)
        .await
        .map_err(StoreError)?;
        let made = made.ok_or(SaveFieldError::KeyTaken)?;
        write.commit().await.map_err(StoreError)?;
        Ok(made)
    }

    /// Gives a field another name and other options; `None` when there is no such field. Values
    /// that are no options any more stay.
    pub async fn update_contact_field(
        &self,
        id: Uuid,
        name: &str,
        options: &[String],
        now: Timestamp,
    ) -> Result<Option<ContactField>, StoreError> {
        let mut write = self.write().await?;
        let changed = sqlx::query_as(
            "UPDATE contact_fields SET name = $1, options = $2, updated_at = $3
             WHERE id = $4 AND workspace_id = $5 RETURNING *",
        )
        .bind(name)
        .bind(Value::from(options.to_vec()).to_string())
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Deletes a field with its values of all contacts. Whether there was such a field.
    pub async fn delete_contact_field(&self, id: Uuid) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM contact_fields WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl FromRow<'_, AnyRow> for ContactField {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            key: row.try_get("key")?,
            name: row.try_get("name")?,
            kind: row.try_get("type")?,
            options: json(row, "options")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
