//! Transcriptions whose evaluation is owed, each claimed by one evaluator at a time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

use super::{Store, StoreError, TranscriptionRecord, micros, unsigned, words};
use crate::workspaces::WorkspaceId;

/// A transcription that this process now has to evaluate.
#[derive(Clone, Debug)]
pub struct ClaimedTranscriptionEvaluation {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What was written down.
    pub record: TranscriptionRecord,
    /// Tells this claim from those before and after it.
    pub claim: Uuid,
    /// Claims before this one: evaluators that died or failed.
    pub attempts: u32,
}

impl Store {
    /// Claims a transcription of any workspace that is to be evaluated, the longest due first. A
    /// claim that outlives its process is taken over after `hold`.
    pub async fn claim_transcription_evaluation(
        &self,
        hold: Duration,
        now: Timestamp,
    ) -> Result<Option<ClaimedTranscriptionEvaluation>, StoreError> {
        const DUE: &str = "evaluation_due_at <= $1 AND is_discarded = 0
             AND (evaluation_claimed_until IS NULL OR evaluation_claimed_until <= $1)";
        let find = format!(
            "SELECT id FROM transcriptions WHERE {DUE} ORDER BY evaluation_due_at, id LIMIT 1"
        );
        let due: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(find))
            .bind(micros(now))
            .fetch_optional(&self.readers)
            .await?;
        let Some(id) = due else { return Ok(None) };
        let hold = SignedDuration::try_from(hold).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(hold).unwrap_or(Timestamp::MAX);
        let take = format!(
            "UPDATE transcriptions SET evaluation_claim = $2, evaluation_claimed_until = $3,
                 evaluation_attempts = evaluation_attempts + 1
             WHERE id = $4 AND {DUE} RETURNING *"
        );
        let mut write = self.write_for_all().await?;
        let claimed = sqlx::query_as(sqlx::AssertSqlSafe(take))
            .bind(micros(now))
            .bind(Uuid::now_v7().to_string())
            .bind(micros(until))
            .bind(id)
            .fetch_optional(&mut *write)
            .await?;
        write.commit().await?;
        Ok(claimed)
    }

    /// Writes what a claimed transcription came to, if it is evaluated at all, and has the report of
    /// its end wait no longer. Whether it was written: not when the claim does not hold any more or
    /// the words are gone.
    pub async fn finish_transcription_evaluation(
        &self,
        claimed: &ClaimedTranscriptionEvaluation,
        evaluation: Option<&Value>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let evaluation = evaluation.map(Value::to_string);
        let written = sqlx::query(
            "UPDATE transcriptions SET evaluation = $1, evaluated_at = $2, updated_at = $2,
                 evaluation_due_at = NULL, evaluation_claim = NULL, evaluation_claimed_until = NULL,
                 report_due_at = CASE WHEN report_due_at IS NOT NULL AND report_attempts = 0
                     THEN $2 ELSE report_due_at END
             WHERE id = $3 AND workspace_id = $4 AND evaluation_claim = $5
             AND evaluation_due_at IS NOT NULL AND is_discarded = 0",
        )
        .bind(evaluation.as_deref().map(words))
        .bind(micros(now))
        .bind(claimed.record.new.id.to_string())
        .bind(claimed.workspace.as_str())
        .bind(claimed.claim.to_string())
        .execute(&self.writer)
        .await?;
        Ok(written.rows_affected() > 0)
    }
}

impl FromRow<'_, AnyRow> for ClaimedTranscriptionEvaluation {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let claim: &str = row.try_get("evaluation_claim")?;
        let attempts = unsigned(row, "evaluation_attempts")?.saturating_sub(1);
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            record: TranscriptionRecord::from_row(row)?,
            claim: claim
                .parse()
                .map_err(|error| crate::columns::unreadable("evaluation_claim", error))?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        })
    }
}
