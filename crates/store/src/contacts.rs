//! Contacts: the people at the other end, one for each number.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// Someone the node called or was called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The contact's id.
    pub id: Uuid,
    /// E.164 number, or the SIP user of a caller that has none.
    pub number: String,
    /// What the contact is called, when known.
    pub name: Option<String>,
    /// When the number was first seen.
    pub created_at: Timestamp,
    /// When the contact last changed.
    pub updated_at: Timestamp,
}

/// Which contacts to list; absent parts match every contact.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Only those whose name or number has these words in it.
    pub containing: Option<String>,
}

impl Store {
    /// Page `page` (from 1) of the contacts that match, newest first, `per_page` to a page.
    pub async fn contacts(
        &self,
        filter: &ContactFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<Contact>, StoreError> {
        let list = List {
            select: "SELECT * FROM contacts",
            table: "contacts",
            filter: Filter::of(&self.workspace, "workspace_id")
                .containing(&["name", "number"], filter.containing.as_deref()),
            order: "created_at DESC, id DESC",
            is_counted: true,
        };
        self.page(list, page, per_page).await
    }

    /// The contact with this id.
    pub async fn contact(&self, id: Uuid) -> Result<Option<Contact>, StoreError> {
        let contact = sqlx::query_as("SELECT * FROM contacts WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(contact)
    }
}

/// The contact with this number; made under a fresh id when there is none.
pub(crate) async fn find_or_create(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: &str,
    now: Timestamp,
) -> Result<Contact, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO contacts (id, workspace_id, number, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (workspace_id, number) DO UPDATE SET number = excluded.number
         RETURNING *",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(workspace.as_str())
    .bind(number)
    .bind(micros(now))
    .fetch_one(write)
    .await
}

/// Removes a contact that no conversation ever had.
pub(crate) async fn remove_unused(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM contacts WHERE id = $1 AND workspace_id = $2 AND name IS NULL
         AND NOT EXISTS (SELECT 1 FROM conversations WHERE contact_id = $1)",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for Contact {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            number: row.try_get("number")?,
            name: row.try_get("name")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
