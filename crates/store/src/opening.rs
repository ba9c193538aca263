//! Opening a database: its connections, its tables, and what to say when it can not be used.

mod postgres;
mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use sqlx::migrate::MigrateError;

pub use self::postgres::PostgresSettings;
pub(crate) use self::postgres::connect as postgres;
pub(crate) use self::sqlite::open as sqlite;

/// How long a connection waits for another's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection of this process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the database can not be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The file or its folder can not be created, read or written.
    #[error("cannot open the database {}: {reason}; check that its folder exists and that this user may write there, or set another data folder", path.display())]
    Unusable {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database; move it away or set another data folder", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The tables are not those of this version.
    #[error(
        "the database {database} has the tables of another version ({reason}); start the version that wrote it, or restore a backup made before"
    )]
    OtherVersion {
        /// The database file, or the server and its database.
        database: String,
        /// What differs.
        reason: String,
    },
    /// The address of a Postgres database is none.
    #[error(
        "the database URL is not usable: {reason}; expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %XX for what has a meaning in URLs"
    )]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answers at that address, or what answers is no Postgres.
    #[error(
        "cannot reach {database}: {reason}; check that Postgres runs there and that this machine may connect"
    )]
    Unreachable {
        /// The server and its database.
        database: String,
        /// What the system said.
        reason: String,
    },
    /// The server does not let this user into this database.
    #[error("{database} refuses: {reason}; check user, password and database name")]
    Refused {
        /// The server and its database.
        database: String,
        /// What the server said.
        reason: String,
    },
    /// The server failed when the tables were brought up to date.
    #[error(
        "cannot prepare the tables of {database}: {reason}; the user must own the database or be allowed to create tables in it"
    )]
    Unprepared {
        /// The server and its database.
        database: String,
        /// What the server said.
        reason: String,
    },
}

/// The last migration that this version knows; both databases have the same ones from the fourth on.
pub(crate) fn version() -> i64 {
    let versions = sqlite::MIGRATIONS.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}

/// Whether the tables, and not the connection to them, stand in the way.
fn is_other_version(error: &MigrateError) -> bool {
    matches!(
        error,
        MigrateError::VersionMissing(_)
            | MigrateError::VersionMismatch(_)
            | MigrateError::VersionTooNew(..)
            | MigrateError::VersionTooOld(..)
            | MigrateError::Dirty(_)
    )
}
