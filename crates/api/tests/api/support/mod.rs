//! A node without telephone: the real API and store over calls that live in memory.

mod calls;
mod database;
pub(crate) mod endpoint;
pub(crate) mod form;
pub(crate) mod graph;
pub(crate) mod judge;
pub(crate) mod oauth;
pub(crate) mod registry;
pub(crate) mod schema;
pub(crate) mod seen;

use std::sync::Arc;
use std::time::Duration;

use agent::{AgentDefinition, Voice};
use api::evaluations::Evaluators;
use api::{ApiConfig, ApiState, Clock, Directory, LimitSettings};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use postgres_fixture::TestDatabase;
use serde_json::{Value, json};
use store::{EVERY_SCOPE, Plan, Store};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) use calls::MemoryCalls;

pub(crate) const NUMBER: &str = "+14155550123";

pub(crate) struct Node {
    pub(crate) state: ApiState,
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) calls: Arc<MemoryCalls>,
    pub(crate) directory: Arc<Directory>,
    config: ApiConfig,
    clock: Clock,
    pub(crate) folder: TempDir,
    /// Goes with the node.
    database: Option<TestDatabase>,
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
        let file = json!({ "name": "Support", "slug": "support" });
        Self::start_from(file, adjust).await
    }

    /// A node whose agents folder has a file that says this.
    pub(crate) async fn start_from(file: Value, adjust: impl FnOnce(&mut ApiConfig)) -> Self {
        let file = AgentDefinition::from_json(file).unwrap();
        let file = file.identified(Uuid::from_u128(7));
        let folder = tempfile::tempdir().unwrap();
        let (store, database) = database::open(folder.path()).await;
        let made = store
            .create_api_key("tests", &[EVERY_SCOPE], None, Timestamp::now())
            .await
            .unwrap();
        let file_agent = file.agent_uuid;
        let directory = Directory::load(&store, vec![file], Timestamp::now())
            .await
            .unwrap();
        let calls = Arc::new(MemoryCalls::default());
        let recordings = folder.path().join("recordings");
        std::fs::create_dir(&recordings).unwrap();
        let mut config = ApiConfig::new("http://node.example".parse().unwrap(), recordings);
        config.limits = LimitSettings::NONE;
        config.abilities.voices.push(Voice {
            name: "rms".to_owned(),
            language: "en-US".to_owned(),
        });
        adjust(&mut config);
        let (kept, live) = (store.clone(), calls.clone());
        let state = ApiState::new(kept, live, directory.clone(), config.clone()).unwrap();
        Self {
            router: api::router(state.clone()),
            state,
            store,
            calls,
            directory,
            config,
            clock: Clock::default(),
            folder,
            database,
            token: made.token.expose().to_owned(),
            file_agent,
        }
    }

    /// Another node on the same database, with the same file in its agents folder.
    pub(crate) async fn neighbour(&self) -> Self {
        let file = AgentDefinition::from_json(json!({ "name": "Support", "slug": "support" }));
        let file = file.unwrap().identified(self.file_agent);
        let directory = Directory::load(&self.store, vec![file], Timestamp::now());
        let directory = directory.await.unwrap();
        let calls = Arc::new(MemoryCalls::default());
        let (store, live) = (self.store.clone(), calls.clone());
        let state = ApiState::new(store, live, directory.clone(), self.config.clone()).unwrap();
        Self {
            router: api::router(state.clone()),
            state,
            store: self.store.clone(),
            calls,
            directory,
            config: self.config.clone(),
            clock: Clock::default(),
            folder: tempfile::tempdir().unwrap(),
            database: None,
            token: self.token.clone(),
            file_agent: self.file_agent,
        }
    }

    /// Has its database do this behind its back.
    pub(crate) async fn execute(&self, statement: &'static str) {
        database::execute(self.folder.path(), self.database.as_ref(), statement).await;
    }

    /// The same node with this clock for its limits.
    pub(crate) fn told_by(self, clock: Clock) -> Self {
        let state = self.state.clone().with_clock(clock.clone());
        Self {
            router: api::router(state.clone()),
            state,
            clock,
            ..self
        }
    }

    /// The same node with its calls judged by these.
    pub(crate) fn judged_by(self, evaluators: Arc<dyn Evaluators>) -> Self {
        let state = self.state.clone().with_evaluators(evaluators);
        Self {
            router: api::router(state.clone()),
            state,
            ..self
        }
    }

    /// The same node with these agents.
    pub(crate) fn with_directory(self, directory: Arc<Directory>) -> Self {
        Self { directory, ..self }.started_again()
    }

    /// The same node with nothing in memory but its agents and live calls.
    pub(crate) fn started_again(self) -> Self {
        let (store, calls) = (self.store.clone(), self.calls.clone());
        let state = ApiState::new(store, calls, self.directory.clone(), self.config.clone());
        let state = state.unwrap().with_clock(self.clock.clone());
        Self {
            router: api::router(state.clone()),
            state,
            ..self
        }
    }

    /// The same node, started again with other settings.
    pub(crate) fn with_config(mut self, adjust: impl FnOnce(&mut ApiConfig)) -> Self {
        adjust(&mut self.config);
        self.started_again()
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

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.with_body(Method::PUT, path, body).await
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
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        seen::note(&method, &path, parts.status);
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

    /// Makes a workspace of its own and gives its store.
    pub(crate) async fn other_workspace(&self) -> Store {
        let made = self
            .store
            .create_workspace("Other", Plan::Unlimited, Timestamp::now());
        self.store.in_workspace(&made.await.unwrap().id)
    }

    /// This node as the holder of another token sees it.
    pub(crate) async fn seen_with(&self, store: &Store, scopes: &[&str]) -> Visitor<'_> {
        let made = store.create_api_key("visitor", scopes, None, Timestamp::now());
        let token = made.await.unwrap().token.expose().to_owned();
        Visitor { node: self, token }
    }

    /// This node as the holder of this token sees it.
    pub(crate) fn holding(&self, token: &str) -> Visitor<'_> {
        Visitor {
            node: self,
            token: token.to_owned(),
        }
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

/// Somebody with a token of their own.
pub(crate) struct Visitor<'a> {
    node: &'a Node,
    pub(crate) token: String,
}

impl Visitor<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    /// Asks with a JSON body; null is none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token));
        let request = if body.is_null() {
            request.body(Body::empty())
        } else {
            request
                .header("content-type", "application/json")
                .body(body.to_string().into())
        };
        self.node.send(request.unwrap()).await
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
