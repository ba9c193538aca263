//! Generated requests: Schemathesis reads the served document and tries every operation with what
//! the document permits and forbids. `tests/schemathesis` says how.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::Node;
use crate::support::graph::Graph;

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
    let serving = tokio::spawn(api::serve(listener, node.state.clone(), shutdown.clone()));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program: PathBuf = here.join("../..").join(PROGRAM);
    assert!(
        program.is_file(),
        "{PROGRAM} is missing: run `scripts/setup.sh test`"
    );
    let mut run = Command::new("timeout");
    run.arg("580").arg(program);
    run.arg("--config-file")
        .arg(here.join("tests/schemathesis/schemathesis.toml"));
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
    serving.await.unwrap();
}
