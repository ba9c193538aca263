//! The SQLite file: one connection that writes and a few that read.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AnyPool, ConnectOptions as _, Connection as _, Executor as _};
use url::Url;

use super::{ACQUIRE_TIMEOUT, BUSY_TIMEOUT, OpenStoreError, is_other_version};
use crate::database::{Dialect, Store};
use crate::workspaces::WorkspaceId;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

const READERS: u32 = 4;
/// Another process may be creating the same file; each try waits this much longer.
const OPEN_TRIES: u32 = 5;
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// What `options` sets on the connection that migrates, for those that are made from a URL.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;
                       PRAGMA synchronous = NORMAL;";

pub(crate) async fn open(path: &Path) -> Result<Store, OpenStoreError> {
    sqlx::any::install_default_drivers();
    let unusable = |error: io::Error| OpenStoreError::Unusable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    create_private_file(path).map_err(unusable)?;
    migrate(path, &options(path)).await?;
    let url = url(path).map_err(unusable)?;
    let writer = pool(&url, 1).await.map_err(|e| refused(path, &e))?;
    let readers = pool(&url, READERS).await.map_err(|e| refused(path, &e))?;
    Ok(Store {
        writer,
        readers,
        workspace: WorkspaceId::default(),
        dialect: Dialect::Sqlite,
        holder: None,
        counts: Arc::default(),
    })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
}

async fn pool(url: &Url, connections: u32) -> Result<AnyPool, sqlx::Error> {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(PRAGMAS).await.map(drop) })
        })
        // SQLite rolls back by itself when the disk is full, which the connection's
        // count of open transactions misses: such a connection never begins another.
        .before_acquire(|connection, _| {
            let usable = !connection.is_in_transaction();
            Box::pin(std::future::ready(Ok(usable)))
        })
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(AnyConnectOptions::from_url(url)?)
        .await
}

/// The file's address. It is made from the whole path, since a URL understands `..` without
/// looking at what is there.
fn url(path: &Path) -> Result<Url, io::Error> {
    let path = path.canonicalize()?;
    let file = Url::from_file_path(path).map_err(|()| io::ErrorKind::InvalidFilename)?;
    let url = file.as_str().replacen("file", "sqlite", 1);
    url.parse().map_err(io::Error::other)
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
    let reason = error.to_string();
    if is_other_version(error) {
        let database = path.display().to_string();
        return OpenStoreError::OtherVersion { database, reason };
    }
    let path = path.to_owned();
    OpenStoreError::Unusable { path, reason }
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

    async fn store_in(folder: &Path) -> Store {
        open(&folder.join("mihu.db")).await.unwrap()
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_rolled_back_by_itself_stops_no_later_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = store_in(folder.path()).await;
        let mut broken = store.write().await.unwrap();
        // What SQLite does when the disk is full, unseen by the connection's count.
        sqlx::query("ROLLBACK").execute(&mut *broken).await.unwrap();
        assert!(broken.commit().await.is_err());
        store.write().await.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn every_connection_has_the_settings_of_the_one_that_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let store = store_in(folder.path()).await;
        for pool in [&store.writer, &store.readers] {
            for (pragma, value) in [
                ("PRAGMA foreign_keys", 1),
                ("PRAGMA synchronous", 1),
                (
                    "PRAGMA busy_timeout",
                    i64::try_from(BUSY_TIMEOUT.as_millis()).unwrap(),
                ),
            ] {
                let found: i64 = sqlx::query_scalar(pragma).fetch_one(pool).await.unwrap();
                assert_eq!(found, value, "{pragma}");
            }
            let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
                .fetch_one(pool)
                .await
                .unwrap();
            assert_eq!(mode, "wal");
        }
    }

    #[tokio::test]
    async fn a_path_may_hold_what_has_a_meaning_in_urls() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("my data?#%41&mode=ro");
        store_in(&odd).await.check().await.unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        assert!(odd.join("mihu.db").metadata().unwrap().len() > 0);
    }
}
