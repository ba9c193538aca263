//! Webhooks over the API.

use crate::support::Node;
use serde_json::{Value, json};

#[tokio::test]
async fn a_webhook_is_added_shown_changed_and_removed() {
    let node = Node::start().await;
    let path = format!("/agents/{}/webhooks", node.make_agent().await);
    let answer = node.post(&path, hook()).await;
    assert_eq!(answer.status, 201);
    let made = answer.data();
    assert_eq!(made["url"], "https://example.com/hook");
    assert_eq!(made["events"], json!(["conversation_end_report"]));
    assert_eq!(
        (&made["is_active"], &made["has_secret"]),
        (&json!(true), &json!(true))
    );
    assert!(made["created_at"].is_string() && made["updated_at"].is_string());
    assert!(made.get("secret_key").is_none(), "{made}");

    let one = format!("{path}/{}", made["webhook_uuid"].as_str().unwrap());
    assert_eq!(node.get(&one).await.data(), made);
    let change = json!({ "is_active": false, "events": ["intent_call"], "secret_key": "another" });
    let changed = node.patch(&one, change).await.data();
    assert_eq!(
        (&changed["url"], &changed["is_active"]),
        (&made["url"], &json!(false))
    );
    assert_eq!(node.get(&path).await.data(), json!([changed]));
    assert!(!changed.to_string().contains("another"), "{changed}");

    assert_eq!(node.delete(&one).await.status, 200);
    node.delete(&one).await.is_error(404, "NOT_FOUND");
    node.patch(&one, json!({})).await.is_error(404, "NOT_FOUND");
    assert_eq!(node.get(&path).await.data(), json!([]));
}

#[tokio::test]
async fn a_secret_that_nobody_gave_is_told_once() {
    let node = Node::start().await;
    let path = format!("/agents/{}/webhooks", node.make_agent().await);
    let mut body = hook();
    body.as_object_mut().unwrap().remove("secret_key");
    let made = node.post(&path, body).await.data();
    let secret = made["secret_key"].as_str().unwrap();
    assert!(
        secret.starts_with("whsec_") && secret.len() > 40,
        "{secret}"
    );
    assert!(!node.get(&path).await.text().contains(secret));
}

#[tokio::test]
async fn a_sixth_webhook_is_refused() {
    let node = Node::start().await;
    let path = format!("/agents/{}/webhooks", node.make_agent().await);
    for _ in 0..5 {
        assert_eq!(node.post(&path, hook()).await.status, 201);
    }
    node.post(&path, hook())
        .await
        .is_error(409, "webhook_limit_reached");
}

#[tokio::test]
async fn a_file_agent_may_have_webhooks_added() {
    let node = Node::start().await;
    let path = format!("/agents/{}/webhooks", node.file_agent);
    assert_eq!(node.post(&path, hook()).await.status, 201);
}

#[tokio::test]
async fn each_field_of_a_webhook_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let path = format!("/agents/{}/webhooks", node.make_agent().await);
    for (field, name, value) in [
        ("url", "url", Value::Null),
        ("url", "url", json!("")),
        ("url", "url", json!("example.com")),
        ("url", "url", json!("http://example.com")),
        ("url", "url", json!("ftp://example.com")),
        ("url", "url", json!("https://user:pass@example.com")),
        ("url", "url", json!("https://localhost/hook")),
        ("url", "url", json!("https://192.168.1.1/hook")),
        ("url", "url", json!("https://[::ffff:127.0.0.1]/hook")),
        ("url", "url", json!("https://169.254.169.254/latest")),
        (
            "url",
            "url",
            json!(format!("https://example.com/{}", "x".repeat(2048))),
        ),
        ("events", "events", Value::Null),
        ("events", "events", json!([])),
        ("events", "events", json!(["intent_call", "intent_call"])),
        ("events", "events", json!("intent_call")),
        ("events[0]", "events", json!(["conversation.end_report"])),
        ("secret_key", "secret_key", json!("")),
        ("secret_key", "secret_key", json!("x".repeat(257))),
        ("secret_key", "secret_key", json!("whsec_not base64")),
        ("is_active", "is_active", json!("yes")),
        ("retries", "retries", json!(3)),
    ] {
        let mut body = hook();
        body[name] = value;
        node.post(&path, body).await.is_about(field);
    }
    assert_eq!(node.get(&path).await.data(), json!([]));
}

#[tokio::test]
async fn plain_http_and_private_places_are_permitted_where_the_node_says_so() {
    let node = Node::start_with(|config| {
        config.webhooks.allow_http = true;
        config.webhooks.allow_private = true;
    })
    .await;
    let path = format!("/agents/{}/webhooks", node.make_agent().await);
    for url in [
        "http://127.0.0.1:9/hook",
        "http://localhost/hook",
        "https://10.0.0.1",
    ] {
        let mut body = hook();
        body["url"] = url.into();
        assert_eq!(node.post(&path, body).await.status, 201, "{url}");
    }
    let mut body = hook();
    body["url"] = "http://169.254.169.254/latest".into();
    node.post(&path, body).await.is_about("url");
}

fn hook() -> Value {
    json!({
        "url": "https://example.com/hook",
        "events": ["conversation_end_report"],
        "secret_key": "a secret of at least thirty-two characters",
    })
}
