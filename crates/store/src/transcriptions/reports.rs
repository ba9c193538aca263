//! Reports of the ends of transcriptions, owed until they are taken or given up.

use jiff::Timestamp;
use secret::Secret;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use super::{Store, StoreError, TranscriptionRecord, micros, unsigned, words};
use crate::workspaces::WorkspaceId;

/// A report that this process now has to deliver.
#[derive(Clone, Debug)]
pub struct OwedReport {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What it is about.
    pub transcription: TranscriptionRecord,
    /// Where it goes.
    pub url: String,
    /// What opens that address.
    pub token: Option<Secret>,
    /// Attempts made before this one.
    pub attempts: u32,
}

impl Store {
    /// Claims a report of any workspace that is due, until `until`; then it is due again.
    pub async fn claim_transcription_report(
        &self,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<OwedReport>, StoreError> {
        let due: Option<String> = sqlx::query_scalar(
            "SELECT id FROM transcriptions
             WHERE report_due_at <= $1 AND is_discarded = 0 ORDER BY report_due_at, id LIMIT 1",
        )
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await?;
        let Some(id) = due else { return Ok(None) };
        let mut write = self.write_for_all().await?;
        let owed = sqlx::query_as(
            "UPDATE transcriptions SET report_due_at = $1, report_attempts = report_attempts + 1
             WHERE id = $2 AND report_due_at <= $3 AND is_discarded = 0 RETURNING *",
        )
        .bind(micros(until))
        .bind(id)
        .bind(micros(now))
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(owed)
    }

    /// Notes how the delivery of a report went: it was taken, or it failed and is due again at
    /// `again`, or never.
    pub async fn settle_transcription_report(
        &self,
        report: &OwedReport,
        error: Option<&str>,
        again: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE transcriptions SET report_due_at = $1, report_error = $2, reported_at = $3
             WHERE id = $4 AND workspace_id = $5",
        )
        .bind(again.map(micros))
        .bind(error.map(words))
        .bind(error.is_none().then(|| micros(now)))
        .bind(report.transcription.new.id.to_string())
        .bind(report.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for OwedReport {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let token: Option<String> = row.try_get("webhook_token")?;
        let attempts = unsigned(row, "report_attempts")?.saturating_sub(1);
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            transcription: TranscriptionRecord::from_row(row)?,
            url: row.try_get("webhook_url")?,
            token: token.map(Secret::new),
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        })
    }
}
