//! A Graph API on loopback that answers as Meta's documentation shows, and remembers what it was
//! asked.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use url::Url;

/// What is asked of Meta.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

/// An answer in place of the usual one.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) retry_after: Option<&'static str>,
}

/// What becomes of an answer that is not given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lost {
    /// It takes for ever.
    Time,
    /// The connection breaks instead.
    Connection,
}

#[derive(Clone, Default)]
struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    refusal: Arc<Mutex<Option<Refusal>>>,
    lost: Arc<Mutex<Option<Lost>>>,
    templates: Arc<Mutex<Vec<Value>>>,
}

/// The server; it ends with the test's runtime.
pub(crate) struct Graph {
    pub(crate) url: Url,
    shared: Shared,
}

impl Graph {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = Shared::default();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url: url.parse().unwrap(),
            shared,
        }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The messages that it was told to send.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let asked = self.asked().into_iter();
        let messages = asked.filter(|one| one.path.ends_with("/messages"));
        messages.map(|one| one.body).collect()
    }

    /// It has these templates.
    pub(crate) fn has_templates(&self, templates: &[Value]) {
        *self.shared.templates.lock().unwrap() = templates.to_vec();
    }

    /// It does what it is asked, and its answers get lost from now on.
    pub(crate) fn loses(&self, lost: Option<Lost>) {
        *self.shared.lost.lock().unwrap() = lost;
    }

    /// It answers so from now on.
    pub(crate) fn refuses(&self, refusal: Option<Refusal>) {
        *self.shared.refusal.lock().unwrap() = refusal;
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get("authorization");
    let authorization = authorization.map_or("", |value| value.to_str().unwrap());
    let asked = Asked {
        method: method.clone(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: authorization.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let count = {
        let mut all = shared.asked.lock().unwrap();
        all.push(asked.clone());
        all.len()
    };
    let lost = *shared.lost.lock().unwrap();
    match lost {
        Some(Lost::Time) => std::future::pending().await,
        Some(Lost::Connection) => panic!("the connection of this request is to break"),
        None => {}
    }
    if let Some(refusal) = shared.refusal.lock().unwrap().clone() {
        let status = StatusCode::from_u16(refusal.status).unwrap();
        let mut response = (status, Json(refusal.body)).into_response();
        if let Some(wait) = refusal.retry_after {
            let headers = response.headers_mut();
            headers.insert("retry-after", wait.parse().unwrap());
        }
        return response;
    }
    let templates = shared.templates.lock().unwrap().clone();
    let last = asked.path.rsplit('/').next().unwrap_or_default();
    let answer = match (method.as_str(), last) {
        ("POST", "messages") => json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": asked.body["to"], "wa_id": "14155550123" }],
            "messages": [{ "id": format!("wamid.{count}"), "message_status": "accepted" }],
        }),
        ("POST", "message_templates") => {
            json!({ "id": "594425479261596", "status": "PENDING", "category": "UTILITY" })
        }
        // Two pages, of which the first has one template.
        ("GET", "message_templates") if asked.query.contains("after=first") => {
            json!({ "data": templates[1..], "paging": { "cursors": { "after": "last" } } })
        }
        ("GET", "message_templates") if templates.len() > 1 => json!({
            "data": templates[..1],
            "paging": { "cursors": { "after": "first" }, "next": "https://graph.example/next" },
        }),
        ("GET", "message_templates") => json!({ "data": templates, "paging": {} }),
        ("GET", id) => templates
            .iter()
            .find(|one| one["id"] == id)
            .cloned()
            .unwrap_or_else(|| json!({ "error": { "code": 100, "message": "no such object" } })),
        _ => json!({}),
    };
    Json(answer).into_response()
}
