//! `GET /calls` and `GET /calls/{call}`.

use axum::extract::State;
use axum::response::Response;
use engine::CallStatus;
use store::CallFilter;
use url::form_urlencoded::Serializer;

use super::{find, view};
use crate::error::ApiError;
use crate::exchange::{Paging, Path, Query, ok, paginator};
use crate::state::ApiState;

const PARAMETERS: &str = "`page`, `per_page`, `agent_id`, `direction`, `status`";

/// Pages through all calls, newest first.
pub(crate) async fn list(
    State(state): State<ApiState>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let paging = Paging::take(&mut query)?;
    let filter = filter(&mut query)?;
    query.finish(PARAMETERS)?;
    let page = state
        .store
        .calls(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list calls", &error))?;
    let calls = page
        .items
        .iter()
        .map(|call| view::call(&state, call))
        .collect();
    let link = link(&state, &filter);
    Ok(ok(
        "Calls retrieved successfully",
        paginator(paging, page.total, &link, calls),
    ))
}

/// One call.
pub(crate) async fn show(
    State(state): State<ApiState>,
    Path(call): Path<String>,
) -> Result<Response, ApiError> {
    let call = find::by_any_name(&state, &call).await?;
    Ok(ok("Call retrieved successfully", view::call(&state, &call)))
}

fn filter(query: &mut Query) -> Result<CallFilter, ApiError> {
    let agent = query.take("agent_id").map(|id| {
        id.parse()
            .map_err(|_| ApiError::invalid("agent_id", "the UUID of an agent"))
    });
    let direction = query.take("direction");
    if direction
        .as_deref()
        .is_some_and(|word| !matches!(word, "inbound" | "outbound"))
    {
        return Err(ApiError::invalid("direction", "`inbound` or `outbound`"));
    }
    let status = query.take("status");
    if status
        .as_deref()
        .is_some_and(|word| status_from(word).is_none())
    {
        let expected = "`initiated`, `ringing`, `in-progress`, `completed`, `busy`, `rejected`, \
                        `no-answer`, `unreachable`, `timed-out`, `cancelled` or `failed`";
        return Err(ApiError::invalid("status", expected));
    }
    Ok(CallFilter {
        agent: agent.transpose()?,
        direction,
        status,
        ..CallFilter::default()
    })
}

pub(super) fn status_from(word: &str) -> Option<CallStatus> {
    serde_json::from_value(word.into()).ok()
}

fn link(state: &ApiState, filter: &CallFilter) -> String {
    let mut parameters = Serializer::new(String::new());
    if let Some(agent) = filter.agent {
        parameters.append_pair("agent_id", &agent.to_string());
    }
    for (name, value) in [("direction", &filter.direction), ("status", &filter.status)] {
        if let Some(value) = value {
            parameters.append_pair(name, value);
        }
    }
    let parameters = parameters.finish();
    if parameters.is_empty() {
        return state.link("calls");
    }
    state.link(&format!("calls?{parameters}"))
}
