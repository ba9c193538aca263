//! Conversations: what the API and webhooks identify; a call has one.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::call_end::CallEnd;
use crate::columns::{micros, words};
use crate::workspaces::WorkspaceId;

pub(crate) struct NewConversation<'a> {
    pub(crate) id: Uuid,
    pub(crate) workspace: &'a WorkspaceId,
    pub(crate) agent: Uuid,
    pub(crate) contact: Option<Uuid>,
    pub(crate) started_at: Timestamp,
}

/// Begins a conversation; an error when the workspace has no such agent.
pub(crate) async fn insert(
    write: &mut AnyConnection,
    conversation: &NewConversation<'_>,
) -> Result<(), sqlx::Error> {
    let begun = sqlx::query(
        "INSERT INTO conversations (id, workspace_id, agent_id, contact_id, channel, started_at)
         SELECT $1, $2, id, $4, 'call', $5 FROM agents WHERE id = $3 AND workspace_id = $2",
    )
    .bind(conversation.id.to_string())
    .bind(conversation.workspace.as_str())
    .bind(conversation.agent.to_string())
    .bind(conversation.contact.map(|id| id.to_string()))
    .bind(micros(conversation.started_at))
    .execute(write)
    .await?;
    if begun.rows_affected() == 0 {
        return Err(sqlx::Error::RowNotFound);
    }
    Ok(())
}

pub(crate) async fn end(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    end: &CallEnd,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE conversations SET summary = $1, sentiment = $2, ended_at = $3
         WHERE id = $4 AND workspace_id = $5",
    )
    .bind(end.summary.as_deref().map(words))
    .bind(end.sentiment.as_deref().map(words))
    .bind(micros(end.ended_at))
    .bind(end.conversation.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}
