use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::sync::mpsc;

/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A receiver of webhooks on loopback, ended when dropped.
#[derive(Debug)]
pub struct Webhooks {
    url: String,
    deliveries: mpsc::Receiver<Delivery>,
    server: tokio::task::JoinHandle<()>,
}

/// One delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as sent.
    pub raw: Bytes,
    /// Its body as JSON.
    pub body: Value,
}

impl Delivery {
    /// Whether the signature is that of `secret`.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret);
        webhook.is_ok_and(|webhook| webhook.verify(&self.raw, &self.headers).is_ok())
    }
}

impl Webhooks {
    /// Starts a receiver.
    ///
    /// # Panics
    ///
    /// If loopback cannot be bound.
    pub async fn start() -> Self {
        Self::start_at(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a receiver at this address.
    ///
    /// # Panics
    ///
    /// If the address cannot be bound.
    pub async fn start_at(address: std::net::SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (arrived, deliveries) = mpsc::channel(256);
        let router = Router::new().route("/hook", post(take)).with_state(arrived);
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the receiver serves");
        });
        Self {
            url,
            deliveries,
            server,
        }
    }

    /// Where it takes deliveries.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next delivery.
    ///
    /// # Panics
    ///
    /// If none comes in time.
    pub async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(PATIENCE, self.deliveries.recv()).await;
        next.expect("a delivery in time")
            .expect("the receiver runs")
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(arrived): State<mpsc::Sender<Delivery>>,
    headers: HeaderMap,
    raw: Bytes,
) -> StatusCode {
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    // overflow: refused, the node delivers again
    match arrived.try_send(Delivery { headers, raw, body }) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
