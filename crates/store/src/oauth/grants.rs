//! Grants: what the holders of keys let clients do.

use jiff::Timestamp;
use secret::Secret;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use super::{CODE, clients};
use crate::columns::{json, micros, optional_time, signed, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::Page;

/// How many grants or tokens are forgotten in one transaction, so that nobody else waits long.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

/// A grant that its client has yet to take up.
#[derive(Clone, Debug)]
pub struct NewOauthGrant {
    /// Who may act.
    pub client: Uuid,
    /// The API key of whoever lets it.
    pub key: Uuid,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Where its code is sent.
    pub redirect_uri: String,
    /// Whether the client said so itself, and has to say it again when it brings the code.
    pub redirect_uri_sent: bool,
    /// What the client's verifier has to hash to, in base64url.
    pub code_challenge: String,
    /// From when on the code is refused.
    pub code_expires_at: Timestamp,
}

/// A grant that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthGrant {
    /// The grant's id.
    pub id: Uuid,
    /// Who may act.
    pub client: Uuid,
    /// What the client is called.
    pub client_name: String,
    /// The API key of whoever let it.
    pub key: Uuid,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was let.
    pub granted_at: Timestamp,
    /// When one of its tokens was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl Store {
    /// Notes what a client of this workspace may do from when it brings the code that is returned;
    /// nothing if there is no such client. Only a hash of the code is kept.
    pub async fn begin_oauth_grant(
        &self,
        new: &NewOauthGrant,
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        let code = CODE.generate();
        let mut write = self.write().await?;
        if clients::find(&mut write, &self.workspace, new.client)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        sqlx::query(
            "INSERT INTO oauth_grants
             (id, workspace_id, client_id, key_id, scopes, redirect_uri, redirect_uri_sent,
              code_prefix, code_hash, code_challenge, code_expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(new.client.to_string())
        .bind(new.key.to_string())
        .bind(Value::from(new.scopes.clone()).to_string())
        .bind(&new.redirect_uri)
        .bind(i64::from(new.redirect_uri_sent))
        .bind(code.prefix)
        .bind(code.hash.to_vec())
        .bind(&new.code_challenge)
        .bind(micros(new.code_expires_at))
        .bind(micros(now))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Some(code.text))
    }

    /// The grants of this workspace that can be used, newest first: all, or those of a client.
    pub async fn oauth_grants(
        &self,
        client: Option<Uuid>,
        page: u32,
        per_page: u32,
        now: Timestamp,
    ) -> Result<Page<OauthGrant>, StoreError> {
        const USABLE: &str = "FROM oauth_grants g
             JOIN oauth_clients c ON c.id = g.client_id
             JOIN api_keys k ON k.id = g.key_id
             WHERE g.revoked_at IS NULL AND k.revoked_at IS NULL";
        let mut filter = Filter::of(&self.workspace, "g.workspace_id").equal("g.client_id", client);
        let moment = filter.place(micros(now));
        let usable = format!(
            "{USABLE} AND {} AND (k.expires_at IS NULL OR k.expires_at > {moment})
             AND EXISTS (SELECT 1 FROM oauth_tokens t WHERE t.grant_id = g.id
                 AND t.expires_at > {moment} AND t.replaced_at IS NULL AND t.revoked_at IS NULL)",
            filter.conditions()
        );
        let total: i64 = sqlx::query_scalar_with(
            AssertSqlSafe(format!("SELECT count(*) {usable}")),
            filter.arguments()?,
        )
        .fetch_one(&self.readers)
        .await?;
        let skipped = u64::from(page.saturating_sub(1)) * u64::from(per_page);
        let limit = filter.place(i64::from(per_page));
        let offset = filter.place(signed(skipped));
        let statement = format!(
            "SELECT g.id, g.client_id, c.name AS client_name, g.key_id, g.scopes, g.granted_at,
                 g.last_used_at {usable}
             ORDER BY g.granted_at DESC, g.id DESC LIMIT {limit} OFFSET {offset}"
        );
        let items = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(Page {
            items,
            total: u64::try_from(total).unwrap_or(0),
        })
    }

    /// Revokes a grant with all its tokens; false if there is none that is not revoked.
    pub async fn revoke_oauth_grant(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = sqlx::query(
            "UPDATE oauth_grants SET revoked_at = $1
             WHERE id = $2 AND workspace_id = $3 AND granted_at IS NOT NULL
             AND revoked_at IS NULL",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&self.writer)
        .await?;
        Ok(revoked.rows_affected() > 0)
    }

    /// Forgets, in all workspaces, tokens that expired before this moment, grants that were revoked
    /// before it or whose code was not taken up by then, and those that have no tokens any more.
    /// Returns how many tokens and grants these were.
    pub async fn forget_oauth(&self, before: Timestamp) -> Result<u64, StoreError> {
        const TOKENS: &str = "DELETE FROM oauth_tokens WHERE id IN
             (SELECT id FROM oauth_tokens WHERE expires_at < $1 LIMIT $2)";
        const GRANTS: &str = "DELETE FROM oauth_grants WHERE id IN
             (SELECT id FROM oauth_grants WHERE code_expires_at < $1
              AND (granted_at IS NULL OR revoked_at < $1 OR NOT EXISTS
                   (SELECT 1 FROM oauth_tokens WHERE grant_id = oauth_grants.id)) LIMIT $2)";
        let mut forgotten = 0;
        for statement in [TOKENS, GRANTS] {
            loop {
                let gone = sqlx::query(statement)
                    .bind(micros(before))
                    .bind(FORGOTTEN_AT_ONCE)
                    .execute(&self.writer)
                    .await?
                    .rows_affected();
                forgotten += gone;
                if gone < FORGOTTEN_AT_ONCE.unsigned_abs() {
                    break;
                }
            }
        }
        Ok(forgotten)
    }
}

impl FromRow<'_, AnyRow> for OauthGrant {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            client: uuid(row, "client_id")?,
            client_name: row.try_get("client_name")?,
            key: uuid(row, "key_id")?,
            scopes: json(row, "scopes")?,
            granted_at: time(row, "granted_at")?,
            last_used_at: optional_time(row, "last_used_at")?,
        })
    }
}
