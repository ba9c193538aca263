//! Webhooks of the workspace, and what their owners see of deliveries.

use std::time::Duration;

use crate::support::endpoint::{Courier, Endpoint, node, quick};
use crate::support::{Node, until};
use api::webhooks::events::IntentCall;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use standardwebhooks::Webhook;
use uuid::Uuid;

#[tokio::test]
async fn a_webhook_of_the_workspace_is_added_shown_changed_and_removed() {
    let node = Node::start().await;
    let made = node.post("/webhooks", hook("https://example.com")).await;
    assert_eq!(made.status, 201);
    let made = made.data();
    assert!(made["secret_key"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(made["has_secret"], true);
    let closed = json!({ "state": "closed", "failures": 0, "paused_until": null });
    assert_eq!(made["breaker"], closed);
    let one = format!("/webhooks/{}", made["webhook_uuid"].as_str().unwrap());
    let mut shown = node.get(&one).await.data();
    assert!(shown.get("secret_key").is_none());
    assert_eq!(node.get("/webhooks").await.data(), json!([shown]));
    let of_agent = format!("/agents/{}{one}", node.file_agent);
    node.get(&of_agent).await.is_error(404, "NOT_FOUND");

    // What was read may be sent back, with a breaker that has changed since.
    shown["is_active"] = false.into();
    shown["breaker"]["failures"] = 3.into();
    let changed = node.patch(&one, shown).await.data();
    assert_eq!(
        (&changed["is_active"], &changed["breaker"]),
        (&json!(false), &closed)
    );
    node.patch(&one, json!({ "events": [] }))
        .await
        .is_about("events");
    assert_eq!(node.delete(&one).await.status, 200);
    node.delete(&one).await.is_error(404, "NOT_FOUND");
    node.patch(&one, json!({})).await.is_error(404, "NOT_FOUND");
    node.get(&one).await.is_error(404, "NOT_FOUND");
    assert_eq!(node.get("/webhooks").await.data(), json!([]));
}

#[tokio::test]
async fn a_workspace_has_as_many_webhooks_as_it_may() {
    let node = Node::start_with(|config| config.webhooks.per_workspace = 2).await;
    for _ in 0..2 {
        let made = node.post("/webhooks", hook("https://example.com")).await;
        assert_eq!(made.status, 201);
    }
    let refused = node.post("/webhooks", hook("https://example.com")).await;
    refused.is_error(409, "webhook_limit_reached");
    for url in ["http://example.com", "https://127.0.0.1/hook"] {
        node.post("/webhooks", hook(url)).await.is_about("url");
    }
}

#[tokio::test]
async fn both_kinds_of_webhooks_get_signed_messages_of_a_conversation_in_order() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let made = node.post("/webhooks", hook(&endpoint.url())).await.data();
    let other = Endpoint::start().await;
    let path = format!("/agents/{}/webhooks", node.file_agent);
    node.post(&path, hook(&other.url())).await.data();
    // The first of them is late, and is waited for.
    endpoint.answers(500);
    endpoint.answers(503);
    let about = conversation(&node).await;
    for key in ["first", "second", "third"] {
        tell(&node, about, key).await;
    }
    let courier = Courier::start(&node.state);
    let received = endpoint.received(5).await;
    other.received(3).await;
    courier.stop().await;
    let secret = Webhook::new(made["secret_key"].as_str().unwrap()).unwrap();
    for one in &received {
        secret.verify(&one.body, &one.headers).unwrap();
    }
    let keys = |endpoint: &Endpoint| -> Vec<String> {
        let bodies = endpoint.bodies().into_iter();
        let keys = bodies.map(|body| body["data"]["key"].as_str().unwrap().to_owned());
        keys.collect()
    };
    assert_eq!(
        keys(&endpoint),
        ["first", "first", "first", "second", "third"]
    );
    assert_eq!(keys(&other), ["first", "second", "third"]);
}

#[tokio::test]
async fn the_log_tells_of_each_attempt_and_is_filtered_and_paged() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let made = node.post("/webhooks", hook(&endpoint.url())).await.data();
    let log = format!(
        "/webhooks/{}/deliveries",
        made["webhook_uuid"].as_str().unwrap()
    );
    endpoint.answers(503);
    let about = conversation(&node).await;
    tell(&node, about, "first").await;
    let pending = node.get(&format!("{log}?status=pending")).await.data();
    assert_eq!(
        (&pending["total"], &pending["data"][0]["attempt_count"]),
        (&json!(1), &json!(0))
    );
    let courier = Courier::start(&node.state);
    let received = endpoint.received(2).await;
    let filter = format!("{log}?status=delivered&conversation_uuid={about}");
    let page = until(|| async {
        let page = node.get(&filter).await.data();
        (page["total"] == 1).then_some(page)
    })
    .await;
    courier.stop().await;
    let listed = &page["data"][0];
    assert_eq!(listed["event"], "intent_call");
    assert_eq!(
        listed["message_id"],
        received[0].headers["webhook-id"].to_str().unwrap()
    );
    assert_eq!(listed["conversation_uuid"], json!(about));
    assert_eq!(
        (&listed["attempt_count"], &listed["last_error"]),
        (&json!(2), &Value::Null)
    );
    assert!(listed["delivered_at"].is_string() && listed["next_attempt_at"].is_null());
    assert!(listed.get("payload").is_none() && listed.get("attempts").is_none());
    assert!(
        page["first_page_url"]
            .as_str()
            .unwrap()
            .contains("status=delivered")
    );

    let one = format!("{log}/{}", listed["delivery_uuid"].as_str().unwrap());
    let shown = node.get(&one).await.data();
    assert_eq!(shown["payload"]["data"]["key"], "first");
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        (&attempts[0]["number"], &attempts[0]["status_code"]),
        (&json!(1), &json!(503))
    );
    assert_eq!(attempts[0]["error"], "the endpoint answered 503");
    assert_eq!(
        (&attempts[1]["status_code"], &attempts[1]["error"]),
        (&json!(200), &Value::Null)
    );
    assert!(attempts[1]["at"].is_string() && attempts[1]["duration_ms"].is_u64());

    for nothing in [
        "?status=given_up".to_owned(),
        format!("?conversation_uuid={}", Uuid::nil()),
    ] {
        assert_eq!(
            node.get(&format!("{log}{nothing}")).await.data()["total"],
            0
        );
    }
    node.get(&format!("{log}?status=lost"))
        .await
        .is_about("status");
    node.get(&format!("{log}/{}", Uuid::nil()))
        .await
        .is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn no_token_in_an_address_and_no_secret_is_in_the_log() {
    let node = node().await;
    // Nobody listens there.
    let mut body = hook("http://127.0.0.1:9/hook?token=in-the-url");
    body["secret_key"] = "the-signing-secret".into();
    let made = node.post("/webhooks", body).await.data();
    let hook = format!("/webhooks/{}", made["webhook_uuid"].as_str().unwrap());
    let courier = Courier::start(&node.state);
    let sent = node.post_text(&format!("{hook}/test"), "").await.data();
    let one = format!(
        "{hook}/deliveries/{}",
        sent["delivery_uuid"].as_str().unwrap()
    );
    let shown = until(|| async {
        let shown = node.get(&one).await.data();
        (shown["attempt_count"] != 0).then_some(shown)
    })
    .await;
    courier.stop().await;
    assert_eq!(shown["attempts"][0]["status_code"], Value::Null);
    assert!(!shown["attempts"][0]["error"].as_str().unwrap().is_empty());
    let text = shown.to_string();
    assert!(
        !text.contains("in-the-url") && !text.contains("the-signing-secret"),
        "{text}"
    );
}

#[tokio::test]
async fn a_delivery_is_made_again_under_the_same_id() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let path = format!("/agents/{}/webhooks", node.file_agent);
    let made = node.post(&path, hook(&endpoint.url())).await.data();
    let hook = format!("{path}/{}", made["webhook_uuid"].as_str().unwrap());
    tell(&node, conversation(&node).await, "first").await;
    let log = format!("{hook}/deliveries");
    let listed = node.get(&log).await.data()["data"][0].clone();
    let one = format!("{log}/{}", listed["delivery_uuid"].as_str().unwrap());
    let again = format!("{one}/redeliver");
    node.post_text(&again, "")
        .await
        .is_error(409, "DELIVERY_PENDING");
    let courier = Courier::start(&node.state);
    delivered(&node, &one, 1).await;
    let owed = node.post_text(&again, "").await.data();
    assert_eq!(owed["message_id"], listed["message_id"]);
    delivered(&node, &one, 2).await;
    let received = endpoint.received(2).await;
    courier.stop().await;
    assert_eq!(
        received[0].headers["webhook-id"],
        received[1].headers["webhook-id"]
    );
    assert_eq!(received[0].body, received[1].body);

    node.patch(&hook, json!({ "is_active": false }))
        .await
        .data();
    node.post_text(&again, "")
        .await
        .is_error(409, "WEBHOOK_INACTIVE");
    let unknown = format!("{log}/{}/redeliver", Uuid::nil());
    node.patch(&hook, json!({ "is_active": true })).await.data();
    node.post_text(&unknown, "")
        .await
        .is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_delivery_to_the_workspaces_webhook_is_made_again() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let made = node.post("/webhooks", hook(&endpoint.url())).await.data();
    let hook = format!("/webhooks/{}", made["webhook_uuid"].as_str().unwrap());
    tell(&node, conversation(&node).await, "first").await;
    let log = format!("{hook}/deliveries");
    let listed = node.get(&log).await.data()["data"][0].clone();
    let one = format!("{log}/{}", listed["delivery_uuid"].as_str().unwrap());
    let courier = Courier::start(&node.state);
    delivered(&node, &one, 1).await;
    let owed = node.post_text(&format!("{one}/redeliver"), "").await.data();
    assert_eq!(owed["message_id"], listed["message_id"]);
    delivered(&node, &one, 2).await;
    let received = endpoint.received(2).await;
    courier.stop().await;
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_test_arrives_whatever_is_subscribed_to() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let path = format!("/agents/{}/webhooks", node.file_agent);
    let mut body = hook(&endpoint.url());
    body["events"] = json!(["voice_evaluation"]);
    let made = node.post(&path, body).await.data();
    let hook = format!("{path}/{}", made["webhook_uuid"].as_str().unwrap());
    let courier = Courier::start(&node.state);
    let sent = node.post_text(&format!("{hook}/test"), "").await;
    assert_eq!(
        (sent.status.as_u16(), &sent.data()["event"]),
        (201, &json!("webhook_test"))
    );
    endpoint.received(1).await;
    courier.stop().await;
    let body = endpoint.bodies().remove(0);
    assert_eq!(body["event"], "webhook.test");
    let data = json!({ "webhook_uuid": made["webhook_uuid"], "agent_id": node.file_agent });
    assert_eq!(body["data"], data);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_paused_and_a_test_ends_the_pause() {
    let node = Node::start_with(|config| {
        quick(config);
        config.webhooks.first_pause = Duration::from_secs(3600);
        config.webhooks.longest_pause = Duration::from_secs(3600);
        config.webhooks.pause_after = 2;
    })
    .await;
    let endpoint = Endpoint::start().await;
    let made = node.post("/webhooks", hook(&endpoint.url())).await.data();
    let hook = format!("/webhooks/{}", made["webhook_uuid"].as_str().unwrap());
    for _ in 0..2 {
        endpoint.answers(500);
    }
    let about = conversation(&node).await;
    tell(&node, about, "first").await;
    let courier = Courier::start(&node.state);
    let paused = until(|| async {
        let shown = node.get(&hook).await.data();
        (shown["breaker"]["state"] == "open").then_some(shown)
    })
    .await;
    assert_eq!(paused["breaker"]["failures"], 2);
    assert!(paused["breaker"]["paused_until"].is_string());
    // What comes now waits, and no attempt is spent on it.
    tell(&node, conversation(&node).await, "second").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(endpoint.count(), 2);
    let log = format!("{hook}/deliveries?status=pending");
    assert_eq!(node.get(&log).await.data()["data"][0]["attempt_count"], 0);

    node.post_text(&format!("{hook}/test"), "").await.data();
    endpoint.received(5).await;
    until(|| async {
        let shown = node.get(&hook).await.data();
        (shown["breaker"]["state"] == "closed").then_some(())
    })
    .await;
    courier.stop().await;
    assert_eq!(node.get(&log).await.data()["total"], 0);
}

fn hook(url: &str) -> Value {
    json!({ "url": url, "events": ["intent_call"] })
}

/// The conversation of a new call of the file agent.
async fn conversation(node: &Node) -> Uuid {
    let placed = node.place_call().await;
    placed["conversation_uuid"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Has an intent with this key told of.
async fn tell(node: &Node, about: Uuid, key: &str) {
    let called = IntentCall {
        conversation_id: about,
        call_id: None,
        agent_id: node.file_agent,
        intent_uuid: Uuid::now_v7(),
        key: key.to_owned(),
        name: "Intent".to_owned(),
        parameters: Map::new(),
        confidence: None,
    };
    let told = [called.announcement(Timestamp::now())];
    let owed = node.store.announce(about, &told, Timestamp::now()).await;
    assert!(owed.unwrap() > 0);
}

/// Waits until a delivery was made at this attempt.
async fn delivered(node: &Node, one: &str, attempt: u32) {
    until(|| async {
        let shown = node.get(one).await.data();
        (shown["status"] == "delivered" && shown["attempt_count"] == attempt).then_some(())
    })
    .await;
}
