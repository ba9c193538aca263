//! What waits for contacts that are kept and not used.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::columns::micros;
use crate::workspaces::WorkspaceId;

/// Cancels the calls and messages that wait for a contact which has become inactive. What people
/// do stays theirs.
pub(crate) async fn rest(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for statement in [
        "UPDATE pool_contacts SET status = 'Skipped', next_retry_at = NULL, failed_at = $1,
             notes = 'the contact is inactive'
         FROM (
             SELECT pool_id AS task_pool FROM tasks
             WHERE workspace_id = $2 AND contact_id = $3 AND open_attempt IS NULL
             AND deleted_at IS NULL AND status IN ('pending', 'scheduled', 'queued', 'on_hold')
         ) AS closed
         WHERE pool_contacts.workspace_id = $2 AND pool_contacts.contact_id = $3
         AND pool_contacts.pool_id = closed.task_pool",
        "UPDATE tasks SET status = 'cancelled', updated_at = $1, revision = revision + 1,
             reason = 'the contact is inactive'
         WHERE workspace_id = $2 AND contact_id = $3 AND open_attempt IS NULL
         AND deleted_at IS NULL AND type IN ('make_call', 'send_message')
         AND status IN ('pending', 'scheduled', 'queued', 'on_hold')",
    ] {
        sqlx::query(statement)
            .bind(micros(now))
            .bind(workspace.as_str())
            .bind(contact.to_string())
            .execute(&mut *write)
            .await?;
    }
    Ok(())
}
