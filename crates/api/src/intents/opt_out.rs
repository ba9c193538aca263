//! Who is called and does not want to be called again.

use engine::{CallId, ToolOutcome, ToolReply};
use serde_json::json;
use store::StoreError;

use super::Shared;
use crate::clock;

/// Why the number is on the list.
const REASON: &str = "asked not to be called, in a call";

/// What is said of it.
const NOTED: &str = "Your number is on our do-not-call list now.";

/// What is said where it could not be noted.
const SORRY: &str = "I am sorry, I can not note that just now.";

/// Puts the number of a call on the do-not-call list of its workspace.
pub(super) async fn opt_out(shared: &Shared, call: CallId) -> ToolReply {
    let (message, outcome) = match note(shared, call).await {
        Ok(true) => (NOTED, ToolOutcome::Done),
        Ok(false) => (SORRY, ToolOutcome::Failed),
        Err(error) => {
            tracing::error!(%call, %error, "who opts out can not be put on the do-not-call list");
            (SORRY, ToolOutcome::Failed)
        }
    };
    ToolReply::told(json!({ "message": message }).to_string(), outcome)
}

/// Whether the call is known, and its number on the list.
async fn note(shared: &Shared, call: CallId) -> Result<bool, StoreError> {
    let Some(owner) = shared.store.workspace_of_call(call.0).await? else {
        return Ok(false);
    };
    let store = shared.store.in_workspace(&owner);
    let Some(record) = store.call(call.0).await? else {
        return Ok(false);
    };
    store
        .add_do_not_call(&record.number, Some(REASON), clock::now())
        .await?;
    Ok(true)
}
