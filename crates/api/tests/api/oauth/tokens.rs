//! Access tokens at the API: what they open, and what ends them.

use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::oauth::{Client, is_refused, returned};
use crate::support::{NUMBER, Node};

#[tokio::test]
async fn a_client_places_calls_in_the_workspace_of_whoever_let_it() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let mut request = client.request();
    request.insert("scope".to_owned(), "calls:*".to_owned());
    let answer = client.consent(&request, "allow", &node.token).await;
    let form = client.exchange(&returned(&answer)["code"]);
    let tokens = client.send("token", &form, &[]).await.json();
    let holder = node.holding(tokens["access_token"].as_str().unwrap());
    let placed = holder.post("/call", node.call_body()).await.data();
    let path = format!("/calls/{}", placed["id"].as_str().unwrap());
    assert_eq!(node.get(&path).await.data()["number"], NUMBER);
}

#[tokio::test]
async fn tokens_die_with_the_key_behind_them() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let key = node
        .store
        .create_api_key("person", &["*"], None, Timestamp::now())
        .await;
    let answer = client
        .consent(&client.request(), "allow", key.unwrap().token.expose())
        .await;
    let form = client.exchange(&returned(&answer)["code"]);
    let tokens = client.send("token", &form, &[]).await.json();
    let holder = node.holding(tokens["access_token"].as_str().unwrap());
    assert_eq!(holder.get("/calls").await.status, 200);
    node.store
        .revoke_api_key("person", Timestamp::now())
        .await
        .unwrap();
    holder
        .get("/calls")
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    let form = client.refresh(tokens["refresh_token"].as_str().unwrap());
    is_refused(
        &client.send("token", &form, &[]).await,
        400,
        "invalid_grant",
    );
    assert_eq!(node.get("/oauth/grants").await.data()["total"], 0);
}

#[tokio::test]
async fn no_token_outlives_the_key_behind_it() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let now = Timestamp::now();
    let expiry = now + SignedDuration::from_secs(600);
    let key = node
        .store
        .create_api_key("short", &["*"], Some(expiry), now)
        .await;
    let answer = client
        .consent(&client.request(), "allow", key.unwrap().token.expose())
        .await;
    let form = client.exchange(&returned(&answer)["code"]);
    let tokens = client.send("token", &form, &[]).await.json();
    let seconds = tokens["expires_in"].as_i64().unwrap();
    assert!((1..=600).contains(&seconds), "{tokens}");
}

#[tokio::test]
async fn tokens_and_codes_die_with_their_client() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let tokens = client.tokens().await;
    let code = client.code().await;
    node.delete(&format!("/oauth/clients/{}", client.id))
        .await
        .data();
    let holder = node.holding(tokens["access_token"].as_str().unwrap());
    holder
        .get("/calls")
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    let refused = client.send("token", &client.exchange(&code), &[]).await;
    is_refused(&refused, 401, "invalid_client");
    assert_eq!(client.ask(&client.request()).await.status, 400);
}

#[tokio::test]
async fn a_request_with_an_access_token_is_done_once() {
    let node = Node::start().await;
    let client = Client::register(&node).await;
    let answer = {
        let mut request = client.request();
        request.insert("scope".to_owned(), "contacts:*".to_owned());
        client.consent(&request, "allow", &node.token).await
    };
    let form = client.exchange(&returned(&answer)["code"]);
    let tokens = client.send("token", &form, &[]).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let mut made = Vec::new();
    for _ in 0..2 {
        let request = Request::post("/api/v1/contacts")
            .header("authorization", format!("Bearer {token}"))
            .header("idempotency-key", "once")
            .body(Body::from(json!({ "name": "Ann" }).to_string()));
        made.push(node.send(request.unwrap()).await.data()["uuid"].clone());
    }
    assert_eq!(made[0], made[1]);
}

#[tokio::test]
async fn the_metadata_say_where_everything_is() {
    let node = Node::start().await;
    let request = Request::get("/.well-known/oauth-authorization-server");
    let answer = node.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], "http://node.example");
    for (field, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("revocation_endpoint", "revoke"),
    ] {
        let expected = format!("http://node.example/api/v1/oauth/{path}");
        assert_eq!(metadata[field], expected);
    }
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    let scopes = metadata["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&json!("calls:write")), "{metadata}");
}
