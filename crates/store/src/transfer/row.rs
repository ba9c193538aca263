//! Rows as JSON: text, whole numbers, null, and bytes as `{"base64": "…"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{Column as _, Row as _, ValueRef as _};

use crate::columns::unreadable;

/// The columns of a row but its workspace, which is another one where it is going.
pub(super) fn read(row: &AnyRow) -> Result<Map<String, Value>, sqlx::Error> {
    let mut columns = Map::new();
    for (index, column) in row.columns().iter().enumerate() {
        if column.name() != "workspace_id" {
            columns.insert(column.name().to_owned(), value(row, index)?);
        }
    }
    Ok(columns)
}

fn value(row: &AnyRow, index: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().kind();
    match kind {
        AnyTypeInfoKind::Text => row.try_get::<String, _>(index).map(Value::from),
        AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
            row.try_get::<i64, _>(index).map(Value::from)
        }
        AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => {
            row.try_get::<f64, _>(index).map(Value::from)
        }
        AnyTypeInfoKind::Blob => {
            let bytes: Vec<u8> = row.try_get(index)?;
            Ok(json!({ "base64": STANDARD.encode(bytes) }))
        }
        AnyTypeInfoKind::Null | AnyTypeInfoKind::Bool => {
            let reason = format!("no column is of the type {kind:?}");
            Err(unreadable("a row", std::io::Error::other(reason)))
        }
    }
}

/// What a column of a row to be written holds.
#[derive(Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Whole(i64),
    Real(f64),
    Bytes(Vec<u8>),
}

impl Cell {
    /// `None` for what no row is written as.
    pub(super) fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::String(text) => Some(Self::Text(text)),
            Value::Number(number) => number
                .as_i64()
                .map(Self::Whole)
                .or_else(|| number.as_f64().map(Self::Real)),
            Value::Object(bytes) => {
                let encoded = bytes.get("base64").filter(|_| bytes.len() == 1)?.as_str()?;
                STANDARD.decode(encoded).ok().map(Self::Bytes)
            }
            Value::Bool(_) | Value::Array(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_row_holds_is_not_read() {
        for nonsense in [
            json!(true),
            json!(["a"]),
            json!({}),
            json!({ "base64": "?" }),
            json!({ "base64": "QQ==", "more": 1 }),
        ] {
            assert_eq!(Cell::read(nonsense.clone()), None, "{nonsense}");
        }
        assert_eq!(
            Cell::read(json!({ "base64": "QQ==" })),
            Some(Cell::Bytes(b"A".to_vec()))
        );
        assert_eq!(Cell::read(json!(-3)), Some(Cell::Whole(-3)));
    }
}
