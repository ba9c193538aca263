//! `GET /conversations/{conversation}/tool-calls`.

use crate::caller::Caller;
use crate::calls::ToolCall;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Path, ok};

/// What the agent had done in a conversation
///
/// The uses of intents and other tools, in the order in which they were called.
#[utoipa::path(
    get, path = "/conversations/{conversation_uuid}/tool-calls", operation_id = "list_tool_calls",
    tag = "conversations", security(("token" = ["conversations:read"])),
    params(("conversation_uuid" = Uuid, Path, description = "The conversation.")),
    responses(
        (status = 200, description = "The uses of tools.", body = Envelope<Vec<ToolCall>>),
        (status = 404, description = "`CONVERSATION_NOT_FOUND`: There is no such conversation.",
            body = ErrorBody),
    ),
)]
pub(super) async fn list(
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Envelope<Vec<ToolCall>>, ApiError> {
    let found = super::find(&caller, &conversation).await?;
    let used = caller.store.tool_calls(found.id).await;
    let used = used.map_err(|error| ApiError::internal("list uses of tools", &error))?;
    let shown = used.into_iter().map(Into::into).collect();
    Ok(ok("Tool calls retrieved successfully", shown))
}
