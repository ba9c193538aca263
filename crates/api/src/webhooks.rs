//! Webhooks: `/agents/{agent}/webhooks`, and the delivery of what is owed to them.
//!
//! Deliveries follow the Standard Webhooks scheme: the headers `webhook-id`, `webhook-timestamp`
//! and `webhook-signature`, the id the same at every attempt. A secret that begins with `whsec_`
//! is base64 of the key; any other secret is the key itself, byte for byte, so that a verifier
//! that wants base64 is given the base64 of its bytes.

mod backoff;
mod delivery;
pub mod events;
mod routes;
mod secret;
mod settings;
mod view;

pub(crate) mod definitions;

pub(crate) use backoff::next_attempt;
pub use delivery::run;
pub(crate) use routes::routes;
pub(crate) use settings::check_url;
pub(crate) use view::{READ_ONLY_OF_WEBHOOKS, Webhook, webhook as view};
