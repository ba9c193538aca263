//! Which agents use which numbers. Bindings to agents that were deleted count for nothing.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, optional_uuid, time, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// An agent and a number that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberBinding {
    /// The number.
    pub number: Uuid,
    /// The agent.
    pub agent: Uuid,
    /// What that agent is called.
    pub agent_name: String,
    /// The number in E.164 form.
    pub phone_number: String,
    /// `inbound`, `outbound` or `both`.
    pub direction: String,
    /// The connection that its calls leave through, if the binding names one.
    pub connection: Option<Uuid>,
    /// When it was bound.
    pub bound_at: Timestamp,
}

/// A number that is to be bound.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The number.
    pub number: Uuid,
    /// The connection that its calls leave through; absent for the newest of the number.
    pub connection: Option<Uuid>,
    /// The agent.
    pub agent: Uuid,
}

/// What becomes of other agents that have the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// The number is not bound if there are any.
    Refused,
    /// They keep it for the calls that they make; those to it go to the new agent.
    Kept,
    /// They lose it.
    Moved,
}

/// Why a number was not bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another agent has it.
    #[error("another agent has the number")]
    InUse,
    /// The workspace has no such number, connection or agent.
    #[error("there is no such number, connection or agent")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BindError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError(error))
    }
}

/// Every column of [`NumberBinding`]; what follows begins with `AND`.
macro_rules! select_bindings {
    ($rest:literal) => {
        concat!(
            "SELECT number_bindings.*, phone_numbers.number AS phone_number,
                 phone_numbers.direction, agents.name AS agent_name
             FROM number_bindings
             JOIN phone_numbers ON phone_numbers.id = number_bindings.number_id
             JOIN agents ON agents.id = number_bindings.agent_id
             WHERE number_bindings.workspace_id = $1 AND agents.deleted_at IS NULL ",
            $rest
        )
    };
}

impl Store {
    /// The numbers of an agent, the latest first.
    pub async fn bindings_of_agent(&self, agent: Uuid) -> Result<Vec<NumberBinding>, StoreError> {
        let bindings = sqlx::query_as(select_bindings!(
            "AND number_bindings.agent_id = $2 ORDER BY bound_at DESC, number_id DESC"
        ))
        .bind(self.workspace.as_str())
        .bind(agent.to_string())
        .fetch_all(&self.readers)
        .await?;
        Ok(bindings)
    }

    /// The agents of a number, the latest first: that one takes its calls.
    pub async fn bindings_of_number(&self, number: Uuid) -> Result<Vec<NumberBinding>, StoreError> {
        let bindings = sqlx::query_as(select_bindings!(
            "AND number_bindings.number_id = $2 ORDER BY bound_at DESC, agent_id DESC"
        ))
        .bind(self.workspace.as_str())
        .bind(number.to_string())
        .fetch_all(&self.readers)
        .await?;
        Ok(bindings)
    }

    /// Binds a number to an agent, or again as the latest.
    pub async fn bind_number(
        &self,
        binding: Binding,
        sharing: Sharing,
        now: Timestamp,
    ) -> Result<(), BindError> {
        let mut write = self.write().await?;
        bind(&mut write, &self.workspace, binding, sharing, now).await?;
        write.commit().await?;
        Ok(())
    }

    /// Takes all numbers from an agent; how many there were.
    pub async fn unbind_agent(&self, agent: Uuid) -> Result<u64, StoreError> {
        let gone =
            sqlx::query("DELETE FROM number_bindings WHERE agent_id = $1 AND workspace_id = $2")
                .bind(agent.to_string())
                .bind(self.workspace.as_str())
                .execute(&self.writer)
                .await?;
        Ok(gone.rows_affected())
    }
}

/// Binds a number within a transaction of its workspace.
pub(super) async fn bind(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    binding: Binding,
    sharing: Sharing,
    now: Timestamp,
) -> Result<(), BindError> {
    let (number, agent) = (binding.number.to_string(), binding.agent.to_string());
    if sharing == Sharing::Refused {
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM number_bindings
             JOIN agents ON agents.id = number_bindings.agent_id
             WHERE number_id = $1 AND agent_id <> $2 AND number_bindings.workspace_id = $3
                 AND agents.deleted_at IS NULL",
        )
        .bind(&number)
        .bind(&agent)
        .bind(workspace.as_str())
        .fetch_one(&mut *write)
        .await?;
        if others > 0 {
            return Err(BindError::InUse);
        }
    }
    if sharing == Sharing::Moved {
        sqlx::query(
            "DELETE FROM number_bindings
             WHERE number_id = $1 AND agent_id <> $2 AND workspace_id = $3",
        )
        .bind(&number)
        .bind(&agent)
        .bind(workspace.as_str())
        .execute(&mut *write)
        .await?;
    }
    // Later than every other binding, however the clock goes.
    let latest: Option<i64> = sqlx::query_scalar(
        "SELECT max(bound_at) FROM number_bindings
         WHERE (number_id = $1 OR agent_id = $2) AND workspace_id = $3",
    )
    .bind(&number)
    .bind(&agent)
    .bind(workspace.as_str())
    .fetch_one(&mut *write)
    .await?;
    let at = latest
        .map_or(i64::MIN, |latest| latest + 1)
        .max(micros(now));
    let connection = binding.connection.map(|connection| connection.to_string());
    let bound = sqlx::query(
        "INSERT INTO number_bindings (number_id, agent_id, workspace_id, connection_id, bound_at)
         SELECT phone_numbers.id, agents.id, phone_numbers.workspace_id, $1, $2
         FROM phone_numbers JOIN agents ON agents.workspace_id = phone_numbers.workspace_id
         WHERE phone_numbers.id = $3 AND agents.id = $4 AND agents.deleted_at IS NULL
             AND phone_numbers.workspace_id = $5
             AND ($1 IS NULL OR EXISTS (SELECT 1 FROM sip_connections
                 WHERE sip_connections.id = $1 AND number_id = phone_numbers.id))
         ON CONFLICT (number_id, agent_id) DO UPDATE SET
             connection_id = excluded.connection_id, bound_at = excluded.bound_at",
    )
    .bind(connection)
    .bind(at)
    .bind(&number)
    .bind(&agent)
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    if bound.rows_affected() == 0 {
        return Err(BindError::Unknown);
    }
    Ok(())
}

impl FromRow<'_, AnyRow> for NumberBinding {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: uuid(row, "number_id")?,
            agent: uuid(row, "agent_id")?,
            agent_name: row.try_get("agent_name")?,
            phone_number: row.try_get("phone_number")?,
            direction: row.try_get("direction")?,
            connection: optional_uuid(row, "connection_id")?,
            bound_at: time(row, "bound_at")?,
        })
    }
}
