//! API keys over the API.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::Node;

#[tokio::test]
async fn a_key_is_made_used_listed_and_revoked() {
    let node = Node::start().await;
    let body = json!({ "name": "reporting", "scopes": ["calls:read", "agents:*"] });
    let answer = node.post("/keys", body).await;
    assert_eq!(answer.status, 201);
    let made = answer.data();
    assert_eq!(made["scopes"], json!(["calls:read", "agents:*"]));
    let token = made["token"].as_str().unwrap().to_owned();
    let listed = node.get("/keys").await;
    assert!(!listed.text().contains(&token));
    let listed = listed.data();
    assert_eq!(listed[1]["key_uuid"], made["key_uuid"]);
    assert_eq!(listed[1]["prefix"], token[..13]);

    let holder = node.holding(&token);
    assert_eq!(holder.get("/calls").await.status, 200);
    holder
        .get("/keys")
        .await
        .is_error(403, "INSUFFICIENT_SCOPE");
    let path = format!("/keys/{}", made["key_uuid"].as_str().unwrap());
    node.delete(&path).await.data();
    holder
        .get("/calls")
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    node.delete(&path).await.is_error(404, "KEY_NOT_FOUND");
    assert!(node.get("/keys").await.data()[1]["revoked_at"].is_string());
}

#[tokio::test]
async fn a_key_gives_at_most_what_it_has() {
    let node = Node::start().await;
    let holder = node
        .seen_with(&node.store, &["keys:write", "calls:read"])
        .await;
    for scopes in [json!(["calls:write"]), json!(["*"]), json!(["calls:*"])] {
        let body = json!({ "name": "more", "scopes": scopes });
        holder.post("/keys", body).await.is_about("scopes");
    }
    let made = holder.post("/keys", json!({ "name": "same" })).await.data();
    assert_eq!(made["scopes"], json!(["keys:write", "calls:read"]));
}

#[tokio::test]
async fn each_field_of_a_key_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let past = (Timestamp::now() - SignedDuration::from_secs(1)).to_string();
    for (field, body) in [
        ("name", json!({})),
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "  " })),
        ("name", json!({ "name": "x".repeat(256) })),
        ("name", json!({ "name": "a\0b" })),
        ("name", json!({ "name": 7 })),
        ("scopes", json!({ "name": "a", "scopes": ["moons:read"] })),
        ("scopes[0]", json!({ "name": "a", "scopes": [1] })),
        ("expires_at", json!({ "name": "a", "expires_at": past })),
        (
            "expires_at",
            json!({ "name": "a", "expires_at": "tomorrow" }),
        ),
        ("expires_at", json!({ "name": "a", "expires_at": 1 })),
        ("colour", json!({ "name": "a", "colour": "red" })),
    ] {
        node.post("/keys", body).await.is_about(field);
    }
}

#[tokio::test]
async fn a_key_opens_nothing_from_its_expiry_on() {
    let node = Node::start().await;
    let soon = Timestamp::now() + SignedDuration::from_millis(300);
    let body = json!({ "name": "short", "expires_at": soon });
    let made = node.post("/keys", body).await.data();
    let holder = node.holding(made["token"].as_str().unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    holder
        .get("/calls")
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
}
