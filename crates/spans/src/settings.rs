use std::num::NonZeroUsize;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secret::Secret;
use url::Url;

/// Where spans go, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the collector takes spans. Made of its base URL by [`Settings::new`].
    pub traces: Url,
    /// What every request carries, such as a key; see [`headers`].
    pub headers: HeaderMap,
    /// The longest that a request may take, and the last of them when the node stops.
    pub timeout: Duration,
    /// Spans that may wait for the collector.
    pub queue: NonZeroUsize,
    /// How long spans are gathered, to be sent together.
    pub interval: Duration,
    /// How long spans are offered again to a collector that does not take them.
    pub retry_for: Duration,
}

/// A setting is not what it should be. Names no header's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The endpoint is not the URL of a server.
    #[error("otlp.endpoint must be a URL such as http://127.0.0.1:4318: {0}")]
    Endpoint(String),
    /// A header that cannot be sent, counted from 1.
    #[error("otlp.headers must be NAME=VALUE pairs between commas; number {0} is none")]
    Header(usize),
}

impl Settings {
    /// The settings for the collector at this base URL, to whose path `/v1/traces` is added (OTLP
    /// 1.x, "OTLP/HTTP Request"): no headers, 5 s for a request, 4,096 spans in the queue, sent
    /// every second, offered for 30 s.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Endpoint`] where it is no URL that has a path.
    pub fn new(endpoint: &str) -> Result<Self, SettingsError> {
        let refused = |reason: &dyn ToString| SettingsError::Endpoint(reason.to_string());
        let mut traces: Url = endpoint.parse().map_err(|error| refused(&error))?;
        traces
            .path_segments_mut()
            .map_err(|()| refused(&"it has no host"))?
            .pop_if_empty()
            .extend(["v1", "traces"]);
        Ok(Self {
            traces,
            headers: HeaderMap::new(),
            timeout: Duration::from_secs(5),
            queue: NonZeroUsize::new(4_096).unwrap_or(NonZeroUsize::MIN),
            interval: Duration::from_secs(1),
            retry_for: Duration::from_secs(30),
        })
    }
}

/// Reads `NAME=VALUE` pairs between commas, as in `authorization=Bearer abc,x-scope=team`.
///
/// # Errors
///
/// [`SettingsError::Header`] with the place of the first pair that is none.
pub fn headers(pairs: &Secret) -> Result<HeaderMap, SettingsError> {
    let pairs = pairs.expose().split(',').map(str::trim);
    let mut headers = HeaderMap::new();
    for (place, pair) in pairs.filter(|pair| !pair.is_empty()).enumerate() {
        let read = || -> Option<(HeaderName, HeaderValue)> {
            let (name, value) = pair.split_once('=')?;
            let mut value: HeaderValue = value.trim().parse().ok()?;
            value.set_sensitive(true);
            Some((name.trim().parse().ok()?, value))
        };
        let (name, value) = read().ok_or(SettingsError::Header(place + 1))?;
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_to_the_path_for_traces_below_the_endpoint() {
        for (endpoint, traces) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://host/otlp", "https://host/otlp/v1/traces"),
            ("https://host/otlp/", "https://host/otlp/v1/traces"),
        ] {
            let settings = Settings::new(endpoint).unwrap();
            assert_eq!(settings.traces.as_str(), traces);
        }
    }

    #[test]
    fn an_endpoint_that_is_no_server_is_refused() {
        for endpoint in ["", "collector", "mailto:someone@example.com"] {
            let refused = Settings::new(endpoint);
            assert!(matches!(refused, Err(SettingsError::Endpoint(_))));
        }
    }

    #[test]
    fn headers_are_pairs_between_commas() {
        let given = Secret::new("authorization=Basic dXNlcjpwYXNz==, x-scope = team ,");
        let headers = headers(&given).unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["authorization"], "Basic dXNlcjpwYXNz==");
        assert_eq!(headers["x-scope"], "team");
    }

    #[test]
    fn the_values_of_headers_are_never_printed() {
        let printed = format!("{:?}", headers(&Secret::new("key=hunter2")).unwrap());
        assert!(!printed.contains("hunter2"), "{printed}");
        let error = headers(&Secret::new("a=b,hunter2")).unwrap_err();
        assert_eq!(error, SettingsError::Header(2));
        assert!(!error.to_string().contains("hunter2"));
    }
}
