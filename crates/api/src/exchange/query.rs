//! Query parameters, read strictly: an unknown one is named, not ignored.

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::error::ApiError;

/// The parameters after the `?` of a request.
#[derive(Debug)]
pub(crate) struct Query {
    values: HashMap<String, String>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let raw = parts.uri.query().unwrap_or_default();
        let values = url::form_urlencoded::parse(raw.as_bytes())
            .into_owned()
            .collect();
        Ok(Self { values })
    }
}

impl Query {
    /// Takes a parameter out; an empty one counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name).filter(|value| !value.is_empty())
    }

    /// Refuses whatever was not taken.
    pub(crate) fn finish(self, known: &str) -> Result<(), ApiError> {
        match self.values.into_keys().min() {
            Some(unknown) => Err(ApiError::unknown_field(unknown, known)),
            None => Ok(()),
        }
    }
}
