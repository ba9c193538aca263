//! What a store does, whatever its database is: `sqlite.rs` and `postgres.rs` run all of it.

mod agents;
mod analytics;
mod api_keys;
mod appointment_requests;
mod calls;
mod contacts;
mod conversations;
mod deliveries;
mod dialling;
mod evaluations;
mod furnished;
mod idempotency;
mod numbers;
mod oauth;
mod outbox;
mod privacy;
mod schedules;
mod tool_calls;
mod transcriptions;
mod transfer;
mod usage;
mod whatsapp;
mod workspaces;
mod writers;
