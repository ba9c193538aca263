//! What the node remembers: API keys, agents, contacts, calls, conversations, their messages, and
//! the webhook messages that are still owed, in one SQLite file.
//!
//! The crate speaks SQL and nothing else: it knows no HTTP, no SIP, and never reads a clock, so
//! every time comes in as an argument. Status words, event names and agent definitions pass
//! through it as the API spells them; it gives them no meaning.
//!
//! Start reading at [`Store`] (`database.rs`): how the file is opened, who writes and who reads.
//! Each kind of row then has its own module with its record and the methods of [`Store`] on it.
//! The tables are in `migrations/`.

mod agents;
mod api_keys;
mod call_end;
mod calls;
mod columns;
mod contacts;
mod conversations;
mod database;
mod messages;
mod outbox;
mod webhooks;

pub use agents::{AgentRecord, NewAgent, Source};
pub use api_keys::{ApiKey, AuthenticateError, NewApiKey, RevokeApiKeyError};
pub use call_end::{CallEnd, EndReport};
pub use calls::{BegunCall, CallFilter, CallRecord, NewCall, Page};
pub use contacts::Contact;
pub use database::{OpenStoreError, Store, StoreError};
pub use messages::Message;
pub use outbox::{ClaimLimits, ClaimedDelivery, Outcome};
pub use secret::Secret;
pub use webhooks::{AddWebhookError, NewWebhook, SigningSecret, Webhook, WebhookChange};
