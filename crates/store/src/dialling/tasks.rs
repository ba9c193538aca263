//! Tasks as they are made, found and listed.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::rules::count;
use crate::columns::{flag, json, micros, optional_time, optional_uuid, time, uuid};
use crate::contacts::{Person, find_or_create_person};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// A task to be made.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// The task's id.
    pub id: Uuid,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// What is to be done.
    pub kind: String,
    /// Its first status word.
    pub status: String,
    /// From 1 to 10; larger is sooner.
    pub priority: u32,
    /// Who does it; must be stored.
    pub agent: Uuid,
    /// For whom.
    pub contact: TaskContact,
    /// The campaign that it belongs to.
    pub campaign: Option<Uuid>,
    /// When it is to be done.
    pub scheduled_at: Timestamp,
    /// From when on it is not done any more.
    pub expires_at: Option<Timestamp>,
    /// The zone in which its time was meant.
    pub timezone: Option<String>,
    /// Most attempts.
    pub max_attempts: u32,
    /// How it waits between attempts.
    pub retry_strategy: String,
    /// How many minutes.
    pub retry_minutes: Vec<u32>,
    /// What its kind needs.
    pub task_data: Value,
    /// What its maker wants to keep with it.
    pub metadata: Value,
    /// Whether it was put into the queue when it was made.
    pub auto_queue: bool,
}

/// For whom a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskContact {
    /// For nobody in particular.
    Nobody,
    /// For a stored contact.
    Known(Uuid),
    /// For the contact that this is; made if there is none.
    Person(Person),
}

/// Why no task was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateTaskError {
    /// There is no such agent.
    #[error("there is no such agent")]
    UnknownAgent,
    /// There is no such contact.
    #[error("there is no such contact")]
    UnknownContact,
    /// There is no such campaign.
    #[error("there is no such campaign")]
    UnknownCampaign,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CreateTaskError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError(error))
    }
}

/// A stored task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// The task's id.
    pub id: Uuid,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// What is to be done.
    pub kind: String,
    /// Status word.
    pub status: String,
    /// From 1 to 10.
    pub priority: u32,
    /// Who does it.
    pub agent: Uuid,
    /// For whom.
    pub contact: Option<Uuid>,
    /// That contact's number.
    pub number: Option<String>,
    /// That contact's time zone, when known.
    pub contact_timezone: Option<String>,
    /// Whether that contact is kept and not used.
    pub is_contact_inactive: bool,
    /// The campaign that it belongs to.
    pub campaign: Option<Uuid>,
    /// The pool that it comes from.
    pub pool: Option<Uuid>,
    /// When it was to be done at first.
    pub scheduled_at: Timestamp,
    /// When it is looked at next.
    pub due_at: Timestamp,
    /// From when on it is not done any more.
    pub expires_at: Option<Timestamp>,
    /// The zone in which its time was meant.
    pub timezone: Option<String>,
    /// Most attempts.
    pub max_attempts: u32,
    /// Attempts that it still has.
    pub attempts_left: u32,
    /// Attempts that it made.
    pub attempts_made: u32,
    /// How it waits between attempts.
    pub retry_strategy: String,
    /// How many minutes.
    pub retry_minutes: Vec<u32>,
    /// What its kind needs.
    pub task_data: Value,
    /// What its maker wants to keep with it.
    pub metadata: Value,
    /// Whether it was put into the queue when it was made.
    pub auto_queue: bool,
    /// Whether it was handed on after failing.
    pub is_escalated: bool,
    /// Why it waits, or why it is in its status.
    pub reason: Option<String>,
    /// The attempt that is under way.
    pub open_attempt: Option<Uuid>,
    /// Changes with everything that a decision about the task rests on.
    pub revision: i64,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which tasks to list; absent parts match every task.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those with this status word.
    pub status: Option<String>,
    /// Only those for this contact.
    pub contact: Option<Uuid>,
    /// Only those of this campaign.
    pub campaign: Option<Uuid>,
    /// Only those of this agent.
    pub agent: Option<Uuid>,
    /// Only those of this priority.
    pub priority: Option<u32>,
    /// Only those that are to be done at this moment or later.
    pub scheduled_from: Option<Timestamp>,
    /// Only those that are to be done before this moment.
    pub scheduled_before: Option<Timestamp>,
}

/// Every column of [`TaskRecord`].
macro_rules! select_tasks {
    ($rest:literal) => {
        concat!(
            "SELECT tasks.*, contacts.number, contacts.timezone AS contact_timezone,
                 contacts.status AS contact_status
             FROM tasks
             LEFT JOIN contacts ON contacts.id = tasks.contact_id ",
            $rest
        )
    };
}

impl Store {
    /// Makes a task.
    pub async fn create_task(
        &self,
        task: &NewTask,
        now: Timestamp,
    ) -> Result<TaskRecord, CreateTaskError> {
        let mut write = self.write().await?;
        let workspace = &self.workspace;
        if !exists(&mut write, workspace, "agents", task.agent).await? {
            return Err(CreateTaskError::UnknownAgent);
        }
        if let Some(campaign) = task.campaign
            && !exists(&mut write, workspace, "campaigns", campaign).await?
        {
            return Err(CreateTaskError::UnknownCampaign);
        }
        let contact = match &task.contact {
            TaskContact::Nobody => None,
            TaskContact::Known(id) => {
                let known =
                    sqlx::query("SELECT 1 FROM contacts WHERE id = $1 AND workspace_id = $2")
                        .bind(id.to_string())
                        .bind(workspace.as_str())
                        .fetch_optional(&mut *write)
                        .await?;
                Some(known.map(|_| *id).ok_or(CreateTaskError::UnknownContact)?)
            }
            TaskContact::Person(person) => {
                Some(find_or_create_person(&mut write, workspace, person, now).await?)
            }
        };
        let id = task.id;
        sqlx::query(
            "INSERT INTO tasks
             (id, workspace_id, title, description, type, status, priority, agent_id, contact_id,
              campaign_id, scheduled_at, due_at, expires_at, timezone, max_attempts, attempts_left,
              retry_strategy, retry_minutes, task_data, metadata, auto_queue, created_at,
              updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14, $14, $15,
                 $16, $17, $18, $19, $20, $20)",
        )
        .bind(id.to_string())
        .bind(workspace.as_str())
        .bind(&task.title)
        .bind(&task.description)
        .bind(&task.kind)
        .bind(&task.status)
        .bind(i64::from(task.priority))
        .bind(task.agent.to_string())
        .bind(contact.map(|id| id.to_string()))
        .bind(task.campaign.map(|id| id.to_string()))
        .bind(micros(task.scheduled_at))
        .bind(task.expires_at.map(micros))
        .bind(&task.timezone)
        .bind(i64::from(task.max_attempts))
        .bind(&task.retry_strategy)
        .bind(Value::from(task.retry_minutes.clone()).to_string())
        .bind(task.task_data.to_string())
        .bind(task.metadata.to_string())
        .bind(i64::from(task.auto_queue))
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        let made = find(&mut write, workspace, id).await?;
        write.commit().await.map_err(StoreError)?;
        made.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The task with this id.
    pub async fn task(&self, id: Uuid) -> Result<Option<TaskRecord>, StoreError> {
        let task = sqlx::query_as(FIND)
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(task)
    }

    /// Page `page` (from 1) of the tasks that match, newest first.
    pub async fn tasks(
        &self,
        filter: &TaskFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<TaskRecord>, StoreError> {
        let list = List {
            select: select_tasks!(""),
            table: "tasks",
            filter: Filter::of(&self.workspace, "tasks.workspace_id")
                .equal("coalesce(tasks.deleted_at, 0)", Some(0))
                .equal("tasks.type", filter.kind.as_deref())
                .equal("tasks.status", filter.status.as_deref())
                .equal("tasks.contact_id", filter.contact)
                .equal("tasks.campaign_id", filter.campaign)
                .equal("tasks.agent_id", filter.agent)
                .equal("tasks.priority", filter.priority.map(i64::from))
                .from("tasks.scheduled_at", filter.scheduled_from)
                .before("tasks.scheduled_at", filter.scheduled_before),
            order: "tasks.created_at DESC, tasks.id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }
}

const FIND: &str =
    select_tasks!("WHERE tasks.id = $1 AND tasks.workspace_id = $2 AND tasks.deleted_at IS NULL");

pub(super) async fn find(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<TaskRecord>, sqlx::Error> {
    sqlx::query_as(FIND)
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(connection)
        .await
}

/// Whether a table that keeps what was deleted has this row undeleted.
pub(super) async fn exists(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    table: &'static str,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    let statement =
        format!("SELECT 1 FROM {table} WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");
    let found = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

impl FromRow<'_, AnyRow> for TaskRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let contact_status: Option<&str> = row.try_get("contact_status")?;
        Ok(Self {
            id: uuid(row, "id")?,
            title: row.try_get("title")?,
            description: row.try_get("description")?,
            kind: row.try_get("type")?,
            status: row.try_get("status")?,
            priority: count(row, "priority")?,
            agent: uuid(row, "agent_id")?,
            contact: optional_uuid(row, "contact_id")?,
            number: row.try_get("number")?,
            contact_timezone: row.try_get("contact_timezone")?,
            is_contact_inactive: contact_status == Some("Inactive"),
            campaign: optional_uuid(row, "campaign_id")?,
            pool: optional_uuid(row, "pool_id")?,
            scheduled_at: time(row, "scheduled_at")?,
            due_at: time(row, "due_at")?,
            expires_at: optional_time(row, "expires_at")?,
            timezone: row.try_get("timezone")?,
            max_attempts: count(row, "max_attempts")?,
            attempts_left: count(row, "attempts_left")?,
            attempts_made: count(row, "attempts_made")?,
            retry_strategy: row.try_get("retry_strategy")?,
            retry_minutes: json(row, "retry_minutes")?,
            task_data: json(row, "task_data")?,
            metadata: json(row, "metadata")?,
            auto_queue: flag(row, "auto_queue")?,
            is_escalated: flag(row, "is_escalated")?,
            reason: row.try_get("reason")?,
            open_attempt: optional_uuid(row, "open_attempt")?,
            revision: row.try_get("revision")?,
            completed_at: optional_time(row, "completed_at")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
