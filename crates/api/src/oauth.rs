//! `/oauth`: programs of others that act for a workspace, with OAuth 2.0.
//!
//! [`authorize`] asks the person, [`token`] exchanges what came of it, [`revoke`] takes it back;
//! these three and [`metadata`] are what the standards say, down to the form of their errors
//! ([`error`]). [`clients`] and [`grants`] are operations like any others. What a request to
//! [`authorize`] has to be is decided in [`request`], without a store or a clock.
//!
//! There is no crate for the server's side that fits: those that there are keep codes and tokens
//! themselves, where the store's transactions have to.

mod authorize;
mod client_authentication;
mod clients;
mod error;
mod grants;
mod metadata;
mod page;
mod parameters;
mod redirect_uri;
mod request;
mod revoke;
mod same_browser;
mod token;

use axum::Router;
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub use self::redirect_uri::{InvalidRedirectUri, RedirectUri};

/// The operations that the standards describe. They ask for no token of ours, and pass over
/// parameters that they do not know (RFC 6749 §3.1, §3.2).
pub(crate) const STANDARD: &[&str] = &[
    "/api/v1/oauth/authorize",
    "/api/v1/oauth/revoke",
    "/api/v1/oauth/token",
];

/// How long what is over is remembered, so that a client is told what became of it.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(authorize::ask, authorize::answer))
        .routes(routes!(token::issue))
        .routes(routes!(revoke::take_back))
        .routes(routes!(clients::list, clients::create))
        .routes(routes!(clients::show, clients::update, clients::delete))
        .routes(routes!(clients::renew_secret))
        .routes(routes!(grants::list))
        .routes(routes!(grants::revoke))
}

/// Where others look for what the node can do.
pub(crate) fn well_known() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(metadata::show))
}

/// The same operations without `/api/v1`, where many programs look for them.
pub(crate) fn short_paths() -> Router<ApiState> {
    Router::new()
        .route(
            "/oauth/authorize",
            get(authorize::ask).post(authorize::answer),
        )
        .route("/oauth/revoke", post(revoke::take_back))
        .route("/oauth/token", post(token::issue))
}

/// Forgets codes and tokens that are over.
pub(crate) async fn forget(state: &ApiState, now: Timestamp) {
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    match state.store.forget_oauth(before).await {
        Ok(0) => {}
        Ok(forgotten) => tracing::debug!(forgotten, "OAuth tokens and grants were forgotten"),
        Err(error) => tracing::error!(%error, "OAuth tokens can not be forgotten"),
    }
}
