//! How long the API takes to list, show, make and change contacts under a steady load of requests,
//! with 100,000 contacts, in a SQLite file and in a Postgres database.
//!
//! `cargo bench -p benches --bench api_lists -- [--rate N] [--seconds S] [--contacts N]
//! [--database sqlite|postgres|both] [--json FILE]`
//!
//! The server is the API's own, on loopback, in this process; nothing calls. Requests are due at a
//! fixed rate, however late earlier ones were answered, and the time is taken from when a request
//! was due. The Postgres server of the tests does not wait for the disk; `--database-url` measures
//! another one, in whose database the bench writes.

mod node;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::{Distribution, load_average};
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};

use crate::node::{Database, Node};

#[derive(Debug, Parser)]
struct Arguments {
    /// Requests a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// How long each operation is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Contacts that there are.
    #[arg(long, default_value_t = 100_000)]
    contacts: u32,
    /// Which database.
    #[arg(long, value_enum, default_value = "both")]
    database: Which,
    /// An empty Postgres database to measure instead of one of the tests' server.
    #[arg(long)]
    database_url: Option<String>,
    /// Writes the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
    Both,
}

/// An operation, and the request of it with a number.
type Operation = (&'static str, fn(&Node, u32) -> reqwest::RequestBuilder);

const OPERATIONS: &[Operation] = &[
    ("list", |node, _| node.get("/contacts")),
    ("list_far_page", |node, index| {
        node.get(&format!("/contacts?page={}", 3_000 + index % 3_000))
    }),
    ("list_by_status", |node, _| {
        node.get("/contacts?status=Active")
    }),
    ("list_by_tag", |node, _| {
        node.get(&format!("/contacts?tag_uuid={}", node.tag()))
    }),
    ("show", |node, index| node.get(&node.contact(index))),
    ("create", create),
    ("change", |node, index| {
        node.patch(
            &node.contact(index),
            &json!({ "surname": format!("S{index}") }),
        )
    }),
    ("list_and_create", |node, index| match index % 2 {
        0 => node.get("/contacts"),
        _ => create(node, 5_000_000 + index),
    }),
];

fn create(node: &Node, index: u32) -> reqwest::RequestBuilder {
    let number = format!("+1212{index:07}");
    let body = json!({
        "name": "Ann", "surname": format!("New {index}"), "phone_number": number,
        "email": format!("new{index}@example.com"), "plan": "pro", "tags": [node.tag()],
    });
    node.post("/contacts", &body)
}

#[tokio::main]
async fn main() {
    outbound::install_crypto();
    let arguments = Arguments::parse();
    let mut figures = Vec::new();
    if arguments.database != Which::Postgres {
        figures.push(measure("sqlite", Database::file(), &arguments).await);
    }
    if arguments.database != Which::Sqlite {
        let database = Database::postgres(arguments.database_url.as_deref());
        figures.push(measure("postgres", database, &arguments).await);
    }
    let figures = json!({
        "bench": "api_lists",
        "requests_per_second": arguments.rate,
        "contacts": arguments.contacts,
        "databases": figures,
        "load_average": load_average(),
    });
    let text = serde_json::to_string_pretty(&figures).expect("figures are JSON");
    print(&text);
    if let Some(file) = arguments.json {
        std::fs::write(file, text).expect("the file can be written");
    }
}

async fn measure(name: &str, database: Database, arguments: &Arguments) -> Value {
    let node = Node::start(database, arguments.contacts).await;
    let mut operations = serde_json::Map::new();
    for (operation, request) in OPERATIONS {
        let count = arguments.rate * arguments.seconds;
        let period = Duration::from_secs(1) / arguments.rate;
        let begun = Instant::now();
        let mut pending = Vec::new();
        for index in 0..count {
            let due = begun + period * index;
            tokio::time::sleep_until(due.into()).await;
            let request = request(&node, index);
            pending.push(tokio::spawn(async move {
                let is_answered = match request.send().await {
                    Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
                    Err(_) => false,
                };
                (is_answered, due.elapsed())
            }));
        }
        let mut failed = 0;
        let mut durations = Vec::new();
        for request in pending {
            let (is_answered, took) = request.await.expect("a request does not panic");
            if is_answered {
                durations.push(took);
            } else {
                failed += 1;
            }
        }
        let answered: Distribution = durations.into_iter().collect();
        let figures = json!({ "answer_ms": answered.to_json(), "failed": failed });
        operations.insert((*operation).to_owned(), figures);
    }
    node.stop().await;
    json!({ "database": name, "operations": operations })
}

#[expect(clippy::print_stdout, reason = "figures are what this program is for")]
fn print(text: &str) {
    println!("{text}");
}
