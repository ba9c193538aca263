//! How values are spelled in columns, the same in both databases: ids as text, moments as
//! microseconds, spans and counts as 64-bit integers, flags as 0 or 1, lists and objects as JSON
//! text. No other type is bound or read: the two databases understand others differently.

use std::error::Error;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;
use uuid::Uuid;

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn uuid(row: &AnyRow, column: &str) -> Result<Uuid, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|e| unreadable(column, e))
}

pub(crate) fn optional_uuid(row: &AnyRow, column: &str) -> Result<Option<Uuid>, sqlx::Error> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(str::parse)
        .transpose()
        .map_err(|e| unreadable(column, e))
}

pub(crate) fn time(row: &AnyRow, column: &str) -> Result<Timestamp, sqlx::Error> {
    let micros: i64 = row.try_get(column)?;
    Timestamp::from_microsecond(micros).map_err(|e| unreadable(column, e))
}

pub(crate) fn optional_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let micros: Option<i64> = row.try_get(column)?;
    micros
        .map(Timestamp::from_microsecond)
        .transpose()
        .map_err(|e| unreadable(column, e))
}

/// A non-negative count or span; a negative one reads as zero.
pub(crate) fn unsigned(row: &AnyRow, column: &str) -> Result<u64, sqlx::Error> {
    let value: i64 = row.try_get(column)?;
    Ok(u64::try_from(value).unwrap_or(0))
}

/// A span of milliseconds or a count as it is stored.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn flag(row: &AnyRow, column: &str) -> Result<bool, sqlx::Error> {
    let value: i64 = row.try_get(column)?;
    Ok(value != 0)
}

/// Words that someone said or a model wrote. Postgres can store every character but NUL, which
/// becomes the character for what can not be shown.
pub(crate) fn words(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &AnyRow,
    column: &str,
) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|e| unreadable(column, e))
}

pub(crate) fn unreadable(column: &str, source: impl Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(source),
    }
}
