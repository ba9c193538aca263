//! People that somebody tells of: found among the contacts, or made.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::columns::{micros, uuid};
use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

/// Someone who may be a contact already: who has the number, or else the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// E.164 number.
    pub number: Option<String>,
    /// Address for electronic mail.
    pub email: Option<String>,
    /// First name, or the whole one.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
}

impl Store {
    /// The contact that a person is, made if there is none. What was not known of it is known from
    /// then on; what was known stays.
    pub async fn contact_of_person(
        &self,
        person: &Person,
        now: Timestamp,
    ) -> Result<Uuid, StoreError> {
        let mut write = self.write().await?;
        let contact = find_or_create_person(&mut write, &self.workspace, person, now).await?;
        write.commit().await?;
        Ok(contact)
    }
}

/// The contact that a person is, made if there is none. What was not known of it is known from then
/// on; what was known stays.
pub(crate) async fn find_or_create_person(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    person: &Person,
    now: Timestamp,
) -> Result<Uuid, sqlx::Error> {
    let found = match first(write, workspace, WITH_NUMBER, person.number.as_deref()).await? {
        Some(found) => Some(found),
        None if person.number.is_some() => {
            first(write, workspace, WITH_EMAIL_ALONE, person.email.as_deref()).await?
        }
        None => first(write, workspace, WITH_EMAIL, person.email.as_deref()).await?,
    };
    let Some(id) = found else {
        return insert(write, workspace, person, now).await;
    };
    sqlx::query(
        "UPDATE contacts SET number = coalesce(number, $1), email = coalesce(email, $2),
             name = CASE WHEN name IS NULL AND surname IS NULL THEN $3 ELSE name END,
             surname = CASE WHEN name IS NULL AND surname IS NULL THEN $4 ELSE surname END,
             updated_at = $5
         WHERE id = $6 AND workspace_id = $7 AND (
             (number IS NULL AND CAST($1 AS TEXT) IS NOT NULL)
             OR (email IS NULL AND CAST($2 AS TEXT) IS NOT NULL)
             OR (name IS NULL AND surname IS NULL
                 AND coalesce(CAST($3 AS TEXT), CAST($4 AS TEXT)) IS NOT NULL)
         )",
    )
    .bind(person.number.as_deref())
    .bind(person.email.as_deref())
    .bind(person.name.as_deref())
    .bind(person.surname.as_deref())
    .bind(micros(now))
    .bind(id.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(id)
}

const WITH_NUMBER: &str = "SELECT id FROM contacts WHERE workspace_id = $1 AND number = $2";

const WITH_EMAIL: &str = "SELECT id FROM contacts
     WHERE workspace_id = $1 AND lower(email) = lower($2) ORDER BY created_at, id LIMIT 1";

/// Who has another number is somebody else with the same address.
const WITH_EMAIL_ALONE: &str = "SELECT id FROM contacts
     WHERE workspace_id = $1 AND lower(email) = lower($2) AND number IS NULL
     ORDER BY created_at, id LIMIT 1";

async fn first(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    statement: &'static str,
    value: Option<&str>,
) -> Result<Option<Uuid>, sqlx::Error> {
    let Some(value) = value else { return Ok(None) };
    let found = sqlx::query(statement)
        .bind(workspace.as_str())
        .bind(value)
        .fetch_optional(write)
        .await?;
    found.map(|row| uuid(&row, "id")).transpose()
}

async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    person: &Person,
    now: Timestamp,
) -> Result<Uuid, sqlx::Error> {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO contacts
         (id, workspace_id, number, email, name, surname, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .bind(person.number.as_deref())
    .bind(person.email.as_deref())
    .bind(person.name.as_deref())
    .bind(person.surname.as_deref())
    .bind(micros(now))
    .execute(write)
    .await?;
    Ok(id)
}
