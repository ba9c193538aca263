//! How sessions are evaluated: the settings of an agent, or those of the workspace. They pass
//! through the store as JSON.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::columns::{json, micros, words};
use crate::database::{Store, StoreError};

impl Store {
    /// The settings of an agent, or without one those of the workspace; `None` if it has none of
    /// its own.
    pub async fn evaluate_settings(
        &self,
        agent: Option<Uuid>,
    ) -> Result<Option<Value>, StoreError> {
        let row = sqlx::query(
            "SELECT settings FROM evaluate_settings
             WHERE workspace_id = $1 AND coalesce(agent_id, '') = $2",
        )
        .bind(self.workspace.as_str())
        .bind(key(agent))
        .fetch_optional(&self.readers)
        .await?;
        Ok(read(row.as_ref())?)
    }

    /// Changes the settings of an agent, or without one those of the workspace. `change` is given
    /// what is stored of the agent and of the workspace, and gives what is to be stored. Nothing
    /// else changes them meanwhile.
    pub async fn change_evaluate_settings(
        &self,
        agent: Option<Uuid>,
        now: Timestamp,
        change: impl FnOnce(Option<Value>, Option<Value>) -> Value,
    ) -> Result<Value, StoreError> {
        let mut write = self.write().await?;
        let own = self.stored(&mut write, agent).await?;
        let default = match agent {
            Some(_) => self.stored(&mut write, None).await?,
            None => None,
        };
        let settings = change(own, default);
        self.replace(&mut write, agent, Some(&settings), now)
            .await?;
        write.commit().await?;
        Ok(settings)
    }

    /// Forgets the settings of an agent, which has those of the workspace again.
    pub async fn forget_evaluate_settings(
        &self,
        agent: Uuid,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        self.replace(&mut write, Some(agent), None, now).await?;
        write.commit().await?;
        Ok(())
    }

    async fn stored(
        &self,
        write: &mut AnyConnection,
        agent: Option<Uuid>,
    ) -> Result<Option<Value>, StoreError> {
        let row = sqlx::query(
            "SELECT settings FROM evaluate_settings
             WHERE workspace_id = $1 AND coalesce(agent_id, '') = $2",
        )
        .bind(self.workspace.as_str())
        .bind(key(agent))
        .fetch_optional(write)
        .await?;
        Ok(read(row.as_ref())?)
    }

    async fn replace(
        &self,
        write: &mut AnyConnection,
        agent: Option<Uuid>,
        settings: Option<&Value>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM evaluate_settings
             WHERE workspace_id = $1 AND coalesce(agent_id, '') = $2",
        )
        .bind(self.workspace.as_str())
        .bind(key(agent))
        .execute(&mut *write)
        .await?;
        let Some(settings) = settings else {
            return Ok(());
        };
        sqlx::query(
            "INSERT INTO evaluate_settings
             (id, workspace_id, agent_id, settings, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(agent.map(|agent| agent.to_string()))
        .bind(words(&settings.to_string()))
        .bind(micros(now))
        .execute(write)
        .await?;
        Ok(())
    }
}

fn key(agent: Option<Uuid>) -> String {
    agent.map_or_else(String::new, |agent| agent.to_string())
}

fn read(row: Option<&AnyRow>) -> Result<Option<Value>, sqlx::Error> {
    row.map(|row| json(row, "settings")).transpose()
}
