//! How much each key and each OAuth client may ask for: a rate, and a number of requests in a month.
//!
//! [`Rate`] lives in memory alone. [`usage`] counts in memory and writes down what it counted
//! every second or so, so that a restart forgets hardly anything.

mod rate;
mod usage;

use std::net::IpAddr;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use store::Store;
use uuid::Uuid;

use self::rate::Rate;
use self::usage::Usage;
use crate::caller::Caller;
use crate::clock::Now;
use crate::config::LimitSettings;
use crate::error::ApiError;
use crate::peer::Peer;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The limits of a node.
#[derive(Debug)]
pub(crate) struct Limits {
    rate: Rate<Uuid>,
    failures: Rate<IpAddr>,
    oauth: Rate<IpAddr>,
    usage: Usage,
    quota: u64,
}

/// How a key stands to the limit that it will reach first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    limit: u64,
    remaining: u64,
    /// Until all of it is there again.
    reset: Duration,
}

/// A request that is one too many.
#[derive(Debug)]
pub(crate) struct TooMany {
    error: ApiError,
    standing: Option<Standing>,
}

impl Limits {
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        Self {
            rate: Rate::per_second(settings.requests_per_second, settings.burst),
            failures: Rate::per_minute(settings.failures_per_minute),
            oauth: Rate::per_minute(settings.oauth_per_minute),
            usage: Usage::default(),
            quota: settings.monthly_quota,
        }
    }

    /// Counts a request; gives how its key then stands, if it has a limit.
    pub(crate) async fn admit(
        &self,
        caller: &Caller,
        now: Now,
    ) -> Result<Option<Standing>, TooMany> {
        let rate = self.rate.take(&caller.account, now.running);
        let rate = rate.map_err(|refused| TooMany {
            error: too_fast(refused.wait),
            standing: Some(refused.standing),
        })?;
        let counted = self.usage.count(caller, self.quota, now).await;
        let quota = counted.map_err(|error| TooMany {
            error: ApiError::internal("count a request", &error),
            standing: None,
        })?;
        let quota = quota.map_err(|standing| TooMany {
            error: too_often(standing),
            standing: Some(standing),
        })?;
        Ok([rate, quota]
            .into_iter()
            .flatten()
            .min_by_key(|one| one.remaining))
    }

    /// Notes a request with a token that opens nothing; what is answered if they are too many.
    pub(crate) fn failed(&self, peer: Option<Peer>, now: Now) -> Option<ApiError> {
        self.wrong_credential(peer, now).map(too_fast)
    }

    /// Notes a credential that opens nothing; how long to wait if there were too many.
    pub(crate) fn wrong_credential(&self, peer: Option<Peer>, now: Now) -> Option<Duration> {
        let refused = self.failures.take(&network(peer?.0), now.running).err()?;
        Some(refused.wait)
    }

    /// Counts a request that nobody is known to make, for consent or tokens; or says how long to
    /// wait.
    pub(crate) fn take_oauth(&self, peer: Option<Peer>, now: Now) -> Result<(), Duration> {
        let Some(Peer(address)) = peer else {
            return Ok(());
        };
        match self.oauth.take(&network(address), now.running) {
            Ok(_) => Ok(()),
            Err(refused) => Err(refused.wait),
        }
    }

    /// Writes down what was counted, and forgets who has not asked for a while.
    pub(crate) async fn write_down(&self, store: &Store, now: Now) {
        self.usage.write_down(store, now).await;
        self.rate.forget_the_idle();
        self.failures.forget_the_idle();
        self.oauth.forget_the_idle();
    }
}

impl Standing {
    /// Tells it in an answer.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(whole_seconds(self.reset)));
    }
}

impl IntoResponse for TooMany {
    fn into_response(self) -> Response {
        let mut response = self.error.into_response();
        if let Some(standing) = self.standing {
            standing.tell(response.headers_mut());
        }
        response
    }
}

fn too_fast(wait: Duration) -> ApiError {
    ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        "Too many requests at once.",
        "Ask again after as many seconds as `Retry-After` says.",
    )
    .retry_after(wait)
}

fn too_often(standing: Standing) -> ApiError {
    ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "QUOTA_EXCEEDED",
        "The key has made all requests of this month.",
        format!(
            "The plan has {} requests a month; the next month begins after as many seconds as \
             `Retry-After` says.",
            standing.limit
        ),
    )
    .retry_after(standing.reset)
}

/// Who has an IPv6 address usually has all 2⁶⁴ of its network.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}
