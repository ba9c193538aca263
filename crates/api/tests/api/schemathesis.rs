//! Generated requests: Schemathesis reads the served document and tries every operation with what
//! the document permits and forbids. `tests/schemathesis` says how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::Node;
use crate::support::graph::Graph;
use crate::support::schema::operations;
use crate::support::seen::Seen;

/// What `scripts/setup.sh test` installs.
const PROGRAM: &str = "runtime/python/bin/schemathesis";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_generated_from_the_document_is_answered_as_it_says() {
    let graph = Graph::start().await;
    let url = graph.url.clone();
    let node = Node::start_with(|config| config.whatsapp.graph_url = url).await;
    let key = node.get("/keys").await.data()[0]["key_uuid"].clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let answered = Answered::default();
    let noting = from_fn_with_state(answered.clone(), note);
    let serving = axum::serve(listener, node.router.clone().layer(noting));
    let serving = serving.with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let serving = tokio::spawn(serving.into_future());
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program: PathBuf = here.join("../..").join(PROGRAM);
    assert!(
        program.is_file(),
        "{PROGRAM} is missing: run `scripts/setup.sh test`"
    );
    let mut run = Command::new("timeout");
    run.arg("580").arg(program);
    let settings = here.join("tests/schemathesis/schemathesis.toml");
    run.arg("--config-file").arg(&settings);
    run.args(["run", "--no-color"])
        .arg(format!("{address}/api/v1/openapi.json"));
    run.env("ADDRESS", &address)
        .env("TOKEN", &node.token)
        .env("KEY", key.as_str().unwrap())
        .env("HOOKS", here.join("tests/schemathesis/hooks.py"))
        // What it learns of an API it keeps beside where it runs.
        .current_dir(node.folder.path());
    let output = tokio::task::spawn_blocking(move || run.output())
        .await
        .unwrap();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{said}", output.status);
    assert!(said.contains("Test cases:"), "nothing was tried:\n{said}");
    shutdown.cancel();
    serving.await.unwrap().unwrap();
    let settings = std::fs::read_to_string(settings).unwrap();
    let (excused, never) = never_done(&settings, &answered.lock().unwrap());
    assert!(
        never.len() * 3 <= excused,
        "of {excused} that are excused, never done: {never:?}\n{said}"
    );
}

/// What was answered: method, path and status.
type Answered = Arc<Mutex<BTreeSet<(String, String, u16)>>>;

async fn note(State(answered): State<Answered>, request: Request, next: Next) -> Response {
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let response = next.run(request).await;
    let one = (method, path, response.status().as_u16());
    answered.lock().unwrap().insert(one);
    response
}

/// How many operations may refuse what the document permits, and those of them that did nothing
/// else. Some need what no generated request has, such as the id of an agent or a code of OAuth;
/// where most do nothing, it is the document that says too little.
fn never_done(settings: &str, answered: &BTreeSet<(String, String, u16)>) -> (usize, Vec<String>) {
    let all = operations(&api::document());
    let paths: Vec<String> = all.iter().map(|(path, _, _)| path.clone()).collect();
    let excused = all.iter().filter(|(_, _, says)| {
        let id = says["operationId"].as_str().unwrap();
        settings.contains(&format!("\"{id}\""))
    });
    let excused: Vec<_> = excused.collect();
    let never = excused.iter().filter(|(documented, method, _)| {
        !answered.iter().any(|(asked, path, status)| {
            let seen = Seen {
                method: asked.clone(),
                path: path.clone(),
                status: status.to_string(),
            };
            asked == method && *status < 400 && seen.is_at(documented, &paths)
        })
    });
    let ids = never.map(|(_, _, says)| says["operationId"].as_str().unwrap().to_owned());
    (excused.len(), ids.collect())
}
