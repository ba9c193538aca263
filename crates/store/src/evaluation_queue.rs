//! Sessions whose evaluation is owed, each claimed by one evaluator at a time, and reports of ends
//! that wait for them. Evaluating is the node's work: what claims and looks for them is about the
//! sessions of all workspaces.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

use crate::columns::{micros, optional_uuid, unsigned, uuid, words};
use crate::database::{Store, StoreError};
use crate::evaluations::{self, NewEvaluation};
use crate::outbox::{self, Announcement};
use crate::workspaces::WorkspaceId;

/// A session that this process now has to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedEvaluation {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The session.
    pub session: Uuid,
    /// The call that it was held in.
    pub call: Option<Uuid>,
    /// Tells this claim from those before and after it.
    pub claim: Uuid,
    /// Claims before this one: evaluators that died or failed.
    pub attempts: u32,
}

/// A session of whose end a report is overdue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueReport {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The session.
    pub session: Uuid,
    /// The call that it was held in.
    pub call: Option<Uuid>,
}

/// What a session came to.
#[derive(Clone, Debug)]
pub struct SessionOutcome {
    /// Its summary.
    pub summary: String,
    /// `positive`, `neutral` or `negative`.
    pub sentiment: Option<String>,
    /// Its evaluation, if it is evaluated.
    pub evaluation: Option<NewEvaluation>,
    /// The report of its end, for the case that it is still owed.
    pub report: Announcement,
    /// What else the agent's webhooks are told.
    pub events: Vec<Announcement>,
}

impl Store {
    /// Claims sessions that are to be evaluated, at most so many, the longest due first. A claim
    /// that outlives its process is taken over after `hold`.
    pub async fn claim_evaluations(
        &self,
        most: u32,
        hold: Duration,
        now: Timestamp,
    ) -> Result<Vec<ClaimedEvaluation>, StoreError> {
        let any: Option<i64> = sqlx::query_scalar(
            "SELECT evaluation_due_at FROM sessions WHERE evaluation_due_at <= $1
             AND (evaluation_claimed_until IS NULL OR evaluation_claimed_until <= $1) LIMIT 1",
        )
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let hold = SignedDuration::try_from(hold).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(hold).unwrap_or(Timestamp::MAX);
        let mut write = self.write_for_all().await?;
        let due: Vec<ClaimedEvaluation> = sqlx::query_as(
            "SELECT id, workspace_id, call_id, evaluation_attempts FROM sessions
             WHERE evaluation_due_at <= $1
             AND (evaluation_claimed_until IS NULL OR evaluation_claimed_until <= $1)
             ORDER BY evaluation_due_at, id LIMIT $2",
        )
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&mut *write)
        .await?;
        let mut claimed = Vec::with_capacity(due.len());
        for session in due {
            let outcome = sqlx::query(
                "UPDATE sessions SET evaluation_claim = $1, evaluation_claimed_until = $2,
                     evaluation_attempts = evaluation_attempts + 1
                 WHERE id = $3 AND evaluation_due_at IS NOT NULL
                 AND (evaluation_claimed_until IS NULL OR evaluation_claimed_until <= $4)",
            )
            .bind(session.claim.to_string())
            .bind(micros(until))
            .bind(session.session.to_string())
            .bind(micros(now))
            .execute(&mut *write)
            .await?;
            if outcome.rows_affected() == 1 {
                claimed.push(session);
            }
        }
        write.commit().await?;
        Ok(claimed)
    }

    /// Writes what a claimed session came to, and owes what its agent's webhooks are told of it.
    /// Returns how many messages that are; `None`, changing nothing, when the claim does not hold
    /// any more: the contact was erased, or somebody else has evaluated the session.
    pub async fn finish_evaluation(
        &self,
        claimed: &ClaimedEvaluation,
        outcome: &SessionOutcome,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let store = self.in_workspace(&claimed.workspace);
        let mut write = store.write().await?;
        let finished = sqlx::query(
            "UPDATE sessions SET evaluation_due_at = NULL, evaluation_claim = NULL,
                 evaluation_claimed_until = NULL
             WHERE id = $1 AND workspace_id = $2 AND evaluation_claim = $3
             AND evaluation_due_at IS NOT NULL",
        )
        .bind(claimed.session.to_string())
        .bind(store.workspace.as_str())
        .bind(claimed.claim.to_string())
        .execute(&mut *write)
        .await?;
        if finished.rows_affected() == 0 {
            return Ok(None);
        }
        let session = claimed.session;
        store.note_words(&mut write, session, outcome, now).await?;
        if let Some(evaluation) = &outcome.evaluation {
            let workspace = &store.workspace;
            evaluations::insert(&mut write, workspace, session, evaluation, now).await?;
        }
        let mut owed = store
            .owe_report(&mut write, session, &outcome.report, now)
            .await?
            .unwrap_or(0);
        owed += store
            .owe_events(&mut write, session, &outcome.events, now)
            .await?;
        write.commit().await?;
        Ok(Some(owed))
    }

    /// Sessions of whose ends a report was to be sent by now, at most so many.
    pub async fn overdue_reports(
        &self,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<OverdueReport>, StoreError> {
        let overdue = sqlx::query_as(
            "SELECT id, workspace_id, call_id FROM sessions WHERE report_due_at <= $1
             ORDER BY report_due_at, id LIMIT $2",
        )
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(overdue)
    }

    /// Owes the report of a session's end without waiting for its evaluation any longer, and notes
    /// the summary and sentiment that it tells of; its evaluation may still change both. Returns
    /// how many messages that are; `None`, changing nothing, when the report is not owed any more:
    /// the session was evaluated, its contact erased, or somebody else was first.
    pub async fn owe_overdue_report(
        &self,
        overdue: &OverdueReport,
        outcome: &SessionOutcome,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let store = self.in_workspace(&overdue.workspace);
        let mut write = store.write().await?;
        let session = overdue.session;
        let owed = store
            .owe_report(&mut write, session, &outcome.report, now)
            .await?;
        // Words may come to a session only as long as somebody waits for them.
        if owed.is_some() {
            store.note_words(&mut write, session, outcome, now).await?;
            write.commit().await?;
        }
        Ok(owed)
    }

    async fn note_words(
        &self,
        write: &mut AnyConnection,
        session: Uuid,
        outcome: &SessionOutcome,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE sessions SET summary = $1, summary_generated_at = $2, updated_at = $2
             WHERE id = $3 AND workspace_id = $4",
        )
        .bind(words(&outcome.summary))
        .bind(micros(now))
        .bind(session.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "UPDATE conversations SET summary = $1, sentiment = $2, updated_at = $3
             WHERE id = (SELECT conversation_id FROM sessions WHERE id = $4) AND workspace_id = $5",
        )
        .bind(words(&outcome.summary))
        .bind(outcome.sentiment.as_deref().map(words))
        .bind(micros(now))
        .bind(session.to_string())
        .bind(self.workspace.as_str())
        .execute(write)
        .await?;
        Ok(())
    }

    /// Owes the report of the session's end; `None` when it is not owed any more.
    async fn owe_report(
        &self,
        write: &mut AnyConnection,
        session: Uuid,
        report: &Announcement,
        now: Timestamp,
    ) -> Result<Option<u64>, sqlx::Error> {
        let is_owed = sqlx::query(
            "UPDATE sessions SET report_due_at = NULL
             WHERE id = $1 AND workspace_id = $2 AND report_due_at IS NOT NULL",
        )
        .bind(session.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if is_owed.rows_affected() == 0 {
            return Ok(None);
        }
        let report = std::slice::from_ref(report);
        self.owe_events(write, session, report, now).await.map(Some)
    }

    async fn owe_events(
        &self,
        write: &mut AnyConnection,
        session: Uuid,
        events: &[Announcement],
        now: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let conversation: String = sqlx::query_scalar(
            "SELECT conversation_id FROM sessions WHERE id = $1 AND workspace_id = $2",
        )
        .bind(session.to_string())
        .bind(self.workspace.as_str())
        .fetch_one(&mut *write)
        .await?;
        let Ok(conversation) = conversation.parse() else {
            return Err(sqlx::Error::RowNotFound);
        };
        outbox::owe(write, &self.workspace, conversation, events, now).await
    }
}

/// Has a session that just ended evaluated, and its end reported at `report_by` at the latest.
pub(crate) async fn await_evaluation(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    session: Uuid,
    report_by: Timestamp,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE sessions SET evaluation_due_at = $1, report_due_at = $2
         WHERE id = $3 AND workspace_id = $4",
    )
    .bind(micros(now))
    .bind(micros(report_by))
    .bind(session.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for ClaimedEvaluation {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            session: uuid(row, "id")?,
            call: optional_uuid(row, "call_id")?,
            claim: Uuid::now_v7(),
            attempts: u32::try_from(unsigned(row, "evaluation_attempts")?).unwrap_or(u32::MAX),
        })
    }
}

impl FromRow<'_, AnyRow> for OverdueReport {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            session: uuid(row, "id")?,
            call: optional_uuid(row, "call_id")?,
        })
    }
}
