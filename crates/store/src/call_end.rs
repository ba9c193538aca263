//! The end of a call: its outcome, its transcript and the reports that are owed for it, written
//! together or not at all.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::columns::{micros, signed, words};
use crate::conversations;
use crate::database::{Store, StoreError};
use crate::dialling;
use crate::evaluation_queue;
use crate::evaluations::{self, NewEvaluation};
use crate::messages::{self, Message};
use crate::numbers;
use crate::outbox::{self, Announcement};
use crate::sessions;

/// Everything that is known when a call is over.
#[derive(Clone, Debug)]
pub struct CallEnd {
    /// The call.
    pub call: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// The agent that took it.
    pub agent: Uuid,
    /// Final status word.
    pub status: &'static str,
    /// SIP status code that ended or refused it, if one did.
    pub sip_code: Option<u16>,
    /// Why it ended, in one sentence.
    pub reason: String,
    /// When it was answered; absent keeps what was noted.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// From answer to end.
    pub duration: Duration,
    /// The file of its recording.
    pub recording: Option<PathBuf>,
    /// All turns in order; empty keeps those noted so far.
    pub transcript: Vec<Message>,
    /// The latencies of its answers; empty keeps those noted so far.
    pub latencies: Vec<Value>,
    /// The decisions on what was heard of the caller; empty keeps those noted so far.
    pub decisions: Vec<Value>,
    /// The answers that were begun ahead; empty keeps those noted so far.
    pub tries: Vec<Value>,
    /// Summary of the conversation.
    pub summary: Option<String>,
    /// Sentiment of the conversation.
    pub sentiment: Option<String>,
    /// What it costs, if it has a price.
    pub cost: Option<CallCost>,
    /// What was counted of the media, as the engine reports it.
    pub line: Option<Value>,
    /// What becomes of its evaluation.
    pub evaluation: Evaluating,
}

/// What a call costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCost {
    /// Millionths of the currency's unit.
    pub micros: u64,
    /// ISO 4217 code.
    pub currency: String,
}

/// When a session that is over is evaluated.
#[derive(Clone, Debug, Default)]
pub enum Evaluating {
    /// Never.
    #[default]
    Never,
    /// That was done.
    Done(NewEvaluation),
    /// It is still to be done, and the report of the end is owed with what it comes to.
    Awaited {
        /// The report is owed then at the latest.
        report_by: Timestamp,
    },
}

impl Store {
    /// Ends a call and, in the same transaction, owes the announcements to every active webhook of
    /// its agent that subscribes to them. Returns how many messages that are; `None`, changing
    /// nothing, when the call is unknown or already over.
    pub async fn end_call(
        &self,
        end: &CallEnd,
        told: &[Announcement],
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let mut write = self.write().await?;
        let list = |entries: &Vec<Value>| {
            (!entries.is_empty()).then(|| Value::from(entries.clone()).to_string())
        };
        let recording = end
            .recording
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned());
        let ended = sqlx::query(
            "UPDATE calls SET status = $1, sip_code = $2, reason = $3,
                 answered_at = coalesce($4, answered_at), ended_at = $5, updated_at = $6,
                 duration_ms = $7, recording = $8, latencies = coalesce($9, latencies),
                 cost_micros = $10, cost_currency = $11,
                 decisions = coalesce($12, decisions), tries = coalesce($13, tries)
             WHERE id = $14 AND workspace_id = $15 AND ended_at IS NULL",
        )
        .bind(end.status)
        .bind(end.sip_code.map(i64::from))
        .bind(words(&end.reason))
        .bind(end.answered_at.map(micros))
        .bind(micros(end.ended_at))
        .bind(micros(now))
        .bind(signed(
            u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
        ))
        .bind(recording)
        .bind(list(&end.latencies))
        .bind(end.cost.as_ref().map(|cost| signed(cost.micros)))
        .bind(end.cost.as_ref().map(|cost| cost.currency.as_str()))
        .bind(list(&end.decisions))
        .bind(list(&end.tries))
        .bind(end.call.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(None);
        }
        conversations::end(&mut write, &self.workspace, end).await?;
        sessions::end(&mut write, &self.workspace, end, now).await?;
        if !end.transcript.is_empty() {
            let transcript = &end.transcript;
            messages::replace_all(&mut write, &self.workspace, end.conversation, transcript)
                .await?;
        }
        numbers::note_connection(
            &mut write,
            &self.workspace,
            end.call,
            end.status,
            end.sip_code,
        )
        .await?;
        dialling::settle_call(&mut write, end.call, end.status, &end.reason, end.ended_at).await?;
        let workspace = &self.workspace;
        match &end.evaluation {
            Evaluating::Never => {}
            Evaluating::Done(evaluation) => {
                evaluations::insert(&mut write, workspace, end.call, evaluation, now).await?;
            }
            Evaluating::Awaited { report_by } => {
                let (session, by) = (end.call, *report_by);
                evaluation_queue::await_evaluation(&mut write, workspace, session, by, now).await?;
            }
        }
        let owed = outbox::owe(&mut write, workspace, end.conversation, told, now).await?;
        write.commit().await?;
        Ok(Some(owed))
    }
}
