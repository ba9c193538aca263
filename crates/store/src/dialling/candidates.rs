//! What a decision about a task rests on.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::attempts::AttemptRecord;
use super::rules::{self, RuleRecord, count};
use super::tasks::{self, TaskRecord};
use crate::columns::{micros, optional_time, optional_uuid, unsigned};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// All that a decision about a task rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The task.
    pub task: TaskRecord,
    /// The rule of its campaign, if that has one.
    pub rule: Option<RuleRecord>,
    /// The first moment after its campaign.
    pub campaign_ends_at: Option<Timestamp>,
    /// Whether the contact's number is on the do-not-call list.
    pub is_do_not_call: bool,
    /// The attempts on the contact's number since the moment that was asked for.
    pub history: Vec<AttemptRecord>,
    /// How many attempts on that number there ever were.
    pub attempts_seen: u64,
    /// How many of them were the campaign's.
    pub attempts_of_campaign: u64,
    /// How many attempts of the task failed in all.
    pub failed_attempts: u32,
}

impl Store {
    /// All that a decision about a task of this workspace rests on, with the attempts on its
    /// contact since `since`.
    pub async fn candidate(
        &self,
        task: Uuid,
        since: Timestamp,
    ) -> Result<Option<Candidate>, StoreError> {
        // What tells that something has changed since is read first.
        let mut read = self.readers.acquire().await?;
        let Some(task) = tasks::find(&mut read, &self.workspace, task).await? else {
            return Ok(None);
        };
        let mut candidate = Candidate {
            rule: None,
            campaign_ends_at: None,
            is_do_not_call: false,
            history: Vec::new(),
            attempts_seen: 0,
            attempts_of_campaign: 0,
            failed_attempts: 0,
            task,
        };
        if let Some(campaign) = candidate.task.campaign {
            let row = sqlx::query("SELECT rule_id, ends_at FROM campaigns WHERE id = $1")
                .bind(campaign.to_string())
                .fetch_one(&mut *read)
                .await?;
            candidate.campaign_ends_at = optional_time(&row, "ends_at")?;
            if let Some(rule) = optional_uuid(&row, "rule_id")? {
                candidate.rule = rules::find(&mut read, &self.workspace, rule).await?;
            }
        }
        let failed = sqlx::query(
            "SELECT count(*) AS failed FROM task_attempts
             WHERE task_id = $1 AND outcome <> 'completed'",
        )
        .bind(candidate.task.id.to_string())
        .fetch_one(&mut *read)
        .await?;
        candidate.failed_attempts = count(&failed, "failed")?;
        if let Some(number) = candidate.task.number.clone() {
            self.read_number(&mut read, &mut candidate, &number, since)
                .await?;
        }
        Ok(Some(candidate))
    }

    async fn read_number(
        &self,
        read: &mut AnyConnection,
        candidate: &mut Candidate,
        number: &str,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        candidate.attempts_seen = attempts_on(read, &self.workspace, number).await?;
        candidate.is_do_not_call = is_do_not_call(read, &self.workspace, number).await?;
        candidate.history = sqlx::query_as(
            "SELECT * FROM task_attempts WHERE workspace_id = $1 AND number = $2
             AND (started_at >= $3 OR ended_at IS NULL) ORDER BY started_at, id",
        )
        .bind(self.workspace.as_str())
        .bind(number)
        .bind(micros(since))
        .fetch_all(&mut *read)
        .await?;
        let of_campaign = sqlx::query(
            "SELECT count(*) AS attempts FROM task_attempts
             WHERE workspace_id = $1 AND number = $2 AND campaign_id = $3",
        )
        .bind(self.workspace.as_str())
        .bind(number)
        .bind(candidate.task.campaign.map(|id| id.to_string()))
        .fetch_one(read)
        .await?;
        candidate.attempts_of_campaign = unsigned(&of_campaign, "attempts")?;
        Ok(())
    }
}

/// Whether a number is on the do-not-call list, or its contact does not want to be called.
pub(super) async fn is_do_not_call(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: &str,
) -> Result<bool, sqlx::Error> {
    let listed = sqlx::query(
        "SELECT 1 FROM do_not_call WHERE workspace_id = $1 AND number = $2
         UNION ALL
         SELECT 1 FROM contacts WHERE workspace_id = $1 AND number = $2 AND do_not_call = 1",
    )
    .bind(workspace.as_str())
    .bind(number)
    .fetch_optional(connection)
    .await?;
    Ok(listed.is_some())
}

/// How many attempts on a number there ever were.
pub(super) async fn attempts_on(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: &str,
) -> Result<u64, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*) AS attempts FROM task_attempts WHERE workspace_id = $1 AND number = $2",
    )
    .bind(workspace.as_str())
    .bind(number)
    .fetch_one(connection)
    .await?;
    unsigned(&row, "attempts")
}
