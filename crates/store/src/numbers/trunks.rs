//! Trunks: a number, where its calls leave, and its agent, registered and changed as one.

use jiff::Timestamp;
use uuid::Uuid;

use super::bindings::{self, BindError, Binding, Sharing};
use super::connections::{self, SipGateway};
use super::owned::{self, NewPhoneNumber, PhoneNumber, SaveNumberError};
use crate::columns::micros;
use crate::database::{Store, StoreError};

/// A trunk to be registered.
#[derive(Clone, Debug)]
pub struct NewTrunk {
    /// The number, called as the trunk is.
    pub number: NewPhoneNumber,
    /// The number as it was given.
    pub phone_number: String,
    /// Where calls leave; absent for the trunks of the node.
    pub gateway: Option<SipGateway>,
    /// The agent that gets it; must be stored.
    pub agent: Uuid,
}

/// What to change in a trunk; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct TrunkChange {
    /// Another name.
    pub name: Option<String>,
    /// `inbound`, `outbound` or `both`.
    pub direction: Option<&'static str>,
    /// How the number is written as a caller id.
    pub ani_format: Option<Option<&'static str>>,
    /// Where calls leave; `Some(None)` for the trunks of the node.
    pub gateway: Option<Option<SipGateway>>,
}

impl Store {
    /// Registers a trunk: number, connection and binding come into being together.
    pub async fn add_trunk(
        &self,
        new: &NewTrunk,
        now: Timestamp,
    ) -> Result<PhoneNumber, SaveNumberError> {
        let mut write = self.write().await?;
        let workspace = &self.workspace;
        let (number, is_new) =
            owned::find_or_insert(&mut write, workspace, &new.number, now).await?;
        if !is_new {
            return Err(SaveNumberError::Registered);
        }
        if let Some(gateway) = &new.gateway {
            let names = (new.number.name.as_str(), new.phone_number.as_str());
            connections::insert(&mut write, workspace, number.id, names, gateway, now).await?;
        }
        let binding = Binding {
            number: number.id,
            connection: None,
            agent: new.agent,
        };
        let bound = bindings::bind(&mut write, workspace, binding, Sharing::Moved, now).await;
        bound.map_err(|error| match error {
            BindError::Store(error) => error,
            BindError::InUse | BindError::Unknown => StoreError(sqlx::Error::RowNotFound),
        })?;
        write.commit().await?;
        Ok(number)
    }

    /// Changes a trunk. Its newest connection is that of the number; one comes into being if there
    /// is none yet.
    pub async fn change_trunk(
        &self,
        number: &PhoneNumber,
        change: &TrunkChange,
        now: Timestamp,
    ) -> Result<Option<PhoneNumber>, StoreError> {
        let mut write = self.write().await?;
        let workspace = &self.workspace;
        let changed: Option<PhoneNumber> = sqlx::query_as(
            "UPDATE phone_numbers SET name = coalesce($1, name),
                 direction = coalesce($2, direction),
                 ani_format = CASE WHEN $3 = 1 THEN $4 ELSE ani_format END, updated_at = $5
             WHERE id = $6 AND workspace_id = $7 RETURNING *",
        )
        .bind(change.name.as_deref())
        .bind(change.direction)
        .bind(i64::from(change.ani_format.is_some()))
        .bind(change.ani_format.flatten())
        .bind(micros(now))
        .bind(number.id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let Some(changed) = changed else {
            return Ok(None);
        };
        let newest = connections::newest(&mut write, workspace, number.id).await?;
        match (&change.gateway, newest) {
            (Some(Some(gateway)), Some(connection)) => {
                connections::set_gateway(&mut write, workspace, connection.id, gateway, now)
                    .await?;
            }
            (Some(Some(gateway)), None) => {
                let names = (changed.name.as_str(), changed.number.as_str());
                connections::insert(&mut write, workspace, number.id, names, gateway, now).await?;
            }
            (Some(None), Some(_)) => {
                // A binding that names one of them would go with it.
                for statement in [
                    "UPDATE number_bindings SET connection_id = NULL
                     WHERE number_id = $1 AND workspace_id = $2",
                    "DELETE FROM sip_connections WHERE number_id = $1 AND workspace_id = $2",
                ] {
                    sqlx::query(statement)
                        .bind(number.id.to_string())
                        .bind(workspace.as_str())
                        .execute(&mut *write)
                        .await?;
                }
            }
            (None, _) | (Some(None), None) => {}
        }
        write.commit().await?;
        Ok(Some(changed))
    }
}
