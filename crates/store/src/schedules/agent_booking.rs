//! How agents book: in which schedules, and by which rules.

use jiff::Timestamp;
use serde_json::Value;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

use crate::agents::NewAgent;
use crate::columns::{json, micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// What says whether an agent books, and in which of several free schedules: in its definition and
/// in how it books. Both always say the same.
const SAME: [(&str, &str); 2] = [
    ("appointment_scheduling_enabled", "enabled"),
    ("appointment_scheduling_randomly", "random_assignment"),
];

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

    /// How the agents of all workspaces book, of which that was ever said.
    pub async fn agent_bookings_of_all_workspaces(
        &self,
    ) -> Result<Vec<(Uuid, AgentBooking)>, StoreError> {
        let rows = sqlx::query("SELECT agent_id, settings, updated_at FROM agent_bookings")
            .fetch_all(&self.readers)
            .await?;
        let read = |row: &AnyRow| Ok((uuid(row, "agent_id")?, AgentBooking::from_row(row)?));
        let bookings: Result<_, sqlx::Error> = rows.iter().map(read).collect();
        Ok(bookings?)
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

/// Has how an agent books say what its new definition says.
pub(crate) async fn follow(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    agent: &NewAgent,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let stored: Option<AgentBooking> = sqlx::query_as(
        "SELECT settings, updated_at FROM agent_bookings
         WHERE agent_id = $1 AND workspace_id = $2",
    )
    .bind(agent.id.to_string())
    .bind(workspace.as_str())
    .fetch_optional(&mut *write)
    .await?;
    let Some(AgentBooking { mut settings, .. }) = stored else {
        return Ok(());
    };
    let before = settings.clone();
    if let Some(fields) = settings.as_object_mut() {
        for (defined, booking) in SAME {
            let says = agent.definition.get(defined).and_then(Value::as_bool);
            fields.insert(booking.to_owned(), says.unwrap_or_default().into());
        }
    }
    if settings == before {
        return Ok(());
    }
    sqlx::query(
        "UPDATE agent_bookings SET settings = $1, updated_at = $2
         WHERE agent_id = $3 AND workspace_id = $4",
    )
    .bind(settings.to_string())
    .bind(micros(now))
    .bind(agent.id.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for AgentBooking {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            settings: json(row, "settings")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
