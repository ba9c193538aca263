//! What people do with tasks: change, queue, cancel, retry, complete and delete them.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::members;
use super::tasks::{self, TaskRecord};
use crate::columns::micros;
use crate::database::{Store, StoreError};

/// What waits for its time or its turn.
const WAITING: &[&str] = &["pending", "scheduled", "queued", "on_hold"];

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no such task.
    #[error("there is no such task")]
    Unknown,
    /// The task is not where the step could be taken.
    #[error("the task is {status}")]
    Conflict {
        /// Its status word.
        status: String,
        /// Whether an attempt is under way.
        is_under_way: bool,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for StepError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError(error))
    }
}

/// What changes about a task; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct TaskChange {
    /// What it is called.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<Option<String>>,
    /// From 1 to 10.
    pub priority: Option<u32>,
    /// When it is to be done.
    pub scheduled_at: Option<Timestamp>,
    /// From when on it is not done any more.
    pub expires_at: Option<Option<Timestamp>>,
    /// Held back, or given free again.
    pub status: Option<&'static str>,
    /// Whether it is put into the queue, or taken back out of it.
    pub auto_queue: Option<bool>,
}

impl Store {
    /// Changes a task. What a running or finished task has done can not be changed: only its
    /// words.
    pub async fn change_task(
        &self,
        id: Uuid,
        change: &TaskChange,
        now: Timestamp,
    ) -> Result<TaskRecord, StepError> {
        let mut write = self.write().await?;
        let mut task = self.known(&mut write, id).await?;
        let needs_waiting = change.scheduled_at.is_some()
            || change.expires_at.is_some()
            || change.priority.is_some()
            || change.status.is_some()
            || change.auto_queue.is_some();
        if needs_waiting {
            require(&task, WAITING)?;
        }
        if let Some(title) = &change.title {
            task.title.clone_from(title);
        }
        if let Some(description) = &change.description {
            task.description.clone_from(description);
        }
        if let Some(expires_at) = change.expires_at {
            task.expires_at = expires_at;
        }
        task.priority = change.priority.unwrap_or(task.priority);
        if let Some(at) = change.scheduled_at {
            (task.scheduled_at, task.due_at) = (at, at);
        }
        if let Some(is_queued) = change.auto_queue {
            task.auto_queue = is_queued;
        }
        let status = change.status.or_else(|| match change.auto_queue {
            Some(true) => Some("queued"),
            Some(false) if task.status == "queued" => Some("scheduled"),
            Some(false) | None => None,
        });
        if let Some(status) = status {
            status.clone_into(&mut task.status);
            task.reason = None;
        }
        sqlx::query(
            "UPDATE tasks SET title = $1, description = $2, priority = $3, scheduled_at = $4,
                 due_at = $5, expires_at = $6, status = $7, reason = $8, updated_at = $9,
                 auto_queue = $10, revision = revision + 1
             WHERE id = $11",
        )
        .bind(&task.title)
        .bind(&task.description)
        .bind(i64::from(task.priority))
        .bind(micros(task.scheduled_at))
        .bind(micros(task.due_at))
        .bind(task.expires_at.map(micros))
        .bind(&task.status)
        .bind(&task.reason)
        .bind(micros(now))
        .bind(i64::from(task.auto_queue))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        self.finish(write, id, now).await
    }

    /// Puts a waiting task into the queue, to be done as soon as its rule allows.
    pub async fn queue_task(&self, id: Uuid, now: Timestamp) -> Result<TaskRecord, StepError> {
        let mut write = self.write().await?;
        let task = self.known(&mut write, id).await?;
        require(&task, WAITING)?;
        sqlx::query(
            "UPDATE tasks SET status = 'queued', due_at = $1, reason = NULL, updated_at = $1,
                 revision = revision + 1
             WHERE id = $2",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        self.finish(write, id, now).await
    }

    /// Cancels a task. An attempt that is under way is ended by the node that makes it.
    pub async fn cancel_task(&self, id: Uuid, now: Timestamp) -> Result<TaskRecord, StepError> {
        let mut write = self.write().await?;
        let task = self.known(&mut write, id).await?;
        let is_waiting = WAITING.contains(&task.status.as_str());
        if !is_waiting && task.status != "in_progress" {
            return Err(conflict(&task));
        }
        sqlx::query(
            "UPDATE tasks SET status = 'cancelled', reason = 'cancelled on request',
                 awaits_verdict = 0, updated_at = $1, revision = revision + 1
             WHERE id = $2",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        self.finish(write, id, now).await
    }

    /// Gives a task that failed, expired or was cancelled all its attempts again, and queues it.
    pub async fn retry_task(&self, id: Uuid, now: Timestamp) -> Result<TaskRecord, StepError> {
        let mut write = self.write().await?;
        let task = self.known(&mut write, id).await?;
        require(&task, &["failed", "expired", "cancelled"])?;
        sqlx::query(
            "UPDATE tasks SET status = 'queued', due_at = $1, reason = NULL, awaits_verdict = 0,
                 attempts_left = max_attempts, updated_at = $1, revision = revision + 1,
                 expires_at = CASE WHEN expires_at <= $1 THEN NULL ELSE expires_at END
             WHERE id = $2",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        self.finish(write, id, now).await
    }

    /// Notes that a task is done, by whoever did it.
    pub async fn complete_task(&self, id: Uuid, now: Timestamp) -> Result<TaskRecord, StepError> {
        let mut write = self.write().await?;
        let task = self.known(&mut write, id).await?;
        require(
            &task,
            &["pending", "scheduled", "queued", "on_hold", "in_progress"],
        )?;
        sqlx::query(
            "UPDATE tasks SET status = 'completed', reason = NULL, awaits_verdict = 0,
                 completed_at = $1, updated_at = $1, revision = revision + 1
             WHERE id = $2",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        self.finish(write, id, now).await
    }

    /// Deletes a task that is not under way. Its attempts still count for its contact.
    pub async fn delete_task(&self, id: Uuid, now: Timestamp) -> Result<TaskRecord, StepError> {
        let mut write = self.write().await?;
        let task = self.known(&mut write, id).await?;
        if task.open_attempt.is_some() {
            return Err(conflict(&task));
        }
        sqlx::query(
            "UPDATE tasks SET deleted_at = $1, awaits_verdict = 0, revision = revision + 1
             WHERE id = $2",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        if let (Some(pool), Some(contact)) = (task.pool, task.contact)
            && WAITING.contains(&task.status.as_str())
        {
            members::skip(&mut write, pool, contact, "the task was deleted", now).await?;
        }
        write.commit().await.map_err(StoreError)?;
        Ok(task)
    }

    async fn known(&self, write: &mut AnyConnection, id: Uuid) -> Result<TaskRecord, StepError> {
        let task = tasks::find(write, &self.workspace, id).await?;
        task.ok_or(StepError::Unknown)
    }

    async fn finish(
        &self,
        mut write: sqlx::Transaction<'static, sqlx::Any>,
        id: Uuid,
        now: Timestamp,
    ) -> Result<TaskRecord, StepError> {
        members::reflect(&mut write, id, now).await?;
        let task = self.known(&mut write, id).await?;
        write.commit().await.map_err(StoreError)?;
        Ok(task)
    }
}

fn require(task: &TaskRecord, statuses: &[&str]) -> Result<(), StepError> {
    if task.open_attempt.is_none() && statuses.contains(&task.status.as_str()) {
        Ok(())
    } else {
        Err(conflict(task))
    }
}

fn conflict(task: &TaskRecord) -> StepError {
    StepError::Conflict {
        status: task.status.clone(),
        is_under_way: task.open_attempt.is_some(),
    }
}
