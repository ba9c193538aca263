//! Calls by the names that clients know them under.

use store::CallRecord;
use uuid::Uuid;

use crate::error::ApiError;
use crate::state::ApiState;

/// What `callId` puts before the call's UUID.
pub(super) const PREFIX: &str = "call_";

/// The call with this UUID, `call_…` id or conversation UUID.
pub(super) async fn by_any_name(state: &ApiState, name: &str) -> Result<CallRecord, ApiError> {
    let id = name.strip_prefix(PREFIX).unwrap_or(name);
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let call = state.store.call(id).await;
    if let Some(call) = call.map_err(|error| ApiError::internal("look up a call", &error))? {
        return Ok(call);
    }
    by_conversation(state, id).await
}

/// The call of this conversation.
pub(super) async fn by_conversation(state: &ApiState, id: Uuid) -> Result<CallRecord, ApiError> {
    let call = state.store.call_of_conversation(id).await;
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
