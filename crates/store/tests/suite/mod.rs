//! What a store does, whatever its database is: `sqlite.rs` and `postgres.rs` run all of it.

mod agents;
mod api_keys;
mod calls;
mod contacts;
mod idempotency;
mod outbox;
mod privacy;
mod usage;
mod workspaces;
mod writers;
