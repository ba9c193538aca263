//! Errors as OAuth has them: `{error, error_description}` (RFC 6749 §5.2).

use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::parameters::Repeated;

/// Why a client gets nothing.
#[derive(Debug)]
pub(super) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: Cow<'static, str>,
    retry_after: Option<Duration>,
}

/// The body of an error of the operations that OAuth describes.
#[derive(Serialize, ToSchema)]
#[schema(as = OauthError, example = json!({
    "error": "invalid_grant",
    "error_description": "the code is unknown, over or another client's",
}))]
pub(super) struct OauthErrorBody {
    /// A word for programs, from RFC 6749.
    error: &'static str,
    /// What was expected, for whoever writes the client.
    error_description: Cow<'static, str>,
}

impl OauthError {
    fn new(
        status: StatusCode,
        error: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            retry_after: None,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// A parameter is missing, repeated or malformed.
    pub(super) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The client is not who it says it is.
    pub(super) fn invalid_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "the client is unknown, or this is not its secret; a public client sends none",
        )
    }

    /// A code or token that is good for nothing.
    pub(super) fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    /// Scopes that can not be had.
    pub(super) fn invalid_scope(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", description)
    }

    /// A way to a token that there is not.
    pub(super) fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "grant_type must be authorization_code or refresh_token",
        )
    }

    /// Too many requests.
    pub(super) fn too_many(wait: Duration) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "temporarily_unavailable",
            "too many requests; ask again after as many seconds as Retry-After says",
        );
        error.retry_after = Some(wait);
        error
    }

    /// Something of ours broke.
    pub(super) fn server_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "the node could not do this; its log has the reason",
        )
    }

    /// Something of ours broke. Says so in the log and nothing of it to the client.
    pub(super) fn internal(attempt: &str, error: &dyn Display) -> Self {
        tracing::error!(%error, "could not {attempt}");
        Self::server_error()
    }
}

impl From<Repeated> for OauthError {
    fn from(repeated: Repeated) -> Self {
        Self::invalid_request(format!("{} is there more than once", repeated.0))
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = OauthErrorBody {
            error: self.error,
            error_description: self.description,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        never_kept(headers);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Basic realm="oauth""#);
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, retry_after(wait));
        }
        response
    }
}

/// Whole seconds, at least one.
pub(super) fn retry_after(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

/// Keeps an answer out of every cache (RFC 6749 §5.1).
pub(super) fn never_kept(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
}
