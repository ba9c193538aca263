//! Conversations, their sessions and messages as clients read them.

use engine::{CallEventKind, CallId, CallReport, CallStatus, Speaker, TranscriptTurn};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{NUMBER, Node};

#[tokio::test]
async fn a_live_call_is_an_active_conversation_with_one_session() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let path = format!("/conversations/{}", text(&placed, "conversation_uuid"));
    let shown = node.get(&path).await.data();
    assert_eq!(shown["status"], "Active");
    assert_eq!(shown["channel"], "Call");
    assert_eq!(shown["responded_by"], "AI");
    assert_eq!(shown["session_uuids"], json!([placed["id"]]));
    assert_eq!(shown["contact"]["phone_number"], NUMBER);
    assert_eq!(shown["call"]["uuid"], placed["id"]);
    assert_eq!(shown["task_uuids"], json!([]));
    let sessions = node
        .get(&format!("{path}/sessions?status=active"))
        .await
        .data();
    assert_eq!(sessions["total"], 1);
    assert_eq!(sessions["data"][0]["call_uuid"], placed["id"]);
    assert_eq!(sessions["data"][0]["ended_at"], Value::Null);
    let closed = node
        .get(&format!("{path}/sessions?status=closed"))
        .await
        .data();
    assert_eq!(closed["total"], 0);
}

#[tokio::test]
async fn a_call_that_is_over_shows_what_was_said() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    end(&node, &placed).await;
    let path = format!("/conversations/{}", text(&placed, "conversation_uuid"));
    let shown = node.get(&path).await.data();
    assert_eq!(shown["status"], "Closed");
    assert_eq!(shown["call"]["duration"], 62);
    assert!(
        shown["call"]["summary"]
            .as_str()
            .unwrap()
            .contains("parcel")
    );
    let messages = node.get(&format!("{path}/messages")).await.data();
    assert_eq!(
        (&messages["total"], &messages["per_page"]),
        (&json!(3), &json!(25))
    );
    let first = &messages["data"][0];
    assert_eq!(
        (&first["sender"], &first["content"]),
        (&json!("AI"), &json!("Hello."))
    );
    assert_eq!(first["created_at"], "2023-11-14T22:13:28.1Z");
    assert_eq!(first["session_uuid"], placed["id"]);

    let session = format!("/sessions/{}/messages", text(&placed, "id"));
    let said = node.get(&format!("{session}?sender=Contact")).await.data();
    assert_eq!(said["total"], 1);
    assert_eq!(said["data"][0]["content"], "Where is my parcel?");
    assert_eq!(said["data"][0]["direction"], "inbound");
    let last = node
        .get(&format!("{session}?sort_dir=desc&per_page=1"))
        .await
        .data();
    assert_eq!(last["data"][0]["content"], "It arrives tomorrow.");
    assert!(
        last["next_page_url"]
            .as_str()
            .unwrap()
            .contains("sort_dir=desc")
    );
    assert_eq!(
        node.get(&format!("{session}?sender=Human")).await.data()["total"],
        0
    );
}

#[tokio::test]
async fn conversations_are_found_by_what_they_are() {
    let node = Node::start().await;
    let first = node.place_call().await;
    let second = node.place_call().await;
    end(&node, &first).await;
    let listed = async |query: &str| {
        let page = node.get(&format!("/conversations?{query}")).await.data();
        let all = page["data"].as_array().unwrap().iter();
        all.map(|one| one["uuid"].clone()).collect::<Vec<_>>()
    };
    let ids = [&first, &second].map(|placed| placed["conversation_uuid"].clone());
    let [first, second] = &ids;
    assert_eq!(
        listed("sort_dir=asc").await,
        [first.clone(), second.clone()]
    );
    assert_eq!(
        listed("status=Active").await.as_slice(),
        std::slice::from_ref(second)
    );
    assert_eq!(
        listed("status=Closed&channel=call").await.as_slice(),
        std::slice::from_ref(first)
    );
    assert_eq!(listed("phone=(415)%20555-01").await.len(), 2);
    assert_eq!(listed("phone=999").await.len(), 0);
    assert_eq!(listed("channel=whatsapp").await.len(), 0);
    assert_eq!(
        listed(&format!("agent_uuid={}", Uuid::now_v7()))
            .await
            .len(),
        0
    );
    node.get("/conversations?status=open")
        .await
        .is_about("status");
    node.get("/conversations?sort_by=name")
        .await
        .is_about("sort_by");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let node = Node::start().await;
    let nobody = Uuid::now_v7();
    for path in ["", "/messages", "/sessions"] {
        let answer = node.get(&format!("/conversations/{nobody}{path}")).await;
        answer.is_error(404, "CONVERSATION_NOT_FOUND");
    }
    let answer = node.get(&format!("/sessions/{nobody}/messages")).await;
    answer.is_error(404, "SESSION_NOT_FOUND");
}

/// Ends a call that was placed as one in which three things were said.
pub(crate) async fn end(node: &Node, placed: &Value) {
    let turn = |speaker, text: &str, start_ms| TranscriptTurn {
        speaker,
        text: text.to_owned(),
        start_ms,
        end_ms: start_ms + 800,
        interrupted: false,
    };
    let report = CallReport {
        status: CallStatus::Completed,
        sip_code: None,
        reason: "the far end hung up".to_owned(),
        answered_at: Some(Timestamp::from_second(1_700_000_008).unwrap()),
        duration: Duration::from_millis(61_600),
        recording: None,
        transcript: vec![
            turn(Speaker::Agent, "Hello.", 100),
            turn(Speaker::Caller, "Where is my parcel?", 1_200),
            turn(Speaker::Agent, "It arrives tomorrow.", 2_500),
        ],
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    };
    end_as(node, placed, report).await;
}

/// Ends a call that was placed, with this report.
pub(crate) async fn end_as(node: &Node, placed: &Value, report: CallReport) {
    let call = CallId(text(placed, "id").parse().unwrap());
    let event = node.calls.happen(call, CallEventKind::Ended(report));
    let (events, received) = mpsc::channel(1);
    events.send(event).await.unwrap();
    drop(events);
    api::records::run(node.state.clone(), received, CancellationToken::new()).await;
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}
