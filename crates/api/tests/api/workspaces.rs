//! Workspaces: what belongs to one is not there for another.

use api::records;
use engine::{AgentDirectory as _, CallEvent, CallEventKind, CallId, Direction};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{NUMBER, Node};

#[tokio::test]
async fn an_agent_of_another_workspace_can_not_be_made_to_call() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let answer = visitor.post("/call", node.call_body()).await;
    answer.is_error(404, "AGENT_NOT_FOUND");
    assert!(node.calls.placed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_workspace_has_its_own_slugs() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let body = json!({ "name": "Theirs", "slug": "support" });
    let theirs = visitor.post("/agents", body).await.data();
    let found = node.directory.find("support").unwrap();
    assert_eq!(found.agent_uuid, node.file_agent);
    let theirs = theirs["agent_uuid"].as_str().unwrap();
    assert_eq!(node.directory.find(theirs).unwrap().name, "Theirs");
}

#[tokio::test]
async fn an_inbound_call_belongs_to_the_workspace_of_its_agent() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let theirs = visitor
        .post("/agents", json!({ "name": "Theirs" }))
        .await
        .data();
    let agent = theirs["agent_uuid"].as_str().unwrap().parse().unwrap();
    let call = CallId::generate();
    let started = CallEventKind::Started {
        direction: Direction::Inbound,
        agent,
        conversation: Uuid::now_v7(),
        number: NUMBER.to_owned(),
    };
    write(&node, call, vec![started, CallEventKind::Answered]).await;
    let path = format!("/calls/{}", call.0);
    assert_eq!(visitor.get(&path).await.data()["status"], "in-progress");
    node.get(&path).await.is_error(404, "CALL_NOT_FOUND");
}

#[tokio::test]
async fn what_happens_in_an_outbound_call_is_written_where_it_was_asked_for() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let theirs = visitor
        .post("/agents", json!({ "name": "Theirs" }))
        .await
        .data();
    let body = json!({ "agentId": theirs["agent_uuid"], "participant": { "number": NUMBER } });
    let placed = visitor.post("/call", body).await.data();
    let call = CallId(placed["id"].as_str().unwrap().parse().unwrap());
    write(&node, call, vec![CallEventKind::Ringing]).await;
    let path = format!("/calls/{}", call.0);
    assert_eq!(visitor.get(&path).await.data()["status"], "ringing");
    assert_eq!(node.get("/calls").await.data()["total"], 0);
}

async fn write(node: &Node, call: CallId, kinds: Vec<CallEventKind>) {
    let (events, received) = mpsc::channel(kinds.len());
    for kind in kinds {
        let at = Timestamp::now();
        events.send(CallEvent { call, at, kind }).await.unwrap();
    }
    drop(events);
    records::run(node.state.clone(), received, CancellationToken::new()).await;
}
