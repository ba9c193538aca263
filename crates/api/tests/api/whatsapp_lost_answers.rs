//! Requests to WhatsApp of which nobody can say whether they were done.

use std::time::Duration;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::graph::Lost;
use crate::support::{Answer, NUMBER, Node, until};
use crate::whatsapp::{only_template, order, start, start_with};

/// Longer than loopback takes, even on a slow machine that opens a connection.
const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_not_sent_again_with_its_key() {
    for lost in [Lost::Time, Lost::Connection] {
        let (node, graph) = start_with(|config| config.whatsapp.timeout = PATIENCE).await;
        let id = only_template(&node, &graph, "APPROVED").await;
        graph.loses(Some(lost));
        let mut answers = Vec::new();
        for _ in 0..2 {
            let answer = send_with_key(&node, &id).await;
            answer.is_error(502, "WHATSAPP_OUTCOME_UNKNOWN");
            answers.push(answer);
        }
        assert_eq!(answers[0].bytes, answers[1].bytes);
        assert_eq!(answers[1].header("idempotency-replayed"), "true");
        assert_eq!(graph.messages().len(), 1, "{lost:?}");
    }
}

#[tokio::test]
async fn a_message_that_never_left_may_be_sent_again_with_its_key() {
    let (node, graph) = start().await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let away = "http://127.0.0.1:9".parse().unwrap();
    let node = node.with_config(|config| config.whatsapp.graph_url = away);
    for _ in 0..2 {
        let answer = send_with_key(&node, &id).await;
        answer.is_error(502, "WHATSAPP_FAILED");
        assert_eq!(answer.header("idempotency-replayed"), "");
    }
}

#[tokio::test]
async fn a_task_whose_message_may_have_been_sent_is_not_tried_again() {
    let (node, graph) = start_with(|config| config.whatsapp.timeout = PATIENCE).await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let params = json!({
        "header": { "type": "image", "url": "https://example.com/a.png" },
        "body": { "field1": "Ann", "field2": "40235" },
    });
    let set = json!({ "template_uuid": id, "params": params });
    node.post("/whatsapp/template-settings", set).await.data();
    graph.loses(Some(Lost::Time));
    let shutdown = CancellationToken::new();
    let queue = tokio::spawn(api::dialling::run(node.state.clone(), shutdown.clone()));
    let body = json!({
        "title": "Tell",
        "type": "send_message",
        "agent_uuid": node.file_agent,
        "scheduled_at": Timestamp::now(),
        "max_attempts": 3,
        "contact": { "phone_number": NUMBER },
        "task_data": { "template_uuid": id },
    });
    let made = node.post("/tasks", body).await.data();
    let path = format!("/tasks/{}", made["uuid"].as_str().unwrap());
    let task = until(async || {
        let task = node.get(&path).await.data();
        let is_over = !task["attempts"][0]["ended_at"].is_null();
        (is_over && task["status"] != "in_progress").then_some(task)
    })
    .await;
    shutdown.cancel();
    queue.await.unwrap();
    assert_eq!(task["status"], "failed", "{task}");
    assert_eq!(task["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(task["attempts"][0]["outcome"], "unknown");
    let reason = task["attempts"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("WHATSAPP_OUTCOME_UNKNOWN"), "{reason}");
    assert_eq!(graph.messages().len(), 1);
}

#[tokio::test]
async fn a_message_of_a_process_that_died_is_found_and_not_sent_again() {
    let (node, graph) = start_with(|config| config.idempotency.takeover = Duration::ZERO).await;
    let id = only_template(&node, &graph, "APPROVED").await;
    let first = send_with_key(&node, &id).await.data();
    node.execute("UPDATE idempotency SET content = NULL").await;
    let second = send_with_key(&node, &id).await;
    assert_eq!(second.header("idempotency-replayed"), "");
    assert_eq!(second.data(), first);

    // As if it had died before WhatsApp answered.
    node.execute("UPDATE idempotency SET content = NULL").await;
    node.execute("UPDATE whatsapp_messages SET status = 'sending', message_id = NULL")
        .await;
    for _ in 0..2 {
        let again = send_with_key(&node, &id).await;
        again.is_error(502, "WHATSAPP_OUTCOME_UNKNOWN");
    }
    assert_eq!(graph.messages().len(), 1);
}

async fn send_with_key(node: &Node, template: &str) -> Answer {
    let request = node
        .request(Method::POST, "/whatsapp/template")
        .header("content-type", "application/json")
        .header("idempotency-key", "one");
    let body: Value = order(node, template);
    node.send(request.body(body.to_string().into()).unwrap())
        .await
}
