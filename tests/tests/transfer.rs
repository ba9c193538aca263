//! A workspace that goes from one node to another.

use std::path::Path;
use std::process::{Command, Output};

use end_to_end::{Node, Sipp, checkout, mihu};

fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(mihu());
    command.args(arguments).current_dir(checkout(""));
    command.env("MIHU_DATA_DIR", data);
    command.output().expect("mihu runs")
}

#[tokio::test]
async fn a_call_and_its_recording_go_to_another_node_and_the_token_opens_it_there() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let placed = api.place_call("+14155550123").await;
    let id = placed["id"].as_str().expect("an id").to_owned();
    api.call_becomes(&id, "in-progress").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let conversation = placed["conversation_uuid"].as_str().expect("an id");
    let action = format!("/calls/action/{conversation}/hangup");
    api.post(&action, &serde_json::json!({})).await;
    api.call_becomes(&id, "completed").await;
    let transcript = api.get(&format!("/calls/{id}/transcript")).await.body;
    let (data, folder) = node.crash();

    let moved = folder.path().join("moved");
    let moved = moved.to_str().expect("a name");
    let output = run(&data, &["export", moved]);
    assert!(output.status.success(), "{output:?}");
    let again = run(&data, &["export", moved]);
    assert!(!again.status.success(), "an export is not written over");

    let new = tempfile::tempdir().expect("a temporary folder");
    let output = run(new.path(), &["import", moved]);
    assert!(output.status.success(), "{output:?}");
    let again = run(new.path(), &["import", moved]);
    assert!(!again.status.success(), "nothing is imported twice");

    let name = format!("recordings/{id}.wav");
    let there = std::fs::read(new.path().join(&name)).expect("the recording");
    assert_eq!(there, std::fs::read(data.join(&name)).expect("a recording"));
    let node = Node::builder().data(new.path()).start();
    let other = end_to_end::Api::new(node.http(), api.token().to_owned());
    let arrived = other.get(&format!("/calls/{id}/transcript")).await;
    assert_eq!(arrived.body, transcript);
}
