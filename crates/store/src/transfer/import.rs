//! Into a database.

use std::io;
use std::path::Path;

use serde_json::{Map, Value};
use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Transaction};

use super::row::Cell;
use super::{FORMAT, Heading, Line, TABLES};
use crate::database::{Store, StoreError};
use crate::opening;

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// What the workspace was called where it came from.
    pub workspace: String,
    /// How many rows were stored.
    pub rows: u64,
    /// How many were there already: agents and webhooks that a node has from its files.
    pub present: u64,
    /// The file names of the recordings that belong to the calls.
    pub recordings: Vec<String>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The lines are not those of an export.
    #[error("line {line} is not what an export has there: {reason}")]
    Unreadable {
        /// Counted from one.
        line: u64,
        /// What was expected.
        reason: String,
    },
    /// The rows are those of another version's tables.
    #[error(
        "the export has the tables of version {theirs}, this node those of {ours}: export and \
         import with the same version of mihu"
    )]
    OtherVersion {
        /// The export's last migration.
        theirs: i64,
        /// The node's.
        ours: i64,
    },
    /// The end is missing.
    #[error("the export was cut off after {rows} rows: its last line is missing")]
    CutOff {
        /// Those that were there.
        rows: u64,
    },
    /// A row contradicts one that is there.
    #[error(
        "line {line} is there already, or contradicts what is ({reason}): a workspace is imported \
         into a database that it was never in"
    )]
    Conflict {
        /// Counted from one.
        line: u64,
        /// The database's words.
        reason: String,
    },
    /// The lines could not be read.
    #[error("the export can not be read: {0}")]
    Read(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The audio of a transcription stays where it came from. What is not written down by now fails
/// for want of it, unless it can be fetched again.
fn leave_audio(row: &mut Map<String, Value>) {
    for flag in ["has_voice", "has_customer_voice"] {
        row.insert(flag.to_owned(), 0.into());
    }
    for column in [
        "storage",
        "claim",
        "claimed_until",
        "evaluation_claim",
        "evaluation_claimed_until",
    ] {
        row.insert(column.to_owned(), Value::Null);
    }
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Stores what [`Store::export`] wrote in this store's workspace: all of it or nothing.
    /// `recordings` is the folder that the recordings are in or will be.
    ///
    /// # Errors
    ///
    /// [`ImportError`]; the database is as it was.
    pub async fn import(
        &self,
        lines: impl IntoIterator<Item = io::Result<String>> + Send,
        recordings: &Path,
    ) -> Result<Imported, ImportError> {
        let mut lines = lines.into_iter();
        let first = lines.next().transpose()?.unwrap_or_default();
        let heading = heading(&first)?;
        let mut imported = Imported {
            workspace: heading.workspace,
            ..Imported::default()
        };
        let mut write = self.write().await?;
        self.settle(&mut write, heading.settings).await?;
        let mut read = 0;
        let mut ended = false;
        for (number, text) in (2..).zip(lines) {
            if ended {
                return Err(unreadable(number, "nothing behind the last line"));
            }
            match line(number, &text?)? {
                Line::End { rows } if rows == read => ended = true,
                Line::End { rows } => {
                    let reason = format!("{rows} rows, as its last line says; {read} are there");
                    return Err(unreadable(number, &reason));
                }
                Line::Row { table, mut row } => {
                    read += 1;
                    let Some(table) = TABLES.iter().find(|known| **known == table) else {
                        return Err(unreadable(number, "a row of a table that is carried over"));
                    };
                    // What was erased is not brought, but its file may be here and has to go.
                    if matches!(*table, "calls" | "erased_calls")
                        && let Some(name) = place(&mut row, recordings)
                        && *table == "calls"
                    {
                        imported.recordings.push(name);
                    }
                    if *table == "transcriptions" {
                        leave_audio(&mut row);
                    }
                    if self.is_present(&mut write, table, &row).await? {
                        imported.present += 1;
                        continue;
                    }
                    self.insert(&mut write, number, table, row).await?;
                    imported.rows += 1;
                }
            }
        }
        if !ended {
            return Err(ImportError::CutOff { rows: read });
        }
        write.commit().await?;
        Ok(imported)
    }

    async fn settle(
        &self,
        write: &mut Transaction<'static, Any>,
        settings: Map<String, Value>,
    ) -> Result<(), ImportError> {
        for (name, value) in settings {
            let cell = cell(1, &name, value)?;
            let change = match cell {
                Cell::Null => format!("UPDATE workspaces SET {name} = NULL WHERE id = $1"),
                Cell::Text(_) | Cell::Whole(_) | Cell::Real(_) | Cell::Bytes(_) => {
                    format!("UPDATE workspaces SET {name} = $2 WHERE id = $1")
                }
            };
            let change = sqlx::query(AssertSqlSafe(change)).bind(self.workspace.as_str());
            bind(change, cell).execute(&mut **write).await?;
        }
        Ok(())
    }

    /// Whether it is an agent or a webhook that this node has from the same file.
    async fn is_present(
        &self,
        write: &mut Transaction<'static, Any>,
        table: &str,
        row: &Map<String, Value>,
    ) -> Result<bool, sqlx::Error> {
        if row.get("source").and_then(Value::as_str) != Some("file") {
            return Ok(false);
        }
        let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
        let same = format!("SELECT 1 FROM {table} WHERE id = $1 AND workspace_id = $2");
        let same = sqlx::query(AssertSqlSafe(same));
        let same = same.bind(id.to_owned()).bind(self.workspace.as_str());
        Ok(same.fetch_optional(&mut **write).await?.is_some())
    }

    async fn insert(
        &self,
        write: &mut Transaction<'static, Any>,
        number: u64,
        table: &str,
        row: Map<String, Value>,
    ) -> Result<(), ImportError> {
        let mut names = vec!["workspace_id".to_owned()];
        let mut places = vec!["$1".to_owned()];
        let mut cells = Vec::new();
        for (name, value) in row {
            let cell = cell(number, &name, value)?;
            // Of a bound null, Postgres would have to know the type.
            if cell == Cell::Null {
                places.push("NULL".to_owned());
            } else {
                cells.push(cell);
                places.push(format!("${}", cells.len() + 1));
            }
            names.push(name);
        }
        let insert = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            names.join(", "),
            places.join(", ")
        );
        let insert = sqlx::query(AssertSqlSafe(insert)).bind(self.workspace.as_str());
        let insert = cells.into_iter().fold(insert, bind);
        match insert.execute(&mut **write).await.map_err(StoreError::from) {
            Ok(_) => Ok(()),
            Err(error) if error.is_final() => Err(ImportError::Conflict {
                line: number,
                reason: error.to_string(),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

/// The value of a column, whose name goes into a statement as it is.
fn cell(line: u64, name: &str, value: Value) -> Result<Cell, ImportError> {
    let plain = |letter: u8| letter.is_ascii_lowercase() || letter == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(unreadable(line, "columns by their names"));
    }
    Cell::read(value).ok_or_else(|| unreadable(line, "values that columns hold"))
}

fn bind<'q>(query: Query<'q, Any, AnyArguments>, cell: Cell) -> Query<'q, Any, AnyArguments> {
    match cell {
        Cell::Null => query,
        Cell::Text(text) => query.bind(text),
        Cell::Whole(number) => query.bind(number),
        Cell::Real(number) => query.bind(number),
        Cell::Bytes(bytes) => query.bind(bytes),
    }
}

/// Puts the recording of a call into the folder where this node has its own; its file name.
fn place(row: &mut Map<String, Value>, folder: &Path) -> Option<String> {
    let recording = row.get_mut("recording")?;
    let name = recording.as_str().map(Path::new)?.file_name();
    let name = name.map(|name| name.to_string_lossy().into_owned());
    let placed = name.as_ref().map(|name| folder.join(name));
    *recording = placed.map_or(Value::Null, |path| path.to_string_lossy().into());
    name
}

fn heading(text: &str) -> Result<Heading, ImportError> {
    let heading: Result<Heading, _> = serde_json::from_str(text);
    let heading = heading.map_err(|_| unreadable(1, "the heading of an export by mihu"))?;
    if heading.mihu_export != FORMAT {
        return Err(unreadable(1, &format!("an export of the form {FORMAT}")));
    }
    let (theirs, ours) = (heading.tables, opening::version());
    if theirs != ours {
        return Err(ImportError::OtherVersion { theirs, ours });
    }
    Ok(heading)
}

fn line(number: u64, text: &str) -> Result<Line, ImportError> {
    serde_json::from_str(text).map_err(|_| unreadable(number, "a row or the end"))
}

fn unreadable(line: u64, reason: &str) -> ImportError {
    ImportError::Unreadable {
        line,
        reason: format!("expected {reason}"),
    }
}
