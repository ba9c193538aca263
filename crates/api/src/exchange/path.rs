//! Path parameters, with an error like every other one.

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::ApiError;

/// The parameters in a path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(parameters)| Self(parameters))
            .map_err(|_| unreadable())
    }
}

/// The id in a path; what is no UUID is `unknown` like an id that nothing has.
pub(crate) fn id(text: &str, unknown: fn() -> ApiError) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| unknown())
}

fn unreadable() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "INVALID_PATH",
        "The path can not be read.",
        "Its percent-encoded parts must be UTF-8.",
    )
}
