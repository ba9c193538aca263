//! Query parameters, each read as what it is to be.
//!
//! That there is none that the operation does not document has been seen to before the handler
//! is asked ([`crate::access`]).

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::values::FromText;
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
    /// Takes a parameter out as text; an empty one counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes a parameter out as a `T`.
    pub(crate) fn read<T: FromText>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.values.remove(name) else {
            return Ok(None);
        };
        match T::from_text(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(ApiError::invalid(name, T::expected())),
        }
    }
}
