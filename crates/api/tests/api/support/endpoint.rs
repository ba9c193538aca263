//! Endpoints of webhooks on this machine, and the delivery to them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{ApiConfig, ApiState, webhooks};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use store::{DeliveryFilter, DeliveryRecord, DeliveryState};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Node, until};

/// The delivery of one state, as a task.
pub(crate) struct Courier {
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Courier {
    pub(crate) fn start(state: &ApiState) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(webhooks::run(state.clone(), shutdown.clone()));
        Self { task, shutdown }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    pub(crate) fn abandon(self) {
        self.task.abort();
    }
}

/// A web server that takes webhooks and answers as it is told.
#[derive(Clone)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    received: Vec<Received>,
    answers: VecDeque<(u16, Option<String>)>,
    always: Option<u16>,
    delay: Option<Duration>,
}

#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let endpoint = Self {
            address,
            inner: Arc::default(),
        };
        let app = Router::new().fallback(receive).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        endpoint
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?token=in-the-url", self.address)
    }

    pub(crate) fn answers(&self, status: u16) {
        self.inner.lock().unwrap().answers.push_back((status, None));
    }

    pub(crate) fn redirects(&self, status: u16, to: &str) {
        self.inner
            .lock()
            .unwrap()
            .answers
            .push_back((status, Some(to.to_owned())));
    }

    pub(crate) fn always(&self, status: u16) {
        self.inner.lock().unwrap().always = Some(status);
    }

    pub(crate) fn slows(&self, delay: Duration) {
        self.inner.lock().unwrap().delay = Some(delay);
    }

    pub(crate) fn hangs(&self) {
        self.slows(Duration::from_secs(3600));
    }

    pub(crate) fn count(&self) -> usize {
        self.inner.lock().unwrap().received.len()
    }

    /// The bodies that came, in their order.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let inner = self.inner.lock().unwrap();
        let bodies = inner.received.iter().map(|one| &one.body);
        bodies
            .map(|body| serde_json::from_slice(body).unwrap())
            .collect()
    }

    pub(crate) async fn received(&self, count: usize) -> Vec<Received> {
        until(|| async {
            let received = self.inner.lock().unwrap().received.clone();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> Response {
    let (answer, delay) = {
        let mut inner = endpoint.inner.lock().unwrap();
        inner.received.push(Received { headers, body });
        let usual = (inner.always.unwrap_or(200), None);
        (inner.answers.pop_front().unwrap_or(usual), inner.delay)
    };
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    let status = StatusCode::from_u16(answer.0).unwrap();
    match answer.1 {
        Some(to) => (status, [(LOCATION, to)]).into_response(),
        None => status.into_response(),
    }
}

/// A node that delivers to this machine and loses no time.
pub(crate) async fn node() -> Node {
    Node::start_with(quick).await
}

pub(crate) fn quick(config: &mut ApiConfig) {
    config.webhooks.allow_http = true;
    config.webhooks.allow_private = true;
    config.webhooks.first_retry = Duration::from_millis(10);
    config.webhooks.first_pause = Duration::from_millis(10);
    config.webhooks.longest_pause = Duration::from_millis(50);
    config.webhooks.poll_interval = Duration::from_millis(10);
}

/// What the webhooks of an agent are owed, in the order in which it came about.
pub(crate) async fn owed(node: &Node, agent: Uuid) -> Vec<DeliveryRecord> {
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Pending),
        conversation: None,
    };
    let mut owed = Vec::new();
    for hook in node.store.webhooks(agent).await.unwrap() {
        let page = node.store.deliveries(hook.id, filter, 1, 100).await;
        owed.extend(page.unwrap().items);
    }
    owed.sort_by_key(|one| one.id);
    owed
}
