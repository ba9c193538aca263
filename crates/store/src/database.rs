//! The SQLite file: opening, migrating, one connection that writes and a few that read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::ErrorKind;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Transaction};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

const DEFAULT_WORKSPACE: &str = "default";

/// How long a connection waits for another process's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection of this process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// Another process may be creating the same file; each try waits this much longer.
const OPEN_TRIES: u32 = 5;
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// The node's memory. Clones share the same file and connections.
///
/// SQLite takes one writer at a time, so writes share one connection and queue for it in order;
/// reads have their own and never wait for a write (WAL). A commit survives the death of the
/// process; the last few may be lost when the machine itself loses power (`synchronous=NORMAL`).
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) workspace: Arc<str>,
}

/// Why the database file can not be used.
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
    /// The file's tables are not those of this version.
    #[error("the database {} has the tables of another version ({reason}); start the version that wrote it, or restore a backup made before", path.display())]
    OtherVersion {
        /// The database file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
}

/// The database failed: full disk, broken file, or a writer that never let go.
#[derive(Debug, thiserror::Error)]
#[error("the database failed: {0}")]
pub struct StoreError(#[from] pub(crate) sqlx::Error);

impl StoreError {
    /// Whether the same write would fail again whatever becomes of disk and file: what it says
    /// contradicts what is stored. Any other failure may pass.
    pub fn is_final(&self) -> bool {
        let sqlx::Error::Database(error) = &self.0 else {
            return false;
        };
        error.is_unique_violation()
            || error.is_foreign_key_violation()
            || error.is_check_violation()
            || matches!(error.kind(), ErrorKind::NotNullViolation)
    }
}

impl Store {
    /// Opens the database, creating file and folder and bringing the tables up to date.
    ///
    /// The file is readable by its owner alone, since it holds signing secrets and transcripts.
    pub async fn open(path: &Path) -> Result<Self, OpenStoreError> {
        create_private_file(path).map_err(|error| OpenStoreError::Unusable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        migrate(path, &options).await?;
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                // SQLite rolls back by itself when the disk is full, which the connection's
                // count of open transactions misses: such a connection never begins another.
                .before_acquire(|connection, _| {
                    let usable = !connection.is_in_transaction();
                    Box::pin(std::future::ready(Ok(usable)))
                })
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_with(options.clone())
        };
        let writer = pool(1).await.map_err(|e| refused(path, &e))?;
        let readers = pool(READERS).await.map_err(|e| refused(path, &e))?;
        Ok(Self {
            writer,
            readers,
            workspace: DEFAULT_WORKSPACE.into(),
        })
    }

    /// Whether the database answers a read.
    pub async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// Closes every connection after its current statement; later calls fail.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Starts a write that takes the file's write lock at once, so that it can not fail half-way
    /// because another process wrote in between.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn create_private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

async fn migrate(path: &Path, options: &SqliteConnectOptions) -> Result<(), OpenStoreError> {
    let mut tries = 1;
    loop {
        let error = match migrate_once(options).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if tries == OPEN_TRIES || is_final(&error) {
            return Err(explain(path, &error));
        }
        tokio::time::sleep(OPEN_PAUSE * tries).await;
        tries += 1;
    }
}

async fn migrate_once(options: &SqliteConnectOptions) -> Result<(), MigrateError> {
    let mut connection = options.connect().await?;
    let outcome = MIGRATIONS.run(&mut connection).await;
    connection.close().await?;
    outcome
}

fn is_final(error: &MigrateError) -> bool {
    if let MigrateError::Execute(error) = error {
        return is_not_a_database(error);
    }
    is_other_version(error)
}

fn explain(path: &Path, error: &MigrateError) -> OpenStoreError {
    if let MigrateError::Execute(error) = error {
        return refused(path, error);
    }
    let (path, reason) = (path.to_owned(), error.to_string());
    if is_other_version(error) {
        return OpenStoreError::OtherVersion { path, reason };
    }
    OpenStoreError::Unusable { path, reason }
}

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

fn refused(path: &Path, error: &sqlx::Error) -> OpenStoreError {
    let path = path.to_owned();
    if is_not_a_database(error) {
        return OpenStoreError::NotADatabase { path };
    }
    OpenStoreError::Unusable {
        path,
        reason: error.to_string(),
    }
}

fn is_not_a_database(error: &sqlx::Error) -> bool {
    /// `SQLITE_NOTADB`.
    const NOT_A_DATABASE: &str = "26";
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    error.code().as_deref() == Some(NOT_A_DATABASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_sqlite_rolled_back_by_itself_stops_no_later_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("mihu.db")).await.unwrap();
        let mut broken = store.write().await.unwrap();
        // What SQLite does when the disk is full, unseen by the connection's count.
        sqlx::query("ROLLBACK").execute(&mut *broken).await.unwrap();
        assert!(broken.commit().await.is_err());
        store.write().await.unwrap().commit().await.unwrap();
    }
}
