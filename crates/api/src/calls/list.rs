//! `GET /calls` and `GET /calls/{call_uuid}`.

use axum::extract::State;
use engine::CallStatus;
use store::CallFilter;

use super::find;
use super::view::{self, Call, CallDirection, CallStatusWord};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Paginator, Paging, Path, Query, ok};
use crate::state::ApiState;

/// All calls
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/calls", operation_id = "list_calls", tag = "calls",
    security(("token" = ["calls:read"])),
    params(
        Paging,
        ("agent_id" = Option<Uuid>, Query, description = "Only those of this agent."),
        ("direction" = inline(Option<CallDirection>), Query, description = "Only those in this direction."),
        ("status" = inline(Option<CallStatusWord>), Query, description = "Only those with this status."),
    ),
    responses((status = 200, description = "A page of calls.", body = Envelope<Paginator<Call>>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Call>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let filter = filter(&mut query)?;
    let page = caller
        .store
        .calls(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list calls", &error))?;
    let calls = page
        .items
        .iter()
        .map(|call| view::call(&state, call))
        .collect();
    let page = Paginator::new(paging, page.total, &link(&state, &filter), calls);
    Ok(ok("Calls retrieved successfully", page))
}

/// One call
#[utoipa::path(
    get, path = "/calls/{call_uuid}", operation_id = "show_call", tag = "calls",
    security(("token" = ["calls:read"])),
    params(("call_uuid" = String, Path, description = "The call: its UUID, its `callId` or the UUID of \
            its conversation.", example = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34")),
    responses(
        (status = 200, description = "The call.", body = Envelope<Call>),
        (status = 404, description = "`CALL_NOT_FOUND`: There is no such call.", body = ErrorBody),
    ),
)]
pub(super) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(call): Path<String>,
) -> Result<Envelope<Call>, ApiError> {
    let call = find::by_any_name(&caller, &call).await?;
    Ok(ok("Call retrieved successfully", view::call(&state, &call)))
}

fn filter(query: &mut Query) -> Result<CallFilter, ApiError> {
    let direction: Option<CallDirection> = query.read("direction")?;
    let status: Option<CallStatusWord> = query.read("status")?;
    Ok(CallFilter {
        agent: query.read("agent_id")?,
        direction: direction.map(|word| word.as_str().to_owned()),
        status: status.map(|word| word.as_str().to_owned()),
        ..CallFilter::default()
    })
}

pub(super) fn status_from(word: &str) -> Option<CallStatus> {
    serde_json::from_value(word.into()).ok()
}

fn link(state: &ApiState, filter: &CallFilter) -> String {
    let filters = [
        ("agent_id", filter.agent.map(|agent| agent.to_string())),
        ("direction", filter.direction.clone()),
        ("status", filter.status.clone()),
    ];
    state.list_link("calls", &filters)
}
