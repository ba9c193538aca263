//! Every operation of the document, asked by those who may not.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use store::{Secret, Store};

use crate::support::schema::operations;
use crate::support::{Answer, Node, oauth, registry};

/// Names in what is made, beside ids.
const NAMES: &[&str] = &["Made", "made.example"];

#[tokio::test]
async fn no_operation_is_open_but_those_that_say_so() {
    let node = Node::start().await;
    let mut open = Vec::new();
    for (path, _, operation) in operations(&api::document()) {
        if scope(&operation).is_none() {
            open.push(path);
        }
    }
    let standard = [
        "/api/v1/oauth/authorize",
        "/api/v1/oauth/authorize",
        "/api/v1/oauth/revoke",
        "/api/v1/oauth/token",
    ];
    let always = [
        "/.well-known/oauth-authorization-server",
        "/api/v1/openapi.json",
        "/healthz",
        "/readyz",
    ];
    let mut expected = [&standard[..], &always[..]].concat();
    expected.sort_unstable();
    open.sort_unstable();
    assert_eq!(open, expected);
    for path in always {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(node.send(request).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_opens_nothing_opens_no_operation() {
    let node = Node::start().await;
    let now = Timestamp::now();
    let expiry = now - SignedDuration::from_secs(1);
    let key = async |name: &str, expiry: Option<Timestamp>| {
        let made = node.store.create_api_key(name, &["*"], expiry, now).await;
        format!("Bearer {}", made.unwrap().token.expose())
    };
    let expired = key("expired", Some(expiry)).await;
    let revoked = key("revoked", None).await;
    node.store.revoke_api_key("revoked", now).await.unwrap();
    let issued = async |life| oauth::tokens_for(&node.store, None, &["*"], &[], life).await;
    let newest = async || node.get("/oauth/grants").await.data()["data"][0].clone();
    let path = |kind: &str, id: &Value| format!("/{kind}/{}", id.as_str().unwrap());
    let hour = Duration::from_secs(3_600);
    let expired_access = bearer(&issued(Duration::ZERO).await.access);
    let ungranted = bearer(&issued(hour).await.access);
    node.delete(&path("oauth/grants", &newest().await["grant_uuid"]))
        .await
        .data();
    let without_key = bearer(&issued(hour).await.access);
    node.delete(&path("keys", &newest().await["key_uuid"]))
        .await
        .data();
    let without_client = bearer(&issued(hour).await.access);
    node.delete(&path("oauth/clients", &newest().await["client_uuid"]))
        .await
        .data();
    let refresh = bearer(&issued(hour).await.refresh);
    for (path, method, operation) in secured() {
        let (filled, made) = registry::fill(&node, &path).await;
        for (header, code) in [
            ("", "MISSING_AUTH_TOKEN"),
            ("Bearer nonsense", "INVALID_AUTH_TOKEN"),
            (&expired, "INVALID_AUTH_TOKEN"),
            (&revoked, "INVALID_AUTH_TOKEN"),
            (&expired_access, "INVALID_AUTH_TOKEN"),
            (&ungranted, "INVALID_AUTH_TOKEN"),
            (&without_key, "INVALID_AUTH_TOKEN"),
            (&without_client, "INVALID_AUTH_TOKEN"),
            (&refresh, "INVALID_AUTH_TOKEN"),
        ] {
            let answer = ask(&node, &filled, &method, &operation, header).await;
            answer.is_error(401, code);
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            shows_nothing(&answer, &made);
        }
    }
}

#[tokio::test]
async fn every_scope_but_the_one_that_is_asked_for_is_not_enough() {
    let node = Node::start().await;
    for (path, method, operation) in secured() {
        let needed = scope(&operation).unwrap();
        let (filled, made) = registry::fill(&node, &path).await;
        let scopes = all_scopes_but(&needed);
        for token in [
            token(&node.store, &scopes).await,
            access(&node.store, &scopes).await,
        ] {
            let answer = ask(&node, &filled, &method, &operation, &token).await;
            let body = answer.is_error(403, "INSUFFICIENT_SCOPE");
            assert!(body["error"]["details"].as_str().unwrap().contains(&needed));
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains("insufficient_scope") && challenge.contains(&needed));
            shows_nothing(&answer, &made);
        }
    }
}

#[tokio::test]
async fn what_belongs_to_another_workspace_is_not_there() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    for (path, method, operation) in secured() {
        if !path.contains('{') {
            continue;
        }
        let (filled, made) = registry::fill(&node, &path).await;
        let scopes = [scope(&operation).unwrap()];
        for token in [token(&other, &scopes).await, access(&other, &scopes).await] {
            let answer = ask(&node, &filled, &method, &operation, &token).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
            shows_nothing(&answer, &made);
        }
    }
}

#[tokio::test]
async fn lists_show_nothing_of_another_workspace() {
    let node = Node::start().await;
    let other = node.other_workspace().await;
    let mut made = registry::Made::new();
    for (path, _, _) in secured() {
        made.extend(registry::fill(&node, &path).await.1);
    }
    for (path, method, operation) in secured() {
        // One thing that a query parameter names is no list.
        let is_one = path == "/api/v1/phone-numbers/channels";
        if method == "GET" && path.starts_with("/api/") && !path.contains('{') && !is_one {
            let scopes = [scope(&operation).unwrap()];
            let asked = match path.strip_prefix("/api/v1/analytics/") {
                Some(_) => format!("{path}?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"),
                None => path.clone(),
            };
            for token in [token(&other, &scopes).await, access(&other, &scopes).await] {
                let answer = ask(&node, &asked, &method, &operation, &token).await;
                assert!(answer.status.is_success(), "{path}: {}", answer.text());
                shows_nothing(&answer, &made);
            }
        }
    }
}

fn secured() -> impl Iterator<Item = (String, String, Value)> {
    let all = operations(&api::document()).into_iter();
    all.filter(|(_, _, operation)| scope(operation).is_some())
}

fn scope(operation: &Value) -> Option<String> {
    let scope = operation.pointer("/security/0/token/0")?;
    scope.as_str().map(str::to_owned)
}

fn all_scopes_but(needed: &str) -> Vec<String> {
    let (resource, verb) = needed.split_once(':').unwrap();
    let other_verb = if verb == "read" { "write" } else { "read" };
    let others = api::RESOURCES.iter().filter(|(name, _)| *name != resource);
    let others = others.map(|(name, _)| format!("{name}:*"));
    others.chain([format!("{resource}:{other_verb}")]).collect()
}

async fn token(store: &Store, scopes: &[String]) -> String {
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let made = store.create_api_key("visitor", &scopes, None, Timestamp::now());
    format!("Bearer {}", made.await.unwrap().token.expose())
}

/// An OAuth access token, by a key that permits everything.
async fn access(store: &Store, scopes: &[String]) -> String {
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let issued = oauth::tokens(store, None, &scopes, &["*"]).await;
    bearer(&issued.access)
}

fn bearer(token: &Secret) -> String {
    format!("Bearer {}", token.expose())
}

/// Asks with the body of the operation's own example.
async fn ask(node: &Node, path: &str, method: &str, operation: &Value, header: &str) -> Answer {
    let mut request = Request::builder()
        .method(method.parse::<Method>().unwrap())
        .uri(path);
    if !header.is_empty() {
        request = request.header("authorization", header);
    }
    let content = operation.pointer("/requestBody/content");
    let content = content.and_then(Value::as_object).into_iter().flatten();
    let body = match content.into_iter().next() {
        Some((kind, body)) => {
            request = request.header("content-type", kind);
            let example = &body["example"];
            example
                .as_str()
                .map_or_else(|| example.to_string(), str::to_owned)
        }
        None => String::new(),
    };
    node.send(request.body(body.into()).unwrap()).await
}

fn shows_nothing(answer: &Answer, made: &registry::Made) {
    let text = answer.text();
    let ids = made.values().map(String::as_str);
    for secret in ids.chain(NAMES.iter().copied()) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
