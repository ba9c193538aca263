//! Conversations: what the API and webhooks identify; a call has one.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::columns::micros;

pub(crate) struct NewConversation<'a> {
    pub(crate) id: Uuid,
    pub(crate) workspace: &'a str,
    pub(crate) agent: Uuid,
    pub(crate) contact: Option<Uuid>,
    pub(crate) started_at: Timestamp,
}

pub(crate) async fn insert(
    write: &mut SqliteConnection,
    conversation: &NewConversation<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO conversations (id, workspace_id, agent_id, contact_id, channel, started_at)
         VALUES (?, ?, ?, ?, 'call', ?)",
    )
    .bind(conversation.id.to_string())
    .bind(conversation.workspace)
    .bind(conversation.agent.to_string())
    .bind(conversation.contact.map(|id| id.to_string()))
    .bind(micros(conversation.started_at))
    .execute(write)
    .await?;
    Ok(())
}

pub(crate) async fn end(
    write: &mut SqliteConnection,
    id: Uuid,
    summary: Option<&str>,
    sentiment: Option<&str>,
    ended_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE conversations SET summary = ?, sentiment = ?, ended_at = ? WHERE id = ?")
        .bind(summary)
        .bind(sentiment)
        .bind(micros(ended_at))
        .bind(id.to_string())
        .execute(write)
        .await?;
    Ok(())
}
