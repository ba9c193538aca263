//! `[http]`: the API's listener, and how much is asked of it at most.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use api::ProxyHeader;
use ipnet::IpNet;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

/// `[http]`: the API's listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    pub(crate) listen: SocketAddr,
    /// How clients reach the API; URLs in answers and webhooks begin with it. Default: the
    /// listen address.
    pub(crate) public_url: String,
    pub(crate) max_body_bytes: usize,
    /// How long a client may take to send a body.
    #[serde(with = "duration")]
    pub(crate) body_timeout: Duration,
    /// How long a client may take to send a request's head; also how long an idle connection is
    /// kept.
    #[serde(with = "duration")]
    pub(crate) header_timeout: Duration,
    /// How long a client may read nothing of what is written to it.
    #[serde(with = "duration")]
    pub(crate) write_timeout: Duration,
    /// How long a client that still sends after its last answer is listened to, so that it reads
    /// the answer.
    #[serde(with = "duration")]
    pub(crate) linger: Duration,
    /// How long such a client may send nothing.
    #[serde(with = "duration")]
    pub(crate) linger_idle: Duration,
    /// How long open requests may still take when the node ends.
    #[serde(with = "duration")]
    pub(crate) close_grace: Duration,
    /// Connections that are served at once; more wait in the system's queue.
    pub(crate) max_connections: NonZeroUsize,
    /// Of these, how many one address may have that is no trusted proxy; 0 is any number.
    pub(crate) max_connections_per_address: usize,
    /// Addresses and networks of proxies that are believed whom they ask for.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The header in which they say it: x-forwarded-for or forwarded. They must not pass on what
    /// clients put there.
    pub(crate) proxy_header: ProxyHeader,
    /// Country of numbers written without a country code, ISO 3166 alpha-2.
    pub(crate) default_country: String,
    /// Show `/metrics` without a bearer token.
    pub(crate) open_metrics: bool,
    /// How long the answer of a request with an `Idempotency-Key` is kept.
    #[serde(with = "duration")]
    pub(crate) idempotency_keep: Duration,
    /// How long such a request may be worked on before it may be done anew.
    #[serde(with = "duration")]
    pub(crate) idempotency_takeover: Duration,
    pub(crate) limits: Limits,
}

/// `[http.limits]`: how much is asked for at most. 0 is no limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Requests per second of each key, on average.
    pub(crate) requests_per_second: u32,
    /// Requests of each key at once, after a pause.
    pub(crate) burst: u32,
    /// Requests of each key in a month of UTC, in workspaces on the plan `free`.
    pub(crate) monthly_quota: u64,
    /// Requests per minute from one address with tokens that open nothing.
    pub(crate) failures_per_minute: u32,
    /// Requests per minute from one address to the consent page and for OAuth tokens.
    pub(crate) oauth_per_minute: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: String::new(),
            max_body_bytes: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            linger_idle: Duration::from_millis(500),
            close_grace: Duration::from_secs(5),
            max_connections: NonZeroUsize::new(1_024).unwrap_or(NonZeroUsize::MIN),
            max_connections_per_address: 256,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            default_country: "US".to_owned(),
            open_metrics: false,
            idempotency_keep: Duration::from_secs(24 * 60 * 60),
            idempotency_takeover: Duration::from_secs(60),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 50,
            burst: 100,
            monthly_quota: 1_000,
            failures_per_minute: 60,
            oauth_per_minute: 120,
        }
    }
}
