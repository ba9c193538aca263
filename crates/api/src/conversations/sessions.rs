//! `GET /conversations/{conversation_uuid}/sessions`.

use axum::extract::State;

use super::view::{self, Session, SessionStatus};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Paginator, Paging, Path, Query, ok};
use crate::state::ApiState;

/// The sessions of a conversation
///
/// In pages, in the order of their beginnings. A call is one session; messages are one as long as no
/// pause between two is longer than the `timeout_minutes` of the agent's evaluation settings.
#[utoipa::path(
    get, path = "/conversations/{conversation_uuid}/sessions",
    operation_id = "list_conversation_sessions", tag = "conversations",
    security(("token" = ["conversations:read"])),
    params(
        ("conversation_uuid" = Uuid, Path, description = "The conversation."),
        Paging,
        ("status" = inline(Option<SessionStatus>), Query, description = "Only those with this status."),
    ),
    responses(
        (status = 200, description = "A page of sessions.", body = Envelope<Paginator<Session>>),
        (status = 404, description = "`CONVERSATION_NOT_FOUND`: There is no such conversation.",
            body = ErrorBody),
    ),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
    mut query: Query,
) -> Result<Envelope<Paginator<Session>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let status: Option<SessionStatus> = query.read("status")?;
    let found = super::find(&caller, &conversation).await?;
    let is_open = status.map(|word| word == SessionStatus::Active);
    let page = caller
        .store
        .sessions(found.id, is_open, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list sessions", &error))?;
    let link = state.list_link(
        &format!("conversations/{}/sessions", found.id),
        &[("status", status.map(|word| word.as_str().to_owned()))],
    );
    let sessions = page.items.into_iter().map(view::session).collect();
    let page = Paginator::new(paging, page.total, &link, sessions);
    Ok(ok("Sessions retrieved successfully", page))
}
