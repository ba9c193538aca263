//! Tokens of grants: issued for a code or a refresh token, found again, revoked.
//!
//! A code and a refresh token are good for one use. A second one means that somebody else has it as
//! well, so it revokes the grant with all that came of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secret::Secret;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use super::{ACCESS_TOKEN, CODE, REFRESH_TOKEN};
use crate::columns::{flag, json, micros, optional_time, time, uuid};
use crate::credentials::{CredentialKind, is_hash_of};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

const LAST_USED_STEP: SignedDuration = SignedDuration::from_secs(60);

/// A token with what it can be used for only as long as: its grant and the key behind it.
const TOKENS: &str = "SELECT t.*, g.client_id, g.key_id, g.scopes AS grant_scopes,
         g.last_used_at, g.revoked_at AS grant_revoked_at,
         k.revoked_at AS key_revoked_at, k.expires_at AS key_expires_at
     FROM oauth_tokens t
     JOIN oauth_grants g ON g.id = t.grant_id JOIN api_keys k ON k.id = g.key_id
     WHERE t.prefix = $1";

const CODES: &str = "SELECT g.*, g.revoked_at AS grant_revoked_at,
         k.revoked_at AS key_revoked_at, k.expires_at AS key_expires_at
     FROM oauth_grants g JOIN api_keys k ON k.id = g.key_id
     WHERE g.code_prefix = $1";

/// How long tokens are good for.
#[derive(Clone, Copy, Debug)]
pub struct OauthLifetimes {
    /// Those that open the API.
    pub access: Duration,
    /// Those that are exchanged for others.
    pub refresh: Duration,
}

/// Tokens that were just issued. They can not be had again.
#[derive(Clone, Debug)]
pub struct IssuedOauthTokens {
    /// Opens the API.
    pub access: Secret,
    /// From when on it does not.
    pub access_expires_at: Timestamp,
    /// Is exchanged for others, once.
    pub refresh: Secret,
    /// What the access token permits.
    pub scopes: Vec<String>,
}

/// What was agreed on when a code was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthCodeTerms {
    /// Where the code was sent.
    pub redirect_uri: String,
    /// Whether the client said so itself.
    pub redirect_uri_sent: bool,
    /// What the client's verifier has to hash to, in base64url.
    pub code_challenge: String,
}

/// Why no tokens are issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueOauthTokensError {
    /// The client has no such code or refresh token, or it is over.
    #[error("there is no such code or refresh token, or it is over")]
    Unknown,
    /// It was used before. The grant is revoked.
    #[error("the code or refresh token was used before; its grant is revoked")]
    Reused,
    /// What the client brings with it does not fit.
    #[error("what the client brings does not fit what was agreed on")]
    Refused,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whom an access token lets do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthAccess {
    /// The workspace that it opens.
    pub workspace: WorkspaceId,
    /// The client that it was issued to.
    pub client: Uuid,
    /// The API key of whoever let the client.
    pub key: Uuid,
    /// What it permits, as the API spells it.
    pub scopes: Vec<String>,
}

/// Why an access token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum OpenOauthTokenError {
    /// There is none.
    #[error("there is no such access token")]
    Unknown,
    /// It was good until its expiry, or that of the key behind it.
    #[error("the access token expired at {at}")]
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// It, its grant or the key behind it was revoked.
    #[error("the access token was revoked at {at}")]
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// The token could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a token that its client gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthRevocation {
    /// It opens nothing any more, or never did.
    Done,
    /// It is another client's.
    Foreign,
}

impl Store {
    /// Issues the tokens of a grant to the client that brings its code, if `accepts` says that what
    /// else it brings fits. A code that comes again revokes the grant.
    pub async fn redeem_oauth_code(
        &self,
        client: Uuid,
        code: &str,
        accepts: impl FnOnce(&OauthCodeTerms) -> bool + Send,
        lifetimes: OauthLifetimes,
        now: Timestamp,
    ) -> Result<IssuedOauthTokens, IssueOauthTokensError> {
        let mut write = self.write().await?;
        let found = find(&mut write, CODE, CODES, "code_hash", code).await?;
        let found = found.map(|row| Redeemable::of_code(&row)).transpose();
        let found = found
            .map_err(StoreError)?
            .filter(|found| found.grant.is_of(&self.workspace, client))
            .ok_or(IssueOauthTokensError::Unknown)?;
        if found.used {
            found.grant.revoke(&mut write, now).await?;
            write.commit().await.map_err(StoreError)?;
            return Err(IssueOauthTokensError::Reused);
        }
        if found.expires_at <= now || !found.grant.is_live(now) {
            return Err(IssueOauthTokensError::Unknown);
        }
        if !accepts(&found.terms) {
            return Err(IssueOauthTokensError::Refused);
        }
        sqlx::query("UPDATE oauth_grants SET granted_at = $1 WHERE id = $2")
            .bind(micros(now))
            .bind(found.grant.id.to_string())
            .execute(&mut *write)
            .await
            .map_err(StoreError)?;
        let scopes = found.grant.scopes.clone();
        let issued = found
            .grant
            .issue(&mut write, scopes, lifetimes, now)
            .await?;
        write.commit().await.map_err(StoreError)?;
        Ok(issued)
    }

    /// Issues new tokens to the client that brings a refresh token, for those scopes of the grant
    /// that `choose` gives. The refresh token is good for nothing from then on; should it come
    /// again, the grant is revoked.
    pub async fn refresh_oauth_tokens(
        &self,
        client: Uuid,
        token: &str,
        choose: impl FnOnce(&[String]) -> Option<Vec<String>> + Send,
        lifetimes: OauthLifetimes,
        now: Timestamp,
    ) -> Result<IssuedOauthTokens, IssueOauthTokensError> {
        let mut write = self.write().await?;
        let found = find(&mut write, REFRESH_TOKEN, TOKENS, "hash", token).await?;
        let found = found.map(|row| FoundToken::read(&row)).transpose();
        let found = found
            .map_err(StoreError)?
            .filter(|found| found.grant.is_of(&self.workspace, client))
            .ok_or(IssueOauthTokensError::Unknown)?;
        if found.replaced_at.is_some() {
            found.grant.revoke(&mut write, now).await?;
            write.commit().await.map_err(StoreError)?;
            return Err(IssueOauthTokensError::Reused);
        }
        let is_over = found.expires_at <= now || found.revoked_at.is_some();
        if is_over || !found.grant.is_live(now) {
            return Err(IssueOauthTokensError::Unknown);
        }
        let scopes = choose(&found.grant.scopes).ok_or(IssueOauthTokensError::Refused)?;
        sqlx::query("UPDATE oauth_tokens SET replaced_at = $1 WHERE id = $2")
            .bind(micros(now))
            .bind(found.id.to_string())
            .execute(&mut *write)
            .await
            .map_err(StoreError)?;
        let issued = found
            .grant
            .issue(&mut write, scopes, lifetimes, now)
            .await?;
        write.commit().await.map_err(StoreError)?;
        Ok(issued)
    }

    /// Takes back a token of this client: an access token alone, with a refresh token the grant.
    pub async fn revoke_oauth_token(
        &self,
        client: Uuid,
        token: &str,
        now: Timestamp,
    ) -> Result<OauthRevocation, StoreError> {
        let mut write = self.write().await?;
        for kind in [ACCESS_TOKEN, REFRESH_TOKEN] {
            let Some(row) = find(&mut write, kind, TOKENS, "hash", token).await? else {
                continue;
            };
            let found = FoundToken::read(&row)?;
            if !found.grant.is_of(&self.workspace, client) {
                return Ok(OauthRevocation::Foreign);
            }
            if row.try_get::<&str, _>("kind")? == "refresh" {
                found.grant.revoke(&mut write, now).await?;
            } else {
                sqlx::query(
                    "UPDATE oauth_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
                )
                .bind(micros(now))
                .bind(found.id.to_string())
                .execute(&mut *write)
                .await?;
            }
            write.commit().await?;
            break;
        }
        Ok(OauthRevocation::Done)
    }

    /// Finds the access token that this is among those of all workspaces, and notes its use.
    ///
    /// The answer is never cached: what another process revoked is refused at once.
    pub async fn open_oauth_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<OauthAccess, OpenOauthTokenError> {
        let mut reader = self.readers.acquire().await.map_err(StoreError)?;
        let row = find(&mut reader, ACCESS_TOKEN, TOKENS, "hash", token).await?;
        drop(reader);
        let row = row.ok_or(OpenOauthTokenError::Unknown)?;
        let found = FoundToken::read(&row).map_err(StoreError)?;
        let grant = &found.grant;
        let revoked = [found.revoked_at, grant.revoked_at, grant.key_revoked_at];
        if let Some(at) = revoked.into_iter().flatten().min() {
            return Err(OpenOauthTokenError::Revoked { at });
        }
        let expiries = [Some(found.expires_at), grant.key_expires_at];
        if let Some(at) = expiries.into_iter().flatten().min().filter(|at| *at <= now) {
            return Err(OpenOauthTokenError::Expired { at });
        }
        self.note_oauth_use(&row, grant.id, now).await;
        Ok(OauthAccess {
            workspace: grant.workspace.clone(),
            client: grant.client,
            key: grant.key,
            scopes: found.scopes,
        })
    }

    async fn note_oauth_use(&self, row: &AnyRow, grant: Uuid, now: Timestamp) {
        let noted = optional_time(row, "last_used_at").ok().flatten();
        if noted.is_some_and(|at| now.duration_since(at) < LAST_USED_STEP) {
            return;
        }
        let noted = sqlx::query(
            "UPDATE oauth_grants SET last_used_at = $1
             WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
        )
        .bind(micros(now))
        .bind(grant.to_string())
        .execute(&self.writer)
        .await;
        if let Err(error) = noted {
            tracing::warn!(%grant, %error, "the use of an OAuth grant could not be noted");
        }
    }
}

/// The row whose column `hash` holds the hash of this text, out of those that `select` finds by its
/// prefix.
async fn find(
    connection: &mut AnyConnection,
    kind: CredentialKind,
    select: &'static str,
    hash: &'static str,
    text: &str,
) -> Result<Option<AnyRow>, StoreError> {
    let Some(prefix) = kind.prefix(text) else {
        return Ok(None);
    };
    let rows = sqlx::query(select)
        .bind(prefix)
        .fetch_all(connection)
        .await?;
    for row in rows {
        let kept: &[u8] = row.try_get(hash)?;
        if is_hash_of(kept, text) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// A code with its grant.
struct Redeemable {
    grant: Grant,
    terms: OauthCodeTerms,
    expires_at: Timestamp,
    used: bool,
}

impl Redeemable {
    fn of_code(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            grant: Grant::read(row, "id", "scopes")?,
            terms: OauthCodeTerms {
                redirect_uri: row.try_get("redirect_uri")?,
                redirect_uri_sent: flag(row, "redirect_uri_sent")?,
                code_challenge: row.try_get("code_challenge")?,
            },
            expires_at: time(row, "code_expires_at")?,
            used: optional_time(row, "granted_at")?.is_some(),
        })
    }
}

/// A token with its grant.
struct FoundToken {
    id: Uuid,
    grant: Grant,
    scopes: Vec<String>,
    expires_at: Timestamp,
    replaced_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl FoundToken {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            grant: Grant::read(row, "grant_id", "grant_scopes")?,
            scopes: json(row, "scopes")?,
            expires_at: time(row, "expires_at")?,
            replaced_at: optional_time(row, "replaced_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
        })
    }
}

/// A grant as far as its tokens are about it.
struct Grant {
    id: Uuid,
    workspace: WorkspaceId,
    client: Uuid,
    key: Uuid,
    scopes: Vec<String>,
    revoked_at: Option<Timestamp>,
    key_revoked_at: Option<Timestamp>,
    key_expires_at: Option<Timestamp>,
}

impl Grant {
    fn read(row: &AnyRow, id: &str, scopes: &str) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, id)?,
            workspace: WorkspaceId::read(row)?,
            client: uuid(row, "client_id")?,
            key: uuid(row, "key_id")?,
            scopes: json(row, scopes)?,
            revoked_at: optional_time(row, "grant_revoked_at")?,
            key_revoked_at: optional_time(row, "key_revoked_at")?,
            key_expires_at: optional_time(row, "key_expires_at")?,
        })
    }

    fn is_of(&self, workspace: &WorkspaceId, client: Uuid) -> bool {
        self.workspace == *workspace && self.client == client
    }

    fn is_live(&self, now: Timestamp) -> bool {
        let is_revoked = self.revoked_at.is_some() || self.key_revoked_at.is_some();
        !is_revoked && self.key_expires_at.is_none_or(|at| at > now)
    }

    async fn revoke(&self, write: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE oauth_grants SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
            .bind(micros(now))
            .bind(self.id.to_string())
            .execute(write)
            .await?;
        Ok(())
    }

    async fn issue(
        &self,
        write: &mut AnyConnection,
        scopes: Vec<String>,
        lifetimes: OauthLifetimes,
        now: Timestamp,
    ) -> Result<IssuedOauthTokens, StoreError> {
        let access = ACCESS_TOKEN.generate();
        let refresh = REFRESH_TOKEN.generate();
        let access_expires_at = self.expiry(lifetimes.access, now);
        let refresh_expires_at = self.expiry(lifetimes.refresh, now);
        for (kind, token, scopes, expires_at) in [
            ("access", &access, &scopes, access_expires_at),
            ("refresh", &refresh, &self.scopes, refresh_expires_at),
        ] {
            sqlx::query(
                "INSERT INTO oauth_tokens
                 (id, workspace_id, grant_id, kind, prefix, hash, scopes, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(Uuid::now_v7().to_string())
            .bind(self.workspace.as_str())
            .bind(self.id.to_string())
            .bind(kind)
            .bind(&token.prefix)
            .bind(token.hash.to_vec())
            .bind(Value::from(scopes.clone()).to_string())
            .bind(micros(now))
            .bind(micros(expires_at))
            .execute(&mut *write)
            .await?;
        }
        Ok(IssuedOauthTokens {
            access: access.text,
            access_expires_at,
            refresh: refresh.text,
            scopes,
        })
    }

    /// No token outlives the key behind its grant.
    fn expiry(&self, lifetime: Duration, now: Timestamp) -> Timestamp {
        let at = SignedDuration::try_from(lifetime)
            .ok()
            .and_then(|lifetime| now.checked_add(lifetime).ok());
        let at = at.unwrap_or(Timestamp::MAX);
        self.key_expires_at.map_or(at, |key| at.min(key))
    }
}
