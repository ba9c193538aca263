//! JSON bodies: type, size, syntax and fields, each with an error of its own.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ApiError;
use crate::state::ApiState;

/// How much of a body that is too large is still read and dropped, so that the client has sent
/// it and sees the answer instead of a broken connection.
const DRAINED: usize = 1024 * 1024;

/// A JSON body of the fields of `T`.
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct MaybeJson<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequest<ApiState> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Err(not_json("the body is empty"));
        }
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<ApiState> for MaybeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        parse(&bytes).map(|body| Self(Some(body)))
    }
}

async fn read(request: Request, state: &ApiState) -> Result<Bytes, ApiError> {
    let (parts, body) = request.into_parts();
    check_type(&parts.headers)?;
    let config = &state.config;
    gather(&parts.headers, body, config.max_body, config.body_timeout).await
}

/// The whole of a body of at most `limit` bytes.
pub(crate) async fn gather(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes, ApiError> {
    let announced = headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok());
    let announced: Option<usize> = announced.and_then(|length| length.parse().ok());
    let reading = collect(body, limit, announced.is_some_and(|length| length > limit));
    tokio::time::timeout(timeout, reading).await.map_err(|_| {
        ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "REQUEST_TIMEOUT",
            "The body did not arrive in time.",
            format!("Send it within {} s.", timeout.as_secs()),
        )
    })?
}

async fn collect(body: Body, limit: usize, announced_too_large: bool) -> Result<Bytes, ApiError> {
    let mut stream = body.into_data_stream();
    let mut collected = BytesMut::new();
    let mut too_large = announced_too_large;
    let mut received = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| broken_off())?;
        received += chunk.len();
        if received > limit {
            too_large = true;
            collected.clear();
        }
        if received > DRAINED.max(limit) {
            break;
        }
        if !too_large {
            collected.extend_from_slice(&chunk);
        }
    }
    if too_large {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BODY_TOO_LARGE",
            "The body is too large.",
            format!("At most {limit} bytes are accepted."),
        ));
    }
    Ok(collected.freeze())
}

fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or_default();
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "The body is announced as something else than JSON.",
        "Send `Content-Type: application/json`.",
    ))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        // The parser's own message may repeat what was sent.
        not_json(&format!(
            "it goes wrong at line {} column {}",
            error.line(),
            error.column()
        ))
    })?;
    if !value.is_object() {
        return Err(ApiError::invalid("body", "a JSON object"));
    }
    if let Some(field) = nul_in(&value) {
        return Err(ApiError::invalid(field, "text without NUL characters"));
    }
    typed(value)
}

/// The path of a text or a name that holds a NUL character, which no database keeps in a text.
fn nul_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| Some(format!("[{index}]{}", below(&nul_in(item)?))))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            if name.contains('\0') {
                return Some("body".to_owned());
            }
            Some(format!("{name}{}", below(&nul_in(field)?)))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn below(path: &str) -> String {
    let is_index = path.is_empty() || path.starts_with('[');
    if is_index {
        path.to_owned()
    } else {
        format!(".{path}")
    }
}

/// The fields of `T` in an object.
pub(crate) fn typed<T: DeserializeOwned>(object: Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(object).map_err(invalid)
}

fn broken_off() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "INCOMPLETE_BODY",
        "The body broke off.",
        "Send as many bytes as `Content-Length` announces.",
    )
}

fn not_json(reason: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "INVALID_JSON",
        "The body is not JSON.",
        format!("Send one JSON object; {reason}."),
    )
}

/// Names the field and what it takes, and repeats nothing of what was sent but names.
fn invalid(error: serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let path = error.path().clone();
    let message = error.into_inner().to_string();
    if let Some(name) = quoted(&message, "missing field `") {
        return ApiError::missing(join(&path, name));
    }
    if let Some(name) = quoted(&message, "unknown field `") {
        let known = message
            .rsplit_once(", expected ")
            .map_or("none", |(_, known)| known);
        let known = known.strip_prefix("one of ").unwrap_or(known);
        return ApiError::unknown_field(ending_with(&path, name), known);
    }
    let expected = message
        .rsplit_once(", expected ")
        .map_or(message.as_str(), |(_, it)| it);
    ApiError::invalid(path.to_string(), readable_type(expected))
}

fn quoted<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.split('`').next()
}

fn join(path: &serde_path_to_error::Path, name: &str) -> String {
    if is_root(path) {
        return name.to_owned();
    }
    format!("{path}.{name}")
}

/// The path of an unknown field; serde counts it as visited or not, depending on the object.
fn ending_with(path: &serde_path_to_error::Path, name: &str) -> String {
    let written = path.to_string();
    let is_there = written == name || written.ends_with(&format!(".{name}"));
    if is_there { written } else { join(path, name) }
}

fn is_root(path: &serde_path_to_error::Path) -> bool {
    path.iter().next().is_none()
}

/// serde's names of types in everyday words.
fn readable_type(expected: &str) -> &str {
    match expected {
        "a string" => "text",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        other => other,
    }
}
