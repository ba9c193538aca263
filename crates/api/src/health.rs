//! Whether the node is alive, and whether it takes calls.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::state::ApiState;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> Response {
    Json(json!({ "status": "alive" })).into_response()
}

/// `GET /readyz`: the store answers and takes records, and the node is whole, not shutting down
/// and has room for another call.
pub(crate) async fn ready(State(state): State<ApiState>) -> Response {
    let load = state.calls.load();
    let status = if let Some(part) = load.broken {
        tracing::error!(part, "the node is broken");
        "broken"
    } else if load.draining {
        "draining"
    } else if let Err(error) = state.store.check().await {
        tracing::error!(%error, "the store does not answer");
        "store-unavailable"
    } else if state.records_fail.load(Ordering::Acquire) {
        "records-failing"
    } else if load.calls >= load.limit {
        "full"
    } else {
        "ready"
    };
    let code = match status {
        "ready" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({ "status": status, "calls": load.calls, "max_calls": load.limit });
    (code, Json(body)).into_response()
}
