//! Agents: their definitions as JSON, and where each comes from.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, optional_time, time, unreadable, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::schedules::agent_booking;
use crate::webhooks::{self, NewWebhook};
use crate::workspaces::WorkspaceId;

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

    pub(crate) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
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
    /// Whose it is.
    pub workspace: WorkspaceId,
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

/// When an agent last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentVersion {
    /// The agent's id.
    pub id: Uuid,
    /// Who owns the definition.
    pub source: Source,
    /// When its definition last changed.
    pub updated_at: Timestamp,
    /// When it was last said how it books, if it ever was.
    pub booked_at: Option<Timestamp>,
}

impl FromRow<'_, AnyRow> for AgentVersion {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            source: Source::read(row)?,
            updated_at: time(row, "updated_at")?,
            booked_at: optional_time(row, "booked_at")?,
        })
    }
}

impl Store {
    /// All agents that are not deleted, oldest first.
    pub async fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let agents = sqlx::query_as(
            "SELECT * FROM agents WHERE workspace_id = $1 AND deleted_at IS NULL
             ORDER BY created_at, id",
        )
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(agents)
    }

    /// The agents of all workspaces that are not deleted, oldest first.
    pub async fn agents_of_all_workspaces(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let agents =
            sqlx::query_as("SELECT * FROM agents WHERE deleted_at IS NULL ORDER BY created_at, id")
                .fetch_all(&self.readers)
                .await?;
        Ok(agents)
    }

    /// What changed last of each agent of all workspaces that is not deleted: a look at it tells
    /// whether anything did.
    pub async fn agent_versions_of_all_workspaces(&self) -> Result<Vec<AgentVersion>, StoreError> {
        let versions = sqlx::query_as(
            "SELECT agents.id, source, agents.updated_at, agent_bookings.updated_at AS booked_at
             FROM agents LEFT JOIN agent_bookings ON agent_id = agents.id
             WHERE deleted_at IS NULL",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(versions)
    }

    /// The agent with this id, of whatever workspace, unless it is deleted.
    pub async fn agent_of_any_workspace(
        &self,
        id: Uuid,
    ) -> Result<Option<AgentRecord>, StoreError> {
        let agent = sqlx::query_as("SELECT * FROM agents WHERE id = $1 AND deleted_at IS NULL")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(agent)
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
             VALUES ($1, $2, 'api', $3, $4, $5, $5) RETURNING *",
        )
        .bind(agent.id.to_string())
        .bind(self.workspace.as_str())
        .bind(&agent.name)
        .bind(agent.definition.to_string())
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        webhooks::replace(&mut write, &self.workspace, agent, Source::Api, now).await?;
        write.commit().await?;
        Ok(record)
    }

    /// Replaces the definition of an agent that the API owns; `None` when there is none. How it
    /// books says from then on what the definition says of that.
    pub async fn update_agent(
        &self,
        agent: &NewAgent,
        now: Timestamp,
    ) -> Result<Option<AgentRecord>, StoreError> {
        let mut write = self.write().await?;
        let record = sqlx::query_as(
            "UPDATE agents SET name = $1, definition = $2, updated_at = $3
             WHERE id = $4 AND workspace_id = $5 AND source = 'api' AND deleted_at IS NULL
             RETURNING *",
        )
        .bind(&agent.name)
        .bind(agent.definition.to_string())
        .bind(micros(now))
        .bind(agent.id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        if record.is_some() {
            webhooks::replace(&mut write, &self.workspace, agent, Source::Api, now).await?;
            agent_booking::follow(&mut write, &self.workspace, agent, now).await?;
        }
        write.commit().await?;
        Ok(record)
    }

    /// Deletes an agent that the API owns. Returns whether there was one.
    ///
    /// Its calls and webhooks stay, so that calls under way still send their reports.
    pub async fn delete_agent(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        let outcome = sqlx::query(
            "UPDATE agents SET deleted_at = $1
             WHERE id = $2 AND workspace_id = $3 AND source = 'api' AND deleted_at IS NULL",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
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
        let mut write = self.write().await?;
        let mut gone = Filter::of(&self.workspace, "workspace_id")
            .equal("source", Some(Source::File.as_str()))
            .none_of("id", agents.iter().map(|agent| agent.id));
        let deleted_at = gone.place(now);
        let statement = format!(
            "UPDATE agents SET deleted_at = {deleted_at} WHERE {} AND deleted_at IS NULL",
            gone.conditions()
        );
        sqlx::query_with(AssertSqlSafe(statement), gone.arguments()?)
            .execute(&mut *write)
            .await?;
        for agent in agents {
            let stored = sqlx::query(
                "INSERT INTO agents
                 (id, workspace_id, source, name, definition, created_at, updated_at)
                 VALUES ($1, $2, 'file', $3, $4, $5, $5)
                 ON CONFLICT (id) DO UPDATE SET
                     updated_at = CASE WHEN agents.definition = excluded.definition
                         THEN agents.updated_at ELSE excluded.updated_at END,
                     source = 'file', name = excluded.name, definition = excluded.definition,
                     deleted_at = NULL
                 WHERE agents.workspace_id = excluded.workspace_id",
            )
            .bind(agent.id.to_string())
            .bind(self.workspace.as_str())
            .bind(&agent.name)
            .bind(agent.definition.to_string())
            .bind(micros(now))
            .execute(&mut *write)
            .await?;
            if stored.rows_affected() == 0 {
                // Another workspace has an agent with this id.
                return Err(StoreError(sqlx::Error::RowNotFound));
            }
            webhooks::replace(&mut write, &self.workspace, agent, Source::File, now).await?;
        }
        write.commit().await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for AgentRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            workspace: WorkspaceId::read(row)?,
            source: Source::read(row)?,
            name: row.try_get("name")?,
            definition: json(row, "definition")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
