//! Numbers that must not be called.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::candidates::is_do_not_call;
use crate::columns::{micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// A number that must not be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoNotCallEntry {
    /// The entry's id.
    pub id: Uuid,
    /// E.164 number.
    pub number: String,
    /// Why, when known.
    pub reason: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

impl Store {
    /// Puts a number on the do-not-call list, or gives another reason to one that is on it.
    /// Whoever is called by a rule that removes on opt-out leaves those campaigns at once.
    pub async fn add_do_not_call(
        &self,
        number: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<DoNotCallEntry, StoreError> {
        let mut write = self.write().await?;
        let entry = sqlx::query_as(
            "INSERT INTO do_not_call (id, workspace_id, number, reason, created_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workspace_id, number)
             DO UPDATE SET reason = coalesce(excluded.reason, do_not_call.reason)
             RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(number)
        .bind(reason)
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        let contact =
            sqlx::query("SELECT id FROM contacts WHERE workspace_id = $1 AND number = $2")
                .bind(self.workspace.as_str())
                .bind(number)
                .fetch_optional(&mut *write)
                .await?;
        if let Some(contact) = contact {
            let contact = uuid(&contact, "id")?;
            opt_out(&mut write, &self.workspace, contact, now).await?;
        }
        write.commit().await?;
        Ok(entry)
    }

    /// Whether a number is on the do-not-call list, or its contact does not want to be called.
    pub async fn is_do_not_call(&self, number: &str) -> Result<bool, StoreError> {
        let mut reader = self.readers.acquire().await?;
        Ok(is_do_not_call(&mut reader, &self.workspace, number).await?)
    }

    /// Page `page` (from 1) of the do-not-call list, newest first.
    pub async fn do_not_call(
        &self,
        containing: Option<&str>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<DoNotCallEntry>, StoreError> {
        let list = List {
            select: "SELECT * FROM do_not_call",
            table: "do_not_call",
            filter: Filter::of(&self.workspace, "workspace_id").containing(&["number"], containing),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// Takes an entry off the do-not-call list. Whether there was one.
    pub async fn remove_do_not_call(&self, id: Uuid) -> Result<bool, StoreError> {
        let removed = sqlx::query("DELETE FROM do_not_call WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(removed.rows_affected() > 0)
    }
}

/// Takes a contact that does not want to be called out of the campaigns whose rule removes on
/// opt-out.
pub(crate) async fn opt_out(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let by_rule = "SELECT campaigns.id FROM campaigns
         JOIN rules ON rules.id = campaigns.rule_id AND rules.remove_on_opt_out = 1
         WHERE campaigns.workspace_id = $2";
    let tasks = format!(
        "UPDATE tasks SET status = 'cancelled', updated_at = $1, revision = revision + 1,
             reason = 'the contact does not want to be called'
         WHERE workspace_id = $2 AND contact_id = $3
         AND open_attempt IS NULL AND deleted_at IS NULL
         AND status IN ('pending', 'scheduled', 'queued', 'on_hold')
         AND campaign_id IN ({by_rule})"
    );
    let members = format!(
        "UPDATE pool_contacts SET status = 'Skipped', next_retry_at = NULL, failed_at = $1,
             notes = 'the contact does not want to be called'
         WHERE workspace_id = $2 AND contact_id = $3
         AND status IN ('Pending', 'Retrying', 'Scheduled')
         AND pool_id IN (
             SELECT pool_id FROM campaign_pools WHERE campaign_id IN ({by_rule})
         )"
    );
    for statement in [tasks, members] {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(micros(now))
            .bind(workspace.as_str())
            .bind(contact.to_string())
            .execute(&mut *write)
            .await?;
    }
    Ok(())
}

impl FromRow<'_, AnyRow> for DoNotCallEntry {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            number: row.try_get("number")?,
            reason: row.try_get("reason")?,
            created_at: time(row, "created_at")?,
        })
    }
}
