//! Webhooks: `/agents/{agent}/webhooks` and `/webhooks`, what they are told (`events`), and the
//! delivery of what is owed to them.
//!
//! Deliveries follow the Standard Webhooks scheme: the headers `webhook-id`, `webhook-timestamp`
//! and `webhook-signature`, the id the same at every attempt. A secret that begins with `whsec_`
//! is base64 of the key; any other secret is the key itself, byte for byte, so that a verifier
//! that wants base64 is given the base64 of its bytes.

mod backoff;
mod breaker;
mod delivery;
mod edit;
mod log;
mod routes;
mod secret;
mod settings;
mod view;
mod workspace;

pub(crate) mod definitions;
pub mod events;

pub(crate) use backoff::next_attempt;
pub use delivery::run;
pub(crate) use settings::check_url;
use utoipa_axum::router::OpenApiRouter;
pub(crate) use view::{READ_ONLY_OF_WEBHOOKS, Webhook, forget_breaker, webhook as view};

use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    routes::routes()
        .merge(workspace::routes())
        .merge(log::routes())
}
