//! Bearer tokens and what needs none.

use crate::support::Node;
use axum::body::Body;
use axum::http::{Method, Request};
use engine::CallId;
use jiff::{SignedDuration, Timestamp};

#[tokio::test]
async fn a_request_without_token_is_told_so() {
    let node = Node::start().await;
    let request = Request::get("/api/v1/calls").body(Body::empty()).unwrap();
    let answer = node.send(request).await;
    answer.is_error(401, "MISSING_AUTH_TOKEN");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_refused() {
    let node = Node::start().await;
    for header in [
        "Bearer nonsense",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "",
    ] {
        let answer = with_header(&node, header).await;
        answer.is_error(401, "INVALID_AUTH_TOKEN");
    }
    let answer = with_header(&node, &format!("Bearer mihu_{}", "a".repeat(43))).await;
    answer.is_error(401, "INVALID_AUTH_TOKEN");
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let node = Node::start().await;
    let answer = with_header(&node, &format!("bearer {}", node.token)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_expired_token_says_that_it_expired() {
    let node = Node::start().await;
    let now = Timestamp::now();
    let expiry = now - SignedDuration::from_secs(1);
    let made = node
        .store
        .create_api_key("old", &["*"], Some(expiry), now)
        .await
        .unwrap();
    let answer = with_header(&node, &format!("Bearer {}", made.token.expose())).await;
    let body = answer.is_error(401, "INVALID_AUTH_TOKEN");
    assert!(
        body["message"].as_str().unwrap().contains("expired"),
        "{body}"
    );
}

#[tokio::test]
async fn a_revoked_token_is_refused_from_the_next_request_on() {
    let node = Node::start().await;
    assert_eq!(node.get("/calls").await.status, 200);
    node.store
        .revoke_api_key("tests", Timestamp::now())
        .await
        .unwrap();
    let body = node.get("/calls").await.is_error(401, "INVALID_AUTH_TOKEN");
    assert!(
        body["message"].as_str().unwrap().contains("revoked"),
        "{body}"
    );
}

#[tokio::test]
async fn the_token_is_checked_before_anything_else_is_looked_at() {
    let node = Node::start().await;
    for (method, path, body) in [
        (
            Method::POST,
            "/api/v1/call",
            "{ this is not JSON".to_owned(),
        ),
        (Method::POST, "/api/v1/call", "x".repeat(100_000)),
        (Method::PUT, "/api/v1/call", String::new()),
        (Method::GET, "/api/v1/no/such/path", String::new()),
        (Method::DELETE, "/api/v1/agents/0", String::new()),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = node.send(request.body(body.into()).unwrap()).await;
        answer.is_error(401, "MISSING_AUTH_TOKEN");
    }
}

#[tokio::test]
async fn health_needs_no_token() {
    let node = Node::start().await;
    for path in ["/healthz", "/readyz"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(node.send(request).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_node_that_shuts_down_is_alive_but_not_ready() {
    let node = Node::start().await;
    *node.calls.draining.lock().unwrap() = true;
    assert_eq!(node.get("/healthz").await.status, 200);
    let answer = node.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "draining");
}

#[tokio::test]
async fn a_node_of_which_something_has_broken_is_not_ready() {
    let node = Node::start().await;
    *node.calls.broken.lock().unwrap() = Some("the listening thread");
    let answer = node.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "broken");
}

#[tokio::test]
async fn a_full_node_is_not_ready_and_says_so() {
    let node = Node::start().await;
    for _ in 0..9 {
        node.calls.begin(CallId::generate());
    }
    assert_eq!(node.get("/readyz").await.status, 200);
    node.calls.begin(CallId::generate());
    let answer = node.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "full");
    assert_eq!(answer.json()["calls"], answer.json()["max_calls"]);
}

#[tokio::test]
async fn a_node_whose_store_is_gone_is_not_ready() {
    let node = Node::start().await;
    node.store.close().await;
    let answer = node.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "store-unavailable");
}

async fn with_header(node: &Node, header: &str) -> crate::support::Answer {
    let request = Request::get("/api/v1/calls").header("authorization", header);
    node.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn metrics_want_a_token_unless_the_settings_open_them() {
    let bare = || Request::get("/metrics").body(Body::empty()).unwrap();
    let node = Node::start().await;
    node.send(bare()).await.is_error(401, "MISSING_AUTH_TOKEN");
    let open = Node::start_with(|config| config.open_metrics = true).await;
    let answer = open.send(bare()).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
}
