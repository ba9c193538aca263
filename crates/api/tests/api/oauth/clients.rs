//! Registering clients, and what they were granted.

use serde_json::{Value, json};

use crate::support::Node;
use crate::support::oauth::{CALLBACK, Client, is_refused};

fn body() -> Value {
    json!({ "name": "App", "redirect_uris": [CALLBACK], "scopes": ["calls:read"] })
}

#[tokio::test]
async fn a_client_is_registered_shown_changed_and_deleted() {
    let node = Node::start().await;
    let answer = node.post("/oauth/clients", body()).await;
    assert_eq!(answer.status, 201);
    let made = answer.data();
    let secret = made["client_secret"].as_str().unwrap();
    assert_eq!(made["type"], "confidential");
    let path = format!("/oauth/clients/{}", made["client_uuid"].as_str().unwrap());
    for path in ["/oauth/clients", &path] {
        let shown = node.get(path).await;
        assert!(!shown.text().contains(secret));
        assert!(shown.text().contains(CALLBACK));
    }
    let change = json!({ "name": "Other", "redirect_uris": ["http://127.0.0.1/cb"] });
    let changed = node.patch(&path, change).await.data();
    assert_eq!(changed["name"], "Other");
    assert_eq!(changed["redirect_uris"], json!(["http://127.0.0.1/cb"]));
    assert_eq!(changed["scopes"], json!(["calls:read"]));
    assert_eq!(node.get(&path).await.data(), changed);
    node.delete(&path).await.data();
    for answer in [
        node.get(&path).await,
        node.delete(&path).await,
        node.patch(&path, json!({})).await,
        node.post_text(&format!("{path}/secret"), "").await,
    ] {
        answer.is_error(404, "OAUTH_CLIENT_NOT_FOUND");
    }
    assert_eq!(node.get("/oauth/clients").await.data(), json!([]));
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let node = Node::start().await;
    let mut public = body();
    public["type"] = "public".into();
    let made = node.post("/oauth/clients", public).await.data();
    assert_eq!(made["client_secret"], Value::Null);
    let path = format!(
        "/oauth/clients/{}/secret",
        made["client_uuid"].as_str().unwrap()
    );
    let refused = node.post_text(&path, "").await;
    refused.is_error(409, "OAUTH_CLIENT_PUBLIC");
}

#[tokio::test]
async fn a_new_secret_takes_the_place_of_the_old_one() {
    let node = Node::start().await;
    let mut client = Client::register(&node).await;
    let tokens = client.tokens().await;
    let path = format!("/oauth/clients/{}/secret", client.id);
    let renewed = node.post_text(&path, "").await.data();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let refused = client.send("token", &client.refresh(refresh), &[]).await;
    is_refused(&refused, 401, "invalid_client");
    client.secret = renewed["client_secret"].as_str().map(str::to_owned);
    let answer = client.send("token", &client.refresh(refresh), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn each_field_of_a_client_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let made = node.post("/oauth/clients", body()).await.data();
    let path = format!("/oauth/clients/{}", made["client_uuid"].as_str().unwrap());
    for (about, field, value) in [
        ("name", "name", json!("")),
        ("name", "name", json!(1)),
        ("redirect_uris", "redirect_uris", json!([])),
        ("redirect_uris", "redirect_uris", json!(vec![CALLBACK; 17])),
        ("redirect_uris[0]", "redirect_uris", json!([1])),
        (
            "redirect_uris[1]",
            "redirect_uris",
            json!([CALLBACK, "http://app.example/"]),
        ),
        (
            "redirect_uris[0]",
            "redirect_uris",
            json!(["https://app.example/#x"]),
        ),
        (
            "redirect_uris[0]",
            "redirect_uris",
            json!(["https://*.example/"]),
        ),
        ("scopes", "scopes", json!([])),
        ("scopes", "scopes", json!(["moons:read"])),
        ("scopes", "scopes", json!(vec!["calls:read"; 65])),
        ("colour", "colour", json!("red")),
    ] {
        let mut new = body();
        new[field] = value.clone();
        node.post("/oauth/clients", new).await.is_about(about);
        node.patch(&path, json!({ field: value }))
            .await
            .is_about(about);
    }
    for field in ["name", "redirect_uris", "scopes"] {
        let mut new = body();
        new.as_object_mut().unwrap().remove(field);
        node.post("/oauth/clients", new).await.is_about(field);
    }
    let mut new = body();
    new["type"] = "secret".into();
    node.post("/oauth/clients", new).await.is_about("type");
}

#[tokio::test]
async fn grants_are_listed_and_taken_back() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let other = Client::register(&node).await;
    client.code().await;
    assert_eq!(node.get("/oauth/grants").await.data()["total"], 0);
    let tokens = client.tokens().await;
    other.tokens().await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(node.holding(token).get("/calls").await.status, 200);

    assert_eq!(node.get("/oauth/grants").await.data()["total"], 2);
    let own = format!("/oauth/grants?client_uuid={}", client.id);
    let grants = node.get(&own).await.data();
    assert_eq!(grants["total"], 1);
    let grant = &grants["data"][0];
    assert_eq!(grant["client_name"], "App");
    assert_eq!(grant["scopes"], json!(["calls:read"]));
    assert!(grant["last_used_at"].is_string(), "{grant}");
    assert_eq!(
        grant["key_uuid"],
        node.get("/keys").await.data()[0]["key_uuid"]
    );

    let path = format!("/oauth/grants/{}", grant["grant_uuid"].as_str().unwrap());
    node.delete(&path).await.data();
    node.delete(&path)
        .await
        .is_error(404, "OAUTH_GRANT_NOT_FOUND");
    assert_eq!(node.get(&own).await.data()["total"], 0);
    let refused = node.holding(token).get("/calls").await;
    let body = refused.is_error(401, "INVALID_AUTH_TOKEN");
    assert!(
        body["message"].as_str().unwrap().contains("revoked"),
        "{body}"
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let refused = client.send("token", &client.refresh(refresh), &[]).await;
    is_refused(&refused, 400, "invalid_grant");
}
