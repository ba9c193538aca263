//! A workspace with something in every column of every table, and a person whom all of it tells of.

use std::io;
use std::path::Path;

use store::{ImportError, Imported, Store};
use uuid::Uuid;

use crate::support::at;

/// The person's number.
pub(crate) const NUMBER: &str = "+14155550188";
/// The person's contact.
pub(crate) const CONTACT: Uuid = Uuid::from_u128(0x7000_8000_0000_0000_0005);

/// What tells of the person, in small letters: number, names, what was said, and the number as it is
/// in an id of Meta.
pub(crate) const MARKS: [&str; 5] = [
    "4155550188",
    "adamina",
    "quillfeather",
    "herons",
    "kze0mtu1ntuwmtg4",
];

/// Where the node that imports has its recordings.
pub(crate) const RECORDINGS: &str = "/new/recordings";

/// The rows of such a workspace, as an export has them, without heading and end.
pub(crate) fn rows() -> Vec<String> {
    let text = include_str!("../furnished.jsonl");
    text.lines().map(str::to_owned).collect()
}

/// Leaves these rows in an empty workspace.
pub(crate) async fn furnish(store: &Store, rows: &[String]) {
    let mut lines = export(store).await;
    lines.truncate(1);
    lines.extend_from_slice(rows);
    lines.push(format!("{{\"rows\":{}}}", rows.len()));
    let imported = import(store, &lines).await.unwrap();
    assert_eq!(imported.rows, rows.len() as u64);
}

/// All lines of a workspace's export.
pub(crate) async fn export(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    let exported = store
        .export(at(100), |line| {
            lines.push(line.to_owned());
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(exported.rows, lines.len() as u64 - 2);
    lines
}

pub(crate) async fn import(store: &Store, lines: &[String]) -> Result<Imported, ImportError> {
    let lines = lines.iter().cloned().map(io::Result::Ok);
    store.import(lines, Path::new(RECORDINGS)).await
}
