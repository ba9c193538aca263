//! What becomes of tasks that are not under way.

use jiff::Timestamp;
use uuid::Uuid;

use super::members;
use super::tasks::TaskRecord;
use crate::columns::{micros, words};
use crate::database::{Store, StoreError};

/// What becomes of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It waits.
    Wait {
        /// Until when.
        until: Timestamp,
        /// For what.
        reason: String,
    },
    /// It is in the hands of people now.
    HandOver,
    /// It has reached its aim.
    Complete,
    /// It ends otherwise.
    Close {
        /// `failed`, `expired` or `cancelled`.
        status: &'static str,
        /// Why.
        reason: String,
    },
}

impl Store {
    /// Writes down what becomes of a task that is not under way, if it is still as it was when that
    /// was decided. Whether it was.
    pub async fn decide(
        &self,
        task: &TaskRecord,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (status, due_at, reason) = match decision {
            Decision::Wait { until, reason } => ("scheduled", *until, Some(reason)),
            Decision::HandOver => ("in_progress", task.due_at, None),
            Decision::Complete => ("completed", task.due_at, None),
            Decision::Close { status, reason } => (*status, task.due_at, Some(reason)),
        };
        let completed_at = (*decision == Decision::Complete).then_some(now);
        let mut write = self.write().await?;
        let decided = sqlx::query(
            "UPDATE tasks SET status = $1, due_at = $2, reason = $3, awaits_verdict = 0,
                 completed_at = $4, updated_at = $5, revision = revision + 1
             WHERE id = $6 AND workspace_id = $7 AND revision = $8 AND open_attempt IS NULL
             AND deleted_at IS NULL",
        )
        .bind(status)
        .bind(micros(due_at))
        .bind(reason.map(|reason| words(reason)))
        .bind(completed_at.map(micros))
        .bind(micros(now))
        .bind(task.id.to_string())
        .bind(self.workspace.as_str())
        .bind(task.revision)
        .execute(&mut *write)
        .await?;
        if decided.rows_affected() == 0 {
            return Ok(false);
        }
        members::reflect(&mut write, task.id, now).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Hands a task that keeps failing to another agent, or leaves a follow-up for a person, once.
    /// Whether it was done now.
    pub async fn escalate(
        &self,
        task: &TaskRecord,
        agent: Option<Uuid>,
        follow_up: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let escalated = sqlx::query(
            "UPDATE tasks SET is_escalated = 1, agent_id = coalesce($1, agent_id)
             WHERE id = $2 AND workspace_id = $3 AND is_escalated = 0",
        )
        .bind(agent.map(|id| id.to_string()))
        .bind(task.id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if escalated.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(target) = follow_up {
            let metadata = serde_json::json!({ "escalated_from": task.id, "target": target });
            sqlx::query(
                "INSERT INTO tasks
                 (id, workspace_id, title, type, status, priority, agent_id, contact_id,
                  scheduled_at, due_at, max_attempts, attempts_left, retry_strategy, retry_minutes,
                  task_data, metadata, auto_queue, created_at, updated_at)
                 VALUES ($1, $2, $3, 'follow_up', 'queued', $4, $5, $6, $7, $7, 1, 1, 'fixed', '[60]',
                     '{}', $8, 1, $7, $7)",
            )
            .bind(Uuid::now_v7().to_string())
            .bind(self.workspace.as_str())
            .bind(format!("Follow up: {}", task.title).chars().take(255).collect::<String>())
            .bind(i64::from(task.priority))
            .bind(task.agent.to_string())
            .bind(task.contact.map(|id| id.to_string()))
            .bind(micros(now))
            .bind(metadata.to_string())
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Expires what of all workspaces waits beyond its time. Returns how many tasks.
    pub async fn expire_tasks(&self, now: Timestamp) -> Result<u64, StoreError> {
        let expired = sqlx::query(
            "UPDATE tasks SET status = 'expired', reason = 'its time ran out', updated_at = $1,
                 revision = revision + 1
             WHERE expires_at IS NOT NULL AND deleted_at IS NULL AND expires_at <= $1
             AND status IN ('pending', 'scheduled', 'queued', 'on_hold') AND open_attempt IS NULL",
        )
        .bind(micros(now))
        .execute(&self.writer)
        .await?;
        Ok(expired.rows_affected())
    }
}
