//! Agents: their definitions as JSON, and where each comes from.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, time, unreadable, uuid};
use crate::database::{Store, StoreError};
use crate::webhooks::{self, NewWebhook};

/// Who owns an agent's definition, or a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file in the agents folder; read again at every start.
    File,
    /// The API.
    Api,
}

impl Source {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
        }
    }

    pub(crate) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        match row.try_get("source")? {
            "file" => Ok(Self::File),
            "api" => Ok(Self::Api),
            other => {
                let reason = std::io::Error::other(format!("{other:?} is no source"));
                Err(unreadable("source", reason))
            }
        }
    }
}

/// An agent to be stored.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// The agent's id.
    pub id: Uuid,
    /// Its name, as in the definition.
    pub name: String,
    /// The whole definition, in the API's field names.
    pub definition: Value,
    /// The webhooks that it then has from this source; `None` leaves them as they are.
    pub webhooks: Option<Vec<NewWebhook>>,
}

/// A stored agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRecord {
    /// The agent's id.
    pub id: Uuid,
    /// Who owns the definition.
    pub source: Source,
    /// Its name, as in the definition.
    pub name: String,
    /// The whole definition, in the API's field names.
    pub definition: Value,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When its definition last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// All agents that are not deleted, oldest first.
    pub async fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let agents = sqlx::query_as(
            "SELECT * FROM agents WHERE workspace_id = ? AND deleted_at IS NULL
             ORDER BY created_at, id",
        )
        .bind(&*self.workspace)
        .fetch_all(&self.readers)
        .await?;
        Ok(agents)
    }

    /// Stores an agent that the API made.
    pub async fn insert_agent(
        &self,
        agent: &NewAgent,
        now: Timestamp,
    ) -> Result<AgentRecord, StoreError> {
        let mut write = self.write().await?;
        let record = sqlx::query_as(
            "INSERT INTO agents (id, workspace_id, source, name, definition, created_at, updated_at)
             VALUES (?1, ?2, 'api', ?3, ?4, ?5, ?5) RETURNING *",
        )
        .bind(agent.id.to_string())
        .bind(&*self.workspace)
        .bind(&agent.name)
        .bind(agent.definition.to_string())
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        webhooks::replace(&mut write, &self.workspace, agent, Source::Api, now).await?;
        write.commit().await?;
        Ok(record)
    }

    /// Replaces the definition of an agent that the API owns; `None` when there is none.
    pub async fn update_agent(
        &self,
        agent: &NewAgent,
        now: Timestamp,
    ) -> Result<Option<AgentRecord>, StoreError> {
        let mut write = self.write().await?;
        let record = sqlx::query_as(
            "UPDATE agents SET name = ?, definition = ?, updated_at = ?
             WHERE id = ? AND workspace_id = ? AND source = 'api' AND deleted_at IS NULL
             RETURNING *",
        )
        .bind(&agent.name)
        .bind(agent.definition.to_string())
        .bind(micros(now))
        .bind(agent.id.to_string())
        .bind(&*self.workspace)
        .fetch_optional(&mut *write)
        .await?;
        if record.is_some() {
            webhooks::replace(&mut write, &self.workspace, agent, Source::Api, now).await?;
        }
        write.commit().await?;
        Ok(record)
    }

    /// Deletes an agent that the API owns. Returns whether there was one.
    ///
    /// Its calls and webhooks stay, so that calls under way still send their reports.
    pub async fn delete_agent(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        let outcome = sqlx::query(
            "UPDATE agents SET deleted_at = ?
             WHERE id = ? AND workspace_id = ? AND source = 'api' AND deleted_at IS NULL",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(&*self.workspace)
        .execute(&self.writer)
        .await?;
        Ok(outcome.rows_affected() > 0)
    }

    /// Makes the stored file agents those given: new ones are added, changed ones replaced, and
    /// ones whose file is gone are deleted. An agent that comes back keeps the webhooks that the
    /// API gave it.
    pub async fn sync_file_agents(
        &self,
        agents: &[NewAgent],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = agents.iter().map(|agent| agent.id.to_string()).collect();
        let ids = Value::from(ids).to_string();
        let mut write = self.write().await?;
        sqlx::query(
            "UPDATE agents SET deleted_at = ?
             WHERE workspace_id = ? AND source = 'file' AND deleted_at IS NULL
             AND id NOT IN (SELECT value FROM json_each(?))",
        )
        .bind(micros(now))
        .bind(&*self.workspace)
        .bind(ids)
        .execute(&mut *write)
        .await?;
        for agent in agents {
            sqlx::query(
                "INSERT INTO agents
                 (id, workspace_id, source, name, definition, created_at, updated_at)
                 VALUES (?1, ?2, 'file', ?3, ?4, ?5, ?5)
                 ON CONFLICT (id) DO UPDATE SET
                     updated_at = CASE WHEN definition = excluded.definition
                         THEN updated_at ELSE excluded.updated_at END,
                     source = 'file', name = excluded.name, definition = excluded.definition,
                     deleted_at = NULL",
            )
            .bind(agent.id.to_string())
            .bind(&*self.workspace)
            .bind(&agent.name)
            .bind(agent.definition.to_string())
            .bind(micros(now))
            .execute(&mut *write)
            .await?;
            webhooks::replace(&mut write, &self.workspace, agent, Source::File, now).await?;
        }
        write.commit().await?;
        Ok(())
    }
}

impl FromRow<'_, SqliteRow> for AgentRecord {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            source: Source::read(row)?,
            name: row.try_get("name")?,
            definition: json(row, "definition")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
