//! How agents book: in which schedules, and by which rules.

use jiff::Timestamp;
use serde_json::Value;

use sqlx::FromRow;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::columns::{json, micros, time};
use crate::database::{Store, StoreError};

/// How an agent books.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentBooking {
    /// Schedules and rules, in the API's field names.
    pub settings: Value,
    /// When they last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// How an agent books; `None` if nothing was ever said of it.
    pub async fn agent_booking(&self, agent: Uuid) -> Result<Option<AgentBooking>, StoreError> {
        let booking = sqlx::query_as(
            "SELECT settings, updated_at FROM agent_bookings
             WHERE agent_id = $1 AND workspace_id = $2",
        )
        .bind(agent.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(booking)
    }

    /// Says how an agent books from now on; `None` when there is no such agent.
    pub async fn put_agent_booking(
        &self,
        agent: Uuid,
        settings: &Value,
        now: Timestamp,
    ) -> Result<Option<AgentBooking>, StoreError> {
        let mut write = self.write().await?;
        let booking = sqlx::query_as(
            "INSERT INTO agent_bookings (agent_id, workspace_id, settings, updated_at)
             SELECT id, workspace_id, $1, $2 FROM agents
             WHERE id = $3 AND workspace_id = $4 AND deleted_at IS NULL
             ON CONFLICT (agent_id) DO UPDATE
             SET settings = excluded.settings, updated_at = excluded.updated_at
             RETURNING settings, updated_at",
        )
        .bind(settings.to_string())
        .bind(micros(now))
        .bind(agent.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(booking)
    }
}

impl FromRow<'_, AnyRow> for AgentBooking {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            settings: json(row, "settings")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
