//! Tags and values of contacts: read for a whole page with two statements, and stored.

use std::collections::HashMap;

use sqlx::{AnyConnection, AssertSqlSafe, FromRow as _};
use uuid::Uuid;

use super::tags::{self, Tag};
use super::{Contact, ContactExtras, SaveContactError};
use crate::columns::{json, uuid};
use crate::database::StoreError;
use crate::filter::Filter;
use crate::workspaces::WorkspaceId;

/// Adds to each of the contacts what it has of tags and values.
pub(super) async fn fill(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    contacts: &mut [Contact],
) -> Result<(), sqlx::Error> {
    if contacts.is_empty() {
        return Ok(());
    }
    let places: HashMap<Uuid, usize> = (0..).zip(&*contacts).map(|(at, it)| (it.id, at)).collect();
    let of = |column: &'static str| {
        Filter::of(workspace, column).any_of("contact_id", contacts.iter().map(|it| it.id))
    };
    let (tagged, valued) = (of("contact_tags.workspace_id"), of("workspace_id"));

    let statement = format!(
        "SELECT contact_id, tags.id, tags.name, tags.created_at, tags.updated_at
         FROM contact_tags JOIN tags ON tags.id = contact_tags.tag_id
         WHERE {} ORDER BY tags.name",
        tagged.conditions()
    );
    let rows = sqlx::query_with(AssertSqlSafe(statement), tagged.arguments()?)
        .fetch_all(&mut *connection)
        .await?;
    for row in rows {
        let place = places.get(&uuid(&row, "contact_id")?);
        if let Some(contact) = place.and_then(|&at| contacts.get_mut(at)) {
            contact.tags.push(Tag::from_row(&row)?);
        }
    }

    let statement = format!(
        "SELECT contact_id, field_id, value FROM contact_values WHERE {}",
        valued.conditions()
    );
    let rows = sqlx::query_with(AssertSqlSafe(statement), valued.arguments()?)
        .fetch_all(&mut *connection)
        .await?;
    for row in rows {
        let place = places.get(&uuid(&row, "contact_id")?);
        if let Some(contact) = place.and_then(|&at| contacts.get_mut(at)) {
            let value = json(&row, "value")?;
            contact.values.insert(uuid(&row, "field_id")?, value);
        }
    }
    Ok(())
}

/// Stores what changes of a contact's tags and values. A value of a field that is gone by now is
/// passed over.
pub(super) async fn store(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    extras: &ContactExtras,
) -> Result<(), SaveContactError> {
    if let Some(tags) = &extras.tags {
        sqlx::query("DELETE FROM contact_tags WHERE contact_id = $1 AND workspace_id = $2")
            .bind(contact.to_string())
            .bind(workspace.as_str())
            .execute(&mut *write)
            .await
            .map_err(StoreError)?;
        for &tag in tags {
            tags::attach(write, workspace, contact, tag).await?;
        }
    }
    for (field, value) in &extras.values {
        let query = match value {
            Some(value) => sqlx::query(
                "INSERT INTO contact_values (contact_id, field_id, workspace_id, value)
                 SELECT $1, id, $3, $4 FROM contact_fields WHERE id = $2 AND workspace_id = $3
                 ON CONFLICT (contact_id, field_id) DO UPDATE SET value = excluded.value",
            )
            .bind(contact.to_string())
            .bind(field.to_string())
            .bind(workspace.as_str())
            .bind(value.to_string()),
            None => sqlx::query(
                "DELETE FROM contact_values
                 WHERE contact_id = $1 AND field_id = $2 AND workspace_id = $3",
            )
            .bind(contact.to_string())
            .bind(field.to_string())
            .bind(workspace.as_str()),
        };
        query.execute(&mut *write).await.map_err(StoreError)?;
    }
    Ok(())
}
