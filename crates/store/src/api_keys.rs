//! API keys: made, shown once, found again by their tokens.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{json, micros, optional_time, time, uuid};
use crate::credentials::{CredentialKind, is_hash_of};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;
use secret::Secret;

/// The scope that stands for all of them.
pub const EVERY_SCOPE: &str = "*";

const TOKEN: CredentialKind = CredentialKind::new("mihu_");
const LAST_USED_STEP: SignedDuration = SignedDuration::from_secs(60);

/// A key as it may be shown: without its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: Uuid,
    /// The workspace that it opens.
    pub workspace: WorkspaceId,
    /// What its maker called it. Names need not be unique.
    pub name: String,
    /// The public start of the token, `mihu_` and 8 characters.
    pub prefix: String,
    /// What it may be used for, as the API spells it.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; never, if absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A key that was just made, with its token.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// The bearer token. It can not be had again.
    pub token: Secret,
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// No key has this token.
    #[error("no key has this token; make one with `mihu keys create --name NAME`")]
    Unknown,
    /// The key was good until its expiry.
    #[error("the key expired at {at}; make another with `mihu keys create --name NAME`")]
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// The key was revoked.
    #[error("the key was revoked at {at}; make another with `mihu keys create --name NAME`")]
    Revoked {
        /// When it was revoked.
        at: Timestamp,
    },
    /// The key could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no key was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeApiKeyError {
    /// Nothing matches.
    #[error("no live key has the id, prefix or name {asked:?}; `mihu keys list` shows them")]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// Several live keys carry that name.
    #[error("{count} live keys are called {asked:?}; name the one to revoke by its id or prefix")]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// How many match.
        count: usize,
    },
    /// The key could not be looked up or changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a key of this workspace. Only a hash of its token is kept.
    pub async fn create_api_key(
        &self,
        name: &str,
        scopes: &[&str],
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<NewApiKey, StoreError> {
        let token = TOKEN.generate();
        let key = ApiKey {
            id: Uuid::now_v7(),
            workspace: self.workspace.clone(),
            name: name.to_owned(),
            prefix: token.prefix,
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        sqlx::query(
            "INSERT INTO api_keys
             (id, workspace_id, name, prefix, hash, scopes, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(key.id.to_string())
        .bind(self.workspace.as_str())
        .bind(&key.name)
        .bind(&key.prefix)
        .bind(token.hash.to_vec())
        .bind(Value::from(key.scopes.clone()).to_string())
        .bind(micros(now))
        .bind(expires_at.map(micros))
        .execute(&self.writer)
        .await?;
        Ok(NewApiKey {
            key,
            token: token.text,
        })
    }

    /// Every key of this workspace ever made, oldest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let keys = sqlx::query_as(
            "SELECT * FROM api_keys WHERE workspace_id = $1 ORDER BY created_at, id",
        )
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(keys)
    }

    /// Revokes the live key with this id or prefix, or else the only one with this name.
    ///
    /// The key opens nothing from the moment this returns, in this process and in others.
    pub async fn revoke_api_key(
        &self,
        asked: &str,
        now: Timestamp,
    ) -> Result<ApiKey, RevokeApiKeyError> {
        let mut live: Vec<ApiKey> = self.api_keys().await?;
        live.retain(|key| key.revoked_at.is_none());
        let exact = |key: &&ApiKey| key.prefix == asked || key.id.to_string() == asked;
        let found = match live.iter().find(exact) {
            Some(key) => vec![key],
            None => live.iter().filter(|key| key.name == asked).collect(),
        };
        let [key] = found.as_slice() else {
            let (asked, count) = (asked.to_owned(), found.len());
            return Err(if count == 0 {
                RevokeApiKeyError::Unknown { asked }
            } else {
                RevokeApiKeyError::Ambiguous { asked, count }
            });
        };
        sqlx::query("UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND workspace_id = $3")
            .bind(micros(now))
            .bind(key.id.to_string())
            .bind(self.workspace.as_str())
            .execute(&self.writer)
            .await
            .map_err(StoreError)?;
        Ok(ApiKey {
            revoked_at: Some(now),
            ..(*key).clone()
        })
    }

    /// Finds the key whose token this is among those of all workspaces, and notes its use.
    /// [`ApiKey::workspace`] and [`ApiKey::scopes`] are what the token opens.
    ///
    /// The answer is never cached: a key revoked by another process is refused at once.
    pub async fn authenticate(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<ApiKey, AuthenticateError> {
        let key = self
            .find_key(token)
            .await?
            .ok_or(AuthenticateError::Unknown)?;
        if let Some(at) = key.revoked_at {
            return Err(AuthenticateError::Revoked { at });
        }
        if let Some(at) = key.expires_at.filter(|at| *at <= now) {
            return Err(AuthenticateError::Expired { at });
        }
        let noted = key
            .last_used_at
            .is_some_and(|at| now.duration_since(at) < LAST_USED_STEP);
        if !noted && let Err(error) = self.note_use(&key, now).await {
            tracing::warn!(key = %key.id, %error, "the use of an API key could not be noted");
        }
        Ok(key)
    }

    async fn find_key(&self, token: &str) -> Result<Option<ApiKey>, StoreError> {
        let Some(prefix) = TOKEN.prefix(token) else {
            return Ok(None);
        };
        let rows = sqlx::query("SELECT * FROM api_keys WHERE prefix = $1")
            .bind(prefix)
            .fetch_all(&self.readers)
            .await?;
        for row in rows {
            let kept: &[u8] = row.try_get("hash")?;
            if is_hash_of(kept, token) {
                return Ok(Some(ApiKey::from_row(&row)?));
            }
        }
        Ok(None)
    }

    async fn note_use(&self, key: &ApiKey, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE api_keys SET last_used_at = $1
             WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
        )
        .bind(micros(now))
        .bind(key.id.to_string())
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for ApiKey {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            workspace: WorkspaceId::read(row)?,
            name: row.try_get("name")?,
            prefix: row.try_get("prefix")?,
            scopes: json(row, "scopes")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            last_used_at: optional_time(row, "last_used_at")?,
        })
    }
}
