use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Failure;

/// Deliveries that may wait to be looked at.
const WAITING: usize = 8;

/// A small web server that takes webhooks, on loopback.
pub(super) struct Receiver {
    address: std::net::SocketAddr,
    deliveries: mpsc::Receiver<Delivery>,
    server: JoinHandle<()>,
}

/// A webhook as it arrived.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) body: Bytes,
    headers: HeaderMap,
}

/// A webhook whose signature was looked at.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) event: String,
    pub(super) status: String,
    pub(super) id: String,
    pub(super) signature_valid: bool,
}

impl Receiver {
    pub(super) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (arrived, deliveries) = mpsc::channel(WAITING);
        let router = Router::new().route("/", post(take)).with_state(arrived);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the webhook receiver stopped");
            }
        });
        Ok(Self {
            address,
            deliveries,
            server,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(super) async fn delivery(&mut self) -> Option<Delivery> {
        self.deliveries.recv().await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(arrived): State<mpsc::Sender<Delivery>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    // overflow: refused, the node delivers again
    match arrived.try_send(Delivery { body, headers }) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Delivery {
    pub(super) fn verified(&self, secret: &str) -> Verified {
        let valid = Webhook::new(secret)
            .and_then(|webhook| webhook.verify(&self.body, &self.headers))
            .is_ok();
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |pointer: &str| {
            body.pointer(pointer)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let id = self
            .headers
            .get("webhook-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default();
        Verified {
            event: text("/event"),
            status: text("/data/status"),
            id: id.to_owned(),
            signature_valid: valid,
        }
    }
}
