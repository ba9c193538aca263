//! `/conversations` and `/sessions`: what was said to whom, and when.

mod list;
mod messages;
mod sessions;
mod tool_calls;
mod view;

pub(crate) use view::channel_label;

use store::{ConversationRecord, SessionRecord};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::id;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show))
        .routes(routes!(messages::of_conversation))
        .routes(routes!(messages::of_session))
        .routes(routes!(sessions::list))
        .routes(routes!(tool_calls::list))
}

async fn find(caller: &Caller, conversation: &str) -> Result<ConversationRecord, ApiError> {
    let id = id(conversation, unknown_conversation)?;
    let found = caller.store.conversation(id).await;
    let found = found.map_err(|error| ApiError::internal("find a conversation", &error))?;
    found.ok_or_else(unknown_conversation)
}

async fn find_session(caller: &Caller, session: &str) -> Result<SessionRecord, ApiError> {
    let id = id(session, unknown_session)?;
    let found = caller.store.session(id).await;
    let found = found.map_err(|error| ApiError::internal("find a session", &error))?;
    found.ok_or_else(unknown_session)
}

fn unknown_conversation() -> ApiError {
    ApiError::not_found(
        "CONVERSATION_NOT_FOUND",
        "There is no such conversation.",
        "GET /api/v1/conversations lists all of them.",
    )
}

fn unknown_session() -> ApiError {
    ApiError::not_found(
        "SESSION_NOT_FOUND",
        "There is no such session.",
        "GET /api/v1/conversations/{conversation_uuid}/sessions lists those of a conversation.",
    )
}
