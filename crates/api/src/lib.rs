//! The public HTTP API of the node: routes, bearer tokens, JSON errors, the records that calls
//! leave behind, and the webhooks that tell others of them.
//!
//! The crate knows no sockets but its own HTTP ones, no SIP and no audio formats beyond the WAV
//! header of a live stream. It reaches live calls only through [`engine::CallControl`] and
//! remembers everything through [`store::Store`]. It never keeps a decision about a call to
//! itself: whether a call is admitted is the engine's to say.
//!
//! Start reading at [`router()`] for the routes. [`serve()`] puts them behind a listener;
//! [`records`] writes down what calls tell; [`webhooks`] delivers what is owed. The pieces are
//! put together in this order: [`Directory::load`], [`CallTools::new`], [`Numbers::new`], the
//! engine, [`ApiState::new`], [`records::close_interrupted`], then [`records::hold`],
//! [`records::run`], [`webhooks::run`], [`transcriptions::run`], [`upkeep::run`],
//! [`evaluations::run`], [`privacy::run`] and [`serve()`] as tasks, and only then
//! [`engine::Engine::answer`].

mod access;
mod agents;
mod analytics;
mod auth;
mod call_tools;
mod caller;
mod calls;
mod campaigns;
mod clock;
mod config;
mod contacts;
mod conversations;
mod crowd;
pub mod dialling;
mod directory;
mod do_not_call;
mod error;
pub mod evaluations;
mod exchange;
mod health;
mod idempotency;
mod intents;
mod keys;
mod limits;
mod linger;
mod listings;
mod metrics;
mod number;
mod oauth;
mod openapi;
mod peer;
mod phone_numbers;
mod pools;
mod prices;
pub mod privacy;
mod rates;
pub mod records;
mod router;
mod rules;
mod schedules;
mod scope;
mod serve;
mod settings;
mod state;
mod tasks;
pub mod transcriptions;
pub mod upkeep;
pub mod webhooks;
mod whatsapp;

pub use call_tools::CallTools;
pub use clock::{Clock, Now};
pub use config::{
    ApiConfig, DiallingSettings, EvaluationSettings, IdempotencySettings, IntentSettings,
    LimitSettings, OauthSettings, TranscriptionSettings, WebhookSettings, WhatsappSettings,
};
pub use directory::{Directory, LoadDirectoryError, follow_agents};
pub use intents::IntentTools;
pub use number::UnknownCountry;
pub use oauth::{InvalidRedirectUri, RedirectUri};
pub use peer::ProxyHeader;
pub use phone_numbers::Numbers;
pub use prices::{PriceList, PriceListError, Rate, read_amount};
pub use router::{document, router};
pub use scope::{RESOURCES, Scopes, UnknownScope};
pub use serve::serve;
pub use state::{ApiState, StartApiError};
