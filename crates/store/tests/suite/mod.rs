//! What a store does, whatever its database is: `sqlite.rs` and `postgres.rs` run all of it.

mod agents;
mod api_keys;
mod calls;
mod contacts;
mod outbox;
mod workspaces;
mod writers;
