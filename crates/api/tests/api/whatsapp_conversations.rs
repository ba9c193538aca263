//! Messages by WhatsApp as conversations, with sessions and in figures.

use serde_json::{Value, json};

use crate::conformance::is_documented;
use crate::support::endpoint::{Courier, Endpoint, quick};
use crate::support::{NUMBER, Node};
use crate::whatsapp::{error, only_template, order, start, start_with, task_becomes};

const WORDS: &str = "Hello Ann, your order 40235 is on its way.";

/// Sends one message; the UUID of its conversation.
async fn send(node: &Node, template: &str) -> String {
    let sent = node.post("/whatsapp/template", order(node, template)).await;
    let conversation = sent.data()["conversationId"].clone();
    conversation.as_str().unwrap().to_owned()
}

async fn items(node: &Node, path: &str) -> Vec<Value> {
    node.get(path).await.data()["data"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_message_opens_a_conversation_and_the_next_continues_it() {
    let (node, graph) = start().await;
    let template = only_template(&node, &graph, "APPROVED").await;
    let id = send(&node, &template).await;
    assert_eq!(send(&node, &template).await, id);

    let listed = items(&node, "/conversations?channel=whatsapp&phone=5550123").await;
    assert_eq!(listed.len(), 1);
    assert!(items(&node, "/conversations?channel=call").await.is_empty());
    let shown = node.get(&format!("/conversations/{id}")).await.data();
    assert_eq!(shown, listed[0]);
    assert_eq!(
        (&shown["channel"], &shown["status"]),
        (&json!("WhatsApp"), &json!("Active"))
    );
    assert_eq!(shown["call"], Value::Null);
    assert_eq!(shown["contact"]["phone_number"], NUMBER);
    assert_eq!(shown["agent_uuid"], node.file_agent.to_string());

    let sessions = format!("/conversations/{id}/sessions?status=active");
    let shown_sessions = node.get(&sessions).await;
    is_documented(
        "get",
        "/conversations/{conversation_uuid}/sessions",
        &shown_sessions,
    );
    let answer = node.get(&format!("/conversations/{id}/messages")).await;
    is_documented(
        "get",
        "/conversations/{conversation_uuid}/messages",
        &answer,
    );
    let answer = node.get(&format!("/conversations/{id}")).await;
    is_documented("get", "/conversations/{conversation_uuid}", &answer);
    let sessions = items(&node, &sessions).await;
    assert_eq!(sessions.len(), 1);
    let session = sessions[0]["uuid"].as_str().unwrap();
    assert_eq!(shown["session_uuids"], json!([session]));
    assert_eq!(sessions[0]["call_uuid"], Value::Null);
    for path in [
        format!("/conversations/{id}/messages?sender=AI"),
        format!("/sessions/{session}/messages"),
    ] {
        let messages = items(&node, &path).await;
        assert_eq!(messages.len(), 2, "{path}");
        assert_eq!(messages[0]["content"], WORDS);
        assert_eq!(messages[0]["message_type"], "template");
        assert_eq!(messages[0]["direction"], "outbound");
        assert_eq!(messages[0]["start_ms"], Value::Null);
        assert_eq!(messages[0]["session_uuid"], session);
    }
    let from_contact = format!("/conversations/{id}/messages?sender=Contact");
    assert!(items(&node, &from_contact).await.is_empty());
}

#[tokio::test]
async fn a_message_that_is_refused_opens_none() {
    let (node, graph) = start().await;
    let template = only_template(&node, &graph, "APPROVED").await;
    graph.refuses(Some(error(131_026)));
    node.post("/whatsapp/template", order(&node, &template))
        .await
        .is_error(422, "WHATSAPP_UNDELIVERABLE");
    assert!(items(&node, "/conversations").await.is_empty());
}

#[tokio::test]
async fn a_session_is_over_after_the_minutes_of_the_settings() {
    let (node, graph) = start().await;
    let template = only_template(&node, &graph, "APPROVED").await;
    let modes = json!({ "sessionization": { "session_mode": "daily" } });
    let refused = node.put("/evaluate/default", modes).await;
    refused.is_about("sessionization.session_mode");
    let two = json!({ "sessionization": { "timeout_minutes": 2 } });
    node.put("/evaluate/default", two).await.data();
    let id = send(&node, &template).await;
    let own = json!({ "sessionization": { "timeout_minutes": 5 } });
    let path = format!("/agents/{}/evaluate", node.file_agent);

    let sweep = async |seconds: i64| {
        let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        api::upkeep::end_sessions(&node.state, later).await;
        node.get(&format!("/conversations/{id}")).await.data()
    };
    assert_eq!(sweep(110).await["status"], "Active");
    assert_eq!(sweep(121).await["status"], "Closed");
    node.put(&path, own).await.data();
    assert_eq!(send(&node, &template).await, id);
    assert_eq!(
        sweep(200).await["status"],
        "Active",
        "an agent's own settings go before"
    );
    let closed = sweep(301).await;
    assert_eq!(closed["status"], "Closed");
    assert_eq!(closed["session_uuids"].as_array().unwrap().len(), 2);
    let sessions = items(
        &node,
        &format!("/conversations/{id}/sessions?status=closed"),
    )
    .await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["ended_at"], sessions[0]["last_activity_at"]);
}

#[tokio::test]
async fn the_message_of_a_task_belongs_to_its_campaigns_figures() {
    let (node, graph) = start().await;
    let template = only_template(&node, &graph, "APPROVED").await;
    let params = json!({
        "header": { "type": "image", "url": "https://example.com/a.png" },
        "body": { "field1": "Ann", "field2": "40235" },
    });
    let set = json!({ "template_uuid": template, "params": params });
    node.post("/whatsapp/template-settings", set).await.data();
    let task = task_becomes(&node, json!({ "template_uuid": template }), "completed").await;
    let listed = items(&node, "/conversations?channel=whatsapp").await;
    assert_eq!(listed[0]["task_uuids"], json!([task["uuid"]]));
    let id = listed[0]["uuid"].as_str().unwrap();
    let sessions = items(&node, &format!("/conversations/{id}/sessions")).await;
    assert_eq!(sessions[0]["task_uuids"], json!([task["uuid"]]));

    let window = "from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
    for (channel, count) in [
        ("", 1),
        ("&channel=whatsapp", 1),
        ("&channel=call", 0),
        ("&channel=sms", 0),
    ] {
        let figures = node
            .get(&format!("/analytics/sessions?{window}{channel}"))
            .await
            .json();
        assert_eq!(figures["totals"]["sessions"], count, "{channel}");
        assert_eq!(figures["totals"]["agent_messages"], count, "{channel}");
        let exported = node
            .get(&format!("/analytics/messages?{window}{channel}"))
            .await
            .json();
        let messages = exported["messages"].as_array().unwrap();
        assert_eq!(messages.len(), count, "{channel}");
        for message in messages {
            assert_eq!(message["channel"], "whatsapp");
            assert_eq!(message["channel_label"], "WhatsApp");
            assert_eq!(message["content"], WORDS);
        }
    }
}

#[tokio::test]
async fn webhooks_are_told_of_messages_and_their_sessions() {
    let (node, graph) = start_with(quick).await;
    let template = only_template(&node, &graph, "APPROVED").await;
    let endpoint = Endpoint::start().await;
    let webhook = json!({
        "url": endpoint.url(), "events": ["conversation_status", "conversation_update"],
    });
    let path = format!("/agents/{}/webhooks", node.file_agent);
    node.post(&path, webhook).await.data();
    let id = send(&node, &template).await;
    send(&node, &template).await;
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    api::upkeep::end_sessions(&node.state, later).await;
    let courier = Courier::start(&node.state);
    endpoint.received(4).await;
    courier.stop().await;
    let bodies = endpoint.bodies();
    let events: Vec<_> = bodies
        .iter()
        .map(|body| {
            (
                body["event"].as_str().unwrap(),
                body["data"]["status"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        events,
        [
            ("conversation.status", Some("active")),
            ("conversation.update", None),
            ("conversation.update", None),
            ("conversation.status", Some("closed")),
        ]
    );
    for body in &bodies {
        assert_eq!(body["data"]["conversation_id"], id);
        assert_eq!(body["data"]["call_id"], Value::Null);
    }
    assert_eq!(bodies[1]["data"]["message"]["text"], WORDS);
    assert_eq!(bodies[3]["data"]["participant"]["number"], NUMBER);
}
