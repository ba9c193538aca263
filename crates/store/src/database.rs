//! The database as the rest of the crate uses it: who writes and who reads, and in whose name.

use std::path::Path;
use std::sync::Arc;

use sqlx::any::Any;
use sqlx::error::ErrorKind;
use sqlx::{AnyPool, Transaction};

use crate::counts::Counts;
use crate::holding::Holder;
use crate::opening::{self, OpenStoreError, PostgresSettings};
use crate::workspaces::WorkspaceId;

/// What the node remembers, as one workspace sees it. Clones share the database's connections.
///
/// A method reads and changes rows of the store's own workspace alone, unless it says that it is
/// about all of them. [`Store::open`] and [`Store::connect`] give the store of the workspace that
/// every node has, [`Store::in_workspace`] that of another one.
///
/// With SQLite, writes share one connection and queue for it in order, since it takes one writer
/// at a time; reads have their own and never wait for a write (WAL). With Postgres, all share one
/// pool. Either way a transaction that writes has its workspace to itself: what it read stays true
/// until it is over.
///
/// A commit survives the death of the process. With SQLite the last few may be lost when the
/// machine itself loses power (`synchronous=NORMAL`).
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) writer: AnyPool,
    pub(crate) readers: AnyPool,
    pub(crate) workspace: WorkspaceId,
    pub(crate) dialect: Dialect,
    /// The node that calls are begun for.
    pub(crate) holder: Option<Holder>,
    pub(crate) counts: Arc<Counts>,
}

/// Which database it is, for the few things that have no common spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The database failed: full disk, broken file, lost connection, or a writer that never let go.
#[derive(Debug, thiserror::Error)]
#[error("the database failed: {0}")]
pub struct StoreError(#[from] pub(crate) sqlx::Error);

impl StoreError {
    /// Whether the same write would fail again whatever becomes of disk, file and server: what it
    /// says contradicts what is stored, or can not be stored. Any other failure may pass.
    pub fn is_final(&self) -> bool {
        /// SQLSTATE class 22: a value that its type can not hold.
        const DATA_EXCEPTION: &str = "22";
        let sqlx::Error::Database(error) = &self.0 else {
            return matches!(self.0, sqlx::Error::RowNotFound);
        };
        let is_postgres = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
        error.is_unique_violation()
            || error.is_foreign_key_violation()
            || error.is_check_violation()
            || matches!(error.kind(), ErrorKind::NotNullViolation)
            || is_postgres.is_some_and(|error| error.code().starts_with(DATA_EXCEPTION))
    }
}

impl Store {
    /// Opens a SQLite file, creating it and its folder and bringing the tables up to date.
    ///
    /// The file is readable by its owner alone, since it holds signing secrets and transcripts.
    pub async fn open(path: &Path) -> Result<Self, OpenStoreError> {
        opening::sqlite(path).await
    }

    /// Connects to a Postgres database, which must exist, and brings its tables up to date.
    ///
    /// No error repeats the password.
    pub async fn connect(settings: &PostgresSettings) -> Result<Self, OpenStoreError> {
        opening::postgres(settings).await
    }

    /// The same database as another workspace sees it. Whether there is such a workspace is not
    /// checked: in one that does not exist nothing is found and nothing can be stored.
    pub fn in_workspace(&self, workspace: &WorkspaceId) -> Self {
        Self {
            workspace: workspace.clone(),
            ..self.clone()
        }
    }

    /// The workspace whose rows this store reads and changes.
    pub fn workspace_id(&self) -> &WorkspaceId {
        &self.workspace
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

    /// Starts a transaction that writes in this store's workspace. No other such transaction of
    /// the workspace runs beside it, in this process or another.
    ///
    /// A statement that neither depends on what was read nor goes with another one needs none,
    /// unless it returns rows: they may arrive before they are committed.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        self.write_alone(self.workspace.lock_key()).await
    }

    /// Starts a transaction that is about all workspaces or none. No other such one runs beside it.
    ///
    /// With Postgres, transactions of single workspaces do: it changes only rows of which it says
    /// in the same statement what they must still be like.
    pub(crate) async fn write_for_all(&self) -> Result<Transaction<'static, Any>, StoreError> {
        // The id of no workspace.
        let all = WorkspaceId::new("");
        self.write_alone(all.lock_key()).await
    }

    /// SQLite locks the whole file, at once, so that the transaction can not fail half-way because
    /// another process wrote in between. Postgres locks nothing but a number, until the commit.
    async fn write_alone(&self, lock: i64) -> Result<Transaction<'static, Any>, StoreError> {
        match self.dialect {
            Dialect::Sqlite => Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?),
            Dialect::Postgres => {
                let mut write = self.begin_whole().await?;
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(lock)
                    .execute(&mut *write)
                    .await?;
                Ok(write)
            }
        }
    }

    /// A `BEGIN` that is sent to Postgres is also counted: a caller that loses interest in between
    /// would leave the connection in a transaction that its next user does not know of.
    async fn begin_whole(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let pool = self.writer.clone();
        let begun = tokio::spawn(async move { pool.begin().await }).await;
        match begun {
            Ok(begun) => Ok(begun?),
            Err(_) => Err(StoreError(sqlx::Error::WorkerCrashed)),
        }
    }
}
