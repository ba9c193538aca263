//! What calls spend their time on, as OpenTelemetry spans, sent to a collector by OTLP over HTTP
//! (binary protobuf).
//!
//! One trace is a call: a span of the whole call, below it a span of each turn and of each answer,
//! and below an answer a span of each item of its ledger. Spans carry ids, times and figures; they
//! never carry a word that was spoken, nor a number.
//!
//! Nothing in a call waits for this crate: [`Watch`] hands events on as they come and puts the
//! spans they bring into a bounded queue, in which a span finds room or is dropped and counted.
//! [`Exporter`] empties it. This crate measures nothing itself and stores nothing. Start reading at
//! [`pipeline`], then in `trace.rs`, which turns events into spans.

mod attribute;
mod exporter;
mod metrics;
mod settings;
mod trace;
mod watch;

pub use exporter::Exporter;
pub use metrics::SpanMetrics;
pub use settings::{Settings, SettingsError, headers};
pub use watch::Watch;

use outbound::{BuildClientError, ClientOptions, Guard};
use tokio::sync::mpsc;

/// The spans cannot be sent as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The collector's URL can not be asked.
    #[error("otlp.endpoint: {0}")]
    Endpoint(#[from] outbound::UrlRefused),
    /// There is no TLS.
    #[error(transparent)]
    Client(#[from] BuildClientError),
}

/// The two ends of the queue between calls and the collector, and what is counted at both.
///
/// # Errors
///
/// [`StartError`] where the collector could never be reached.
pub fn pipeline(settings: Settings) -> Result<(Watch, Exporter, SpanMetrics), StartError> {
    // The operator chose the collector, which usually runs on the same machine.
    let guard = Guard::WITH_PRIVATE;
    guard.check_url(&settings.traces)?;
    let client = outbound::client(ClientOptions {
        guard,
        connect_timeout: settings.timeout,
        timeout: Some(settings.timeout),
        ..ClientOptions::default()
    })?;
    let metrics = SpanMetrics::new();
    let (queue, waiting) = mpsc::channel(settings.queue.get());
    let watch = Watch::new(queue, metrics.clone());
    let exporter = Exporter::new(client, settings, waiting, metrics.clone());
    Ok((watch, exporter, metrics))
}
