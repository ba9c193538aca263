//! SIP connections: the gateways of operators' carriers, with what opens them.

use jiff::Timestamp;
use secret::Secret;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::owned::{self, NewPhoneNumber, SaveNumberError};
use crate::columns::{micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// Where calls leave, with what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipGateway {
    /// Host name or address, with a port or without.
    pub gateway: String,
    /// The port, where the gateway names none.
    pub port: Option<u16>,
    /// Where calls leave when the gateway can not be reached.
    pub secondary_gateway: Option<String>,
    /// User of digest authentication.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
}

/// A stored connection.
#[derive(Clone, Debug)]
pub struct SipConnection {
    /// The connection's id.
    pub id: Uuid,
    /// The number whose calls it carries.
    pub number: Uuid,
    /// What it is called.
    pub name: String,
    /// Its number as it was given.
    pub phone_number: String,
    /// Where calls leave.
    pub gateway: SipGateway,
    /// `unverified`, `active` or `failing`: what the last call through it came to.
    pub state: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A connection to be stored; its number comes into being with it.
#[derive(Clone, Debug)]
pub struct NewSipConnection {
    /// The number whose calls it carries.
    pub number: NewPhoneNumber,
    /// What it is called.
    pub name: String,
    /// Its number as it was given.
    pub phone_number: String,
    /// Where calls leave.
    pub gateway: SipGateway,
}

/// What to change in a connection; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct SipConnectionChange {
    /// Another name.
    pub name: Option<String>,
    /// Other gateways; their state is then unverified.
    pub gateway: Option<SipGateway>,
}

impl Store {
    /// Page `page` (from 1) of the connections, the newest first.
    pub async fn sip_connections(
        &self,
        page: u32,
        per_page: u32,
    ) -> Result<Page<SipConnection>, StoreError> {
        let list = List {
            select: "SELECT * FROM sip_connections",
            table: "sip_connections",
            filter: Filter::of(&self.workspace, "workspace_id"),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The connection with this id.
    pub async fn sip_connection(&self, id: Uuid) -> Result<Option<SipConnection>, StoreError> {
        let connection =
            sqlx::query_as("SELECT * FROM sip_connections WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(connection)
    }

    /// The newest connection of a number.
    pub async fn connection_of_number(
        &self,
        number: Uuid,
    ) -> Result<Option<SipConnection>, StoreError> {
        let mut reader = self.readers.acquire().await?;
        Ok(newest(&mut reader, &self.workspace, number).await?)
    }

    /// Adds a connection, and its number if the workspace does not have it yet.
    pub async fn add_sip_connection(
        &self,
        new: &NewSipConnection,
        now: Timestamp,
    ) -> Result<SipConnection, SaveNumberError> {
        let mut write = self.write().await?;
        let (number, _) =
            owned::find_or_insert(&mut write, &self.workspace, &new.number, now).await?;
        let added = insert(
            &mut write,
            &self.workspace,
            number.id,
            (&new.name, &new.phone_number),
            &new.gateway,
            now,
        )
        .await?;
        write.commit().await?;
        Ok(added)
    }

    /// Changes a connection; `None` when there is no such one.
    pub async fn change_sip_connection(
        &self,
        id: Uuid,
        change: &SipConnectionChange,
        now: Timestamp,
    ) -> Result<Option<SipConnection>, StoreError> {
        let mut write = self.write().await?;
        if let Some(gateway) = &change.gateway {
            set_gateway(&mut write, &self.workspace, id, gateway, now).await?;
        }
        let changed = sqlx::query_as(
            "UPDATE sip_connections SET name = coalesce($1, name), updated_at = $2
             WHERE id = $3 AND workspace_id = $4 RETURNING *",
        )
        .bind(change.name.as_deref())
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Removes a connection with its password, and the bindings that were made to it. Whether there
    /// was one. Its number stays.
    pub async fn remove_sip_connection(&self, id: Uuid) -> Result<bool, StoreError> {
        let removed =
            sqlx::query("DELETE FROM sip_connections WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .execute(&self.writer)
                .await?;
        Ok(removed.rows_affected() > 0)
    }
}

/// The newest connection of a number.
pub(super) async fn newest(
    reader: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: Uuid,
) -> Result<Option<SipConnection>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM sip_connections WHERE number_id = $1 AND workspace_id = $2
         ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(number.to_string())
    .bind(workspace.as_str())
    .fetch_optional(reader)
    .await
}

/// Stores a connection of a number, called `(name, number as given)`.
pub(super) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: Uuid,
    (name, phone_number): (&str, &str),
    gateway: &SipGateway,
    now: Timestamp,
) -> Result<SipConnection, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO sip_connections (id, workspace_id, number_id, name, phone_number, gateway,
             port, secondary_gateway, username, password, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'unverified', $11, $11) RETURNING *",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(workspace.as_str())
    .bind(number.to_string())
    .bind(name)
    .bind(phone_number)
    .bind(&gateway.gateway)
    .bind(gateway.port.map(i64::from))
    .bind(gateway.secondary_gateway.as_deref())
    .bind(gateway.username.as_deref())
    .bind(gateway.password.as_ref().map(Secret::expose))
    .bind(micros(now))
    .fetch_one(write)
    .await
}

/// Has a connection leave elsewhere. Nothing is known of that yet.
pub(super) async fn set_gateway(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
    gateway: &SipGateway,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE sip_connections SET gateway = $1, port = $2, secondary_gateway = $3,
             username = $4, password = $5, state = 'unverified', updated_at = $6
         WHERE id = $7 AND workspace_id = $8",
    )
    .bind(&gateway.gateway)
    .bind(gateway.port.map(i64::from))
    .bind(gateway.secondary_gateway.as_deref())
    .bind(gateway.username.as_deref())
    .bind(gateway.password.as_ref().map(Secret::expose))
    .bind(micros(now))
    .bind(id.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}

impl FromRow<'_, AnyRow> for SipConnection {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            number: uuid(row, "number_id")?,
            name: row.try_get("name")?,
            phone_number: row.try_get("phone_number")?,
            gateway: SipGateway::from_row(row)?,
            state: row.try_get("state")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for SipGateway {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let port: Option<i64> = row.try_get("port")?;
        let password: Option<String> = row.try_get("password")?;
        Ok(Self {
            gateway: row.try_get("gateway")?,
            port: port.and_then(|port| u16::try_from(port).ok()),
            secondary_gateway: row.try_get("secondary_gateway")?,
            username: row.try_get("username")?,
            password: password.map(Secret::new),
        })
    }
}
