//! The store in a Postgres database.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod postgres_server;
mod suite;
mod support;

fn database() -> support::Database {
    support::Database::Postgres(postgres_fixture::TestDatabase::create_as(support::migrate))
}
