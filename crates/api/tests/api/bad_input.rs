//! What is answered to requests that can not be used.

use crate::support::{NUMBER, Node};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_body_that_is_not_json_is_named_with_its_place() {
    let node = Node::start().await;
    for text in [
        "",
        "{",
        "{\"a\":1}}",
        "not json",
        "{\"agentId\": }",
        "\u{feff}{}",
    ] {
        node.post_text("/call", text)
            .await
            .is_error(400, "INVALID_JSON");
    }
    let body = node.post_text("/call", "{\n \"agentId\": x}").await.json();
    assert!(
        body["error"]["details"]
            .as_str()
            .unwrap()
            .contains("line 2"),
        "{body}"
    );
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_refused() {
    let node = Node::start().await;
    for text in ["[]", "1", "null", "\"text\"", "[\"a\", {}]"] {
        node.post_text("/call", text).await.is_about("body");
    }
}

#[tokio::test]
async fn json_that_is_nested_without_end_is_refused() {
    let node = Node::start().await;
    let answer = node.post_text("/call", "[".repeat(20_000)).await;
    answer.is_error(400, "INVALID_JSON");
}

#[tokio::test]
async fn a_body_over_64_kib_is_too_large_whether_announced_or_not() {
    let node = Node::start().await;
    let text = json!({ "agentId": "x".repeat(64 * 1024) }).to_string();
    node.post_text("/call", text.clone())
        .await
        .is_error(413, "BODY_TOO_LARGE");
    let pieces = vec![
        Ok::<_, std::io::Error>(text[..40_000].to_owned()),
        Ok(text[40_000..].to_owned()),
    ];
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    node.post_text("/call", body)
        .await
        .is_error(413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn a_body_of_just_64_kib_is_read() {
    let node = Node::start().await;
    let mut body = node.call_body();
    let room = 64 * 1024 - body.to_string().len() - ",\"about\":\"\"".len();
    body["participant"]["about"] = "x".repeat(room).into();
    assert_eq!(body.to_string().len(), 64 * 1024);
    assert_eq!(node.post("/call", body).await.status, 200);
}

#[tokio::test]
async fn only_json_is_taken_but_it_need_not_be_announced() {
    let node = Node::start().await;
    let body = node.call_body().to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        let request = node
            .request(Method::POST, "/call")
            .header("content-type", kind);
        let answer = node.send(request.body(body.clone().into()).unwrap()).await;
        answer.is_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for kind in [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/vnd.x+json",
    ] {
        let request = node
            .request(Method::POST, "/call")
            .header("content-type", kind);
        let answer = node.send(request.body(body.clone().into()).unwrap()).await;
        assert_eq!(answer.status, 200, "{kind}");
    }
    assert_eq!(node.post_text("/call", body).await.status, 200);
}

#[tokio::test]
async fn a_body_that_never_arrives_is_not_waited_for() {
    let node = Node::start_with(|config| {
        config.body_timeout = std::time::Duration::from_millis(20);
    })
    .await;
    let body = Body::from_stream(futures_util::stream::pending::<
        Result<String, std::io::Error>,
    >());
    node.post_text("/call", body)
        .await
        .is_error(408, "REQUEST_TIMEOUT");
}

#[tokio::test]
async fn each_field_of_a_call_that_can_not_be_used_is_named() {
    let node = Node::start().await;
    let cases: [(&str, Value); 18] = [
        ("agentId", json!({ "participant": { "number": NUMBER } })),
        (
            "agentId",
            json!({ "agentId": "seven", "participant": { "number": NUMBER } }),
        ),
        (
            "agentId",
            json!({ "agentId": 7, "participant": { "number": NUMBER } }),
        ),
        (
            "agentId",
            json!({ "agentId": null, "participant": { "number": NUMBER } }),
        ),
        ("participant", json!({ "agentId": Uuid::nil() })),
        (
            "participant",
            json!({ "agentId": Uuid::nil(), "participant": NUMBER }),
        ),
        (
            "participant.number",
            json!({ "agentId": Uuid::nil(), "participant": {} }),
        ),
        (
            "participant.number",
            with(&node, "/participant/number", json!(14155550123_u64)),
        ),
        (
            "participant.about",
            with(&node, "/participant/about", json!(["x"])),
        ),
        (
            "participant.name",
            with(&node, "/participant/name", json!("Ann")),
        ),
        (
            "prompt.content",
            with(&node, "/prompt", json!({ "content": true })),
        ),
        (
            "prompt.overwrite",
            with(&node, "/prompt", json!({ "overwrite": "yes" })),
        ),
        (
            "prompt.tone",
            with(&node, "/prompt", json!({ "tone": "calm" })),
        ),
        (
            "message.start",
            with(&node, "/message", json!({ "start": {} })),
        ),
        ("voice", with(&node, "/voice", json!("rms"))),
        ("participant", with(&node, "/participant", json!([NUMBER]))),
        ("prompt", with(&node, "/prompt", json!(["Be brief.", true]))),
        ("message", with(&node, "/message", json!(["Hello."]))),
    ];
    for (field, body) in cases {
        node.post("/call", body).await.is_about(field);
    }
}

#[tokio::test]
async fn an_unknown_field_is_called_unknown_and_a_missing_one_required() {
    let node = Node::start().await;
    let body = node
        .post("/call", with(&node, "/voice", json!("rms")))
        .await
        .json();
    let known = "`voice` is an unknown field; known here: \
                 `agentId`, `participant`, `prompt`, `message`.";
    assert_eq!(body["error"]["details"], known);
    let body = node
        .post("/agents", json!({ "name": "A", "colour": "red" }))
        .await
        .json();
    let details = body["error"]["details"].as_str().unwrap();
    assert!(
        details.starts_with("`colour` is an unknown field; known here: "),
        "{details}"
    );
    let body = node
        .post("/call", json!({ "agentId": Uuid::nil() }))
        .await
        .json();
    assert_eq!(body["error"]["details"], "`participant` is required.");
}

#[tokio::test]
async fn numbers_that_no_network_knows_the_form_of_are_refused() {
    let node = Node::start().await;
    for number in [
        "",
        "+",
        "12",
        "+1",
        "call me",
        "+1-800-FLOWERS",
        "+1415555012345678",
        "+0123456789",
        "4155550123",
    ] {
        let body = with(&node, "/participant/number", json!(number));
        node.post("/call", body)
            .await
            .is_about("participant.number");
    }
}

#[tokio::test]
async fn an_error_repeats_nothing_of_what_was_sent_but_names() {
    let node = Node::start().await;
    let body = with(&node, "/participant/number", json!("hunter2-hunter2"));
    assert!(!node.post("/call", body).await.text().contains("hunter2"));
    let agent = node.make_agent().await;
    let path = format!("/agents/{agent}/webhooks");
    let body =
        json!({ "url": "https://u:hunter2@example.com", "events": ["hunter2"], "secret_key": 5 });
    assert!(!node.post(&path, body).await.text().contains("hunter2"));
    let body = json!({ "url": "https://u:hunter2@example.com", "events": ["intent_call"] });
    assert!(!node.post(&path, body).await.text().contains("hunter2"));
}

#[tokio::test]
async fn unknown_things_are_not_found() {
    let node = Node::start().await;
    let unknown = Uuid::now_v7();
    let mut body = node.call_body();
    body["agentId"] = unknown.to_string().into();
    node.post("/call", body)
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    for path in [
        format!("/calls/{unknown}"),
        "/calls/nonsense".to_owned(),
        format!("/calls/call_{}", unknown.simple()),
        format!("/calls/{unknown}/events"),
        format!("/calls/{unknown}/listen"),
        format!("/calls/{unknown}/recording"),
        format!("/calls/{unknown}/transcript"),
    ] {
        node.get(&path).await.is_error(404, "CALL_NOT_FOUND");
    }
    for action in ["hangup", "mute", "unmute"] {
        let path = format!("/calls/action/{unknown}/{action}");
        node.post_text(&path, "")
            .await
            .is_error(404, "CALL_NOT_FOUND");
    }
    node.get(&format!("/agents/{unknown}"))
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    node.get("/agents/nonsense")
        .await
        .is_error(404, "AGENT_NOT_FOUND");
    let path = format!("/agents/{}/webhooks/{unknown}", node.file_agent);
    node.get(&path).await.is_error(404, "NOT_FOUND");
    node.get("/no/such/path").await.is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_like_everything_else() {
    let node = Node::start().await;
    let agent = node.file_agent;
    for path in [
        "/calls/%ff".to_owned(),
        "/calls/%ff/recording".to_owned(),
        "/agents/%ff".to_owned(),
        format!("/agents/{agent}/webhooks/%ff"),
    ] {
        node.get(&path).await.is_error(400, "INVALID_PATH");
    }
    node.post_text("/calls/action/%ff/hangup", "")
        .await
        .is_error(400, "INVALID_PATH");
}

#[tokio::test]
async fn a_path_outside_the_api_is_not_found() {
    let node = Node::start().await;
    let request = Request::get("/favicon.ico").body(Body::empty()).unwrap();
    node.send(request).await.is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused_with_those_it_does() {
    let node = Node::start().await;
    let answer = node.delete("/call").await;
    answer.is_error(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn a_full_node_says_when_to_come_back() {
    let node = Node::start().await;
    refuse(
        &node,
        engine::PlaceCallError::Full {
            limit: 10,
            retry_after: std::time::Duration::from_millis(1500),
        },
    );
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(503, "NODE_FULL");
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn a_node_that_shuts_down_takes_no_calls() {
    let node = Node::start().await;
    let retry_after = std::time::Duration::from_secs(5);
    refuse(&node, engine::PlaceCallError::Draining { retry_after });
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(503, "NODE_DRAINING");
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn a_node_without_a_media_port_says_when_to_come_back() {
    let node = Node::start().await;
    refuse(
        &node,
        engine::PlaceCallError::NoMedia {
            reason: "no media port is free".to_owned(),
            retry_after: std::time::Duration::from_secs(5),
        },
    );
    let answer = node.post("/call", node.call_body()).await;
    answer.is_error(503, "NO_MEDIA");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(node.get("/calls").await.data()["total"], 0);
}

#[tokio::test]
async fn a_number_that_no_trunk_reaches_is_a_conflict() {
    let node = Node::start().await;
    refuse(
        &node,
        engine::PlaceCallError::NoTrunk {
            number: NUMBER.to_owned(),
        },
    );
    let body = node
        .post("/call", node.call_body())
        .await
        .is_error(409, "NO_TRUNK");
    assert!(
        body["error"]["details"].as_str().unwrap().contains(NUMBER),
        "{body}"
    );
}

#[tokio::test]
async fn what_breaks_inside_stays_inside() {
    let node = Node::start().await;
    *node.calls.panics.lock().unwrap() = true;
    for answer in [
        node.post("/call", node.call_body()).await,
        node.get("/readyz").await,
    ] {
        answer.is_error(500, "INTERNAL_ERROR");
        assert!(
            !answer.text().contains("secret internals"),
            "{}",
            answer.text()
        );
    }
    *node.calls.panics.lock().unwrap() = false;
    assert_eq!(node.post("/call", node.call_body()).await.status, 200);
}

#[tokio::test]
async fn a_broken_store_is_an_internal_error() {
    let node = Node::start().await;
    node.store.close().await;
    let body = node.get("/calls").await.is_error(500, "INTERNAL_ERROR");
    assert!(!body.to_string().to_lowercase().contains("sql"), "{body}");
}

#[tokio::test]
async fn query_parameters_are_read_strictly() {
    let node = Node::start().await;
    for (field, query) in [
        ("page", "page=0"),
        ("page", "page=x"),
        ("page", "page=-1"),
        ("per_page", "per_page=0"),
        ("per_page", "per_page=101"),
        ("per_page", "per_page=99999999999"),
        ("agent_id", "agent_id=7"),
        ("direction", "direction=sideways"),
        ("status", "status=success"),
        ("sort", "sort=asc"),
    ] {
        node.get(&format!("/calls?{query}")).await.is_about(field);
    }
    node.get("/agents?status=ready").await.is_about("status");
}

fn with(node: &Node, pointer: &str, value: Value) -> Value {
    let mut body = node.call_body();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn refuse(node: &Node, refusal: engine::PlaceCallError) {
    *node.calls.refusal.lock().unwrap() = Some(refusal);
}
