//! The routes, and what is true of all of them.

use std::any::Any;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::error::ApiError;
use crate::state::ApiState;
use crate::{agents, auth, calls, health, metrics, webhooks};

/// All routes of the API. `/healthz` and `/readyz` are open, everything under `/api/v1` needs a
/// bearer token, and so does `/metrics` unless the settings open it. Every error has a JSON body.
pub fn router(state: ApiState) -> Router {
    let v1 = Router::new()
        .route("/call", post(calls::place))
        .route("/calls", get(calls::list))
        .route("/calls/{call}", get(calls::show))
        .route("/calls/{call}/events", get(calls::events))
        .route("/calls/{call}/listen", get(calls::listen))
        .route("/calls/{call}/recording", get(calls::recording))
        .route("/calls/{call}/transcript", get(calls::transcript))
        .route("/calls/action/{conversation}/hangup", post(calls::hang_up))
        .route("/agents", get(agents::list).post(agents::create))
        .route(
            "/agents/{agent}",
            get(agents::show)
                .patch(agents::update)
                .delete(agents::delete),
        )
        .route(
            "/agents/{agent}/webhooks",
            get(webhooks::list).post(webhooks::create),
        )
        .route(
            "/agents/{agent}/webhooks/{webhook}",
            get(webhooks::show)
                .patch(webhooks::update)
                .delete(webhooks::delete),
        )
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), auth::require_key));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .nest("/api/v1", v1)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

async fn unknown_path() -> ApiError {
    ApiError::not_found(
        "NOT_FOUND",
        "There is nothing at this path.",
        "The API's paths begin with /api/v1/, for example /api/v1/calls.",
    )
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "This path does not take this method.",
        "The `Allow` header names the methods that it takes.",
    )
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let reason = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let reason = reason.unwrap_or("no reason given");
    ApiError::internal("answer a request, which panicked", &reason).into_response()
}
