//! `[webhooks]`, `[intents]` and `[whatsapp]`: whom the node calls over HTTP.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

/// `[webhooks]`: what leaves the node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Webhooks {
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    #[serde(with = "duration")]
    pub(crate) retry_for: Duration,
    /// The wait after a message's first failure; each further one doubles it.
    #[serde(with = "duration")]
    pub(crate) first_retry: Duration,
    /// The longest wait between two attempts.
    #[serde(with = "duration")]
    pub(crate) longest_retry: Duration,
    /// Deliveries under way at once.
    pub(crate) parallel: NonZeroU32,
    /// Deliveries under way at once to one webhook.
    pub(crate) parallel_per_webhook: NonZeroU32,
    /// Messages that were delivered or given up are kept for this long.
    #[serde(with = "duration")]
    pub(crate) keep_for: Duration,
    /// Failed attempts in a row after which an endpoint is paused.
    pub(crate) pause_after: NonZeroU32,
    /// How long its first pause is; each further one in a row is twice as long.
    #[serde(with = "duration")]
    pub(crate) first_pause: Duration,
    #[serde(with = "duration")]
    pub(crate) longest_pause: Duration,
    /// Deliver to private and loopback addresses.
    pub(crate) allow_private: bool,
    /// Deliver without TLS.
    pub(crate) allow_http: bool,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            retry_for: Duration::from_secs(24 * 60 * 60),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(60 * 60),
            parallel: NonZeroU32::new(16).unwrap_or(NonZeroU32::MIN),
            parallel_per_webhook: NonZeroU32::new(4).unwrap_or(NonZeroU32::MIN),
            keep_for: Duration::from_secs(7 * 24 * 60 * 60),
            pause_after: NonZeroU32::new(5).unwrap_or(NonZeroU32::MIN),
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(30 * 60),
            allow_private: false,
            allow_http: false,
        }
    }
}

/// `[intents]`: what agents have done in calls. `[webhooks]` says where their webhooks may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Intents {
    /// The longest that the webhook of an intent may take. `calls.longest_tool` should be longer.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// The longest reply of one.
    pub(crate) longest_reply_bytes: usize,
}

impl Default for Intents {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(8),
            longest_reply_bytes: 64 * 1024,
        }
    }
}

/// `[whatsapp]`: Meta's Cloud API. The accounts of workspaces are in the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Whatsapp {
    /// Where the Graph API is, without its version.
    pub(crate) graph_url: String,
    /// The version of the Graph API.
    pub(crate) graph_version: String,
    /// The longest that a request to it may take.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// When a client is told to come back if Meta takes no more messages and does not say for how
    /// long.
    #[serde(with = "duration")]
    pub(crate) retry_after: Duration,
}

impl Default for Whatsapp {
    fn default() -> Self {
        Self {
            graph_url: "https://graph.facebook.com".to_owned(),
            graph_version: "v23.0".to_owned(),
            timeout: Duration::from_secs(20),
            retry_after: Duration::from_secs(60),
        }
    }
}
