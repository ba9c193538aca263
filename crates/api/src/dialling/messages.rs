//! Where the messages of tasks leave the node.

use store::TaskRecord;

/// Why the attempt of a `send_message` task fails on a node that sends no messages.
const UNSUPPORTED: &str = "UNSUPPORTED_TASK_TYPE: this node sends no messages";

/// Sends what a task of type `send_message` says, once for each attempt. `Ok` is said of a message
/// that was accepted, and of no other; what is said otherwise is the reason that the attempt keeps.
pub(super) fn send(task: &TaskRecord) -> Result<(), String> {
    tracing::warn!(task = %task.id, "a message can not be sent");
    Err(UNSUPPORTED.to_owned())
}
