//! Parameters as OAuth has them: in a query or a form, each at most once, unknown ones passed over.

use axum::extract::Request;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::error::OauthError;
use crate::exchange::gather;
use crate::state::ApiState;

const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a request.
pub(super) struct Parameters(Vec<(String, String)>);

/// A parameter that is there more than once (RFC 6749 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeated(pub(super) &'static str);

impl Parameters {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        let parameters = url::form_urlencoded::parse(encoded).into_owned();
        Self(parameters.collect())
    }

    /// The value of a parameter; an empty one is like none.
    pub(super) fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(value.filter(|value| !value.is_empty()))
    }
}

/// The head of a request, and the parameters of the form that is its body.
pub(super) async fn read_form(
    request: Request,
    state: &ApiState,
) -> Result<(Parts, Parameters), OauthError> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(FORM) {
        return Err(OauthError::invalid_request(format!(
            "the body must be a form: send Content-Type: {FORM}"
        )));
    }
    let config = &state.config;
    let body = gather(&parts.headers, body, config.max_body, config.body_timeout).await;
    let body = body.map_err(|error| {
        if error.status() == StatusCode::INTERNAL_SERVER_ERROR {
            OauthError::server_error()
        } else {
            OauthError::invalid_request("the body is too large, too slow or not whole")
        }
    })?;
    Ok((parts, Parameters::parse(&body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_and_an_empty_one_is_none() {
        let parameters = Parameters::parse(b"a=1&b=&c=x%20y+z&d=1&d=1");
        assert_eq!(parameters.one("a"), Ok(Some("1")));
        assert_eq!(parameters.one("b"), Ok(None));
        assert_eq!(parameters.one("c"), Ok(Some("x y z")));
        assert_eq!(parameters.one("d"), Err(Repeated("d")));
        assert_eq!(parameters.one("e"), Ok(None));
    }
}
