//! Out of a database.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{FORMAT, Heading, Line, NO_SETTINGS, TABLES, row};
use crate::database::{Dialect, Store, StoreError};
use crate::opening;

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many rows.
    pub rows: u64,
    /// Where the recordings of the workspace's calls are. A file may be gone.
    pub recordings: Vec<PathBuf>,
}

/// Why a workspace was not exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is none of this id.
    #[error("there is no workspace {0}")]
    NoWorkspace(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A line could not be written.
    #[error("the export can not be written: {0}")]
    Write(#[from] io::Error),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Hands the store's workspace to `write`, line by line and without their ends, as it is at one
    /// moment, whoever writes meanwhile. With it go the secrets that webhooks are signed with and the
    /// hashes of tokens. Recordings are named by their file names alone.
    ///
    /// # Errors
    ///
    /// [`ExportError`]; what was handed over by then is worth nothing, since its last line is missing.
    pub async fn export(
        &self,
        now: Timestamp,
        mut write: impl FnMut(&str) -> io::Result<()> + Send,
    ) -> Result<Exported, ExportError> {
        let begin = match self.dialect {
            // The first read settles what all reads see.
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut read = self.readers.begin_with(begin).await?;
        let workspace = sqlx::query("SELECT * FROM workspaces WHERE id = $1")
            .bind(self.workspace.as_str())
            .fetch_optional(&mut *read)
            .await?;
        let workspace =
            workspace.ok_or_else(|| ExportError::NoWorkspace(self.workspace.to_string()))?;
        let mut settings = row::read(&workspace)?;
        settings.retain(|column, _| !NO_SETTINGS.contains(&column.as_str()));
        write(&text(&Heading {
            mihu_export: FORMAT,
            tables: opening::version(),
            exported_at: now.to_string(),
            workspace: workspace.try_get("name")?,
            settings,
        })?)?;
        let mut exported = Exported::default();
        for table in TABLES {
            let all = format!("SELECT * FROM {table} WHERE workspace_id = $1");
            let all = sqlx::query(AssertSqlSafe(all)).bind(self.workspace.as_str());
            let mut rows = all.fetch(&mut *read);
            while let Some(found) = rows.try_next().await? {
                write(&text(&carried(table, &found, &mut exported.recordings)?)?)?;
                exported.rows += 1;
            }
        }
        read.rollback().await?;
        write(&text(&Line::End {
            rows: exported.rows,
        })?)?;
        Ok(exported)
    }
}

fn carried(
    table: &str,
    found: &AnyRow,
    recordings: &mut Vec<PathBuf>,
) -> Result<Line, sqlx::Error> {
    let mut row = row::read(found)?;
    if matches!(table, "calls" | "erased_calls")
        && let Some(Value::String(recording)) = row.get_mut("recording")
    {
        let path = PathBuf::from(&*recording);
        let name = path.file_name().unwrap_or_default();
        *recording = Path::new(name).to_string_lossy().into_owned();
        if table == "calls" {
            recordings.push(path);
        }
    }
    Ok(Line::Row {
        table: table.to_owned(),
        row,
    })
}

fn text(line: &impl Serialize) -> io::Result<String> {
    serde_json::to_string(line).map_err(io::Error::other)
}
