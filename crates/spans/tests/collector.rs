//! Spans on their way to a real HTTP server, which decodes what it is sent.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use engine::{CallEvent, CallEventKind, CallId, CallReport, CallStatus, Direction};
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prometheus_client::registry::Registry;
use prost::Message as _;
use secret::Secret;
use spans::{Settings, SpanMetrics};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a collector is to answer, one after the other.
type Answers = Arc<Mutex<VecDeque<(StatusCode, Vec<u8>)>>>;

/// A collector on loopback, ended when dropped.
struct Collector {
    endpoint: String,
    requests: mpsc::Receiver<(HeaderMap, Vec<Span>)>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Desk {
    /// Success without a body once there is no more.
    answers: Answers,
    took: mpsc::Sender<(HeaderMap, Vec<Span>)>,
}

impl Collector {
    async fn start(answers: &[(StatusCode, Vec<u8>)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (took, requests) = mpsc::channel(64);
        let answers = Arc::new(Mutex::new(answers.iter().cloned().collect()));
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(Desk { answers, took });
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            endpoint,
            requests,
            server,
        }
    }

    async fn next(&mut self) -> (HeaderMap, Vec<Span>) {
        let next = tokio::time::timeout(Duration::from_secs(20), self.requests.recv()).await;
        next.expect("a request in time")
            .expect("the collector runs")
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let resources = request.resource_spans.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans).collect();
    desk.took.send((headers, spans)).await.unwrap();
    let answer = desk.answers.lock().unwrap().pop_front();
    answer.unwrap_or_default().into_response()
}

/// A node's pipeline of spans, with the events that go in and come out.
struct Node {
    tell: mpsc::Sender<CallEvent>,
    passed: mpsc::Receiver<CallEvent>,
    metrics: SpanMetrics,
    last_try: CancellationToken,
    exporting: JoinHandle<()>,
}

impl Node {
    fn start(settings: Settings) -> Self {
        let (watch, exporter, metrics) = spans::pipeline(settings).unwrap();
        let (tell, events) = mpsc::channel(64);
        let (on, passed) = mpsc::channel(64);
        tokio::spawn(watch.run(events, on));
        let last_try = CancellationToken::new();
        let exporting = tokio::spawn(exporter.run(last_try.clone()));
        Self {
            tell,
            passed,
            metrics,
            last_try,
            exporting,
        }
    }

    /// Tells of a call that is refused: one span.
    async fn call(&mut self) {
        let call = CallId::generate();
        let started = CallEventKind::Started {
            direction: Direction::Inbound,
            agent: call.0,
            conversation: call.0,
            number: "caller".to_owned(),
        };
        let report = CallReport {
            status: CallStatus::Failed,
            sip_code: Some(503),
            reason: String::new(),
            answered_at: None,
            duration: Duration::ZERO,
            recording: None,
            transcript: Vec::new(),
            latencies: Vec::new(),
            decisions: Vec::new(),
            tries: Vec::new(),
            line: None,
        };
        for kind in [started, CallEventKind::Ended(report)] {
            let at = Timestamp::now();
            self.tell.send(CallEvent { call, at, kind }).await.unwrap();
            self.passed.recv().await.expect("events are handed on");
        }
    }

    /// Stops as a node does, and waits for the exporter's end.
    async fn stop(self) -> SpanMetrics {
        drop(self.tell);
        self.last_try.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.exporting).await;
        ended.expect("the exporter ends").unwrap();
        self.metrics
    }
}

fn settings(endpoint: &str) -> Settings {
    Settings {
        interval: Duration::from_millis(20),
        ..Settings::new(endpoint).unwrap()
    }
}

fn counted(metrics: &SpanMetrics, series: &str) -> u64 {
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}"))
        .parse()
        .unwrap()
}

/// An address of loopback at which nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn spans_are_posted_as_protobuf_with_the_headers_of_the_settings() {
    let mut collector = Collector::start(&[]).await;
    let headers = spans::headers(&Secret::new("authorization=Bearer abc")).unwrap();
    let mut node = Node::start(Settings {
        headers,
        ..settings(&collector.endpoint)
    });
    node.call().await;
    let (headers, spans) = collector.next().await;
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["authorization"], "Bearer abc");
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].name, "call");
    let metrics = node.stop().await;
    assert_eq!(counted(&metrics, "spans_exported_total"), 1);
}

#[tokio::test]
async fn what_is_queued_when_the_node_stops_is_still_sent() {
    let mut collector = Collector::start(&[]).await;
    let mut node = Node::start(Settings {
        interval: Duration::from_secs(3_600),
        ..settings(&collector.endpoint)
    });
    for _ in 0..3 {
        node.call().await;
    }
    let metrics = node.stop().await;
    assert_eq!(collector.next().await.1.len(), 3);
    assert_eq!(counted(&metrics, "spans_exported_total"), 3);
}

#[tokio::test]
async fn spans_that_a_collector_has_no_time_for_are_offered_again() {
    let busy = (StatusCode::SERVICE_UNAVAILABLE, Vec::new());
    let mut collector = Collector::start(&[busy]).await;
    let mut node = Node::start(settings(&collector.endpoint));
    node.call().await;
    let first = collector.next().await.1;
    let again = collector.next().await.1;
    assert_eq!(first, again);
    let metrics = node.stop().await;
    assert_eq!(counted(&metrics, "spans_exported_total"), 1);
}

#[tokio::test]
async fn spans_that_a_collector_refuses_are_dropped_at_once_and_counted() {
    let refused = (StatusCode::BAD_REQUEST, Vec::new());
    let mut collector = Collector::start(&[refused]).await;
    let mut node = Node::start(settings(&collector.endpoint));
    node.call().await;
    let first = collector.next().await.1;
    node.call().await;
    let second = collector.next().await.1;
    assert_ne!(first, second);
    let metrics = node.stop().await;
    assert_eq!(
        counted(&metrics, "spans_dropped_total{reason=\"refused\"}"),
        1
    );
    assert_eq!(counted(&metrics, "spans_exported_total"), 1);
}

#[tokio::test]
async fn spans_that_a_collector_rejects_in_part_are_counted_as_such() {
    let partial = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: 1,
            error_message: "one of them is too old".to_owned(),
        }),
    };
    let answer = (StatusCode::OK, partial.encode_to_vec());
    let collector = Collector::start(&[answer]).await;
    let mut node = Node::start(Settings {
        interval: Duration::from_secs(3_600),
        ..settings(&collector.endpoint)
    });
    node.call().await;
    node.call().await;
    let metrics = node.stop().await;
    assert_eq!(counted(&metrics, "spans_exported_total"), 1);
    assert_eq!(
        counted(&metrics, "spans_dropped_total{reason=\"refused\"}"),
        1
    );
}

#[tokio::test]
async fn a_collector_that_is_away_costs_calls_nothing_but_their_spans() {
    let mut node = Node::start(Settings {
        queue: 2.try_into().unwrap(),
        retry_for: Duration::ZERO,
        ..settings(&nobody().await)
    });
    for _ in 0..50 {
        node.call().await;
    }
    let metrics = node.stop().await;
    let lost = ["queue_full", "unreachable", "stopped"].map(|why| {
        counted(
            &metrics,
            &format!("spans_dropped_total{{reason=\"{why}\"}}"),
        )
    });
    assert_eq!(lost.iter().sum::<u64>(), 50, "{lost:?}");
    assert_eq!(counted(&metrics, "spans_exported_total"), 0);
}

#[tokio::test]
async fn a_collector_that_never_answers_does_not_keep_the_node_from_stopping() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut node = Node::start(Settings {
        timeout: Duration::from_millis(100),
        retry_for: Duration::from_secs(3_600),
        ..settings(&format!("http://{}", listener.local_addr().unwrap()))
    });
    node.call().await;
    let metrics = node.stop().await;
    assert_eq!(counted(&metrics, "spans_exported_total"), 0);
}

#[tokio::test]
async fn an_endpoint_that_is_no_web_server_is_refused_from_the_start() {
    let settings = Settings::new("ftp://127.0.0.1/").unwrap();
    let refused = spans::pipeline(settings).map(drop).unwrap_err();
    assert!(refused.to_string().contains("otlp.endpoint"), "{refused}");
}
