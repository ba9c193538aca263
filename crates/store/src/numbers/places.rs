//! What calls ask of numbers: which one a call leaves by, who answers one, and whether it has room.

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

use super::connections::SipGateway;
use super::owned::PhoneNumber;
use crate::columns::{micros, optional_uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// How long a place is kept for a call that is not written down yet.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// Counts the places that are held at a number. `$1` is when a call that is not written down counts
/// no more.
const HELD: &str = "SELECT count(*) FROM number_calls
     LEFT JOIN calls ON calls.id = number_calls.call_id
     WHERE number_calls.number_id = $2 AND number_calls.direction = $3
         AND number_calls.workspace_id = $4
         AND ((calls.id IS NULL AND number_calls.taken_at >= $1)
             OR (calls.id IS NOT NULL AND calls.ended_at IS NULL))";

/// The number that an agent's calls leave by.
#[derive(Clone, Debug)]
pub struct OutgoingNumber {
    /// The number.
    pub number: PhoneNumber,
    /// The connection that they leave through, with what opens it.
    pub connection: Option<(Uuid, SipGateway)>,
}

/// A number that is called.
#[derive(Clone, Debug)]
pub struct AnsweredNumber {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The number.
    pub number: PhoneNumber,
    /// The agent that it was assigned to last, if it has any.
    pub agent: Option<Uuid>,
}

impl Store {
    /// The number that calls of an agent leave by: of those that it may call with, the one that it
    /// was bound to last.
    pub async fn outgoing_number(&self, agent: Uuid) -> Result<Option<OutgoingNumber>, StoreError> {
        let Some(bound) = sqlx::query(
            "SELECT phone_numbers.*, coalesce(number_bindings.connection_id,
                 (SELECT sip_connections.id FROM sip_connections
                  WHERE sip_connections.number_id = phone_numbers.id
                  ORDER BY sip_connections.created_at DESC, sip_connections.id DESC LIMIT 1)
             ) AS used_connection
             FROM number_bindings
             JOIN phone_numbers ON phone_numbers.id = number_bindings.number_id
             WHERE number_bindings.agent_id = $1 AND number_bindings.workspace_id = $2
                 AND phone_numbers.direction <> 'inbound'
             ORDER BY bound_at DESC, number_id DESC LIMIT 1",
        )
        .bind(agent.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?
        else {
            return Ok(None);
        };
        let number = PhoneNumber::from_row(&bound)?;
        let connection = match optional_uuid(&bound, "used_connection")? {
            Some(id) => {
                let connection = self.sip_connection(id).await?;
                connection.map(|connection| (id, connection.gateway))
            }
            None => None,
        };
        Ok(Some(OutgoingNumber { number, connection }))
    }

    /// The number of any workspace that is called by the first of these spellings, all in E.164
    /// form, that is one.
    pub async fn answered_number(
        &self,
        spellings: &[String],
    ) -> Result<Option<AnsweredNumber>, StoreError> {
        for spelling in spellings {
            let found = sqlx::query(
                "SELECT phone_numbers.*,
                     (SELECT number_bindings.agent_id FROM number_bindings
                      JOIN agents ON agents.id = number_bindings.agent_id
                      WHERE number_bindings.number_id = phone_numbers.id
                          AND agents.deleted_at IS NULL
                      ORDER BY bound_at DESC, number_bindings.agent_id DESC LIMIT 1
                     ) AS answering_agent
                 FROM phone_numbers WHERE number = $1",
            )
            .bind(spelling)
            .fetch_optional(&self.readers)
            .await?;
            if let Some(row) = found {
                return Ok(Some(AnsweredNumber::from_row(&row)?));
            }
        }
        Ok(None)
    }

    /// Takes a place for a call at a number that may carry `limit` calls at once in its direction.
    /// Whether there was one.
    pub async fn take_number_place(
        &self,
        call: Uuid,
        number: Uuid,
        connection: Option<Uuid>,
        direction: &'static str,
        limit: Option<u32>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let unwritten = micros(now.saturating_sub(WRITTEN_WITHIN).unwrap_or(Timestamp::MIN));
        if let Some(limit) = limit {
            let taken: i64 = sqlx::query_scalar(HELD)
                .bind(unwritten)
                .bind(number.to_string())
                .bind(direction)
                .bind(self.workspace.as_str())
                .fetch_one(&mut *write)
                .await?;
            if taken >= i64::from(limit) {
                return Ok(false);
            }
        }
        // A number that was released meanwhile has no place.
        let taken = sqlx::query(
            "INSERT INTO number_calls
                 (call_id, workspace_id, number_id, connection_id, direction, taken_at)
             SELECT $1, workspace_id, id, $2, $3, $4 FROM phone_numbers
             WHERE id = $5 AND workspace_id = $6",
        )
        .bind(call.to_string())
        .bind(connection.map(|connection| connection.to_string()))
        .bind(direction)
        .bind(micros(now))
        .bind(number.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        sqlx::query(
            "DELETE FROM number_calls WHERE number_id = $1 AND workspace_id = $2 AND taken_at < $3
                 AND NOT EXISTS (SELECT 1 FROM calls
                     WHERE calls.id = number_calls.call_id AND calls.ended_at IS NULL)",
        )
        .bind(number.to_string())
        .bind(self.workspace.as_str())
        .bind(unwritten)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(taken.rows_affected() > 0)
    }

    /// Gives the place of a call back that was not placed after all.
    pub async fn give_number_place_back(&self, call: Uuid) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM number_calls WHERE call_id = $1 AND workspace_id = $2")
            .bind(call.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// Notes what a call that is over says of the connection that it left through, and gives its place
/// back.
pub(crate) async fn note_connection(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    call: Uuid,
    status: &str,
    sip_code: Option<u16>,
) -> Result<(), sqlx::Error> {
    let state = match (status, sip_code) {
        ("cancelled", _) => None,
        ("unreachable", Some(408)) | (_, Some(401 | 403 | 407 | 500..=599)) => Some("failing"),
        ("completed" | "forwarded", _) | (_, Some(_)) => Some("active"),
        (_, None) => None,
    };
    if let Some(state) = state {
        sqlx::query(
            "UPDATE sip_connections SET state = $1 WHERE workspace_id = $2 AND id IN (
                 SELECT connection_id FROM number_calls
                 WHERE call_id = $3 AND direction = 'outbound' AND connection_id IS NOT NULL)",
        )
        .bind(state)
        .bind(workspace.as_str())
        .bind(call.to_string())
        .execute(&mut *write)
        .await?;
    }
    sqlx::query("DELETE FROM number_calls WHERE call_id = $1 AND workspace_id = $2")
        .bind(call.to_string())
        .bind(workspace.as_str())
        .execute(write)
        .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for AnsweredNumber {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            workspace: WorkspaceId::read(row)?,
            number: PhoneNumber::from_row(row)?,
            agent: optional_uuid(row, "answering_agent")?,
        })
    }
}
