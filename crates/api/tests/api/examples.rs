//! The examples of the documentation, run as a reader runs them: with `curl`, Python and Node.
//!
//! A block of a page in `docs/` is run if its fence says so: ```` ```sh run ````. All such blocks
//! of a page in one language are one program, against a node of its own; `TOKEN` opens everything
//! and `AGENT` is an agent. A request that is refused fails the program. Meta's API for WhatsApp is
//! on loopback and has one template.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::Node;
use crate::support::graph::Graph;

/// What every page of an API of this kind shows first: each is asked in each language.
const SHOWN: [(&str, &str); 13] = [
    ("POST", "/call"),
    ("GET", "/appointments"),
    ("POST", "/appointments"),
    ("GET", "/contacts"),
    ("POST", "/contacts"),
    ("GET", "/tasks"),
    ("POST", "/tasks"),
    ("GET", "/campaigns"),
    ("GET", "/schedules"),
    ("GET", "/transcriptions"),
    ("POST", "/whatsapp/template"),
    ("GET", "/oauth/authorize"),
    ("POST", "/oauth/token"),
];

/// What a node was asked and did, by method and path.
type Asked = Arc<Mutex<BTreeSet<(String, String)>>>;

/// Where the documentation says that the node is.
const DOCUMENTED: &str = "http://127.0.0.1:8080";

#[tokio::test]
async fn examples_for_the_shell_work_as_they_stand() {
    // Of its own, curl is content with any answer.
    let strict = "curl() { command curl --silent --show-error --fail-with-body \"$@\"; }\n";
    run_all("sh", &["bash", "-euo", "pipefail", "-c"], strict).await;
}

#[tokio::test]
async fn examples_in_python_work_as_they_stand() {
    run_all("python", &["python3", "-c"], "").await;
}

#[tokio::test]
async fn examples_in_javascript_work_as_they_stand() {
    run_all("js", &["node", "--input-type=module", "--eval"], "").await;
}

#[test]
fn only_what_is_marked_is_run_and_a_page_is_one_program() {
    let page =
        "```sh run\na\n```\ntext\n```sh\nb\n```\n```python run\nc\n```\n  ```sh run\nd\n  ```\n";
    let marked = BTreeMap::from([("sh", "a\nd\n".to_owned()), ("python", "c\n".to_owned())]);
    assert_eq!(programs(page), marked);
}

async fn run_all(language: &str, command: &[&'static str], before: &str) {
    let asked = Asked::default();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let Some(program) = programs(&text).remove(language) else {
            continue;
        };
        let graph = graph().await;
        let url = graph.url.clone();
        let node = Node::start_with(|config| config.whatsapp.graph_url = url).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let noting = from_fn_with_state(asked.clone(), note);
        let serving = axum::serve(listener, node.router.clone().layer(noting));
        let serving = serving.with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let serving = tokio::spawn(serving.into_future());
        let program =
            before.to_owned() + &program.replace(DOCUMENTED, &format!("http://{address}"));
        let mut run = Command::new("timeout");
        run.arg("120").args(command).arg(&program);
        run.env("TOKEN", &node.token);
        run.env("AGENT", node.file_agent.to_string());
        run.current_dir(node.folder.path());
        let output = tokio::task::spawn_blocking(move || run.output())
            .await
            .unwrap();
        assert_success(&page, &program, &output.unwrap());
        shutdown.cancel();
        serving.await.unwrap().unwrap();
    }
    let asked = asked.lock().unwrap();
    let shown = SHOWN.map(|(method, path)| (method.to_owned(), path.to_owned()));
    let missing: Vec<_> = shown.iter().filter(|one| !asked.contains(one)).collect();
    assert!(
        missing.is_empty(),
        "no example in {language} asks {missing:?}"
    );
}

/// Notes what is done. Answers of 4xx and 5xx show nothing.
async fn note(State(asked): State<Asked>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let path = path.strip_prefix("/api/v1").unwrap_or(path).to_owned();
    let one = (request.method().to_string(), path);
    let response = next.run(request).await;
    if response.status().as_u16() < 400 {
        asked.lock().unwrap().insert(one);
    }
    response
}

async fn graph() -> Graph {
    let graph = Graph::start().await;
    graph.has_templates(&[json!({
        "id": "594425479261596",
        "name": "order_confirmation",
        "language": "en_US",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way." }],
    })]);
    graph
}

fn assert_success(page: &Path, program: &str, output: &Output) {
    let mut said = String::new();
    for stream in [&output.stdout, &output.stderr] {
        writeln!(said, "{}", String::from_utf8_lossy(stream)).unwrap();
    }
    assert!(
        output.status.success(),
        "{}: {}\n{program}\n{said}",
        page.display(),
        output.status
    );
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect();
    pages.sort();
    pages
}

/// What of a page is to be run, by language.
fn programs(page: &str) -> BTreeMap<&str, String> {
    let mut programs = BTreeMap::<&str, String>::new();
    let mut inside: Option<Option<&str>> = None;
    for line in page.lines() {
        let fence = line.trim_start().strip_prefix("```");
        match (inside, fence) {
            (None, Some(info)) => {
                let mut words = info.split_whitespace();
                let language = words.next();
                inside = Some(language.filter(|_| words.next() == Some("run")));
            }
            (Some(_), Some(_)) => inside = None,
            (Some(Some(language)), None) => {
                let program = programs.entry(language).or_default();
                program.push_str(line);
                program.push('\n');
            }
            (Some(None) | None, None) => {}
        }
    }
    programs
}
