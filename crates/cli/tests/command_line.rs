//! The binary as an operator meets it. Being an integration test of this package, it also makes
//! cargo build the binary whenever the workspace is tested.

use std::process::Command;

use end_to_end::{Api, Node, mihu};

#[tokio::test]
async fn a_key_opens_the_api_until_it_is_revoked() {
    let node = Node::builder().start();
    let token = node.key();
    let api = Api::new(node.http(), token.clone());
    assert_eq!(api.get("/calls").await.status, 200);
    let listed = node.keys(&["list"]);
    assert!(
        listed.contains("test") && !listed.contains(&token),
        "{listed}"
    );
    let id = listed.split_whitespace().next().expect("an id").to_owned();
    node.keys(&["revoke", &id]);
    let refused = api.get("/calls").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.text("/error/code"), "INVALID_AUTH_TOKEN");
}

#[tokio::test]
async fn a_key_stops_opening_the_api_when_it_expires() {
    let node = Node::builder().start();
    let token = node.keys(&["create", "--name", "short", "--expires", "1s"]);
    let api = Api::new(node.http(), token.trim().to_owned());
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let refused = api.get("/calls").await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.body["message"]
            .as_str()
            .is_some_and(|text| text.contains("expired"))
    );
}

#[test]
fn the_printed_settings_show_overrides_and_hide_secrets() {
    let output = Command::new(mihu())
        .args(["serve", "--print-config"])
        .env("MIHU_LLM_KEY", "sk-secret")
        .env("MIHU_CALLS_MAX", "7")
        .output()
        .expect("mihu runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert!(shown.contains("max = 7"), "{shown}");
    assert!(
        shown.contains("key = \"***\"") && !shown.contains("sk-secret"),
        "{shown}"
    );
}

#[test]
fn a_mistake_in_the_settings_names_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("mihu.toml");
    std::fs::write(&file, "[calls]\nmax = \"many\"\n").expect("a file");
    let output = Command::new(mihu())
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .expect("mihu runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("line 2") && said.contains("mihu.toml"),
        "{said}"
    );
}

#[test]
fn a_phone_told_to_reject_needs_a_status_that_refuses() {
    let output = Command::new(mihu())
        .args(["phone", "--listen", "127.0.0.1:0", "--reject", "200"])
        .output()
        .expect("mihu runs");
    assert!(!output.status.success());
}
