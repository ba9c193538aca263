//! A workspace on its way from one database to another, as lines of JSON.
//!
//! The first line says what the file is, each further one holds a row, and the last one how many
//! there were: a file that was cut off is not taken for a whole one. Rows come in an order in
//! which each finds what it refers to. What a row refers to outside the workspace there is not.

mod export;
mod import;
mod row;

pub use export::{ExportError, Exported};
pub use import::{ImportError, Imported};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the lines' form.
const FORMAT: u32 = 1;

/// The tables that are carried over, each behind those that it refers to.
const TABLES: &[&str] = &[
    "api_keys",
    "key_usage",
    "oauth_clients",
    "oauth_grants",
    "oauth_tokens",
    "agents",
    "webhooks",
    "contact_fields",
    "tags",
    "contacts",
    "contact_values",
    "contact_tags",
    "conversations",
    "calls",
    "messages",
    "tool_calls",
    "sessions",
    "evaluate_settings",
    "evaluations",
    "answer_waits",
    "outbox",
    "outbox_attempts",
    "erasures",
    "erased_calls",
    "availability_types",
    "schedules",
    "appointments",
    "appointment_requests",
    "agent_bookings",
    "rules",
    "pools",
    "pool_contacts",
    "campaigns",
    "campaign_pools",
    "listings",
    "do_not_call",
    "tasks",
    "task_attempts",
    "transcriptions",
    "transcription_segments",
    "whatsapp_accounts",
    "whatsapp_templates",
    "whatsapp_template_settings",
    "whatsapp_messages",
    "phone_numbers",
    "sip_connections",
    "number_bindings",
];

/// The tables that are not: what the database counts by itself, places of calls that live, and
/// answers that are kept for a day for requests that may be repeated at the node that gave them.
#[cfg(test)]
const LEFT_OUT: &[&str] = &["workspaces", "row_counts", "idempotency", "number_calls"];

/// The columns of a workspace that are no settings of its own: what it is called and may use is
/// settled where it is.
const NO_SETTINGS: &[&str] = &["id", "name", "plan", "created_at"];

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    /// [`FORMAT`].
    mihu_export: u32,
    /// The last migration of the database that the rows come from.
    tables: i64,
    exported_at: String,
    /// What the workspace is called.
    workspace: String,
    /// What it has settled for itself, by column.
    settings: Map<String, Value>,
}

/// A line behind the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Row {
        table: String,
        row: Map<String, Value>,
    },
    End {
        rows: u64,
    },
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn every_table_is_carried_over_or_left_out_on_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("mihu.sqlite"))
            .await
            .unwrap();
        let named = "SELECT name FROM sqlite_schema WHERE type = 'table'
                     AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'";
        let there: Vec<String> = sqlx::query_scalar(named)
            .fetch_all(&store.readers)
            .await
            .unwrap();
        let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
        let known: BTreeSet<&str> = TABLES.iter().chain(LEFT_OUT).copied().collect();
        assert_eq!(there, known);
        assert_eq!(known.len(), TABLES.len() + LEFT_OUT.len());
    }

    #[tokio::test]
    async fn the_rows_of_the_tests_have_something_in_every_column() {
        let mut filled = BTreeSet::new();
        for line in include_str!("../tests/furnished.jsonl").lines() {
            let line: Line = serde_json::from_str(line).unwrap();
            let Line::Row { table, row } = line else {
                panic!("the end stands among the rows");
            };
            let columns = row.into_iter().filter(|(_, value)| !value.is_null());
            filled.extend(columns.map(|(column, _)| (table.clone(), column)));
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mihu.sqlite");
        let store = Store::open(&file).await.unwrap();
        let mut there = BTreeSet::new();
        for table in TABLES {
            let named = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)").bind(*table);
            let columns: Vec<String> = named.fetch_all(&store.readers).await.unwrap();
            let columns = columns
                .into_iter()
                .filter(|column| column != "workspace_id");
            there.extend(columns.map(|column| ((*table).to_owned(), column)));
        }
        let empty: Vec<_> = there.difference(&filled).collect();
        assert!(empty.is_empty(), "add to tests/furnished.jsonl: {empty:?}");
    }
}
