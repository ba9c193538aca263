//! Contacts: the people at the other end, at most one for each number.
//!
//! A contact is a row with what every contact has ([`ContactDetails`]), its tags (`tags.rs`) and
//! its values of the fields that the workspace added (`fields.rs`); `extras.rs` reads the last two
//! for many contacts at once.

mod extras;
mod fields;
mod former;
mod matching;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, FromRow, Row};
use uuid::Uuid;

pub use self::fields::{ContactField, NewContactField, SaveFieldError};
pub(crate) use self::former::take_back;
pub use self::matching::Person;
pub(crate) use self::matching::find_or_create_person;
pub use self::tags::{SaveTagError, Tag};
use crate::columns::{flag, micros, time, uuid};
use crate::database::{Store, StoreError};
use crate::dialling;
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// Someone the node called, was called by, or was told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The contact's id.
    pub id: Uuid,
    /// What is known of them.
    pub details: ContactDetails,
    /// Their tags, by name.
    pub tags: Vec<Tag>,
    /// Their values of the workspace's own fields, by the field's id.
    pub values: BTreeMap<Uuid, Value>,
    /// When they were first heard of.
    pub created_at: Timestamp,
    /// When anything of this last changed.
    pub updated_at: Timestamp,
}

/// What is known of a contact. The words are the API's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactDetails {
    /// E.164 number, or the SIP user of a caller that has none; no two contacts share one.
    pub number: Option<String>,
    /// First name, or the whole one.
    pub name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Address for electronic mail.
    pub email: Option<String>,
    /// `mobile` or `landline`.
    pub number_type: Option<String>,
    /// The number's country.
    pub country_code: Option<String>,
    /// IANA name of their time zone.
    pub timezone: Option<String>,
    /// BCP 47 tag of their language.
    pub primary_language: Option<String>,
    /// `Call`, `SMS` or `WhatsApp`.
    pub preferred_channel: Option<String>,
    /// When they like to be reached, in words.
    pub preferred_time: Option<String>,
    /// Whether they are `Inactive` instead of `Active`.
    pub is_inactive: bool,
    /// Whether they do not want to be called.
    pub do_not_call: bool,
}

/// Which contacts to list; absent parts match every contact.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Only those whose name, address or number has these words in it.
    pub containing: Option<String>,
    /// Only `Active` or `Inactive` ones.
    pub status: Option<String>,
    /// Only those that prefer this channel.
    pub channel: Option<String>,
    /// Only those with this tag.
    pub tag: Option<Uuid>,
    /// Only those in this pool.
    pub pool: Option<Uuid>,
    /// Only those for whom this campaign has a task.
    pub campaign: Option<Uuid>,
}

/// What is to become of a contact's tags and values.
#[derive(Clone, Debug, Default)]
pub struct ContactExtras {
    /// The tags that it has from then on; absent keeps them.
    pub tags: Option<Vec<Uuid>>,
    /// Values that change, by their field; `None` takes one away.
    pub values: Vec<(Uuid, Option<Value>)>,
}

/// Why a contact was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SaveContactError {
    /// There is no such contact.
    #[error("there is no such contact")]
    Unknown,
    /// Another contact has the number.
    #[error("another contact has this number")]
    NumberTaken,
    /// There is no tag with this id.
    #[error("there is no tag {0}")]
    UnknownTag(Uuid),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A contact that was found by its number, or made for it.
#[derive(Clone, Debug)]
pub(crate) struct FoundContact {
    pub(crate) id: Uuid,
    /// Made just now.
    pub(crate) is_new: bool,
}

/// A row of the table alone.
struct ContactRow(Contact);

impl Store {
    /// Page `page` (from 1) of the contacts that match, newest first, `per_page` to a page.
    pub async fn contacts(
        &self,
        filter: &ContactFilter,
        page: u32,
        per_page: u32,
    ) -> Result<Page<Contact>, StoreError> {
        const NAMES: &[&str] = &[
            "coalesce(name, '') || ' ' || coalesce(surname, '')",
            "coalesce(email, '')",
            "coalesce(number, '')",
        ];
        let list = List {
            select: "SELECT * FROM contacts",
            table: "contacts",
            filter: Filter::of(&self.workspace, "workspace_id")
                .equal("status", filter.status.as_deref())
                .equal("preferred_channel", filter.channel.as_deref())
                .within(
                    "id",
                    "SELECT contact_id FROM contact_tags WHERE tag_id",
                    filter.tag,
                )
                .within(
                    "id",
                    "SELECT contact_id FROM pool_contacts WHERE pool_id",
                    filter.pool,
                )
                .within(
                    "id",
                    "SELECT contact_id FROM tasks WHERE deleted_at IS NULL AND campaign_id",
                    filter.campaign,
                )
                .containing(NAMES, filter.containing.as_deref()),
            order: "created_at DESC, id DESC",
            is_counted: true,
        };
        let found: Page<ContactRow> = self.page(list, page, per_page).await?;
        let mut items = found.items.into_iter().map(|row| row.0).collect::<Vec<_>>();
        let mut reader = self.readers.acquire().await?;
        extras::fill(&mut reader, &self.workspace, &mut items).await?;
        Ok(Page {
            items,
            total: found.total,
        })
    }

    /// The contact with this id.
    pub async fn contact(&self, id: Uuid) -> Result<Option<Contact>, StoreError> {
        let mut reader = self.readers.acquire().await?;
        Ok(by_id(&mut reader, &self.workspace, id).await?)
    }

    /// The contact with this number.
    pub async fn contact_of_number(&self, number: &str) -> Result<Option<Contact>, StoreError> {
        let mut reader = self.readers.acquire().await?;
        let found: Option<ContactRow> =
            sqlx::query_as("SELECT * FROM contacts WHERE workspace_id = $1 AND number = $2")
                .bind(self.workspace.as_str())
                .bind(number)
                .fetch_optional(&mut *reader)
                .await?;
        Ok(whole(&mut reader, &self.workspace, found).await?)
    }

    /// Makes a contact.
    pub async fn create_contact(
        &self,
        details: &ContactDetails,
        extras: &ContactExtras,
        now: Timestamp,
    ) -> Result<Contact, SaveContactError> {
        let id = Uuid::now_v7();
        let mut write = self.write().await?;
        let stored = insert(id, &self.workspace, details, now)
            .execute(&mut *write)
            .await
            .map_err(StoreError)?;
        if stored.rows_affected() == 0 {
            return Err(SaveContactError::NumberTaken);
        }
        extras::store(&mut write, &self.workspace, id, extras).await?;
        let made = by_id(&mut write, &self.workspace, id).await;
        let made = made.map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        made.ok_or(SaveContactError::Unknown)
    }

    /// Changes a contact; `edit` is given what is known of it at that moment.
    pub async fn update_contact(
        &self,
        id: Uuid,
        edit: impl FnOnce(&mut ContactDetails) + Send,
        extras: &ContactExtras,
        now: Timestamp,
    ) -> Result<Contact, SaveContactError> {
        let mut write = self.write().await?;
        let before = by_id(&mut write, &self.workspace, id).await;
        let before = before.map_err(StoreError)?;
        let before = before.ok_or(SaveContactError::Unknown)?.details;
        let mut details = before.clone();
        edit(&mut details);
        if let Some(number) = &details.number
            && let Some(holder) = holder_of(&mut write, &self.workspace, number).await?
            && holder != id
        {
            return Err(SaveContactError::NumberTaken);
        }
        update(id, &self.workspace, &details, now)
            .execute(&mut *write)
            .await
            .map_err(StoreError)?;
        let left = leave_tasks(&mut write, &self.workspace, id, [&before, &details], now).await;
        left.map_err(StoreError)?;
        extras::store(&mut write, &self.workspace, id, extras).await?;
        let after = by_id(&mut write, &self.workspace, id).await;
        let after = after.map_err(StoreError)?;
        write.commit().await.map_err(StoreError)?;
        after.ok_or(SaveContactError::Unknown)
    }

    /// Deletes a contact with its tags and values, and gives what it was. Its calls and
    /// conversations stay, and are nobody's.
    pub async fn delete_contact(&self, id: Uuid) -> Result<Option<Contact>, StoreError> {
        let mut write = self.write().await?;
        let Some(contact) = by_id(&mut write, &self.workspace, id).await? else {
            return Ok(None);
        };
        former::note(&mut write, &self.workspace, id).await?;
        remove(&mut write, &self.workspace, id).await?;
        write.commit().await?;
        Ok(Some(contact))
    }
}

/// Takes a contact out of what waits for it, if it does not want to be called any more or has
/// become inactive.
async fn leave_tasks(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
    [before, after]: [&ContactDetails; 2],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    if after.do_not_call && !before.do_not_call {
        dialling::opt_out(write, workspace, id, now).await?;
    }
    if after.is_inactive && !before.is_inactive {
        dialling::rest(write, workspace, id, now).await?;
    }
    Ok(())
}

/// The contact with this number; made under a fresh id when there is none.
pub(crate) async fn find_or_create(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: &str,
    now: Timestamp,
) -> Result<FoundContact, sqlx::Error> {
    let fresh = Uuid::now_v7();
    let found = sqlx::query(
        "INSERT INTO contacts (id, workspace_id, number, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (workspace_id, number) DO UPDATE SET number = excluded.number
         RETURNING id",
    )
    .bind(fresh.to_string())
    .bind(workspace.as_str())
    .bind(number)
    .bind(micros(now))
    .fetch_one(write)
    .await?;
    let id = uuid(&found, "id")?;
    Ok(FoundContact {
        id,
        is_new: id == fresh,
    })
}

/// Removes a contact that no conversation or appointment ever had and that nobody has changed since it was made.
pub(crate) async fn remove_unused(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM contacts WHERE id = $1 AND workspace_id = $2 AND updated_at = created_at
         AND NOT EXISTS (SELECT 1 FROM conversations WHERE contact_id = $1)
         AND NOT EXISTS (SELECT 1 FROM tasks WHERE contact_id = $1)
         AND NOT EXISTS (SELECT 1 FROM pool_contacts WHERE contact_id = $1)
         AND NOT EXISTS (SELECT 1 FROM appointments WHERE contact_id = $1)
         AND NOT EXISTS (SELECT 1 FROM appointment_requests WHERE contact_id = $1)",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}

/// Removes a contact from what refers to it, and then itself.
pub(crate) async fn remove(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    dialling::forget_contact(write, workspace, id).await?;
    for statement in [
        "UPDATE calls SET contact_id = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE conversations SET contact_id = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM contacts WHERE id = $1 AND workspace_id = $2",
    ] {
        sqlx::query(statement)
            .bind(id.to_string())
            .bind(workspace.as_str())
            .execute(&mut *write)
            .await?;
    }
    Ok(())
}

pub(crate) async fn by_id(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<Contact>, sqlx::Error> {
    let found = sqlx::query_as("SELECT * FROM contacts WHERE id = $1 AND workspace_id = $2")
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    whole(connection, workspace, found).await
}

async fn whole(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    found: Option<ContactRow>,
) -> Result<Option<Contact>, sqlx::Error> {
    let Some(ContactRow(contact)) = found else {
        return Ok(None);
    };
    let mut contacts = [contact];
    extras::fill(connection, workspace, &mut contacts).await?;
    let [contact] = contacts;
    Ok(Some(contact))
}

async fn holder_of(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    number: &str,
) -> Result<Option<Uuid>, StoreError> {
    let holder = sqlx::query("SELECT id FROM contacts WHERE workspace_id = $1 AND number = $2")
        .bind(workspace.as_str())
        .bind(number)
        .fetch_optional(write)
        .await?;
    Ok(holder.map(|row| uuid(&row, "id")).transpose()?)
}

/// Changes nothing when another contact has the number.
fn insert<'a>(
    id: Uuid,
    workspace: &'a WorkspaceId,
    details: &'a ContactDetails,
    now: Timestamp,
) -> Query<'a, Any, AnyArguments> {
    let query = sqlx::query(
        "INSERT INTO contacts
         (id, workspace_id, created_at, updated_at, number, name, surname, email, number_type,
          country_code, timezone, primary_language, preferred_channel, preferred_time, status,
          do_not_call)
         VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (workspace_id, number) DO NOTHING",
    );
    bind_details(bind_row(query, id, workspace, now), details)
}

fn update<'a>(
    id: Uuid,
    workspace: &'a WorkspaceId,
    details: &'a ContactDetails,
    now: Timestamp,
) -> Query<'a, Any, AnyArguments> {
    let query = sqlx::query(
        "UPDATE contacts SET updated_at = $3, number = $4, name = $5, surname = $6, email = $7,
             number_type = $8, country_code = $9, timezone = $10, primary_language = $11,
             preferred_channel = $12, preferred_time = $13, status = $14, do_not_call = $15
         WHERE id = $1 AND workspace_id = $2",
    );
    bind_details(bind_row(query, id, workspace, now), details)
}

fn bind_row<'a>(
    query: Query<'a, Any, AnyArguments>,
    id: Uuid,
    workspace: &'a WorkspaceId,
    now: Timestamp,
) -> Query<'a, Any, AnyArguments> {
    query
        .bind(id.to_string())
        .bind(workspace.as_str())
        .bind(micros(now))
}

/// In the order in which both statements name them.
fn bind_details<'a>(
    query: Query<'a, Any, AnyArguments>,
    details: &'a ContactDetails,
) -> Query<'a, Any, AnyArguments> {
    query
        .bind(details.number.as_deref())
        .bind(details.name.as_deref())
        .bind(details.surname.as_deref())
        .bind(details.email.as_deref())
        .bind(details.number_type.as_deref())
        .bind(details.country_code.as_deref())
        .bind(details.timezone.as_deref())
        .bind(details.primary_language.as_deref())
        .bind(details.preferred_channel.as_deref())
        .bind(details.preferred_time.as_deref())
        .bind(if details.is_inactive {
            INACTIVE
        } else {
            "Active"
        })
        .bind(i64::from(details.do_not_call))
}

const INACTIVE: &str = "Inactive";

impl FromRow<'_, AnyRow> for ContactRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Contact {
            id: uuid(row, "id")?,
            details: ContactDetails {
                number: row.try_get("number")?,
                name: row.try_get("name")?,
                surname: row.try_get("surname")?,
                email: row.try_get("email")?,
                number_type: row.try_get("number_type")?,
                country_code: row.try_get("country_code")?,
                timezone: row.try_get("timezone")?,
                primary_language: row.try_get("primary_language")?,
                preferred_channel: row.try_get("preferred_channel")?,
                preferred_time: row.try_get("preferred_time")?,
                is_inactive: row.try_get::<&str, _>("status")? == INACTIVE,
                do_not_call: flag(row, "do_not_call")?,
            },
            tags: Vec::new(),
            values: BTreeMap::new(),
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        }))
    }
}
