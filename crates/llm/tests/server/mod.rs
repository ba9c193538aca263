//! A local server of the chat-completions interface that keeps the protocol
//! to the letter, checks that its clients do, and misbehaves on demand.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The key that the server expects.
pub(crate) const KEY: &str = "sk-test-0123456789";

/// What the server does with a request: given its number, from 0, and body.
type Behaviour = dyn Fn(usize, &Value) -> Response + Send + Sync;

/// A running server; it ends with this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

struct Log {
    bodies: Mutex<Vec<Value>>,
    connections: AtomicUsize,
    behaviour: Box<Behaviour>,
}

/// One piece of a streamed body.
#[derive(Clone)]
pub(crate) enum Piece {
    /// Bytes, sent at once.
    Bytes(Vec<u8>),
    /// A pause.
    Pause(Duration),
    /// Nothing more, and no end.
    Stall,
    /// The connection breaks.
    Break,
}

impl Server {
    pub(crate) async fn start(
        behaviour: impl Fn(usize, &Value) -> Response + Send + Sync + 'static,
    ) -> Self {
        let log = Arc::new(Log {
            bodies: Mutex::default(),
            connections: AtomicUsize::new(0),
            behaviour: Box::new(behaviour),
        });
        let app = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(Arc::clone(&log));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counted = Arc::clone(&log);
        let listener = listener.tap_io(move |_| {
            counted.connections.fetch_add(1, Ordering::SeqCst);
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, log, task }
    }

    /// The bodies of all requests so far.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.log.bodies.lock().unwrap().clone()
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A successful answer that streams `pieces`.
pub(crate) fn streamed(pieces: Vec<Piece>) -> Response {
    let body = stream::unfold(pieces.into_iter(), |mut pieces| async move {
        loop {
            match pieces.next()? {
                Piece::Bytes(bytes) => return Some((Ok(Bytes::from(bytes)), pieces)),
                Piece::Pause(pause) => tokio::time::sleep(pause).await,
                Piece::Stall => std::future::pending().await,
                Piece::Break => return Some((Err("the server fell over"), pieces)),
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")];
    (headers, Body::from_stream(body)).into_response()
}

/// An error in the form that OpenAI gives it.
pub(crate) fn failure(status: u16, message: &str) -> Response {
    let error = json!({ "error": {
        "message": message, "type": "invalid_request_error", "param": null, "code": null,
    } });
    (StatusCode::from_u16(status).unwrap(), Json(error)).into_response()
}

/// One event with a chunk in the form that OpenAI gives it.
pub(crate) fn event(delta: Value, finish_reason: Option<&str>) -> Piece {
    let chunk = json!({
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion.chunk",
        "created": 1_741_569_952,
        "model": "test-model",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
        "choices": [{
            "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason,
        }],
        "usage": null,
    });
    Piece::Bytes(format!("data: {chunk}\n\n").into_bytes())
}

/// The events of a whole reply of these words.
pub(crate) fn reply(words: &[&str]) -> Vec<Piece> {
    let mut events = vec![event(
        json!({ "role": "assistant", "content": "", "refusal": null }),
        None,
    )];
    events.extend(
        words
            .iter()
            .map(|word| event(json!({ "content": word }), None)),
    );
    events.push(event(json!({}), Some("stop")));
    events.push(done());
    events
}

/// The event that ends a stream.
pub(crate) fn done() -> Piece {
    text("data: [DONE]\n\n")
}

/// A piece of just this text.
pub(crate) fn text(text: &str) -> Piece {
    Piece::Bytes(text.as_bytes().to_vec())
}

/// All bytes of `pieces`, cut into pieces of `length`.
pub(crate) fn cut(pieces: &[Piece], length: usize) -> Vec<Piece> {
    let bytes: Vec<u8> = pieces
        .iter()
        .filter_map(|piece| {
            if let Piece::Bytes(bytes) = piece {
                Some(bytes.clone())
            } else {
                None
            }
        })
        .flatten()
        .collect();
    bytes
        .chunks(length)
        .map(|chunk| Piece::Bytes(chunk.to_vec()))
        .collect()
}

async fn complete(State(log): State<Arc<Log>>, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if authorization != Some(&format!("Bearer {KEY}")) {
        let got = authorization.unwrap_or("none");
        return failure(401, &format!("Incorrect API key provided: {got}."));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return failure(400, "We could not parse the JSON body of your request.");
    };
    if let Err(complaint) = check(&headers, &body) {
        return failure(400, &complaint);
    }
    let number = {
        let mut bodies = log.bodies.lock().unwrap();
        bodies.push(body.clone());
        bodies.len() - 1
    };
    (log.behaviour)(number, &body)
}

fn check(headers: &HeaderMap, body: &Value) -> Result<(), String> {
    const KNOWN: [&str; 7] = [
        "model",
        "messages",
        "stream",
        "temperature",
        "max_tokens",
        "max_completion_tokens",
        "tools",
    ];
    if headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes())
        != Some(b"application/json")
    {
        return Err("expected the content type application/json".to_owned());
    }
    let fields = body.as_object().ok_or("expected an object")?;
    if let Some(unknown) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("Unrecognized request argument supplied: {unknown}"));
    }
    if body["model"] != "test-model" || body["stream"] != true {
        return Err("expected model `test-model`, streamed".to_owned());
    }
    let messages = body["messages"].as_array().ok_or("expected messages")?;
    let well_formed = |message: &Value| {
        let content = message["content"].as_str();
        let worded = content.is_some_and(|content| !content.is_empty());
        match message["role"].as_str() {
            Some("system" | "user") => worded,
            Some("assistant") => worded || message["tool_calls"][0]["id"].is_string(),
            Some("tool") => content.is_some() && message["tool_call_id"].is_string(),
            Some(_) | None => false,
        }
    };
    if messages.is_empty() || !messages.iter().all(well_formed) {
        return Err("expected messages with a role and content".to_owned());
    }
    Ok(())
}
