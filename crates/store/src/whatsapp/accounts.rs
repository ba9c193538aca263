//! Business accounts: the numbers that messages are sent from.

use jiff::Timestamp;
use secret::Secret;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{micros, time, uuid};
use crate::database::{Store, StoreError};

/// A number of a WhatsApp Business account, with what opens it.
#[derive(Clone, Debug)]
pub struct WhatsappAccount {
    /// The account's id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// E.164 number that messages come from, as far as it is known.
    pub phone_number: Option<String>,
    /// Meta's id of that number.
    pub phone_number_id: String,
    /// Meta's id of the business account.
    pub waba_id: String,
    /// Opens Meta's API.
    pub access_token: Secret,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An account to be stored.
#[derive(Clone, Debug)]
pub struct NewWhatsappAccount {
    /// What it is called.
    pub name: String,
    /// E.164 number that messages come from.
    pub phone_number: Option<String>,
    /// Meta's id of that number.
    pub phone_number_id: String,
    /// Meta's id of the business account.
    pub waba_id: String,
    /// Opens Meta's API.
    pub access_token: Secret,
}

/// What to change in an account; absent parts stay.
#[derive(Clone, Debug, Default)]
pub struct WhatsappAccountChange {
    /// Another name.
    pub name: Option<String>,
    /// Another number.
    pub phone_number: Option<String>,
    /// Another token.
    pub access_token: Option<Secret>,
}

/// Why an account was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SaveWhatsappAccountError {
    /// The workspace has one with this number's id.
    #[error("the workspace has an account with this phone_number_id")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// All accounts, the oldest first.
    pub async fn whatsapp_accounts(&self) -> Result<Vec<WhatsappAccount>, StoreError> {
        let accounts = sqlx::query_as(
            "SELECT * FROM whatsapp_accounts WHERE workspace_id = $1 ORDER BY created_at, id",
        )
        .bind(self.workspace.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(accounts)
    }

    /// The account with this id.
    pub async fn whatsapp_account(&self, id: Uuid) -> Result<Option<WhatsappAccount>, StoreError> {
        let account =
            sqlx::query_as("SELECT * FROM whatsapp_accounts WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(account)
    }

    /// The oldest account of a business account.
    pub async fn whatsapp_account_of(
        &self,
        waba_id: &str,
    ) -> Result<Option<WhatsappAccount>, StoreError> {
        let account = sqlx::query_as(
            "SELECT * FROM whatsapp_accounts WHERE workspace_id = $1 AND waba_id = $2
             ORDER BY created_at, id LIMIT 1",
        )
        .bind(self.workspace.as_str())
        .bind(waba_id)
        .fetch_optional(&self.readers)
        .await?;
        Ok(account)
    }

    /// Whether an account sends from this number.
    pub async fn has_whatsapp_account_with(&self, number: &str) -> Result<bool, StoreError> {
        let account = sqlx::query(
            "SELECT 1 FROM whatsapp_accounts WHERE workspace_id = $1 AND phone_number = $2",
        )
        .bind(self.workspace.as_str())
        .bind(number)
        .fetch_optional(&self.readers)
        .await?;
        Ok(account.is_some())
    }

    /// Adds an account.
    pub async fn add_whatsapp_account(
        &self,
        new: &NewWhatsappAccount,
        now: Timestamp,
    ) -> Result<WhatsappAccount, SaveWhatsappAccountError> {
        let mut write = self.write().await?;
        let added: Option<WhatsappAccount> = sqlx::query_as(
            "INSERT INTO whatsapp_accounts (id, workspace_id, name, phone_number, phone_number_id,
                 waba_id, access_token, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
             ON CONFLICT (workspace_id, phone_number_id) DO NOTHING RETURNING *",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(self.workspace.as_str())
        .bind(&new.name)
        .bind(new.phone_number.as_deref())
        .bind(&new.phone_number_id)
        .bind(&new.waba_id)
        .bind(new.access_token.expose())
        .bind(micros(now))
        .fetch_optional(&mut *write)
        .await
        .map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        added.ok_or(SaveWhatsappAccountError::Taken)
    }

    /// Changes an account; `None` when there is no such one.
    pub async fn change_whatsapp_account(
        &self,
        id: Uuid,
        change: &WhatsappAccountChange,
        now: Timestamp,
    ) -> Result<Option<WhatsappAccount>, StoreError> {
        let mut write = self.write().await?;
        let changed = sqlx::query_as(
            "UPDATE whatsapp_accounts SET name = coalesce($1, name),
                 phone_number = coalesce($2, phone_number),
                 access_token = coalesce($3, access_token), updated_at = $4
             WHERE id = $5 AND workspace_id = $6 RETURNING *",
        )
        .bind(change.name.as_deref())
        .bind(change.phone_number.as_deref())
        .bind(change.access_token.as_ref().map(Secret::expose))
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(changed)
    }

    /// Removes an account with its token. Whether there was one.
    pub async fn remove_whatsapp_account(&self, id: Uuid) -> Result<bool, StoreError> {
        let removed =
            sqlx::query("DELETE FROM whatsapp_accounts WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .execute(&self.writer)
                .await?;
        Ok(removed.rows_affected() > 0)
    }
}

impl FromRow<'_, AnyRow> for WhatsappAccount {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            name: row.try_get("name")?,
            phone_number: row.try_get("phone_number")?,
            phone_number_id: row.try_get("phone_number_id")?,
            waba_id: row.try_get("waba_id")?,
            access_token: Secret::new(row.try_get::<String, _>("access_token")?),
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
