//! Evaluations: what a session comes to.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, optional_uuid, time, uuid, words};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// Removes the evaluations of a contact's conversations. `$1` is the contact, `$2` the workspace.
pub(crate) const ERASE_EVALUATIONS: &str = "DELETE FROM evaluations WHERE workspace_id = $2
     AND conversation_id IN (
         SELECT id FROM conversations WHERE contact_id = $1 AND workspace_id = $2
     )";

/// An evaluation that is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvaluation {
    /// The evaluation's id.
    pub id: Uuid,
    /// `model` or `offline`.
    pub source: &'static str,
    /// Why it is not the model's.
    pub source_reason: Option<String>,
    /// What was judged by words, by the names of its blocks.
    pub blocks: Value,
    /// What was measured of the voices, by the names of its blocks.
    pub voice: Value,
    /// `positive`, `neutral` or `negative`.
    pub sentiment: Option<String>,
    /// Whether a person is to take over.
    pub human_escalation: Option<bool>,
    /// Whether the conversation reached its aim.
    pub success: Option<bool>,
}

/// A stored evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationRecord {
    /// The evaluation's id.
    pub id: Uuid,
    /// The session that was evaluated.
    pub session: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// Who spoke for us.
    pub agent: Uuid,
    /// The other party.
    pub contact: Option<Uuid>,
    /// `model` or `offline`.
    pub source: String,
    /// Why it is not the model's.
    pub source_reason: Option<String>,
    /// What was judged by words, by the names of its blocks.
    pub blocks: Value,
    /// What was measured of the voices, by the names of its blocks.
    pub voice: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Which evaluations to list; absent parts match every one.
#[derive(Clone, Debug, Default)]
pub struct EvaluationFilter {
    /// Only those of this agent's sessions.
    pub agent: Option<Uuid>,
    /// Only those of this contact's sessions.
    pub contact: Option<Uuid>,
    /// Only those of this conversation's sessions.
    pub conversation: Option<Uuid>,
    /// Only that of this session.
    pub session: Option<Uuid>,
    /// Only those by `model`, or `offline`.
    pub source: Option<String>,
    /// Only those with this sentiment.
    pub sentiment: Option<String>,
    /// Only those in which a person was to take over, or was not.
    pub human_escalation: Option<bool>,
    /// Only those that reached their aim, or did not.
    pub success: Option<bool>,
    /// Only those that were made at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that were made before this moment.
    pub before: Option<Timestamp>,
}

/// Every column of [`EvaluationRecord`]; the rows to take follow.
macro_rules! select_evaluations {
    ($rest:literal) => {
        concat!(
            "SELECT evaluations.*, conversations.contact_id FROM evaluations
             JOIN conversations ON conversations.id = evaluations.conversation_id ",
            $rest
        )
    };
}

impl Store {
    /// Page `page` (from 1) of the evaluations that match, newest first, `per_page` to a page.
    pub async fn evaluations(
        &self,
        filter: &EvaluationFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<EvaluationRecord>, StoreError> {
        let list = List {
            select: select_evaluations!(""),
            table: "evaluations JOIN conversations
                    ON conversations.id = evaluations.conversation_id",
            filter: Filter::of(&self.workspace, "evaluations.workspace_id")
                .equal("evaluations.agent_id", filter.agent)
                .equal("conversations.contact_id", filter.contact)
                .equal("evaluations.conversation_id", filter.conversation)
                .equal("evaluations.session_id", filter.session)
                .equal("evaluations.source", filter.source.as_deref())
                .equal("evaluations.sentiment", filter.sentiment.as_deref())
                .equal(
                    "evaluations.human_escalation",
                    filter.human_escalation.map(i64::from),
                )
                .equal("evaluations.success", filter.success.map(i64::from))
                .from("evaluations.created_at", filter.from)
                .before("evaluations.created_at", filter.before),
            order: "evaluations.created_at DESC, evaluations.id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The evaluation with this id.
    pub async fn evaluation(&self, id: Uuid) -> Result<Option<EvaluationRecord>, StoreError> {
        let found = sqlx::query_as(select_evaluations!(
            "WHERE evaluations.id = $1 AND evaluations.workspace_id = $2"
        ))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found)
    }
}

/// Stores the evaluation of a session, once; whether it was.
pub(crate) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    session: Uuid,
    evaluation: &NewEvaluation,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let stored = sqlx::query(
        "INSERT INTO evaluations
         (id, workspace_id, session_id, conversation_id, agent_id, source, source_reason, blocks,
          voice, sentiment, human_escalation, success, created_at, updated_at)
         SELECT $1, $2, sessions.id, conversations.id, conversations.agent_id, $4, $5, $6, $7, $8,
             $9, $10, $11, $11
         FROM sessions JOIN conversations ON conversations.id = sessions.conversation_id
         WHERE sessions.id = $3 AND sessions.workspace_id = $2
         AND NOT EXISTS (SELECT 1 FROM evaluations WHERE session_id = $3)",
    )
    .bind(evaluation.id.to_string())
    .bind(workspace.as_str())
    .bind(session.to_string())
    .bind(evaluation.source)
    .bind(evaluation.source_reason.as_deref().map(words))
    .bind(words(&evaluation.blocks.to_string()))
    .bind(words(&evaluation.voice.to_string()))
    .bind(evaluation.sentiment.as_deref().map(words))
    .bind(evaluation.human_escalation.map(i64::from))
    .bind(evaluation.success.map(i64::from))
    .bind(micros(now))
    .execute(&mut *write)
    .await?;
    if stored.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE sessions SET evaluated_at = $1 WHERE id = $2 AND workspace_id = $3")
        .bind(micros(now))
        .bind(session.to_string())
        .bind(workspace.as_str())
        .execute(write)
        .await?;
    Ok(true)
}

impl FromRow<'_, AnyRow> for EvaluationRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            session: uuid(row, "session_id")?,
            conversation: uuid(row, "conversation_id")?,
            agent: uuid(row, "agent_id")?,
            contact: optional_uuid(row, "contact_id")?,
            source: row.try_get("source")?,
            source_reason: row.try_get("source_reason")?,
            blocks: json(row, "blocks")?,
            voice: json(row, "voice")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
