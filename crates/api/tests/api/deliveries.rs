//! Webhooks delivered to real endpoints on this machine.

use std::time::Duration;

use crate::support::endpoint::{Courier, Endpoint, node, quick};
use crate::support::{Node, until};
use api::{ApiConfig, ApiState, Directory};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use standardwebhooks::Webhook;
use store::{Announcement, CallEnd, Evaluating, NewCall, Store};
use uuid::Uuid;

const PAYLOAD: &str = r#"{"event":"conversation.end_report","data":{"summary":"Grüße"}}"#;

#[tokio::test]
async fn a_message_arrives_once_and_its_signature_holds() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let secret = add_webhook(&node, &endpoint.url(), None).await;
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    let received = endpoint.received(1).await.remove(0);
    assert_eq!(received.body, PAYLOAD);
    assert_eq!(received.headers["content-type"], "application/json");
    Webhook::new(&secret)
        .unwrap()
        .verify(&received.body, &received.headers)
        .unwrap();
    settled(&node.store).await;
    courier.stop().await;
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn a_secret_of_the_users_own_signs_as_it_is() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    add_webhook(&node, &endpoint.url(), Some("my very own secret")).await;
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    let received = endpoint.received(1).await.remove(0);
    let verifier = Webhook::from_bytes(b"my very own secret".to_vec()).unwrap();
    verifier.verify(&received.body, &received.headers).unwrap();
    courier.stop().await;
}

#[tokio::test]
async fn a_failed_message_comes_again_under_the_same_id() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    let secret = add_webhook(&node, &endpoint.url(), None).await;
    for status in [500, 429, 404] {
        endpoint.answers(status);
    }
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    let received = endpoint.received(4).await;
    for one in &received {
        assert_eq!(one.headers["webhook-id"], received[0].headers["webhook-id"]);
        Webhook::new(&secret)
            .unwrap()
            .verify(&one.body, &one.headers)
            .unwrap();
    }
    settled(&node.store).await;
    courier.stop().await;
}

#[tokio::test]
async fn what_is_owed_survives_the_death_of_the_process() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    add_webhook(&node, &endpoint.url(), None).await;
    owe(&node.store, node.file_agent).await;
    node.store.close().await;
    let store = Store::open(&node.folder.path().join("mihu.sqlite"))
        .await
        .unwrap();
    let directory = Directory::load(&store, Vec::new(), Timestamp::now())
        .await
        .unwrap();
    let mut config = ApiConfig::new(
        "http://node.example".parse().unwrap(),
        node.folder.path().join("recordings"),
    );
    quick(&mut config);
    let state = ApiState::new(store.clone(), node.calls.clone(), directory, config).unwrap();
    let courier = Courier::start(&state);
    assert_eq!(endpoint.received(1).await[0].body, PAYLOAD);
    settled(&store).await;
    courier.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_gets_no_more() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    add_webhook(&node, &endpoint.url(), None).await;
    endpoint.answers(410);
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    endpoint.received(1).await;
    settled(&node.store).await;
    let path = format!("/agents/{}/webhooks", node.file_agent);
    let hook = node.get(&path).await.data()[0].clone();
    assert_eq!(hook["is_active"], false);
    assert!(
        hook["disabled_reason"].as_str().unwrap().contains("410"),
        "{hook}"
    );
    owe(&node.store, node.file_agent).await;
    assert_eq!(node.store.owed_deliveries().await.unwrap(), 0);
    courier.stop().await;
    assert_eq!(endpoint.count(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (node, endpoint, elsewhere) = (
        node().await,
        Endpoint::start().await,
        Endpoint::start().await,
    );
    add_webhook(&node, &endpoint.url(), None).await;
    endpoint.redirects(307, &elsewhere.url());
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    endpoint.received(2).await;
    settled(&node.store).await;
    courier.stop().await;
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn a_private_address_is_not_sent_to_even_when_it_was_stored() {
    let node = node().await;
    let endpoint = Endpoint::start().await;
    add_webhook(&node, &endpoint.url(), None).await;
    owe(&node.store, node.file_agent).await;
    let mut config = ApiConfig::new(
        "http://node.example".parse().unwrap(),
        node.folder.path().join("recordings"),
    );
    quick(&mut config);
    config.webhooks.allow_private = false;
    config.webhooks.retry_window = Duration::ZERO;
    let (store, directory) = (node.store.clone(), node.directory.clone());
    let state = ApiState::new(store, node.calls.clone(), directory, config).unwrap();
    let courier = Courier::start(&state);
    settled(&node.store).await;
    courier.stop().await;
    assert_eq!(endpoint.count(), 0);
}

#[tokio::test]
async fn a_message_is_given_up_when_its_window_is_over() {
    let node = Node::start_with(|config| {
        quick(config);
        config.webhooks.retry_window = Duration::from_millis(200);
    })
    .await;
    let endpoint = Endpoint::start().await;
    endpoint.always(500);
    add_webhook(&node, &endpoint.url(), None).await;
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    settled(&node.store).await;
    assert!(endpoint.count() >= 1);
    courier.stop().await;
}

#[tokio::test]
async fn a_delivered_message_is_forgotten_when_it_has_been_kept_long_enough() {
    for (keep, left) in [(Duration::from_secs(60), 1), (Duration::ZERO, 0)] {
        let node = Node::start_with(|config| {
            quick(config);
            config.webhooks.keep = keep;
        })
        .await;
        let endpoint = Endpoint::start().await;
        add_webhook(&node, &endpoint.url(), None).await;
        owe(&node.store, node.file_agent).await;
        let courier = Courier::start(&node.state);
        settled(&node.store).await;
        courier.stop().await;
        // Old messages are looked for at the start, and every now and then.
        let courier = Courier::start(&node.state);
        let file = node.folder.path().join("mihu.sqlite");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut database = options.connect().await.unwrap();
        for _ in 0..1_000 {
            let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
                .fetch_one(&mut database)
                .await
                .unwrap();
            if rows == left {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        courier.stop().await;
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(rows, left, "{keep:?}");
    }
}

#[tokio::test]
async fn a_slow_endpoint_delays_no_other() {
    let (node, slow, quick) = (
        node().await,
        Endpoint::start().await,
        Endpoint::start().await,
    );
    slow.hangs();
    add_webhook(&node, &slow.url(), None).await;
    let other = node.make_agent().await;
    let hook = json!({ "url": quick.url(), "events": ["conversation_end_report"] });
    node.post(&format!("/agents/{other}/webhooks"), hook)
        .await
        .data();
    for _ in 0..20 {
        owe(&node.store, node.file_agent).await;
    }
    let courier = Courier::start(&node.state);
    // The slow one's share is under way and stays so.
    slow.received(4).await;
    owe(&node.store, other.parse().unwrap()).await;
    quick.received(1).await;
    assert_eq!(slow.count(), 4);
    courier.abandon();
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_in_time_is_tried_again() {
    let node = Node::start_with(|config| {
        quick(config);
        config.webhooks.total_timeout = Duration::from_millis(100);
    })
    .await;
    let endpoint = Endpoint::start().await;
    endpoint.hangs();
    add_webhook(&node, &endpoint.url(), None).await;
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    let received = endpoint.received(2).await;
    assert_eq!(
        received[0].headers["webhook-id"],
        received[1].headers["webhook-id"]
    );
    courier.stop().await;
}

#[tokio::test]
async fn deliveries_under_way_finish_before_the_courier_stops() {
    let (node, endpoint) = (node().await, Endpoint::start().await);
    endpoint.slows(Duration::from_millis(300));
    add_webhook(&node, &endpoint.url(), None).await;
    owe(&node.store, node.file_agent).await;
    let courier = Courier::start(&node.state);
    endpoint.received(1).await;
    courier.stop().await;
    assert_eq!(node.store.owed_deliveries().await.unwrap(), 0);
}

/// Adds a webhook to the file agent and gives its secret.
async fn add_webhook(node: &Node, url: &str, secret: Option<&str>) -> String {
    let mut body = json!({ "url": url, "events": ["conversation_end_report"] });
    if let Some(secret) = secret {
        body["secret_key"] = secret.into();
    }
    let path = format!("/agents/{}/webhooks", node.file_agent);
    let data = node.post(&path, body).await.data();
    data.get("secret_key")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Has a call of the agent begin and end, which owes its webhooks a message.
async fn owe(store: &Store, agent: Uuid) {
    let now = Timestamp::now();
    let call = NewCall {
        id: Uuid::now_v7(),
        conversation: Uuid::now_v7(),
        agent,
        direction: "outbound",
        number: crate::support::NUMBER.to_owned(),
        has_contact: true,
        provider: "sip",
        status: "initiated",
        at: now,
    };
    store.begin_call(&call).await.unwrap();
    let end = CallEnd {
        call: call.id,
        conversation: call.conversation,
        agent,
        status: "completed",
        sip_code: None,
        reason: String::new(),
        answered_at: None,
        ended_at: now,
        duration: Duration::ZERO,
        recording: None,
        transcript: Vec::new(),
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        summary: None,
        sentiment: None,
        cost: None,
        line: None,
        evaluation: Evaluating::Never,
    };
    let report = Announcement {
        event: "conversation_end_report",
        payload: PAYLOAD.to_owned(),
    };
    store.end_call(&end, &[report], now).await.unwrap();
}

async fn settled(store: &Store) {
    until(|| async { (store.owed_deliveries().await.unwrap() == 0).then_some(()) }).await;
}
