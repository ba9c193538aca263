//! `[log]` and `[otlp]`: what the node tells of itself.

use std::num::NonZeroUsize;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use super::Hidden;

/// `[log]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `tracing` filter directives, such as `info` or `info,media=debug`.
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// `[otlp]`: spans of calls, sent to an OpenTelemetry collector by OTLP over HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Otlp {
    /// Base URL of the collector. Without it nothing is sent.
    pub(crate) endpoint: String,
    /// What every request carries: `NAME=VALUE` pairs between commas.
    pub(crate) headers: Hidden,
    /// The longest that a request may take, and the last of them when the node stops.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// Spans that may wait for the collector; further ones are dropped.
    pub(crate) queue: NonZeroUsize,
    /// How long spans are gathered, to be sent together.
    #[serde(with = "duration")]
    pub(crate) interval: Duration,
    /// How long spans are offered again to a collector that does not take them.
    #[serde(with = "duration")]
    pub(crate) retry_for: Duration,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers: Hidden::default(),
            timeout: Duration::from_secs(5),
            queue: NonZeroUsize::new(4_096).unwrap_or(NonZeroUsize::MIN),
            interval: Duration::from_secs(1),
            retry_for: Duration::from_secs(30),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}
