//! Every error that the document gives operations for what they are like, provoked at each of them.
//!
//! What an operation says of itself alone is for the tests of its family; these errors follow from
//! its shape, so one way to come to each of them serves all operations.

use std::time::Duration;

use api::{Clock, LimitSettings, Now};
use axum::body::Body;
use axum::http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::schema::operations;
use crate::support::{Answer, Node, registry, seen};

/// The media type of forms with files.
const FORM: &str = "multipart/form-data";

/// An operation that the document gives an error of its shape.
struct Operation {
    path: String,
    method: String,
    says: Value,
}

/// The operations that refer to this one of the document's common errors.
fn with(error: &str) -> Vec<Operation> {
    let reference = format!("#/components/responses/{error}");
    let refers = |says: &Value| {
        let responses = says["responses"].as_object().unwrap();
        responses
            .values()
            .any(|one| one["$ref"] == reference.as_str())
    };
    let all = operations(&api::document()).into_iter();
    let found: Vec<_> = all
        .filter(|(_, _, says)| refers(says))
        .map(|(path, method, says)| Operation { path, method, says })
        .collect();
    assert!(!found.is_empty(), "no operation has {error}");
    found
}

/// A request to an operation, with the node's token.
struct Asking<'a> {
    node: &'a Node,
    operation: &'a Operation,
    path: String,
    key: Option<&'a str>,
    kind: Option<&'a str>,
}

impl<'a> Asking<'a> {
    /// With path parameters that stand for nothing.
    fn of_nothing(node: &'a Node, operation: &'a Operation) -> Self {
        Self::at(node, operation, with_parameters(&operation.path, "x"))
    }

    fn at(node: &'a Node, operation: &'a Operation, path: String) -> Self {
        Self {
            node,
            operation,
            path,
            key: None,
            kind: None,
        }
    }

    async fn send(self, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder()
            .method(self.operation.method.parse::<Method>().unwrap())
            .uri(&self.path)
            .header("authorization", format!("Bearer {}", self.node.token));
        if let Some(kind) = self.kind.or_else(|| self.operation.kind()) {
            let kind = match kind {
                FORM => "multipart/form-data; boundary=boundary",
                other => other,
            };
            request = request.header("content-type", kind);
        }
        if let Some(key) = self.key {
            request = request.header("idempotency-key", key);
        }
        self.node.send(request.body(body.into()).unwrap()).await
    }

    /// With the example of the document as its body, if it has one.
    async fn send_example(self) -> Answer {
        let body = self.operation.example();
        self.send(body).await
    }
}

impl Operation {
    /// The media type of its body, if it has one.
    fn kind(&self) -> Option<&str> {
        let content = self.says.pointer("/requestBody/content")?.as_object()?;
        content.keys().next().map(String::as_str)
    }

    fn example(&self) -> String {
        let content = self.says.pointer("/requestBody/content");
        let content = content.and_then(Value::as_object).into_iter().flatten();
        let Some((_, body)) = content.into_iter().next() else {
            return String::new();
        };
        let example = &body["example"];
        example
            .as_str()
            .map_or_else(|| example.to_string(), str::to_owned)
    }
}

/// The path with this in the place of each of its parameters.
fn with_parameters(path: &str, value: &str) -> String {
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => value,
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Says which operations did not answer as they should.
fn are_errors(answers: &[(String, Answer)], status: u16, code: &str) {
    let wrong: Vec<_> = answers
        .iter()
        .filter(|(_, answer)| {
            answer.status.as_u16() != status || !answer.text().contains(&format!("\"{code}\""))
        })
        .map(|(operation, answer)| format!("{operation}: {} {}", answer.status, answer.text()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (_, answer) in answers {
        answer.is_error(status, code);
    }
}

/// What each operation with this error answers.
async fn answers<'a>(
    operations: &'a [Operation],
    ask: impl AsyncFn(&'a Operation) -> Answer,
) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for operation in operations {
        let name = format!("{} {}", operation.method, operation.path);
        answers.push((name, ask(operation).await));
    }
    answers
}

#[tokio::test]
async fn what_is_no_json_is_refused_by_each_operation_that_takes_some() {
    let node = Node::start().await;
    let all = with("InvalidJson");
    let answers = answers(&all, async |operation| {
        let asking = Asking {
            kind: Some("application/json"),
            ..Asking::of_nothing(&node, operation)
        };
        asking.send("{").await
    });
    are_errors(&answers.await, 400, "INVALID_JSON");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_by_each_operation_with_parameters() {
    let node = Node::start().await;
    let all = with("InvalidPath");
    let answers = answers(&all, async |operation| {
        let path = with_parameters(&operation.path, "%FF");
        Asking::at(&node, operation, path).send_example().await
    });
    are_errors(&answers.await, 400, "INVALID_PATH");
}

#[tokio::test]
async fn what_there_is_not_is_not_found_by_each_operation_on_one_thing() {
    let node = Node::start().await;
    let all = with("NotFound");
    let answers = answers(&all, async |operation| {
        let nothing = "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34";
        let path = with_parameters(&operation.path, nothing);
        Asking::at(&node, operation, path).send_example().await
    });
    for (operation, answer) in answers.await {
        assert_eq!(answer.status, 404, "{operation}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_body_that_never_arrives_is_not_waited_for_by_any_operation() {
    let node = Node::start_with(|config| {
        config.body_timeout = Duration::from_millis(5);
        config.transcriptions.upload_timeout = Duration::from_millis(5);
    })
    .await;
    let all = with("RequestTimeout");
    let answers = answers(&all, async |operation| {
        let never = futures_util::stream::pending::<Result<String, std::io::Error>>();
        let asking = Asking::of_nothing(&node, operation);
        asking.send(Body::from_stream(never)).await
    });
    are_errors(&answers.await, 408, "REQUEST_TIMEOUT");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_by_each_operation() {
    let node = Node::start_with(|config| {
        config.transcriptions.max_file = 64 * 1024;
    })
    .await;
    let all = with("BodyTooLarge");
    let answers = answers(&all, async |operation| {
        let large = format!("\"{}\"", "x".repeat(64 * 1024));
        let large = match operation.kind() {
            Some(FORM) => format!(
                "--boundary\r\nContent-Disposition: form-data; name=\"voice_file\"; \
                 filename=\"a.wav\"\r\n\r\n{large}\r\n--boundary--\r\n"
            ),
            _ => large,
        };
        Asking::of_nothing(&node, operation).send(large).await
    });
    are_errors(&answers.await, 413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused_by_each_operation() {
    let node = Node::start().await;
    let all = with("UnsupportedMediaType");
    let answers = answers(&all, async |operation| {
        let asking = Asking {
            kind: Some("text/plain"),
            ..Asking::of_nothing(&node, operation)
        };
        asking.send_example().await
    });
    are_errors(&answers.await, 415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn a_parameter_that_there_is_not_is_refused_by_each_operation() {
    let node = Node::start().await;
    let all = with("ValidationFailed");
    let answers = answers(&all, async |operation| {
        let (path, _) = registry::fill(&node, &operation.path).await;
        let path = format!("{path}?no_such_parameter=1");
        Asking::at(&node, operation, path).send_example().await
    });
    are_errors(&answers.await, 422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn too_many_requests_are_refused_by_each_operation() {
    let node = Node::start_with(|config| {
        config.limits = LimitSettings {
            requests_per_second: 1,
            burst: 1,
            ..LimitSettings::NONE
        };
    })
    .await
    .told_by(Clock::new(|| Now {
        wall: Timestamp::UNIX_EPOCH,
        running: Duration::from_secs(1),
    }));
    node.get("/keys").await.data();
    let all = with("TooManyRequests");
    let answers = answers(&all, async |operation| {
        Asking::of_nothing(&node, operation).send_example().await
    });
    are_errors(&answers.await, 429, "RATE_LIMITED");
}

#[tokio::test]
async fn a_request_that_is_being_done_is_not_done_again_by_any_operation() {
    let node = Node::start().await;
    let options = SqliteConnectOptions::new().filename(node.folder.path().join("mihu.sqlite"));
    let mut file = options.connect().await.unwrap();
    let all = with("IdempotencyKeyInUse");
    let ask = async |operation: &Operation, key: &str| {
        let asking = Asking {
            key: Some(key),
            ..Asking::of_nothing(&node, operation)
        };
        let body = match operation.kind() {
            Some(FORM) => {
                "--boundary\r\nContent-Disposition: form-data; name=\"reference_id\"\r\n\r\na\r\n\
                 --boundary--\r\n"
            }
            _ => "{}",
        };
        asking.send(body).await
    };
    let mut answers = Vec::new();
    for (number, operation) in all.iter().enumerate() {
        let key = format!("key-{number}");
        let first = ask(operation, &key).await;
        assert!(!first.status.is_server_error(), "{}", first.text());
        // As it is before the answer is kept.
        let undone = "UPDATE idempotency SET content = NULL WHERE key = $1";
        sqlx::query(undone)
            .bind(&key)
            .execute(&mut file)
            .await
            .unwrap();
        answers.push((operation.path.clone(), ask(operation, &key).await));
    }
    file.close().await.unwrap();
    are_errors(&answers, 409, "IDEMPOTENCY_KEY_IN_USE");
}

#[tokio::test]
async fn a_database_that_fails_is_owned_up_to_by_each_operation() {
    let node = Node::start().await;
    let all = with("InternalError");
    node.store.close().await;
    let answers = answers(&all, async |operation| {
        Asking::of_nothing(&node, operation).send_example().await
    });
    are_errors(&answers.await, 500, "INTERNAL_ERROR");
}

#[tokio::test]
async fn a_whole_update_changes_what_it_names() {
    let node = Node::start().await;
    for (path, change) in [
        ("/api/v1/pools/{pool_uuid}", json!({ "name": "Another" })),
        ("/api/v1/tasks/{task_uuid}", json!({ "title": "Another" })),
    ] {
        let (filled, _) = registry::fill(&node, path).await;
        let filled = filled.strip_prefix("/api/v1").unwrap();
        let field = change.as_object().unwrap().keys().next().unwrap().clone();
        let changed = node.put(filled, change).await.data();
        assert_eq!(changed[field], "Another", "{path}");
    }
}

#[tokio::test]
async fn what_a_file_says_of_an_agent_is_changed_by_no_operation() {
    let node = Node::start().await;
    let refuses = |path: &str, says: &Value| {
        let described = says.pointer("/responses/409/description");
        let described = described.and_then(Value::as_str).unwrap_or_default();
        described.contains("agent_is_file_managed") && !path.contains("/webhooks")
    };
    let all = operations(&api::document()).into_iter();
    let all: Vec<_> = all
        // What an intent is now is looked at first, and this agent has none.
        .filter(|(path, method, _)| !(method == "PATCH" && path.ends_with("{intent_uuid}")))
        .filter(|(path, _, says)| refuses(path, says))
        .map(|(path, method, says)| Operation { path, method, says })
        .collect();
    assert!(all.len() > 20, "{}", all.len());
    let answers = answers(&all, async |operation| {
        let agent = node.file_agent.to_string();
        let path = operation.path.replace("{agent_uuid}", &agent);
        let path = with_parameters(&path, "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34");
        Asking::at(&node, operation, path).send_example().await
    });
    are_errors(&answers.await, 409, "agent_is_file_managed");
}

/// Statuses of the document that no test comes to with a request that is noted, one
/// `METHOD PATH STATUS` a line; what has a reason says it behind `#`. The list only ever gets shorter.
fn known_unseen() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/unseen-statuses.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap().trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
#[ignore = "reads what all other tests saw, which `make test` has them note down"]
fn every_status_of_the_document_was_seen() {
    let seen = seen::read();
    let mut missing = Vec::new();
    let all = operations(&api::document());
    let paths: Vec<String> = all.iter().map(|(path, _, _)| path.clone()).collect();
    for (path, method, says) in all {
        for status in says["responses"].as_object().unwrap().keys() {
            let is_it = |one: &seen::Seen| {
                one.method == method && one.status == *status && one.is_at(&path, &paths)
            };
            if !seen.iter().any(is_it) {
                missing.push(format!("{method} {path} {status}"));
            }
        }
    }
    let known = known_unseen();
    let new: Vec<_> = missing.iter().filter(|one| !known.contains(one)).collect();
    assert!(new.is_empty(), "no test came to {}: {new:#?}", new.len());
    let over: Vec<_> = known.iter().filter(|one| !missing.contains(one)).collect();
    assert!(over.is_empty(), "seen by now, or gone: {over:#?}");
}
