//! Tags: words that contacts are marked with.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::{Contact, SaveContactError, by_id};
use crate::columns::{micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag's id.
    pub id: Uuid,
    /// What it is called; no two tags are called the same.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a tag was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SaveTagError {
    /// There is no such tag.
    #[error("there is no such tag")]
    Unknown,
    /// Another tag is called so.
    #[error("another tag is called so")]
    NameTaken,
    /// There are as many as there may be.
    #[error("there are as many tags as there may be")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// All tags, by name.
    pub async fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let tags = sqlx::query_as("SELECT * FROM tags WHERE workspace_id = $1 ORDER BY name")
            .bind(self.workspace.as_str())
            .fetch_all(&self.readers)
            .await?;
        Ok(tags)
    }

    /// Makes a tag, unless there are `most` already.
    pub async fn create_tag(
        &self,
        name: &str,
        most: u32,
        now: Timestamp,
    ) -> Result<Tag, SaveTagError> {
        let mut write = self.write().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM tags WHERE workspace_id = $1")
            .bind(self.workspace.as_str())
            .fetch_one(&mut *write)
            .await
            .map_err(StoreError)?;
        if count >= i64::from(most) {
            return Err(SaveTagError::TooMany);
        }
        let made: Option<Tag> = sqlx::query_as(
            "INSERT INTO tags (id, workspace_id, name, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $4)
             ON CONFLICT (workspace_id, name) DO NOTHING RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(name)
        .bind(micros(now))
        .fetch_optional(&mut *write)
        .await
        .map_err(StoreError)?;
        let made = made.ok_or(SaveTagError::NameTaken)?;
        write.commit().await.map_err(StoreError)?;
        Ok(made)
    }

    /// Calls a tag something else.
    pub async fn rename_tag(
        &self,
        id: Uuid,
        name: &str,
        now: Timestamp,
    ) -> Result<Tag, SaveTagError> {
        let mut write = self.write().await?;
        let changed: Option<Tag> = sqlx::query_as(
            "UPDATE tags SET name = $1, updated_at = $2 WHERE id = $3 AND workspace_id = $4
             AND NOT EXISTS (
                 SELECT 1 FROM tags AS others
                 WHERE others.workspace_id = $4 AND others.name = $1 AND others.id <> $3
             ) RETURNING *",
        )
        .bind(name)
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await
        .map_err(StoreError)?;
        let Some(changed) = changed else {
            let is_known = exists(&mut write, &self.workspace, id).await?;
            return Err(if is_known {
                SaveTagError::NameTaken
            } else {
                SaveTagError::Unknown
            });
        };
        write.commit().await.map_err(StoreError)?;
        Ok(changed)
    }

    /// Deletes a tag and takes it from every contact. Whether there was such a tag.
    pub async fn delete_tag(&self, id: Uuid) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM tags WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// Marks a contact with a tag, or takes the tag from it. One that it has already, or has not,
    /// changes nothing.
    pub async fn tag_contact(
        &self,
        contact: Uuid,
        tag: Uuid,
        is_added: bool,
        now: Timestamp,
    ) -> Result<Contact, SaveContactError> {
        let mut write = self.write().await?;
        if by_id(&mut write, &self.workspace, contact)
            .await
            .map_err(StoreError)?
            .is_none()
        {
            return Err(SaveContactError::Unknown);
        }
        let changed = if is_added {
            attach(&mut write, &self.workspace, contact, tag).await?
        } else {
            detach(&mut write, &self.workspace, contact, tag).await?
        };
        if changed {
            sqlx::query("UPDATE contacts SET updated_at = $1 WHERE id = $2 AND workspace_id = $3")
                .bind(micros(now))
                .bind(contact.to_string())
                .bind(self.workspace.as_str())
                .execute(&mut *write)
                .await
                .map_err(StoreError)?;
        }
        let after = by_id(&mut write, &self.workspace, contact).await;
        let after = after.map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        after.ok_or(SaveContactError::Unknown)
    }
}

/// Whether the contact did not have the tag.
pub(super) async fn attach(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    tag: Uuid,
) -> Result<bool, SaveContactError> {
    if !exists(write, workspace, tag).await? {
        return Err(SaveContactError::UnknownTag(tag));
    }
    let stored = sqlx::query(
        "INSERT INTO contact_tags (contact_id, tag_id, workspace_id) VALUES ($1, $2, $3)
         ON CONFLICT (contact_id, tag_id) DO NOTHING",
    )
    .bind(contact.to_string())
    .bind(tag.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await
    .map_err(StoreError)?;
    Ok(stored.rows_affected() > 0)
}

async fn detach(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    tag: Uuid,
) -> Result<bool, SaveContactError> {
    if !exists(write, workspace, tag).await? {
        return Err(SaveContactError::UnknownTag(tag));
    }
    let gone = sqlx::query(
        "DELETE FROM contact_tags WHERE contact_id = $1 AND tag_id = $2 AND workspace_id = $3",
    )
    .bind(contact.to_string())
    .bind(tag.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await
    .map_err(StoreError)?;
    Ok(gone.rows_affected() > 0)
}

async fn exists(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    tag: Uuid,
) -> Result<bool, StoreError> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT id FROM tags WHERE id = $1 AND workspace_id = $2")
            .bind(tag.to_string())
            .bind(workspace.as_str())
            .fetch_optional(write)
            .await?;
    Ok(found.is_some())
}

impl FromRow<'_, AnyRow> for Tag {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            name: row.try_get("name")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
