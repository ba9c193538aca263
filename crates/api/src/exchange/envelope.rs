//! Answers as clients see them: `{success, message, data}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that holds what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    /// Always true; an error says false.
    success: bool,
    /// What was done.
    #[schema(value_type = String, example = "Done")]
    message: &'static str,
    /// What was asked for.
    data: T,
}

/// 201 with an [`Envelope`].
#[derive(Debug)]
pub(crate) struct Created<T>(Envelope<T>);

/// Data of an answer that has nothing more to say: an empty object.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nothing {}

/// 200 with `data`.
pub(crate) fn ok<T>(message: &'static str, data: T) -> Envelope<T> {
    Envelope {
        success: true,
        message,
        data,
    }
}

/// 201 with `data`.
pub(crate) fn created<T>(message: &'static str, data: T) -> Created<T> {
    Created(ok(message, data))
}

/// 200 with an empty object, for what was done and leaves nothing to show.
pub(crate) fn done(message: &'static str) -> Envelope<Nothing> {
    ok(message, Nothing {})
}

impl<T: Serialize> IntoResponse for Envelope<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}
