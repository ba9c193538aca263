//! Codes and refresh tokens against tokens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Clock, Now};
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::oauth::{Client, is_refused, pairs, returned};
use crate::support::{Answer, Node};

/// A node whose time the test moves.
async fn node() -> (Node, Arc<Mutex<Duration>>) {
    let passed = Arc::<Mutex<Duration>>::default();
    let (hand, start) = (passed.clone(), Timestamp::now());
    let clock = Clock::new(move || {
        let running = *hand.lock().unwrap();
        Now {
            wall: start + SignedDuration::try_from(running).unwrap(),
            running,
        }
    });
    (Node::start().await.told_by(clock), passed)
}

fn text(tokens: &Value, field: &str) -> String {
    tokens[field].as_str().unwrap().to_owned()
}

async fn opens(node: &Node, tokens: &Value) -> Answer {
    node.holding(&text(tokens, "access_token"))
        .get("/calls")
        .await
}

#[tokio::test]
async fn a_code_becomes_tokens_that_open_the_api() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let code = client.code().await;
    let answer = client.send("token", &client.exchange(&code), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "calls:read");
    assert_eq!(opens(&node, &tokens).await.status, 200);
    let holder = node.holding(&text(&tokens, "access_token"));
    holder
        .get("/agents")
        .await
        .is_error(403, "INSUFFICIENT_SCOPE");
    let refresh = node.holding(&text(&tokens, "refresh_token"));
    refresh
        .get("/calls")
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
}

#[tokio::test]
async fn a_code_that_comes_again_takes_back_what_it_gave() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let code = client.code().await;
    let tokens = client
        .send("token", &client.exchange(&code), &[])
        .await
        .json();
    let again = client.send("token", &client.exchange(&code), &[]).await;
    is_refused(&again, 400, "invalid_grant");
    opens(&node, &tokens)
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    let refresh = client.refresh(&text(&tokens, "refresh_token"));
    is_refused(
        &client.send("token", &refresh, &[]).await,
        400,
        "invalid_grant",
    );
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let (node, passed) = node().await;
    let client = Client::register(&node).await;
    let (first, second) = (client.code().await, client.code().await);
    *passed.lock().unwrap() += Duration::from_secs(59);
    let answer = client.send("token", &client.exchange(&first), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    *passed.lock().unwrap() += Duration::from_secs(1);
    let late = client.send("token", &client.exchange(&second), &[]).await;
    is_refused(&late, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_of_its_client_request_and_verifier() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let other = Client::register(&node).await;
    let code = client.code().await;
    is_refused(
        &other.send("token", &other.exchange(&code), &[]).await,
        400,
        "invalid_grant",
    );
    for (name, value, error) in [
        ("code_verifier", "a".repeat(43), "invalid_grant"),
        ("code_verifier", "short".to_owned(), "invalid_request"),
        ("code_verifier", String::new(), "invalid_request"),
        (
            "redirect_uri",
            "https://app.example/other".to_owned(),
            "invalid_grant",
        ),
        ("redirect_uri", String::new(), "invalid_grant"),
        ("code", "mihu_code_nonsense".to_owned(), "invalid_grant"),
        (
            "code",
            format!("mihu_code_{}", "a".repeat(43)),
            "invalid_grant",
        ),
        ("code", "mihu_code_\0".to_owned(), "invalid_grant"),
        ("code", String::new(), "invalid_request"),
    ] {
        let mut form = client.exchange(&code);
        form.insert(name.to_owned(), value);
        is_refused(&client.send("token", &form, &[]).await, 400, error);
    }
    let answer = client.send("token", &client.exchange(&code), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_client_shows_who_it_is_in_the_header_or_in_the_form() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let secret = client.secret.clone().unwrap();
    let basic =
        |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let right = basic(&client.id, &secret);
    let code = client.code().await;
    let mut form = client.exchange(&code);
    form.remove("client_secret");
    is_refused(
        &client.send("token", &form, &[]).await,
        401,
        "invalid_client",
    );
    form.remove("client_id");
    is_refused(
        &client.send("token", &form, &[]).await,
        400,
        "invalid_request",
    );
    for header in [
        basic(&client.id, "wrong"),
        basic("nobody", &secret),
        basic(&client.id, ""),
        "Basic".to_owned(),
        format!("Bearer {}", node.token),
    ] {
        let refused = client
            .send("token", &form, &[("authorization", &header)])
            .await;
        is_refused(&refused, 401, "invalid_client");
        assert!(refused.header("www-authenticate").starts_with("Basic"));
    }
    let both = client.exchange(&code);
    let refused = client
        .send("token", &both, &[("authorization", &right)])
        .await;
    is_refused(&refused, 400, "invalid_request");
    let answer = client
        .send("token", &form, &[("authorization", &right)])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_public_client_sends_its_id_alone() {
    let (node, _) = node().await;
    let client = Client::register_as(&node, json!({ "type": "public" })).await;
    let code = client.code().await;
    let mut form = client.exchange(&code);
    form.insert("client_secret".to_owned(), "mihu_secret_guess".to_owned());
    is_refused(
        &client.send("token", &form, &[]).await,
        401,
        "invalid_client",
    );
    let answer = client.send("token", &client.exchange(&code), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_refresh_token_becomes_other_tokens_once() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let first = client.tokens().await;
    let form = client.refresh(&text(&first, "refresh_token"));
    let answer = client.send("token", &form, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let second = answer.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(opens(&node, &second).await.status, 200);
    let third = client.refresh(&text(&second, "refresh_token"));
    let third = client.send("token", &third, &[]).await.json();

    is_refused(
        &client.send("token", &form, &[]).await,
        400,
        "invalid_grant",
    );
    for tokens in [&first, &second, &third] {
        opens(&node, tokens)
            .await
            .is_error(401, "INVALID_AUTH_TOKEN");
        let form = client.refresh(&text(tokens, "refresh_token"));
        is_refused(
            &client.send("token", &form, &[]).await,
            400,
            "invalid_grant",
        );
    }
    assert_eq!(node.get("/oauth/grants").await.data()["total"], 0);
}

#[tokio::test]
async fn a_refresh_token_can_ask_for_less_and_never_for_more() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let mut request = client.request();
    request.insert("scope".to_owned(), "calls:* agents:read".to_owned());
    let answer = client.consent(&request, "allow", &node.token).await;
    let code = returned(&answer)["code"].clone();
    let tokens = client
        .send("token", &client.exchange(&code), &[])
        .await
        .json();
    let mut form = client.refresh(&text(&tokens, "refresh_token"));
    for scope in [
        "*",
        "contacts:read",
        "calls:read agents:write",
        "moons:read",
    ] {
        form.insert("scope".to_owned(), scope.to_owned());
        is_refused(
            &client.send("token", &form, &[]).await,
            400,
            "invalid_scope",
        );
    }
    form.insert("scope".to_owned(), "calls:read".to_owned());
    let fewer = client.send("token", &form, &[]).await.json();
    assert_eq!(fewer["scope"], "calls:read");
    let holder = node.holding(&text(&fewer, "access_token"));
    holder
        .get("/agents")
        .await
        .is_error(403, "INSUFFICIENT_SCOPE");
    let form = client.refresh(&text(&fewer, "refresh_token"));
    let all = client.send("token", &form, &[]).await.json();
    assert_eq!(all["scope"], "calls:* agents:read");
}

#[tokio::test]
async fn a_request_that_can_not_be_read_is_refused_as_the_standard_says() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let mut form = client.exchange("x");
    for (grant_type, error) in [
        ("", "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("client_credentials", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
    ] {
        form.insert("grant_type".to_owned(), grant_type.to_owned());
        is_refused(&client.send("token", &form, &[]).await, 400, error);
    }
    let twice = format!(
        "client_id={0}&client_id={0}&grant_type=refresh_token",
        client.id
    );
    for (kind, body) in [
        (
            "application/json",
            json!({ "grant_type": "refresh_token" }).to_string(),
        ),
        ("application/x-www-form-urlencoded", twice),
        ("application/x-www-form-urlencoded", String::new()),
        ("application/x-www-form-urlencoded", "x".repeat(65 * 1024)),
    ] {
        let request = node
            .request(Method::POST, "/oauth/token")
            .header("content-type", kind);
        let request = request.body(body.into()).unwrap();
        let (mut parts, body) = request.into_parts();
        parts.headers.remove("authorization");
        let request = Request::from_parts(parts, body);
        is_refused(&node.send(request).await, 400, "invalid_request");
    }
    let get = node.get("/oauth/token").await;
    assert_eq!(get.status, 405);
}

#[tokio::test]
async fn tokens_are_given_back() {
    let (node, _) = node().await;
    let client = Client::register(&node).await;
    let other = Client::register(&node).await;
    let tokens = client.tokens().await;
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    is_refused(&other.revoke(&refresh).await, 400, "invalid_grant");
    is_refused(&client.revoke("").await, 400, "invalid_request");
    let form = pairs(&[("token", &access), ("client_id", &client.id)]);
    is_refused(
        &client.send("revoke", &form, &[]).await,
        401,
        "invalid_client",
    );
    assert_eq!(opens(&node, &tokens).await.status, 200);

    for token in [access.as_str(), &access, "nonsense"] {
        let answer = client.revoke(token).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({})));
    }
    opens(&node, &tokens)
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    let form = client.refresh(&refresh);
    let tokens = client.send("token", &form, &[]).await.json();
    assert_eq!(opens(&node, &tokens).await.status, 200);
    assert_eq!(
        client.revoke(&text(&tokens, "refresh_token")).await.status,
        200
    );
    opens(&node, &tokens)
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    let form = client.refresh(&text(&tokens, "refresh_token"));
    is_refused(
        &client.send("token", &form, &[]).await,
        400,
        "invalid_grant",
    );
}

#[tokio::test]
async fn tokens_are_over_when_their_time_is() {
    let (node, passed) = node().await;
    let client = Client::register(&node).await;
    let tokens = client.tokens().await;
    *passed.lock().unwrap() += Duration::from_secs(3_599);
    assert_eq!(opens(&node, &tokens).await.status, 200);
    *passed.lock().unwrap() += Duration::from_secs(1);
    let body = opens(&node, &tokens)
        .await
        .is_error(401, "INVALID_AUTH_TOKEN");
    assert!(
        body["message"].as_str().unwrap().contains("expired"),
        "{body}"
    );
    let form = client.refresh(&text(&tokens, "refresh_token"));
    let tokens = client.send("token", &form, &[]).await.json();
    assert_eq!(opens(&node, &tokens).await.status, 200);
    *passed.lock().unwrap() += Duration::from_secs(30 * 24 * 60 * 60);
    let form = client.refresh(&text(&tokens, "refresh_token"));
    is_refused(
        &client.send("token", &form, &[]).await,
        400,
        "invalid_grant",
    );
}
