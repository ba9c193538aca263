//! What belonged to a contact that was deleted: it is nobody's, and still tells of a person by their
//! number or address.

use sqlx::AnyConnection;
use uuid::Uuid;

use crate::workspaces::WorkspaceId;

/// Notes whose it was where the row itself says nothing of it. `$1` is the contact, `$2` the
/// workspace.
const NOTE: &[&str] = &[
    "UPDATE tasks SET
         former_number = (SELECT number FROM contacts WHERE contacts.id = $1),
         former_email = (SELECT email FROM contacts WHERE contacts.id = $1)
     WHERE contact_id = $1 AND workspace_id = $2",
    "UPDATE appointments SET
         former_number = (SELECT number FROM contacts WHERE contacts.id = $1),
         former_email = (SELECT email FROM contacts WHERE contacts.id = $1)
     WHERE contact_id = $1 AND workspace_id = $2",
    "UPDATE appointment_requests SET
         former_number = (SELECT number FROM contacts WHERE contacts.id = $1),
         former_email = (SELECT email FROM contacts WHERE contacts.id = $1)
     WHERE contact_id = $1 AND workspace_id = $2",
];

/// Gives a contact what is nobody's and has its number, or no number and its address. Each looks at
/// what those before it found. As [`NOTE`].
const TAKE_BACK: &[&str] = &[
    "UPDATE calls SET contact_id = $1
     WHERE workspace_id = $2 AND contact_id IS NULL AND number = (
         SELECT contacts.number FROM contacts WHERE id = $1 AND workspace_id = $2
     )",
    "UPDATE whatsapp_messages SET contact_id = $1
     WHERE workspace_id = $2 AND contact_id IS NULL AND recipient = (
         SELECT contacts.number FROM contacts WHERE id = $1 AND workspace_id = $2
     )",
    "UPDATE conversations SET contact_id = $1
     WHERE workspace_id = $2 AND contact_id IS NULL AND (
         id IN (SELECT conversation_id FROM calls WHERE contact_id = $1 AND workspace_id = $2)
         OR id IN (
             SELECT conversation_id FROM whatsapp_messages
             WHERE contact_id = $1 AND workspace_id = $2
         )
     )",
    "UPDATE tasks SET contact_id = $1
     WHERE workspace_id = $2 AND contact_id IS NULL AND EXISTS (
         SELECT 1 FROM contacts WHERE contacts.id = $1 AND contacts.workspace_id = $2 AND (
             tasks.former_number = contacts.number
             OR (tasks.former_number IS NULL
                 AND lower(tasks.former_email) = lower(contacts.email))
             OR tasks.id IN (
                 SELECT task_id FROM task_attempts
                 WHERE task_attempts.number = contacts.number AND workspace_id = $2
             )
         )
     )",
    "UPDATE appointment_requests SET contact_id = $1
     WHERE workspace_id = $2 AND contact_id IS NULL AND EXISTS (
         SELECT 1 FROM contacts WHERE contacts.id = $1 AND contacts.workspace_id = $2 AND (
             appointment_requests.contact_phone = contacts.number
             OR appointment_requests.former_number = contacts.number
             OR (appointment_requests.contact_phone IS NULL
                 AND lower(appointment_requests.contact_email) = lower(contacts.email))
             OR (appointment_requests.former_number IS NULL
                 AND lower(appointment_requests.former_email) = lower(contacts.email))
         )
     )",
    "UPDATE appointments SET contact_id = $1
     WHERE workspace_id = $2 AND contact_id IS NULL AND (
         EXISTS (
             SELECT 1 FROM contacts WHERE contacts.id = $1 AND contacts.workspace_id = $2 AND (
                 appointments.former_number = contacts.number
                 OR (appointments.former_number IS NULL
                     AND lower(appointments.former_email) = lower(contacts.email))
             )
         )
         OR id IN (
             SELECT appointment_id FROM appointment_requests
             WHERE contact_id = $1 AND workspace_id = $2
         )
     )",
];

/// Notes whose it was, before a contact is deleted.
pub(crate) async fn note(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
) -> Result<(), sqlx::Error> {
    execute(write, workspace, contact, NOTE).await
}

/// Gives a contact back what was its own before it, or one like it, was deleted.
pub(crate) async fn take_back(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
) -> Result<(), sqlx::Error> {
    execute(write, workspace, contact, TAKE_BACK).await
}

async fn execute(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    statements: &[&'static str],
) -> Result<(), sqlx::Error> {
    for statement in statements {
        sqlx::query(*statement)
            .bind(contact.to_string())
            .bind(workspace.as_str())
            .execute(&mut *write)
            .await?;
    }
    Ok(())
}
