//! `Idempotency-Key` at every operation that takes one.

use axum::http::{Method, Request};
use serde_json::Value;

use crate::support::form::{self, Field};
use crate::support::graph::Graph;
use crate::support::schema::{operations, resolve};
use crate::support::{Answer, Node, registry};

/// Operations with `POST` that nobody with a token asks.
const OPEN: [&str; 3] = [
    "/api/v1/oauth/authorize",
    "/api/v1/oauth/revoke",
    "/api/v1/oauth/token",
];

#[test]
fn every_post_with_a_token_takes_a_key() {
    let document = api::document();
    for (path, method, says) in operations(&document) {
        let takes = takes_key(&document, &says);
        let wants = method == "POST" && !OPEN.contains(&path.as_str());
        assert_eq!(takes, wants, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_sent_again_is_answered_again_by_each_operation_and_its_key_is_of_no_other_use() {
    let graph = Graph::start().await;
    let url = graph.url.clone();
    let node = Node::start_with(|config| config.whatsapp.graph_url = url).await;
    let document = api::document();
    let (mut asked, mut done) = (0, 0);
    for (path, _, says) in operations(&document) {
        if !takes_key(&document, &says) {
            continue;
        }
        let (filled, _) = registry::fill(&node, &path).await;
        let key = says["operationId"].as_str().unwrap();
        let body = body(&node, &says);
        let first = ask(&node, &filled, key, &body, "").await;
        let is_kept = !first.status.is_server_error() && first.status != 429;
        assert!(is_kept, "{path}: {} {}", first.status, first.text());
        assert_eq!(first.header("idempotency-replayed"), "", "{path}");
        let second = ask(&node, &filled, key, &body, "").await;
        assert_eq!(second.header("idempotency-replayed"), "true", "{path}");
        assert_eq!(
            (first.status, &first.bytes),
            (second.status, &second.bytes),
            "{path}"
        );
        let other = ask(&node, &filled, key, &body, " ").await;
        other.is_error(422, "IDEMPOTENCY_KEY_REUSED");
        asked += 1;
        done += usize::from(first.status.is_success());
    }
    // Some examples name what there is not, which is answered again as well.
    assert!(asked >= 60 && done * 2 > asked, "{done} of {asked}");
}

fn takes_key(document: &Value, says: &Value) -> bool {
    let parameters = says["parameters"].as_array().into_iter().flatten();
    let mut names = parameters.map(|one| &resolve(document, one)["name"]);
    names.any(|name| name == "Idempotency-Key")
}

/// The example of an operation, about an agent that there is; `None` where it takes a form.
fn body(node: &Node, says: &Value) -> Option<String> {
    let content = says.pointer("/requestBody/content");
    let content = content.and_then(Value::as_object).into_iter().flatten();
    let Some((kind, body)) = content.into_iter().next() else {
        return Some(String::new());
    };
    if kind == "multipart/form-data" {
        return None;
    }
    let mut example = body["example"].clone();
    for name in ["agent_uuid", "agentId"] {
        if example.get(name).is_some() {
            example[name] = node.file_agent.to_string().into();
        }
    }
    Some(example.to_string())
}

/// Sends the body, or a form, with `more` at its end.
async fn ask(node: &Node, path: &str, key: &str, body: &Option<String>, more: &str) -> Answer {
    let (kind, body) = match body {
        Some(body) => ("application/json", format!("{body}{more}").into_bytes()),
        None => {
            let reference = format!("ticket{more}");
            let fields = [
                Field::Text("voice_url", "https://example.com/call.wav"),
                Field::Text("reference_id", &reference),
            ];
            let kind = "multipart/form-data; boundary=boundary";
            (kind, form::body(&fields, "boundary"))
        }
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("authorization", format!("Bearer {}", node.token))
        .header("content-type", kind)
        .header("idempotency-key", key);
    node.send(request.body(body.into()).unwrap()).await
}
