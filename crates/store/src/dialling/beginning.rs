//! How one node alone takes a task up, and how it gives it back.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::candidates::{Candidate, attempts_on, is_do_not_call};
use super::members;
use crate::calls::{self, BegunCall, NewCall};
use crate::columns::{micros, unsigned, uuid, words};
use crate::database::{Store, StoreError};

/// An attempt to be made.
#[derive(Clone, Debug)]
pub struct NewAttempt<'a> {
    /// The attempt's id.
    pub id: Uuid,
    /// What was read when it was decided.
    pub candidate: &'a Candidate,
    /// Who makes it.
    pub node: &'a str,
    /// Until when its node holds on to it at first.
    pub claimed_until: Timestamp,
    /// How many contacts of its pool may be called at once.
    pub places: Option<u32>,
    /// The call that it makes.
    pub call: Option<NewCall>,
}

/// What became of an attempt that was to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It is written down, with its call if it makes one; now it is to be made.
    Begun(Option<BegunCall>),
    /// Something changed since it was decided: decide again.
    Changed,
    /// The pool has no place for it now.
    NoPlace,
}

impl Store {
    /// Takes a task up: writes down the attempt and the call that it makes, if nothing that the
    /// decision rests on has changed. Only who is told [`Begin::Begun`] may make the attempt.
    pub async fn begin_attempt(
        &self,
        new: &NewAttempt<'_>,
        now: Timestamp,
    ) -> Result<Begin, StoreError> {
        let Candidate { task, .. } = new.candidate;
        let mut write = self.write().await?;
        let taken = sqlx::query(
            "UPDATE tasks SET status = 'in_progress', open_attempt = $1, reason = NULL,
                 attempts_made = attempts_made + 1, attempts_left = attempts_left - 1,
                 revision = revision + 1, updated_at = $2
             WHERE id = $3 AND workspace_id = $4 AND revision = $5 AND open_attempt IS NULL
             AND deleted_at IS NULL AND status IN ('pending', 'scheduled', 'queued')
             AND (campaign_id IS NULL OR EXISTS (
                 SELECT 1 FROM campaigns WHERE campaigns.id = tasks.campaign_id
                 AND campaigns.status = 'In Process' AND campaigns.deleted_at IS NULL
             ))",
        )
        .bind(new.id.to_string())
        .bind(micros(now))
        .bind(task.id.to_string())
        .bind(self.workspace.as_str())
        .bind(task.revision)
        .execute(&mut *write)
        .await?;
        if taken.rows_affected() == 0 || !self.is_as_seen(&mut write, new.candidate).await? {
            return Ok(Begin::Changed);
        }
        if let (Some(pool), Some(places)) = (task.pool, new.places)
            && under_way(&mut write, pool).await? >= u64::from(places)
        {
            return Ok(Begin::NoPlace);
        }
        sqlx::query(
            "INSERT INTO task_attempts
             (id, workspace_id, task_id, campaign_id, number, call_id, conversation_id, node,
              started_at, claimed_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(new.id.to_string())
        .bind(self.workspace.as_str())
        .bind(task.id.to_string())
        .bind(task.campaign.map(|id| id.to_string()))
        .bind(&task.number)
        .bind(new.call.as_ref().map(|call| call.id.to_string()))
        .bind(new.call.as_ref().map(|call| call.conversation.to_string()))
        .bind(new.node)
        .bind(micros(now))
        .bind(micros(new.claimed_until))
        .execute(&mut *write)
        .await?;
        let begun = match &new.call {
            Some(call) => {
                Some(calls::insert(&mut write, &self.workspace, self.holder, call).await?)
            }
            None => None,
        };
        members::reflect(&mut write, task.id, now).await?;
        write.commit().await?;
        Ok(Begin::Begun(begun))
    }

    /// Whether nobody was called meanwhile, or asked not to be.
    async fn is_as_seen(
        &self,
        write: &mut AnyConnection,
        seen: &Candidate,
    ) -> Result<bool, sqlx::Error> {
        let Some(number) = &seen.task.number else {
            return Ok(true);
        };
        let attempts = attempts_on(write, &self.workspace, number).await?;
        let is_do_not_call = is_do_not_call(write, &self.workspace, number).await?;
        Ok(attempts == seen.attempts_seen && is_do_not_call == seen.is_do_not_call)
    }

    /// Takes back an attempt that could not be made for a reason that is not the contact's: it
    /// counts for nothing, nothing of its call remains, and its task is due again at `again`.
    pub async fn withdraw_attempt(
        &self,
        attempt: Uuid,
        call: Option<BegunCall>,
        again: Timestamp,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let removed = sqlx::query(
            "DELETE FROM task_attempts WHERE id = $1 AND workspace_id = $2 AND ended_at IS NULL",
        )
        .bind(attempt.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if removed.rows_affected() == 0 {
            return Ok(());
        }
        let task = sqlx::query(
            "UPDATE tasks SET open_attempt = NULL, attempts_made = attempts_made - 1,
                 attempts_left = attempts_left + 1, due_at = $1, updated_at = $2, reason = $3,
                 revision = revision + 1,
                 status = CASE WHEN status = 'in_progress' THEN 'queued' ELSE status END
             WHERE open_attempt = $4 RETURNING id",
        )
        .bind(micros(again))
        .bind(micros(now))
        .bind(words(reason))
        .bind(attempt.to_string())
        .fetch_optional(&mut *write)
        .await?;
        if let Some(call) = call {
            calls::discard(&mut write, &self.workspace, call).await?;
        }
        if let Some(task) = task {
            members::reflect(&mut write, uuid(&task, "id")?, now).await?;
        }
        write.commit().await?;
        Ok(())
    }
}

async fn under_way(connection: &mut AnyConnection, pool: Uuid) -> Result<u64, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*) AS attempts FROM task_attempts
         JOIN tasks ON tasks.id = task_attempts.task_id AND tasks.pool_id = $1
         WHERE task_attempts.ended_at IS NULL",
    )
    .bind(pool.to_string())
    .fetch_one(connection)
    .await?;
    unsigned(&row, "attempts")
}
