//! Calls by the names that clients know them under.

use store::CallRecord;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::id as id_of;

/// What `callId` puts before the call's UUID.
pub(super) const PREFIX: &str = "call_";

/// The call with this UUID, `call_…` id or conversation UUID.
pub(super) async fn by_any_name(caller: &Caller, name: &str) -> Result<CallRecord, ApiError> {
    let id = name.strip_prefix(PREFIX).unwrap_or(name);
    let id = id_of(id, unknown)?;
    let call = caller.store.call(id).await;
    if let Some(call) = call.map_err(|error| ApiError::internal("look up a call", &error))? {
        return Ok(call);
    }
    by_conversation(caller, id).await
}

/// The call of this conversation.
pub(super) async fn by_conversation(caller: &Caller, id: Uuid) -> Result<CallRecord, ApiError> {
    let call = caller.store.call_of_conversation(id).await;
    let call = call.map_err(|error| ApiError::internal("look up a call", &error))?;
    call.ok_or_else(unknown)
}

pub(super) fn unknown() -> ApiError {
    ApiError::not_found(
        "CALL_NOT_FOUND",
        "There is no such call.",
        "Use the `id`, `callId` or `conversation_uuid` that POST /api/v1/call answered.",
    )
}
