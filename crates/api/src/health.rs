//! Whether the node is alive, and whether it takes calls.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::exchange::words;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
}

/// The process is there.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "status": "alive" }))]
struct Alive {
    /// `alive`.
    #[schema(value_type = String)]
    status: &'static str,
}

/// How the node is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "status": "ready", "calls": 2, "max_calls": 100 }))]
struct Readiness {
    /// Whether it takes calls, or why not.
    status: ReadinessWord,
    /// Calls that it carries.
    calls: usize,
    /// Calls that it takes at most.
    max_calls: usize,
}

words! {
    /// Whether a node takes calls, or why not.
    enum ReadinessWord {
        /// It takes calls.
        Ready = "ready",
        /// A part of it has broken; it must be started again.
        Broken = "broken",
        /// It is shutting down.
        Draining = "draining",
        /// The database does not answer.
        StoreUnavailable = "store-unavailable",
        /// What happens in calls can not be written down at the moment.
        RecordsFailing = "records-failing",
        /// It carries as many calls as it may.
        Full = "full",
    }
}

/// Whether the process answers
#[utoipa::path(
    get, path = "/healthz", operation_id = "show_health", tag = "node",
    responses((status = 200, description = "It does.", body = Alive)),
)]
async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Whether the node takes calls
///
/// The store answers and takes records, and the node is whole, not shutting down and has room for
/// another call.
#[utoipa::path(
    get, path = "/readyz", operation_id = "show_readiness", tag = "node",
    responses(
        (status = 200, description = "It does.", body = Readiness),
        (status = 503, description = "It does not.", body = Readiness, example = json!({
            "status": "full", "calls": 100, "max_calls": 100,
        })),
    ),
)]
async fn ready(State(state): State<ApiState>) -> Response {
    let load = state.calls.load();
    let status = if let Some(part) = load.broken {
        tracing::error!(part, "the node is broken");
        ReadinessWord::Broken
    } else if load.draining {
        ReadinessWord::Draining
    } else if let Err(error) = state.store.check().await {
        tracing::error!(%error, "the store does not answer");
        ReadinessWord::StoreUnavailable
    } else if state.records_fail.load(Ordering::Acquire) {
        ReadinessWord::RecordsFailing
    } else if load.calls >= load.limit {
        ReadinessWord::Full
    } else {
        ReadinessWord::Ready
    };
    let code = if status == ReadinessWord::Ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Readiness {
        status,
        calls: load.calls,
        max_calls: load.limit,
    };
    (code, Json(body)).into_response()
}
