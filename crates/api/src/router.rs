//! The routes of all families, and what is true of all of them.

use std::any::Any;
use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::StatusCode;
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::access::{self, Access, Gate};
use crate::error::ApiError;
use crate::openapi::{self, Document};
use crate::state::ApiState;
use crate::{
    agents, analytics, calls, campaigns, contacts, conversations, do_not_call, evaluations, health,
    idempotency, keys, listings, metrics, oauth, peer, phone_numbers, pools, rates, rules,
    schedules, settings, tasks, transcriptions, webhooks, whatsapp,
};

/// The families of operations. What is under `/api/v1` comes first.
fn families() -> OpenApiRouter<ApiState> {
    let families = [
        agents::routes(),
        analytics::routes(),
        calls::routes(),
        campaigns::routes(),
        contacts::routes(),
        conversations::routes(),
        do_not_call::routes(),
        evaluations::routes(),
        keys::routes(),
        listings::routes(),
        oauth::routes(),
        openapi::routes(),
        phone_numbers::routes(),
        pools::routes(),
        rates::routes(),
        rules::routes(),
        schedules::routes(),
        settings::routes(),
        tasks::routes(),
        transcriptions::routes(),
        webhooks::routes(),
        whatsapp::routes(),
    ];
    let v1 = families.into_iter().fold(OpenApiRouter::default(), join);
    let node = join(health::routes(), metrics::routes());
    let node = join(node, oauth::well_known());
    join(node, OpenApiRouter::default().nest("/api/v1", v1))
}

/// All routes of the API. Each operation asks for a token with the scope that its documentation
/// names; the few that name none are open. Every error has a JSON body.
pub fn router(state: ApiState) -> Router {
    let (routes, gathered) = families().split_for_parts();
    let operations = serde_json::to_value(&gathered).unwrap_or_default();
    let peers = state.clone();
    let access = Access::of(&operations).expect("every operation names the scope that it asks for");
    let gate = Gate {
        state: state.clone(),
        access: Arc::new(access),
    };
    routes
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn_with_state(gate, access::check))
        .layer(Extension(Document::of(gathered)))
        .with_state(state.clone())
        .merge(oauth::short_paths().with_state(state))
        .merge(openapi::docs_page::routes())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(peer::span))
        .layer(from_fn_with_state(peers, peer::resolve))
}

/// The OpenAPI document of this API.
pub fn document() -> Value {
    let (_, gathered) = families().split_for_parts();
    openapi::finish(&gathered)
}

/// Joins two families. One name stands for one schema: a second one would take its place unseen.
fn join(one: OpenApiRouter<ApiState>, other: OpenApiRouter<ApiState>) -> OpenApiRouter<ApiState> {
    let known = one.get_openapi().components.as_ref();
    let added = other.get_openapi().components.as_ref();
    for (name, schema) in added.iter().flat_map(|components| &components.schemas) {
        let same = known
            .and_then(|components| components.schemas.get(name))
            .is_none_or(|known| known == schema);
        assert!(
            same,
            "two schemas are called {name}; rename one, or give it #[schema(as = …)]"
        );
    }
    one.merge(other)
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
