//! OAuth clients: programs that may ask holders of keys to act for them.

use jiff::Timestamp;
use secret::Secret;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::SECRET;
use crate::columns::{json, micros, time, uuid};
use crate::credentials::is_hash_of;
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// A client to be registered.
#[derive(Clone, Debug)]
pub struct NewOauthClient {
    /// What those who are asked are told that it is called.
    pub name: String,
    /// Where they may be sent back to.
    pub redirect_uris: Vec<String>,
    /// The most that it may ask for, as the API spells scopes.
    pub scopes: Vec<String>,
    /// Whether it gets a secret. A program on the machine of its user can keep none.
    pub is_confidential: bool,
}

/// A registered client, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthClient {
    /// The client's id.
    pub id: Uuid,
    /// The workspace that it acts for.
    pub workspace: WorkspaceId,
    /// What it is called. Names need not be unique.
    pub name: String,
    /// Where those who are asked may be sent back to.
    pub redirect_uris: Vec<String>,
    /// The most that it may ask for.
    pub scopes: Vec<String>,
    /// Whether it has a secret.
    pub is_confidential: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A client with the secret that it was just given.
#[derive(Clone, Debug)]
pub struct RegisteredOauthClient {
    /// The client.
    pub client: OauthClient,
    /// Its secret, if it is to have one. It can not be had again.
    pub secret: Option<Secret>,
}

/// What to change in a client; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct OauthClientChange {
    /// A new name.
    pub name: Option<String>,
    /// New redirect URIs.
    pub redirect_uris: Option<Vec<String>>,
    /// New scopes. What was granted before stays granted.
    pub scopes: Option<Vec<String>>,
}

/// Why a client gets no new secret.
#[derive(Debug, thiserror::Error)]
pub enum RenewOauthSecretError {
    /// There is no such client.
    #[error("there is no such OAuth client")]
    Unknown,
    /// It is a public client.
    #[error("the OAuth client is a public one and has no secret")]
    Public,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Registers a client. Only a hash of its secret is kept.
    pub async fn register_oauth_client(
        &self,
        new: &NewOauthClient,
        now: Timestamp,
    ) -> Result<RegisteredOauthClient, StoreError> {
        let secret = new.is_confidential.then(|| SECRET.generate());
        let mut write = self.write().await?;
        let client = sqlx::query_as(
            "INSERT INTO oauth_clients
             (id, workspace_id, name, redirect_uris, scopes, secret_hash, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(&new.name)
        .bind(list(&new.redirect_uris))
        .bind(list(&new.scopes))
        .bind(secret.as_ref().map(|secret| secret.hash.to_vec()))
        .bind(micros(now))
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(RegisteredOauthClient {
            client,
            secret: secret.map(|secret| secret.text),
        })
    }

    /// The clients of this workspace, oldest first.
    pub async fn oauth_clients(&self) -> Result<Vec<OauthClient>, StoreError> {
        let clients = sqlx::query_as(
            "SELECT * FROM oauth_clients WHERE workspace_id = $1 ORDER BY created_at, id",
        )
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(clients)
    }

    /// The client of this workspace with this id.
    pub async fn oauth_client(&self, id: Uuid) -> Result<Option<OauthClient>, StoreError> {
        let client =
            sqlx::query_as("SELECT * FROM oauth_clients WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(client)
    }

    /// Changes a client; nothing if there is none.
    pub async fn change_oauth_client(
        &self,
        id: Uuid,
        change: &OauthClientChange,
        now: Timestamp,
    ) -> Result<Option<OauthClient>, StoreError> {
        let mut write = self.write().await?;
        let client = sqlx::query_as(
            "UPDATE oauth_clients SET
                 name = coalesce($1, name), redirect_uris = coalesce($2, redirect_uris),
                 scopes = coalesce($3, scopes), updated_at = $4
             WHERE id = $5 AND workspace_id = $6 RETURNING *",
        )
        .bind(change.name.as_deref())
        .bind(change.redirect_uris.as_deref().map(list))
        .bind(change.scopes.as_deref().map(list))
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(client)
    }

    /// Gives a client a new secret. The one before is refused from then on.
    pub async fn renew_oauth_secret(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<RegisteredOauthClient, RenewOauthSecretError> {
        let mut write = self.write().await?;
        let before = find(&mut write, &self.workspace, id).await?;
        let before = before.ok_or(RenewOauthSecretError::Unknown)?;
        if !before.is_confidential {
            return Err(RenewOauthSecretError::Public);
        }
        let secret = SECRET.generate();
        let client = sqlx::query_as(
            "UPDATE oauth_clients SET secret_hash = $1, updated_at = $2
             WHERE id = $3 AND workspace_id = $4 RETURNING *",
        )
        .bind(secret.hash.to_vec())
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_one(&mut *write)
        .await
        .map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        Ok(RegisteredOauthClient {
            client,
            secret: Some(secret.text),
        })
    }

    /// Deletes a client with all its grants and their tokens; false if there is none.
    pub async fn delete_oauth_client(&self, id: Uuid) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM oauth_clients WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// The client with this id among those of all workspaces.
    pub async fn any_oauth_client(&self, id: Uuid) -> Result<Option<OauthClient>, StoreError> {
        let client = sqlx::query_as("SELECT * FROM oauth_clients WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(client)
    }

    /// The client with this id among those of all workspaces, if the secret is its own: that which
    /// it was given last, or none for a public client.
    pub async fn authenticate_oauth_client(
        &self,
        id: Uuid,
        secret: Option<&str>,
    ) -> Result<Option<OauthClient>, StoreError> {
        let row = sqlx::query("SELECT * FROM oauth_clients WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let kept: Option<&[u8]> = row.try_get("secret_hash")?;
        let is_its_own = match (kept, secret) {
            (Some(kept), Some(secret)) => is_hash_of(kept, secret),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !is_its_own {
            return Ok(None);
        }
        Ok(Some(OauthClient::from_row(&row)?))
    }
}

/// The client with this id, as the transaction sees it.
pub(super) async fn find(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<OauthClient>, StoreError> {
    let client = sqlx::query_as("SELECT * FROM oauth_clients WHERE id = $1 AND workspace_id = $2")
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(write)
        .await?;
    Ok(client)
}

fn list(texts: &[String]) -> String {
    Value::from(texts).to_string()
}

impl FromRow<'_, AnyRow> for OauthClient {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let secret: Option<&[u8]> = row.try_get("secret_hash")?;
        Ok(Self {
            id: uuid(row, "id")?,
            workspace: WorkspaceId::read(row)?,
            name: row.try_get("name")?,
            redirect_uris: json(row, "redirect_uris")?,
            scopes: json(row, "scopes")?,
            is_confidential: secret.is_some(),
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
