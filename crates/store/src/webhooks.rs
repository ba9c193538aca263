//! Webhooks: which address wants which events, of an agent or of all agents of a workspace.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use crate::agents::{NewAgent, Source};
use crate::columns::{flag, json, micros, optional_uuid, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::outbox::settling::EndpointHealth;
use crate::workspaces::WorkspaceId;
use secret::Secret;

/// A webhook to be stored.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// The webhook's id.
    pub id: Uuid,
    /// The agent whose events it wants; without one, those of every agent of the workspace.
    pub agent: Option<Uuid>,
    /// Where messages go.
    pub url: String,
    /// Event names, as the API spells them.
    pub events: Vec<String>,
    /// What signs the messages.
    pub secret: SigningSecret,
    /// Whether messages are sent.
    pub is_active: bool,
}

/// Where a new webhook's secret comes from.
#[derive(Clone, Debug)]
pub enum SigningSecret {
    /// Its owner chose it.
    Given(Secret),
    /// The node made it up; a webhook that has one already keeps its own.
    Generated(Secret),
}

impl SigningSecret {
    fn secret(&self) -> &Secret {
        match self {
            Self::Given(secret) | Self::Generated(secret) => secret,
        }
    }
}

/// A stored webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The webhook's id.
    pub id: Uuid,
    /// The agent whose events it wants; without one, those of every agent of the workspace.
    pub agent: Option<Uuid>,
    /// Who owns it.
    pub source: Source,
    /// Where messages go.
    pub url: String,
    /// Event names, as the API spells them.
    pub events: Vec<String>,
    /// What signs the messages.
    pub secret: Secret,
    /// Whether messages are sent.
    pub is_active: bool,
    /// Why the node itself stopped sending, if it did.
    pub disabled_reason: Option<String>,
    /// How its endpoint has done of late.
    pub health: EndpointHealth,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What to change in a webhook; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// A new address.
    pub url: Option<String>,
    /// New event names.
    pub events: Option<Vec<String>>,
    /// A new signing secret.
    pub secret: Option<Secret>,
    /// Start or stop sending. Starting clears `disabled_reason`, and ends a pause as a new address
    /// does.
    pub is_active: Option<bool>,
}

/// Why a webhook was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddWebhookError {
    /// Its agent, or the workspace, has as many as it may.
    #[error("there are {limit} webhooks already, the most there may be; remove one first")]
    LimitReached {
        /// The most it may have.
        limit: usize,
    },
    /// The webhook could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AddWebhookError {
    fn from(error: sqlx::Error) -> Self {
        StoreError(error).into()
    }
}

impl Store {
    /// Adds a webhook unless its agent, or the workspace for one that has no agent, already has
    /// `limit` of them.
    pub async fn add_webhook(
        &self,
        webhook: &NewWebhook,
        limit: usize,
        now: Timestamp,
    ) -> Result<Webhook, AddWebhookError> {
        let mut write = self.write().await?;
        let owned = self.owned_by(webhook.agent);
        let statement = format!("SELECT count(*) FROM webhooks WHERE {}", owned.conditions());
        let count: i64 = sqlx::query_scalar_with(AssertSqlSafe(statement), owned.arguments()?)
            .fetch_one(&mut *write)
            .await?;
        if usize::try_from(count).is_ok_and(|count| count >= limit) {
            return Err(AddWebhookError::LimitReached { limit });
        }
        let stored = upsert(&mut write, &self.workspace, webhook, Source::Api, now).await?;
        let stored = stored.ok_or(sqlx::Error::RowNotFound)?;
        write.commit().await?;
        Ok(stored)
    }

    /// The webhooks of an agent, or those of the workspace that have none, oldest first.
    pub async fn webhooks(
        &self,
        agent: impl Into<Option<Uuid>>,
    ) -> Result<Vec<Webhook>, StoreError> {
        let owned = self.owned_by(agent.into());
        let statement = format!(
            "SELECT * FROM webhooks WHERE {} ORDER BY created_at, id",
            owned.conditions()
        );
        let webhooks = sqlx::query_as_with(AssertSqlSafe(statement), owned.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(webhooks)
    }

    /// One webhook of an agent, or of the workspace.
    pub async fn webhook(
        &self,
        agent: impl Into<Option<Uuid>>,
        id: Uuid,
    ) -> Result<Option<Webhook>, StoreError> {
        let one = self.owned_by(agent.into()).equal("id", Some(id));
        let statement = format!("SELECT * FROM webhooks WHERE {}", one.conditions());
        let webhook = sqlx::query_as_with(AssertSqlSafe(statement), one.arguments()?)
            .fetch_optional(&self.readers)
            .await?;
        Ok(webhook)
    }

    /// Changes a webhook of an agent, or of the workspace; `None` when it has no such one.
    pub async fn update_webhook(
        &self,
        agent: impl Into<Option<Uuid>>,
        id: Uuid,
        change: &WebhookChange,
        now: Timestamp,
    ) -> Result<Option<Webhook>, StoreError> {
        let events = change
            .events
            .clone()
            .map(|events| Value::from(events).to_string());
        let mut write = self.write().await?;
        let webhook = sqlx::query_as(
            "UPDATE webhooks SET
                 url = coalesce($1, url),
                 events = coalesce($2, events),
                 secret = coalesce($3, secret),
                 is_active = coalesce($4, is_active),
                 disabled_reason = CASE WHEN $4 = 1 THEN NULL ELSE disabled_reason END,
                 failures = CASE WHEN $4 = 1 OR $1 <> url THEN 0 ELSE failures END,
                 paused_until = CASE WHEN $4 = 1 OR $1 <> url THEN NULL ELSE paused_until END,
                 updated_at = $5
             WHERE id = $6 AND coalesce(agent_id, '') = $7 AND workspace_id = $8 RETURNING *",
        )
        .bind(&change.url)
        .bind(events)
        .bind(change.secret.as_ref().map(Secret::expose))
        .bind(change.is_active.map(i64::from))
        .bind(micros(now))
        .bind(id.to_string())
        .bind(
            agent
                .into()
                .map_or_else(String::new, |agent| agent.to_string()),
        )
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(webhook)
    }

    /// Removes a webhook of an agent, or of the workspace, and what is still owed to it. Returns
    /// whether there was one.
    pub async fn delete_webhook(
        &self,
        agent: impl Into<Option<Uuid>>,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        let outcome = sqlx::query(
            "DELETE FROM webhooks
             WHERE id = $1 AND coalesce(agent_id, '') = $2 AND workspace_id = $3",
        )
        .bind(id.to_string())
        .bind(
            agent
                .into()
                .map_or_else(String::new, |agent| agent.to_string()),
        )
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(outcome.rows_affected() > 0)
    }

    /// The webhooks of an agent, or those of the workspace that have none.
    fn owned_by(&self, agent: Option<Uuid>) -> Filter {
        Filter::of(&self.workspace, "workspace_id")
            .equal("agent_id", agent)
            .empty("agent_id", agent.is_none().then_some(true))
    }
}

/// Makes the agent's webhooks of this source those that come with it, if any do.
pub(crate) async fn replace(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    agent: &NewAgent,
    source: Source,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let Some(webhooks) = &agent.webhooks else {
        return Ok(());
    };
    let gone = Filter::of(workspace, "workspace_id")
        .equal("agent_id", Some(agent.id))
        .equal("source", Some(source.as_str()))
        .none_of("id", webhooks.iter().map(|webhook| webhook.id));
    let statement = format!("DELETE FROM webhooks WHERE {}", gone.conditions());
    sqlx::query_with(AssertSqlSafe(statement), gone.arguments()?)
        .execute(&mut *write)
        .await?;
    for webhook in webhooks {
        upsert(write, workspace, webhook, source, now).await?;
    }
    Ok(())
}

/// Adds a webhook or brings it up to date; `None` when its id belongs to another agent, or its
/// agent to another workspace.
async fn upsert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    webhook: &NewWebhook,
    source: Source,
    now: Timestamp,
) -> Result<Option<Webhook>, sqlx::Error> {
    let keeps_secret = matches!(webhook.secret, SigningSecret::Generated(_));
    sqlx::query_as(
        "INSERT INTO webhooks
         (id, workspace_id, agent_id, source, url, events, secret, is_active, created_at, updated_at)
         SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $9 FROM workspaces
         WHERE id = $2 AND (CAST($3 AS TEXT) IS NULL OR EXISTS (
             SELECT 1 FROM agents WHERE agents.id = $3 AND agents.workspace_id = $2
         ))
         ON CONFLICT (id) DO UPDATE SET
             source = excluded.source, url = excluded.url, events = excluded.events,
             secret = CASE WHEN $10 = 1 THEN webhooks.secret ELSE excluded.secret END,
             is_active = excluded.is_active,
             disabled_reason = CASE WHEN excluded.is_active = 1 THEN NULL
                 ELSE webhooks.disabled_reason END,
             updated_at = excluded.updated_at
         WHERE webhooks.agent_id = excluded.agent_id
         RETURNING *",
    )
    .bind(webhook.id.to_string())
    .bind(workspace.as_str())
    .bind(webhook.agent.map(|agent| agent.to_string()))
    .bind(source.as_str())
    .bind(&webhook.url)
    .bind(Value::from(webhook.events.clone()).to_string())
    .bind(webhook.secret.secret().expose())
    .bind(i64::from(webhook.is_active))
    .bind(micros(now))
    .bind(i64::from(keeps_secret))
    .fetch_optional(write)
    .await
}

impl FromRow<'_, AnyRow> for Webhook {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            agent: optional_uuid(row, "agent_id")?,
            source: Source::read(row)?,
            url: row.try_get("url")?,
            events: json(row, "events")?,
            secret: Secret::new(row.try_get::<String, _>("secret")?),
            is_active: flag(row, "is_active")?,
            disabled_reason: row.try_get("disabled_reason")?,
            health: EndpointHealth::from_row(row)?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
