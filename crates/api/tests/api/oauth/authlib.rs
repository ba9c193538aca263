//! Authlib, a client library of others, against a served node. `tests/authlib/flow.py` says what it
//! does.

use std::path::Path;
use std::process::Command;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::Node;

/// What `scripts/setup.sh test` installs.
const PYTHON: &str = "runtime/python/bin/python";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_gets_uses_renews_and_gives_back_tokens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let public_url = address.parse().unwrap();
    let node = Node::start_with(|config| config.public_url = public_url).await;
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(api::serve(listener, node.state.clone(), shutdown.clone()));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../..").join(PYTHON);
    assert!(
        python.is_file(),
        "{PYTHON} is missing: run `scripts/setup.sh test`"
    );
    let mut run = Command::new("timeout");
    run.arg("120")
        .arg(python)
        .arg(here.join("tests/authlib/flow.py"));
    run.env("NODE", &address).env("TOKEN", &node.token);
    let output = tokio::task::spawn_blocking(move || run.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    assert!(said.contains("done: 4 flows"), "{said}");
    shutdown.cancel();
    serving.await.unwrap();
}
