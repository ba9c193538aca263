//! The store in a SQLite file.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_file;
mod suite;
mod support;

fn database() -> support::Database {
    support::Database::Sqlite(tempfile::tempdir().unwrap())
}
