//! `GET /conversations/{conversation_uuid}/messages` and `GET /sessions/{session_uuid}/messages`.

use axum::extract::State;
use store::MessageFilter;
use uuid::Uuid;

use super::list::SortDirection;
use super::view::{self, ConversationMessage, MessageSender};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Paginator, Paging, Path, Query, ok};
use crate::state::ApiState;

/// Messages to a page, unless it is said.
const USUAL: u32 = 25;

/// The messages of a conversation
///
/// In pages of 25 unless `per_page` says otherwise, in the order in which they were said.
#[utoipa::path(
    get, path = "/conversations/{conversation_uuid}/messages",
    operation_id = "list_conversation_messages", tag = "conversations",
    security(("token" = ["conversations:read"])),
    params(
        ("conversation_uuid" = Uuid, Path, description = "The conversation."),
        Paging,
        ("sender" = inline(Option<MessageSender>), Query, description = "Only what they said."),
        ("sort_dir" = inline(Option<SortDirection>), Query,
            description = "Which way; `asc` if not given."),
    ),
    responses(
        (status = 200, description = "A page of messages.",
            body = Envelope<Paginator<ConversationMessage>>),
        (status = 404, description = "`CONVERSATION_NOT_FOUND`: There is no such conversation.",
            body = ErrorBody),
    ),
)]
pub(super) async fn of_conversation(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
    query: Query,
) -> Result<Envelope<Paginator<ConversationMessage>>, ApiError> {
    let found = super::find(&caller, &conversation).await?;
    let path = format!("conversations/{}/messages", found.id);
    page(&state, &caller, query, &path, Some(found.id), None).await
}

/// The messages of a session
///
/// In pages of 25 unless `per_page` says otherwise, in the order in which they were said.
#[utoipa::path(
    get, path = "/sessions/{session_uuid}/messages", operation_id = "list_session_messages",
    tag = "conversations", security(("token" = ["conversations:read"])),
    params(
        ("session_uuid" = Uuid, Path, description = "The session."),
        Paging,
        ("sender" = inline(Option<MessageSender>), Query, description = "Only what they said."),
        ("sort_dir" = inline(Option<SortDirection>), Query,
            description = "Which way; `asc` if not given."),
    ),
    responses(
        (status = 200, description = "A page of messages.",
            body = Envelope<Paginator<ConversationMessage>>),
        (status = 404, description = "`SESSION_NOT_FOUND`: There is no such session.",
            body = ErrorBody),
    ),
)]
pub(super) async fn of_session(
    State(state): State<ApiState>,
    caller: Caller,
    Path(session): Path<String>,
    query: Query,
) -> Result<Envelope<Paginator<ConversationMessage>>, ApiError> {
    let found = super::find_session(&caller, &session).await?;
    let path = format!("sessions/{}/messages", found.id);
    let conversation = Some(found.conversation);
    page(&state, &caller, query, &path, conversation, Some(found.id)).await
}

async fn page(
    state: &ApiState,
    caller: &Caller,
    mut query: Query,
    path: &str,
    conversation: Option<Uuid>,
    session: Option<Uuid>,
) -> Result<Envelope<Paginator<ConversationMessage>>, ApiError> {
    let paging = Paging::take_with(&mut query, USUAL)?;
    let sender: Option<MessageSender> = query.read("sender")?;
    let sort_dir: Option<SortDirection> = query.read("sort_dir")?;
    let filter = MessageFilter {
        conversation,
        session,
        speakers: sender.map(MessageSender::speakers),
        is_descending: sort_dir == Some(SortDirection::Descending),
    };
    let page = caller
        .store
        .message_page(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list messages", &error))?;
    let link = state.list_link(
        path,
        &[
            ("sender", sender.map(|word| word.as_str().to_owned())),
            ("sort_dir", sort_dir.map(|word| word.as_str().to_owned())),
        ],
    );
    let messages = page.items.into_iter().map(view::message).collect();
    let page = Paginator::new(paging, page.total, &link, messages);
    Ok(ok("Messages retrieved successfully", page))
}
