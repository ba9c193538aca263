//! Who is in a pool, and how far each of them is.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::{campaign_tasks, pools};
use crate::columns::{micros, optional_time, time, uuid};
use crate::database::{Store, StoreError};
use crate::dialling::pools::PoolRecord;
use crate::dialling::rules::count;
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// A contact in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// Who it is.
    pub contact: Uuid,
    /// First name, or the whole one.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Their number, if they have one.
    pub number: Option<String>,
    /// Their address for electronic mail.
    pub email: Option<String>,
    /// Status word.
    pub status: String,
    /// Larger is sooner.
    pub priority: i64,
    /// Attempts after the first.
    pub retries: u32,
    /// When the first attempt began.
    pub started_at: Option<Timestamp>,
    /// When they were reached.
    pub completed_at: Option<Timestamp>,
    /// When they were given up.
    pub failed_at: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_retry_at: Option<Timestamp>,
    /// What is to be known about it.
    pub notes: Option<String>,
    /// When they joined.
    pub added_at: Timestamp,
}

/// Which members to list; absent parts match every member.
#[derive(Clone, Debug, Default)]
pub struct MemberFilter {
    /// Only those with these words in name, address or number.
    pub containing: Option<String>,
    /// Only those with this status word.
    pub status: Option<String>,
}

/// What became of contacts that were to join a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddedContacts {
    /// How many joined.
    pub added: u64,
    /// How many were in it already.
    pub skipped: u64,
    /// Who does not exist.
    pub not_found: Vec<Uuid>,
    /// Tasks that running campaigns got from them.
    pub tasks: u64,
    /// Those campaigns.
    pub campaigns: Vec<Uuid>,
}

/// A member's status word: `In_Call` is what is under way once it is answered.
macro_rules! status_of_member {
    () => {
        "CASE WHEN pool_contacts.status = 'Processing' AND EXISTS (
             SELECT 1 FROM tasks
             JOIN task_attempts ON task_attempts.id = tasks.open_attempt
             JOIN calls ON calls.id = task_attempts.call_id AND calls.answered_at IS NOT NULL
             WHERE tasks.contact_id = pool_contacts.contact_id
             AND tasks.pool_id = pool_contacts.pool_id
         ) THEN 'In_Call' ELSE pool_contacts.status END"
    };
}

impl Store {
    /// Page `page` (from 1) of a pool's members in the order of joining; `None` when there is no
    /// such pool.
    pub async fn pool_contacts(
        &self,
        pool: Uuid,
        filter: &MemberFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Option<Page<MemberRecord>>, StoreError> {
        if self.pool(pool).await?.is_none() {
            return Ok(None);
        }
        let list = List {
            select: concat!(
                "SELECT pool_contacts.*, contacts.name, contacts.surname,
                     contacts.number, contacts.email, ",
                status_of_member!(),
                " AS shown_status
                 FROM pool_contacts JOIN contacts ON contacts.id = pool_contacts.contact_id"
            ),
            table: "pool_contacts JOIN contacts ON contacts.id = pool_contacts.contact_id",
            filter: Filter::of(&self.workspace, "pool_contacts.workspace_id")
                .equal("pool_contacts.pool_id", Some(pool))
                .equal(status_of_member!(), filter.status.as_deref())
                .containing(
                    &[
                        "coalesce(contacts.name, '') || ' ' || coalesce(contacts.surname, '')",
                        "coalesce(contacts.email, '')",
                        "coalesce(contacts.number, '')",
                    ],
                    filter.containing.as_deref(),
                ),
            order: "pool_contacts.position, pool_contacts.contact_id",
            is_counted: false,
        };
        self.page(list, page, per_page).await.map(Some)
    }

    /// Puts contacts into a pool; `None` when there is no such pool. Campaigns that are running
    /// with it get tasks for them at once.
    pub async fn add_pool_contacts(
        &self,
        pool: Uuid,
        contacts: &[Uuid],
        priority: i64,
        now: Timestamp,
    ) -> Result<Option<AddedContacts>, StoreError> {
        let mut write = self.write().await?;
        if pools::find(&mut write, &self.workspace, pool)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let mut result = AddedContacts::default();
        for &contact in contacts {
            match join(&mut write, &self.workspace, pool, contact, priority, now).await? {
                Joined::Added => result.added += 1,
                Joined::Already => result.skipped += 1,
                Joined::Unknown => result.not_found.push(contact),
            }
        }
        for campaign in campaign_tasks::running_with(&mut write, &self.workspace, pool).await? {
            let all = u32::MAX;
            result.tasks +=
                campaign_tasks::make(&mut write, &self.workspace, campaign, all, now).await?;
            result.campaigns.push(campaign);
        }
        write.commit().await?;
        Ok(Some(result))
    }

    /// Takes a contact out of a pool; its tasks from that pool that are not under way are
    /// cancelled. Whether it was in it.
    pub async fn remove_pool_contact(
        &self,
        pool: Uuid,
        contact: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let removed = leave(&mut write, &self.workspace, pool, contact, now).await?;
        write.commit().await?;
        Ok(removed)
    }

    /// Copies a pool under another name, with its contacts if wanted; `None` when there is no
    /// such pool. The contacts of the copy have not been called yet.
    pub async fn duplicate_pool(
        &self,
        id: Uuid,
        name: Option<&str>,
        with_contacts: bool,
        now: Timestamp,
    ) -> Result<Option<(PoolRecord, u64)>, StoreError> {
        let mut write = self.write().await?;
        let Some(pool) = pools::find(&mut write, &self.workspace, id).await? else {
            return Ok(None);
        };
        let mut terms = pool.terms;
        terms.name = match name {
            Some(name) => name.to_owned(),
            None => {
                let copy = terms.name.chars().take(255 - " (copy)".len());
                copy.collect::<String>() + " (copy)"
            }
        };
        let mut copy = pools::insert(&mut write, &self.workspace, &terms, now).await?;
        if with_contacts {
            let copied = sqlx::query(
                "INSERT INTO pool_contacts
                 (pool_id, contact_id, workspace_id, status, priority, position, added_at)
                 SELECT $1, contact_id, workspace_id, 'Pending', priority, position, $2
                 FROM pool_contacts WHERE pool_id = $3",
            )
            .bind(copy.id.to_string())
            .bind(micros(now))
            .bind(id.to_string())
            .execute(&mut *write)
            .await?;
            copy.contacts = copied.rows_affected();
        }
        write.commit().await?;
        let copied = copy.contacts;
        Ok(Some((copy, copied)))
    }
}

pub(super) enum Joined {
    Added,
    Already,
    Unknown,
}

pub(super) async fn join(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    pool: Uuid,
    contact: Uuid,
    priority: i64,
    now: Timestamp,
) -> Result<Joined, sqlx::Error> {
    let joined = sqlx::query(
        "INSERT INTO pool_contacts
         (pool_id, contact_id, workspace_id, status, priority, position, added_at)
         SELECT $1, contacts.id, $2, 'Pending', $3, (
             SELECT coalesce(max(position), 0) + 1 FROM pool_contacts WHERE pool_id = $1
         ), $4
         FROM contacts WHERE contacts.id = $5 AND contacts.workspace_id = $2
         ON CONFLICT (pool_id, contact_id) DO NOTHING",
    )
    .bind(pool.to_string())
    .bind(workspace.as_str())
    .bind(priority)
    .bind(micros(now))
    .bind(contact.to_string())
    .execute(&mut *write)
    .await?;
    if joined.rows_affected() > 0 {
        return Ok(Joined::Added);
    }
    let known = sqlx::query("SELECT 1 FROM contacts WHERE id = $1 AND workspace_id = $2")
        .bind(contact.to_string())
        .bind(workspace.as_str())
        .fetch_optional(write)
        .await?;
    Ok(match known {
        Some(_) => Joined::Already,
        None => Joined::Unknown,
    })
}

pub(super) async fn leave(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    pool: Uuid,
    contact: Uuid,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let removed = sqlx::query(
        "DELETE FROM pool_contacts WHERE pool_id = $1 AND contact_id = $2 AND workspace_id = $3",
    )
    .bind(pool.to_string())
    .bind(contact.to_string())
    .bind(workspace.as_str())
    .execute(&mut *write)
    .await?;
    sqlx::query(
        "UPDATE tasks SET status = 'cancelled', reason = 'the contact left the pool',
             updated_at = $1, revision = revision + 1
         WHERE pool_id = $2 AND contact_id = $3 AND workspace_id = $4 AND open_attempt IS NULL
         AND deleted_at IS NULL AND status IN ('pending', 'scheduled', 'queued', 'on_hold')",
    )
    .bind(micros(now))
    .bind(pool.to_string())
    .bind(contact.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(removed.rows_affected() > 0)
}

/// Notes that a member is not called.
pub(super) async fn skip(
    write: &mut AnyConnection,
    pool: Uuid,
    contact: Uuid,
    why: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE pool_contacts SET status = 'Skipped', notes = $1, failed_at = $2,
             next_retry_at = NULL
         WHERE pool_id = $3 AND contact_id = $4",
    )
    .bind(why)
    .bind(micros(now))
    .bind(pool.to_string())
    .bind(contact.to_string())
    .execute(write)
    .await?;
    Ok(())
}

/// Brings the pool's member up to what its task says. A task from no pool has none.
pub(super) async fn reflect(
    write: &mut AnyConnection,
    task: Uuid,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE pool_contacts SET
             status = CASE task.status
                 WHEN 'pending' THEN 'Pending'
                 WHEN 'queued' THEN 'Pending'
                 WHEN 'scheduled' THEN
                     CASE WHEN task.attempts_made > 0 THEN 'Retrying' ELSE 'Scheduled' END
                 WHEN 'on_hold' THEN 'Scheduled'
                 WHEN 'in_progress' THEN 'Processing'
                 WHEN 'completed' THEN 'Completed'
                 WHEN 'cancelled' THEN 'Skipped'
                 ELSE 'Failed'
             END,
             retry_count = CASE WHEN task.attempts_made > 1 THEN task.attempts_made - 1 ELSE 0 END,
             started_at = CASE WHEN task.attempts_made > 0
                 THEN coalesce(started_at, $1) ELSE NULL END,
             completed_at = task.completed_at,
             failed_at = CASE WHEN task.status IN ('failed', 'expired', 'cancelled')
                 THEN coalesce(failed_at, $1) ELSE NULL END,
             next_retry_at = CASE WHEN task.status = 'scheduled' THEN task.due_at ELSE NULL END,
             notes = task.reason
         FROM (SELECT * FROM tasks WHERE id = $2) AS task
         WHERE pool_contacts.pool_id = task.pool_id
         AND pool_contacts.contact_id = task.contact_id",
    )
    .bind(micros(now))
    .bind(task.to_string())
    .execute(write)
    .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for MemberRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            contact: uuid(row, "contact_id")?,
            name: row.try_get("name")?,
            surname: row.try_get("surname")?,
            number: row.try_get("number")?,
            email: row.try_get("email")?,
            status: row.try_get("shown_status")?,
            priority: row.try_get("priority")?,
            retries: count(row, "retry_count")?,
            started_at: optional_time(row, "started_at")?,
            completed_at: optional_time(row, "completed_at")?,
            failed_at: optional_time(row, "failed_at")?,
            next_retry_at: optional_time(row, "next_retry_at")?,
            notes: row.try_get("notes")?,
            added_at: time(row, "added_at")?,
        })
    }
}
