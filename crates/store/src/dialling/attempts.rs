//! Attempts: known before they are made, under way, and over.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::members;
use crate::columns::{micros, optional_time, optional_uuid, time, uuid, words};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// One try of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The attempt's id.
    pub id: Uuid,
    /// The task.
    pub task: Uuid,
    /// The call that it makes, if it makes one.
    pub call: Option<Uuid>,
    /// That call's conversation.
    pub conversation: Option<Uuid>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Status word of its call, or `completed`, `failed` or `unknown`; absent while it is under way.
    pub outcome: Option<String>,
    /// More about it, in words.
    pub reason: Option<String>,
}

/// An attempt that is under way, or whose node died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The attempt's id.
    pub id: Uuid,
    /// The task.
    pub task: Uuid,
    /// The call that it makes, if it makes one.
    pub call: Option<Uuid>,
    /// Whether its task still wants it.
    pub is_wanted: bool,
}

impl Store {
    /// The attempts of a task, oldest first, the last so many.
    pub async fn task_attempts(
        &self,
        task: Uuid,
        most: u32,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let mut attempts: Vec<AttemptRecord> = sqlx::query_as(
            "SELECT * FROM task_attempts WHERE task_id = $1 AND workspace_id = $2
             ORDER BY started_at DESC, id DESC LIMIT $3",
        )
        .bind(task.to_string())
        .bind(self.workspace.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        attempts.reverse();
        Ok(attempts)
    }

    /// The attempt that is under way for a task.
    pub async fn open_attempt(&self, task: Uuid) -> Result<Option<OpenAttempt>, StoreError> {
        let attempt = sqlx::query_as(
            "SELECT task_attempts.*, tasks.status AS task_status, tasks.deleted_at
             FROM task_attempts JOIN tasks ON tasks.id = task_attempts.task_id
             WHERE task_attempts.task_id = $1 AND task_attempts.workspace_id = $2
             AND task_attempts.ended_at IS NULL",
        )
        .bind(task.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(attempt)
    }

    /// The attempts of all workspaces that a node has under way and still holds on to.
    pub async fn held_attempts(
        &self,
        node: &str,
        now: Timestamp,
    ) -> Result<Vec<OpenAttempt>, StoreError> {
        let held = sqlx::query_as(
            "SELECT task_attempts.*, tasks.status AS task_status, tasks.deleted_at
             FROM task_attempts JOIN tasks ON tasks.id = task_attempts.task_id
             WHERE task_attempts.ended_at IS NULL AND task_attempts.claimed_until > $1
             AND task_attempts.node = $2",
        )
        .bind(micros(now))
        .bind(node)
        .fetch_all(&self.readers)
        .await?;
        Ok(held)
    }

    /// Holds on to an attempt until `until`. One whose hold ran out already, or that is over, is
    /// left alone. Whether it is held.
    pub async fn renew_attempt(
        &self,
        attempt: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let renewed = sqlx::query(
            "UPDATE task_attempts SET claimed_until = $1
             WHERE id = $2 AND ended_at IS NULL AND claimed_until > $3",
        )
        .bind(micros(until))
        .bind(attempt.to_string())
        .bind(micros(now))
        .execute(&self.writer)
        .await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Attempts of all workspaces that nobody holds on to: their nodes are dead.
    pub async fn abandoned_attempts(&self, now: Timestamp) -> Result<Vec<OpenAttempt>, StoreError> {
        let abandoned = sqlx::query_as(
            "SELECT task_attempts.*, tasks.status AS task_status, tasks.deleted_at
             FROM task_attempts JOIN tasks ON tasks.id = task_attempts.task_id
             WHERE task_attempts.ended_at IS NULL AND task_attempts.claimed_until <= $1
             ORDER BY task_attempts.claimed_until, task_attempts.id LIMIT 100",
        )
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await?;
        Ok(abandoned)
    }

    /// Ends an attempt that makes no call, or whose call never came into being. An attempt that is
    /// over stays as it is.
    pub async fn end_attempt(
        &self,
        attempt: Uuid,
        outcome: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        end(&mut write, "id", attempt, outcome, reason, now).await?;
        write.commit().await?;
        Ok(())
    }
}

/// Ends the attempt that made a call, together with the call. Whether one made it.
pub(crate) async fn settle_call(
    write: &mut AnyConnection,
    call: Uuid,
    status: &str,
    reason: &str,
    ended_at: Timestamp,
) -> Result<bool, sqlx::Error> {
    end(write, "call_id", call, status, reason, ended_at).await
}

async fn end(
    write: &mut AnyConnection,
    column: &'static str,
    id: Uuid,
    outcome: &str,
    reason: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let statement = format!(
        "UPDATE task_attempts SET ended_at = $1, outcome = $2, reason = $3
         WHERE {column} = $4 AND ended_at IS NULL RETURNING id, task_id"
    );
    let ended = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(micros(now))
        .bind(outcome)
        .bind(words(reason))
        .bind(id.to_string())
        .fetch_optional(&mut *write)
        .await?;
    let Some(ended) = ended else { return Ok(false) };
    let task = uuid(&ended, "task_id")?;
    // A task that was cancelled meanwhile wants no verdict.
    sqlx::query(
        "UPDATE tasks SET open_attempt = NULL, updated_at = $1, revision = revision + 1,
             awaits_verdict = CASE WHEN status = 'in_progress' THEN 1 ELSE 0 END
         WHERE id = $2 AND open_attempt = $3",
    )
    .bind(micros(now))
    .bind(task.to_string())
    .bind(ended.try_get::<&str, _>("id")?)
    .execute(&mut *write)
    .await?;
    members::reflect(write, task, now).await?;
    Ok(true)
}

impl FromRow<'_, AnyRow> for AttemptRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            task: uuid(row, "task_id")?,
            call: optional_uuid(row, "call_id")?,
            conversation: optional_uuid(row, "conversation_id")?,
            started_at: time(row, "started_at")?,
            ended_at: optional_time(row, "ended_at")?,
            outcome: row.try_get("outcome")?,
            reason: row.try_get("reason")?,
        })
    }
}

impl FromRow<'_, AnyRow> for OpenAttempt {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let deleted_at: Option<i64> = row.try_get("deleted_at")?;
        let status: &str = row.try_get("task_status")?;
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            id: uuid(row, "id")?,
            task: uuid(row, "task_id")?,
            call: optional_uuid(row, "call_id")?,
            is_wanted: status == "in_progress" && deleted_at.is_none(),
        })
    }
}
