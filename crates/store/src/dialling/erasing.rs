//! What tasks, attempts and pools have of a contact that is deleted or erased.

use sqlx::AnyConnection;
use uuid::Uuid;

use crate::workspaces::WorkspaceId;

/// Takes what is personal out of the tasks of a contact and their attempts. `$1` is the contact,
/// `$2` the workspace. How many attempts there were, and how they went, stays.
pub(crate) const ERASE_ATTEMPTS: &str = "UPDATE task_attempts SET number = NULL, reason = NULL
     WHERE workspace_id = $2 AND task_id IN (
         SELECT id FROM tasks WHERE contact_id = $1 AND workspace_id = $2
     )";

/// As [`ERASE_ATTEMPTS`].
pub(crate) const ERASE_TASKS: &str = "UPDATE tasks SET title = 'Erased', description = NULL,
         task_data = '{}', metadata = '{}', reason = NULL, timezone = NULL,
         former_number = NULL, former_email = NULL,
         revision = revision + 1
     WHERE contact_id = $1 AND workspace_id = $2";

/// Takes a contact out of all pools, and so out of listings. As [`ERASE_ATTEMPTS`].
pub(crate) const LEAVE_POOLS: &str =
    "DELETE FROM pool_contacts WHERE contact_id = $1 AND workspace_id = $2";

/// Takes the words out of the do-not-call entry of a contact, of which the number alone stays, so
/// that it is not called again. As [`ERASE_ATTEMPTS`].
pub(crate) const ERASE_DO_NOT_CALL: &str = "UPDATE do_not_call SET reason = NULL
     WHERE workspace_id = $2 AND reason IS NOT NULL AND number = (
         SELECT number FROM contacts WHERE id = $1 AND workspace_id = $2
     )";

/// Cancels what waits to be done for a contact that is about to be deleted.
pub(crate) async fn forget_contact(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE tasks SET status = 'cancelled', reason = 'the contact was deleted',
             revision = revision + 1
         WHERE contact_id = $1 AND workspace_id = $2 AND open_attempt IS NULL
         AND deleted_at IS NULL AND status IN ('pending', 'scheduled', 'queued', 'on_hold')",
    )
    .bind(contact.to_string())
    .bind(workspace.as_str())
    .execute(write)
    .await?;
    Ok(())
}
