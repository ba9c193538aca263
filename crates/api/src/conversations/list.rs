//! `GET /conversations` and `GET /conversations/{conversation_uuid}`.

use axum::extract::State;
use store::ConversationFilter;

use super::view::{self, Conversation, ConversationChannel, ConversationStatus};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Paginator, Paging, Path, Query, Text, ok, words};
use crate::state::ApiState;

words! {
    /// What conversations are sorted by.
    enum SortBy {
        /// When they began.
        CreatedAt = "created_at",
        /// When anything of them was last noted.
        UpdatedAt = "updated_at",
    }
}

words! {
    /// Which way a list is sorted.
    pub(super) enum SortDirection {
        /// The earliest first.
        Ascending = "asc",
        /// The latest first.
        Descending = "desc",
    }
}

/// All conversations
///
/// In pages, newest first unless `sort_by` and `sort_dir` say otherwise.
#[utoipa::path(
    get, path = "/conversations", operation_id = "list_conversations", tag = "conversations",
    security(("token" = ["conversations:read"])),
    params(
        Paging,
        ("sort_by" = inline(Option<SortBy>), Query,
            description = "What they are sorted by; `created_at` if not given."),
        ("sort_dir" = inline(Option<SortDirection>), Query,
            description = "Which way; `desc` if not given."),
        ("phone" = inline(Option<Text<1, 32>>), Query, description = "Only those with contacts in whose \
            number these digits stand in a row; blanks, brackets and hyphens do not count."),
        ("agent_uuid" = Option<Uuid>, Query, description = "Only those of this agent."),
        ("channel" = inline(Option<ConversationChannel>), Query,
            description = "Only those that are held this way."),
        ("status" = inline(Option<ConversationStatus>), Query, description = "Only those with this status."),
    ),
    responses(
        (status = 200, description = "A page of conversations.",
            body = Envelope<Paginator<Conversation>>),
    ),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Conversation>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let sort_by: Option<SortBy> = query.read("sort_by")?;
    let sort_dir: Option<SortDirection> = query.read("sort_dir")?;
    let phone: Option<Text<1, 32>> = query.read("phone")?;
    let channel: Option<ConversationChannel> = query.read("channel")?;
    let status: Option<ConversationStatus> = query.read("status")?;
    let filter = ConversationFilter {
        number: phone.as_ref().map(|phone| bare(&phone.0)),
        agent: query.read("agent_uuid")?,
        channel: channel.map(|word| word.as_str().to_owned()),
        is_open: status.map(|word| word == ConversationStatus::Active),
        by_change: sort_by == Some(SortBy::UpdatedAt),
        is_ascending: sort_dir == Some(SortDirection::Ascending),
    };
    let page = caller
        .store
        .conversations(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list conversations", &error))?;
    let link = state.list_link(
        "conversations",
        &[
            ("sort_by", sort_by.map(|word| word.as_str().to_owned())),
            ("sort_dir", sort_dir.map(|word| word.as_str().to_owned())),
            ("phone", phone.map(|phone| phone.0)),
            ("agent_uuid", filter.agent.map(|agent| agent.to_string())),
            ("channel", filter.channel),
            ("status", status.map(|word| word.as_str().to_owned())),
        ],
    );
    let conversations = page.items.into_iter();
    let conversations = conversations
        .map(|one| view::conversation(&state, one))
        .collect();
    let page = Paginator::new(paging, page.total, &link, conversations);
    Ok(ok("Conversations retrieved successfully", page))
}

/// One conversation
#[utoipa::path(
    get, path = "/conversations/{conversation_uuid}", operation_id = "show_conversation",
    tag = "conversations", security(("token" = ["conversations:read"])),
    params(("conversation_uuid" = Uuid, Path, description = "The conversation.")),
    responses(
        (status = 200, description = "The conversation.", body = Envelope<Conversation>),
        (status = 404, description = "`CONVERSATION_NOT_FOUND`: There is no such conversation.",
            body = ErrorBody),
    ),
)]
pub(super) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Envelope<Conversation>, ApiError> {
    let found = super::find(&caller, &conversation).await?;
    Ok(ok(
        "Conversation retrieved successfully",
        view::conversation(&state, found),
    ))
}

/// What of a number as people write it stands in a stored one.
fn bare(number: &str) -> String {
    let is_written_between = |letter: char| matches!(letter, ' ' | '(' | ')' | '-' | '.' | '/');
    number.replace(is_written_between, "")
}
