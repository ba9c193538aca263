use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use tokio::sync::mpsc;

pub use opentelemetry_proto::tonic::trace::v1::Span;

/// How long spans may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An OpenTelemetry collector on loopback that takes spans by OTLP over HTTP, ended when dropped.
#[derive(Debug)]
pub struct Collector {
    endpoint: String,
    spans: mpsc::Receiver<Span>,
    server: tokio::task::JoinHandle<()>,
}

impl Collector {
    /// Starts a collector.
    ///
    /// # Panics
    ///
    /// If loopback cannot be bound.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let (arrived, spans) = mpsc::channel(4_096);
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(arrived);
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the collector serves");
        });
        Self {
            endpoint,
            spans,
            server,
        }
    }

    /// Its base URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The spans of one call, up to that of the call itself, which is the last.
    ///
    /// # Panics
    ///
    /// If they do not come in time.
    pub async fn trace(&mut self) -> Vec<Span> {
        let mut trace = Vec::new();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.spans.recv()).await;
            let span = next.expect("a span in time").expect("the collector runs");
            let last = span.parent_span_id.is_empty();
            trace.push(span);
            if last {
                return trace;
            }
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The attributes of a span that are text.
pub fn texts(span: &Span) -> BTreeMap<String, String> {
    let texts = span.attributes.iter().filter_map(|attribute| {
        let Value::StringValue(text) = attribute.value.as_ref()?.value.as_ref()? else {
            return None;
        };
        Some((attribute.key.clone(), text.clone()))
    });
    texts.collect()
}

async fn take(State(arrived): State<mpsc::Sender<Span>>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let resources = request.resource_spans.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        // overflow: refused, the node offers all of them again
        if arrived.try_send(span).is_err() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    StatusCode::OK
}
