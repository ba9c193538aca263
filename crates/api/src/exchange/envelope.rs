//! Answers as clients see them: `{success, message, data}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<T> {
    success: bool,
    message: &'static str,
    data: T,
}

/// 200 with `data`.
pub(crate) fn ok(message: &'static str, data: impl Serialize) -> Response {
    answer(StatusCode::OK, message, data)
}

/// 201 with `data`.
pub(crate) fn created(message: &'static str, data: impl Serialize) -> Response {
    answer(StatusCode::CREATED, message, data)
}

fn answer(status: StatusCode, message: &'static str, data: impl Serialize) -> Response {
    let envelope = Envelope {
        success: true,
        message,
        data,
    };
    (status, Json(envelope)).into_response()
}
