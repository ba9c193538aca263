//! A node without telephone: the real API and store over calls that live in memory.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;

use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use api::{ApiConfig, ApiState, Directory};
use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{EVERY_SCOPE, Store};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) use calls::MemoryCalls;

pub(crate) const NUMBER: &str = "+14155550123";

pub(crate) struct Node {
    pub(crate) state: ApiState,
    pub(crate) store: Store,
    pub(crate) calls: Arc<MemoryCalls>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) folder: TempDir,
    /// Opens everything.
    pub(crate) token: String,
    /// An agent that comes from a file.
    pub(crate) file_agent: Uuid,
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut ApiConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("mihu.sqlite"))
            .await
            .unwrap();
        let made = store
            .create_api_key("tests", &[EVERY_SCOPE], None, Timestamp::now())
            .await
            .unwrap();
        let file = file_agent();
        let file_agent = file.agent_uuid;
        let directory = Directory::load(&store, vec![file], Timestamp::now())
            .await
            .unwrap();
        let calls = Arc::new(MemoryCalls::default());
        let recordings = folder.path().join("recordings");
        std::fs::create_dir(&recordings).unwrap();
        let mut config = ApiConfig::new("http://node.example".parse().unwrap(), recordings);
        adjust(&mut config);
        let state = ApiState::new(store.clone(), calls.clone(), directory.clone(), config).unwrap();
        Self {
            state,
            store,
            calls,
            directory,
            folder,
            token: made.token.expose().to_owned(),
            file_agent,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.with_body(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.with_body(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(
            self.request(Method::DELETE, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    pub(crate) async fn post_text(&self, path: &str, text: impl Into<Body>) -> Answer {
        self.send(self.request(Method::POST, path).body(text.into()).unwrap())
            .await
    }

    async fn with_body(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self
            .request(method, path)
            .header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    /// A request with the node's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> Builder {
        let uri = if path.starts_with("/healthz") || path.starts_with("/readyz") {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = api::router(self.state.clone())
            .oneshot(request)
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    /// Places a call of the file agent and gives the answer's `data`.
    pub(crate) async fn place_call(&self) -> Value {
        let answer = self.post("/call", self.call_body()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["data"].clone()
    }

    pub(crate) fn call_body(&self) -> Value {
        json!({ "agentId": self.file_agent, "participant": { "number": NUMBER } })
    }

    /// Makes an agent over the API and gives its id.
    pub(crate) async fn make_agent(&self) -> String {
        let answer = self.post("/agents", json!({ "name": "Made" })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()["data"]["agent_uuid"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn data(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.json()["data"].clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Checks status, code and the form that every error has.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status.as_u16(), status, "{body}");
        assert_eq!(body["error"]["code"], code, "{body}");
        assert_eq!(body["success"], false, "{body}");
        assert!(
            body["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        assert!(
            body["error"]["details"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        body
    }

    /// Checks that the answer is about this field.
    #[track_caller]
    pub(crate) fn is_about(&self, field: &str) {
        let body = self.is_error(422, "VALIDATION_FAILED");
        assert_eq!(body["error"]["field"], field, "{body}");
    }
}

/// Waits until `probe` gives something, for as long as a slow machine may need.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(mut probe: impl FnMut() -> F) -> T {
    for _ in 0..1000 {
        if let Some(found) = probe().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("what was waited for did not happen");
}

fn file_agent() -> AgentDefinition {
    let definition = AgentDefinition::from_json(json!({ "name": "Support", "slug": "support" }));
    definition.unwrap().identified(Uuid::from_u128(7))
}
