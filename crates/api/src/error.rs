//! Errors as clients see them: `{success, message, error{code, details, field?}}`.

use std::fmt::Display;
use std::time::Duration;

use agent::InvalidField;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: String,
    field: Option<Box<str>>,
    retry_after: Option<Duration>,
    challenge: Option<Box<str>>,
    is_settled: bool,
}

/// Marks an answer of 5xx to a request that may have been done: it is not to be done again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled;

impl ApiError {
    /// `message` says what happened, `details` what to do about it.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        details: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: details.into(),
            field: None,
            retry_after: None,
            challenge: None,
            is_settled: false,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// A field that can not be used as given; `expected` follows the word "expected".
    pub(crate) fn invalid(field: impl Into<String>, expected: impl Display) -> Self {
        let field = field.into();
        let details = format!("`{field}`: expected {expected}.");
        Self::about(
            field,
            "The request has a field that can not be used.",
            details,
        )
    }

    /// A required field that is not there.
    pub(crate) fn missing(field: impl Into<String>) -> Self {
        let field = field.into();
        let details = format!("`{field}` is required.");
        Self::about(field, "The request lacks a field.", details)
    }

    /// A query parameter that the operation does not have; `known` lists those that it has.
    pub(crate) fn unknown_parameter(name: impl Into<String>, known: &[String]) -> Self {
        let name = name.into();
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let known = match known.as_slice() {
            [] => "none".to_owned(),
            known => known.join(", "),
        };
        let details = format!("`{name}` is an unknown parameter; known here: {known}.");
        Self::about(name, "The request has an unknown query parameter.", details)
    }

    /// A field that does not exist; `known` lists those that do.
    pub(crate) fn unknown_field(field: impl Into<String>, known: &str) -> Self {
        let field = field.into();
        let details = format!("`{field}` is an unknown field; known here: {known}.");
        Self::about(field, "The request has an unknown field.", details)
    }

    fn about(field: String, message: &str, details: String) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self {
            field: Some(field.into()),
            ..Self::new(status, "VALIDATION_FAILED", message, details)
        }
    }

    /// A field that is well written and yet can not be used, with a code of its own.
    pub(crate) fn unprocessable(
        code: &'static str,
        field: &str,
        message: &str,
        details: &str,
    ) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self {
            field: Some(field.into()),
            ..Self::new(status, code, message, details)
        }
    }

    /// Nothing is found here.
    pub(crate) fn not_found(code: &'static str, message: &str, details: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message, details)
    }

    /// Something of ours broke. Says so in the log and nothing of it to the client.
    pub(crate) fn internal(attempt: &str, error: &dyn Display) -> Self {
        tracing::error!(%error, "could not {attempt}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            "The node could not do this.",
            "Try again; if it happens again, the node's log has the reason.",
        )
    }

    /// Says in `WWW-Authenticate` what is wrong with the token (RFC 6750 §3); `problem` follows
    /// the scheme.
    pub(crate) fn challenge(self, problem: impl Into<String>) -> Self {
        Self {
            challenge: Some(problem.into().into()),
            ..self
        }
    }

    /// The same where what is wrong is a field of the object that was sent as `object`.
    pub(crate) fn within(mut self, object: &str) -> Self {
        if let Some(field) = self.field.take() {
            let whole = match &*field {
                "body" => object.to_owned(),
                field => format!("{object}.{field}"),
            };
            let (short, long) = (format!("`{field}`"), format!("`{whole}`"));
            self.details = self.details.replacen(&short, &long, 1);
            self.field = Some(whole.into());
        }
        self
    }

    /// Says that the request may have been done, so that it is not done again under its key.
    pub(crate) fn settled(self) -> Self {
        Self {
            is_settled: true,
            ..self
        }
    }

    /// Asks the client to come back later.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }
}

impl From<InvalidField> for ApiError {
    fn from(problem: InvalidField) -> Self {
        match problem.expected.strip_prefix("a known field here: ") {
            Some(known) => Self::unknown_field(problem.field, known),
            None => Self::invalid(problem.field, problem.expected),
        }
    }
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// Always false.
    success: bool,
    /// What happened.
    message: String,
    /// What exactly, and what to do about it.
    error: ErrorDetail,
}

/// What exactly happened.
#[derive(Serialize, ToSchema)]
struct ErrorDetail {
    /// A word for programs, such as `VALIDATION_FAILED`.
    code: String,
    /// What was expected, or what to do.
    details: String,
    /// The field or parameter that it is about, such as `participant.number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            success: false,
            message: self.message,
            error: ErrorDetail {
                code: self.code.to_owned(),
                details: self.details,
                field: self.field.map(String::from),
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        if self.is_settled {
            response.extensions_mut().insert(Settled);
        }
        let headers = response.headers_mut();
        let challenge = match (self.challenge, self.status) {
            (Some(problem), _) => HeaderValue::try_from(format!("Bearer {problem}")).ok(),
            (None, StatusCode::UNAUTHORIZED) => Some(HeaderValue::from_static("Bearer")),
            (None, _) => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}
