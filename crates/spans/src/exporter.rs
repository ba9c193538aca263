use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use outbound::Client;
use prost::Message as _;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::attribute;
use crate::metrics::{Dropped, SpanMetrics};
use crate::settings::Settings;

/// Spans that one request carries at most.
const BATCH: usize = 512;

/// The wait before spans are offered for the second time; every further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(500);

/// Bytes of a collector's answer that are read at most.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Sends queued spans to the collector.
#[derive(Debug)]
pub struct Exporter {
    client: Client,
    settings: Settings,
    waiting: mpsc::Receiver<Span>,
    /// What is being sent.
    batch: Vec<Span>,
    metrics: SpanMetrics,
    /// Spans are being lost, and the log says so.
    failing: bool,
}

/// What a collector made of a request.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It took all but so many of the spans.
    Taken { rejected: u64 },
    /// It did not take them now.
    NotNow(String),
    /// It will never take them.
    Refused(String),
}

impl Exporter {
    pub(crate) fn new(
        client: Client,
        mut settings: Settings,
        waiting: mpsc::Receiver<Span>,
        metrics: SpanMetrics,
    ) -> Self {
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        settings.headers.insert(CONTENT_TYPE, protobuf);
        Self {
            client,
            settings,
            waiting,
            batch: Vec::new(),
            metrics,
            failing: false,
        }
    }

    /// Sends spans until the last [`Watch`](crate::Watch) is gone and all that it queued is sent.
    /// From `last_try` on there is as much time for that as for one request.
    pub async fn run(mut self, last_try: CancellationToken) {
        let timeout = self.settings.timeout;
        let too_late = async {
            last_try.cancelled().await;
            tokio::time::sleep(timeout).await;
        };
        let sending = async {
            while self.gather().await {
                self.deliver(&last_try).await;
            }
        };
        tokio::select! {
            () = sending => {}
            () = too_late => {}
        }
        let left = self.batch.len() + self.waiting.len();
        if left > 0 {
            self.metrics.dropped(Dropped::Stopped, left as u64);
            tracing::warn!(
                spans = left,
                "spans were not exported before the node stopped"
            );
        }
    }

    /// Waits for spans, and a little for more of them; whether there are any.
    async fn gather(&mut self) -> bool {
        if self.waiting.recv_many(&mut self.batch, BATCH).await == 0 {
            return false;
        }
        let more = async {
            while self.batch.len() < BATCH {
                let room = BATCH - self.batch.len();
                if self.waiting.recv_many(&mut self.batch, room).await == 0 {
                    return;
                }
            }
        };
        // Whether the batch is full or the time is up, it is sent.
        let _ = tokio::time::timeout(self.settings.interval, more).await;
        true
    }

    /// Offers the batch until it is taken, refused or too old.
    async fn deliver(&mut self, last_try: &CancellationToken) {
        let spans = self.batch.len() as u64;
        let request = request(self.batch.clone()).encode_to_vec();
        let give_up = Instant::now() + self.settings.retry_for;
        let mut wait = FIRST_RETRY;
        let (why, reason) = loop {
            match self.offer(request.clone()).await {
                Outcome::Taken { rejected } => {
                    self.taken(spans, rejected);
                    return;
                }
                Outcome::Refused(reason) => break (Dropped::Refused, reason),
                Outcome::NotNow(reason) => {
                    if last_try.is_cancelled() || Instant::now() + wait > give_up {
                        break (Dropped::Unreachable, reason);
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = last_try.cancelled() => {}
            }
            wait *= 2;
        };
        self.batch.clear();
        self.metrics.dropped(why, spans);
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(
                spans,
                reason,
                "spans are dropped: the OTLP collector does not take them"
            );
        }
    }

    fn taken(&mut self, spans: u64, rejected: u64) {
        self.batch.clear();
        let rejected = rejected.min(spans);
        self.metrics.exported(spans - rejected);
        self.metrics.dropped(Dropped::Refused, rejected);
        if rejected > 0 {
            if !std::mem::replace(&mut self.failing, true) {
                tracing::warn!(spans = rejected, "the OTLP collector refuses some spans");
            }
        } else if std::mem::replace(&mut self.failing, false) {
            tracing::info!("the OTLP collector takes spans again");
        }
    }

    async fn offer(&self, request: Vec<u8>) -> Outcome {
        let post = match self.client.post(self.settings.traces.clone()) {
            Ok(post) => post,
            Err(refused) => return Outcome::Refused(refused.to_string()),
        };
        let headers = self.settings.headers.clone();
        match post.headers(headers).body(request).send().await {
            Ok(response) => answer(response).await,
            Err(error) => Outcome::NotNow(outbound::reason(error)),
        }
    }
}

/// What a collector's response says (OTLP 1.x, "OTLP/HTTP Response").
async fn answer(mut response: Response) -> Outcome {
    let status = response.status();
    if !status.is_success() {
        let reason = status.to_string();
        return match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Outcome::NotNow(reason),
            _ => Outcome::Refused(reason),
        };
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            break;
        }
    }
    // A collector that says something else beside its success has taken the spans all the same.
    let partial = ExportTraceServiceResponse::decode(body.as_slice())
        .ok()
        .and_then(|answer| answer.partial_success);
    let rejected = partial.map_or(0, |partial| partial.rejected_spans);
    Outcome::Taken {
        rejected: u64::try_from(rejected).unwrap_or(0),
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let resource = Resource {
        attributes: vec![
            attribute::text("service.name", "mihu"),
            attribute::text("service.version", VERSION),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "mihu".to_owned(),
        version: VERSION.to_owned(),
        ..InstrumentationScope::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}
