//! The API as its clients see it: real routes and a real store over calls that live in memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access_matrix;
mod agent_parts;
mod agent_routes;
mod appointment_requests;
mod appointments;
mod bad_input;
mod call_records;
mod call_views;
mod campaigns;
mod conformance;
mod contacts;
mod conversations;
mod deliveries;
mod dialling;
mod document;
mod examples;
mod idempotency;
mod intent_calls;
mod intents;
mod keys;
mod limits;
mod placing;
mod privacy;
mod schedules;
mod schemathesis;
mod secrecy;
mod serving;
mod support;
mod tasks;
mod tokens;
mod webhook_routes;
mod whatsapp;
mod workspaces;
