//! `Idempotency-Key`: what is sent again is answered again, and done once.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::support::{Answer, NUMBER, Node, until};

async fn post(node: &Node, key: &str, path: &str, body: &str) -> Answer {
    let request = node
        .request(Method::POST, path)
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    node.send(request.body(body.to_owned().into()).unwrap())
        .await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn a_call_that_is_sent_again_is_placed_once() {
    let node = Node::start().await;
    let body = node.call_body().to_string();
    let first = post(&node, "one", "/call", &body).await;
    let second = post(&node, "one", "/call", &body).await;
    assert_eq!(second.status, 200);
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(first.header("content-type"), second.header("content-type"));
    assert!(!replayed(&first) && replayed(&second));
    assert_eq!(node.calls.placed.lock().unwrap().len(), 1);
    let other = post(&node, "two", "/call", &body).await;
    assert_ne!(first.data()["id"], other.data()["id"]);
}

#[tokio::test]
async fn the_key_of_another_request_is_refused() {
    let node = Node::start().await;
    let body = node.call_body().to_string();
    post(&node, "one", "/call", &body).await.data();
    for (path, body) in [
        ("/call", format!("{body} ")),
        ("/call?", body.clone()),
        ("/agents", body.clone()),
    ] {
        let answer = post(&node, "one", path, &body).await;
        let body = answer.is_error(422, "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(body["error"]["field"], "Idempotency-Key");
    }
    assert_eq!(node.calls.placed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_can_not_be_used_is_refused() {
    let node = Node::start().await;
    for key in ["", "with space", "tab\there", &"x".repeat(256), "größe"] {
        let answer = post(&node, key, "/agents", "{}").await;
        answer.is_about("Idempotency-Key");
    }
    let longest = post(&node, &"x".repeat(255), "/agents", r#"{"name":"A"}"#).await;
    assert_eq!(longest.status, 201);
    let two = node
        .request(Method::POST, "/agents")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    let answer = node.send(two.body(Body::empty()).unwrap()).await;
    answer.is_about("Idempotency-Key");
}

#[tokio::test]
async fn errors_of_the_request_are_answered_again_and_those_of_the_node_are_not() {
    let node = Node::start().await;
    let first = post(&node, "bad", "/agents", "{}").await;
    first.is_about("name");
    let second = post(&node, "bad", "/agents", "{}").await;
    assert!(replayed(&second));
    assert_eq!(first.bytes, second.bytes);

    let body = node.call_body().to_string();
    *node.calls.refusal.lock().unwrap() = Some(engine::PlaceCallError::Draining {
        retry_after: Duration::from_secs(5),
    });
    post(&node, "busy", "/call", &body)
        .await
        .is_error(503, "NODE_DRAINING");
    *node.calls.refusal.lock().unwrap() = None;
    let answer = post(&node, "busy", "/call", &body).await;
    assert_eq!(answer.status, 200);
    assert!(!replayed(&answer));
}

#[tokio::test]
async fn a_request_that_breaks_may_be_tried_again() {
    let node = Node::start().await;
    let body = node.call_body().to_string();
    *node.calls.panics.lock().unwrap() = true;
    let broken = post(&node, "one", "/call", &body).await;
    broken.is_error(500, "INTERNAL_ERROR");
    *node.calls.panics.lock().unwrap() = false;
    assert_eq!(post(&node, "one", "/call", &body).await.status, 200);
}

#[tokio::test]
async fn an_empty_body_is_as_good_as_any() {
    let node = Node::start().await;
    let call = node.place_call().await;
    let conversation = call["conversation_uuid"].as_str().unwrap();
    let path = format!("/calls/action/{conversation}/hangup");
    for _ in 0..2 {
        assert_eq!(post(&node, "end", &path, "").await.status, 200);
    }
    assert_eq!(node.calls.hung_up.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_that_is_shown_once_is_shown_again_to_its_maker_alone() {
    let node = Node::start().await;
    let body = r#"{"name":"made"}"#;
    let first = post(&node, "key", "/keys", body).await;
    let token = first.data()["token"].as_str().unwrap().to_owned();
    let second = post(&node, "key", "/keys", body).await;
    assert_eq!(second.data()["token"], token);
    let path = node.folder.path().join("mihu.sqlite");
    let mut database = SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap();
    let kept: Vec<u8> = sqlx::query_scalar("SELECT content FROM idempotency")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert!(
        !kept
            .windows(token.len())
            .any(|piece| piece == token.as_bytes())
    );

    let colleague = node.seen_with(&node.store, &["*"]).await;
    let request = node
        .request(Method::POST, "/keys")
        .header("authorization", format!("Bearer {}", colleague.token))
        .header("idempotency-key", "key");
    let mut request = request.body(body.to_owned().into()).unwrap();
    let own = format!("Bearer {}", colleague.token);
    request
        .headers_mut()
        .insert("authorization", own.parse().unwrap());
    let answer = node.send(request).await;
    answer.is_error(422, "IDEMPOTENCY_KEY_REUSED");
    assert!(!answer.text().contains(&token));
}

#[tokio::test]
async fn each_workspace_has_its_own_keys() {
    let node = Node::start().await;
    let body = r#"{"name":"A"}"#;
    post(&node, "one", "/agents", body).await.data();
    let other = node.other_workspace().await;
    let visitor = node.seen_with(&other, &["*"]).await;
    let mut request = node
        .request(Method::POST, "/agents")
        .header("idempotency-key", "one")
        .body(body.to_owned().into())
        .unwrap();
    let token = format!("Bearer {}", visitor.token);
    request
        .headers_mut()
        .insert("authorization", token.parse().unwrap());
    let answer = node.send(request).await;
    assert_eq!(answer.status, 201);
    assert!(!replayed(&answer));
}

#[tokio::test]
async fn of_the_same_request_many_times_at_once_one_is_done() {
    let node = Node::start().await;
    let body = node.call_body().to_string();
    let posts = (0..12).map(|_| post(&node, "one", "/call", &body));
    let answers = futures_util::future::join_all(posts).await;
    let mut ids = Vec::new();
    for answer in answers {
        if answer.status == 409 {
            answer.is_error(409, "IDEMPOTENCY_KEY_IN_USE");
            assert_eq!(answer.header("retry-after"), "1");
        } else {
            ids.push(answer.data()["id"].clone());
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(node.calls.placed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_the_answer_later() {
    let node = Node::start().await;
    let body = node.call_body().to_string();
    {
        let asking = Box::pin(post(&node, "one", "/call", &body));
        // Dropped once the request is reserved and its work goes on by itself.
        let reserved = until(|| async {
            let path = node.folder.path().join("mihu.sqlite");
            let options = SqliteConnectOptions::new().filename(path);
            let mut database = options.connect().await.unwrap();
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency")
                .fetch_one(&mut database)
                .await
                .unwrap();
            (count > 0).then_some(())
        });
        tokio::select! {
            _ = asking => {}
            () = reserved => {}
        }
    }
    let answer = until(|| async {
        let answer = post(&node, "one", "/call", &body).await;
        (answer.status != 409).then_some(answer)
    });
    assert_eq!(answer.await.status, 200);
    assert_eq!(node.calls.placed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_process_made_before_it_died_is_found_and_not_made_again() {
    let node = dying().await;
    let agent = node.file_agent;
    let task = json!({
        "title": "Call back", "type": "follow_up", "agent_uuid": agent,
        "scheduled_at": "2036-03-29T10:00:00Z",
        "contact": { "phone_number": NUMBER, "name": "Ada" },
    });
    let listing = json!({
        "name": "Spring offer", "agent_uuid": agent,
        "contacts": [{ "phone_number": NUMBER, "name": "Ada" }],
    });
    for (path, body, list) in [
        ("/agents", json!({ "name": "A" }), "/agents"),
        ("/tasks", task, "/tasks"),
        ("/listings", listing, "/listings"),
        ("/call", node.call_body(), "/calls"),
    ] {
        let body = body.to_string();
        let count = async || count(&node.get(list).await.data());
        let before = count().await;
        let first = post(&node, path, path, &body).await.data();
        lose_answers(&node).await;
        let second = post(&node, path, path, &body).await;
        assert!(!replayed(&second), "{path}");
        assert_eq!(second.data(), first, "{path}");
        assert_eq!(count().await, before + 1, "{path}");
        let third = post(&node, path, path, &body).await;
        assert!(replayed(&third), "{path}");
        assert_eq!(third.data(), first, "{path}");
    }
    assert_eq!(node.calls.placed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_process_had_not_made_when_it_died_is_made() {
    let node = dying().await;
    let body = r#"{"name":"A"}"#;
    let first = post(&node, "one", "/agents", body).await.data();
    let path = format!("/agents/{}", first["agent_uuid"].as_str().unwrap());
    node.delete(&path).await.data();
    lose_answers(&node).await;
    // Nothing of it is there, as if the process had died before it made anything.
    node.execute("DELETE FROM agents WHERE source = 'api'")
        .await;
    let second = post(&node, "one", "/agents", body).await;
    assert_eq!(second.status, 201);
    assert!(!replayed(&second));
    assert_eq!(second.data()["agent_uuid"], first["agent_uuid"]);
}

/// A node at which a request that is worked on counts as given up at once.
async fn dying() -> Node {
    Node::start_with(|config| config.idempotency.takeover = Duration::ZERO).await
}

/// As if the process had died before it kept the answers.
async fn lose_answers(node: &Node) {
    node.execute("UPDATE idempotency SET content = NULL").await;
}

/// How many a list has, whichever form it has.
fn count(list: &Value) -> usize {
    let items = [list, &list["data"], &list["items"]];
    items
        .iter()
        .find_map(|items| items.as_array())
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_a_key_too() {
    let node = Node::start().await;
    let body = json!({ "name": "x".repeat(64 * 1024) }).to_string();
    let answer = post(&node, "one", "/agents", &body).await;
    answer.is_error(413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn of_a_body_of_another_kind_no_more_is_gathered_with_a_key() {
    let node = Node::start().await;
    let ask = async |length: usize| {
        let request = node
            .request(Method::POST, "/agents")
            .header("content-type", "text/plain")
            .header("idempotency-key", "one");
        node.send(request.body("x".repeat(length).into()).unwrap())
            .await
    };
    let longer = ask(64 * 1024 + 1).await;
    longer.is_error(413, "BODY_TOO_LARGE");
    let longest = ask(64 * 1024).await;
    longest.is_error(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn other_methods_have_no_keys() {
    let node = Node::start().await;
    let agent = node.make_agent().await;
    let mut answers: Vec<Value> = Vec::new();
    for tone in ["calm", "brisk"] {
        let request = node
            .request(Method::PATCH, &format!("/agents/{agent}"))
            .header("idempotency-key", "one");
        let body = json!({ "tone": tone }).to_string();
        let answer = node.send(request.body(body.into()).unwrap()).await;
        answers.push(answer.data()["tone"].clone());
    }
    assert_eq!(answers, ["calm", "brisk"]);
}
