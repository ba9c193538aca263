//! What a webhook may say of itself.

use outbound::Guard;
use url::Url;

use super::secret;
use crate::config::WebhookSettings;
use crate::error::ApiError;

const LONGEST_URL: usize = 2048;
const LONGEST_SECRET: usize = 256;

/// Checks a webhook's address; `field` is its path in the request.
pub(crate) fn check_url(
    settings: &WebhookSettings,
    url: &str,
    field: &str,
) -> Result<(), ApiError> {
    let invalid = |expected: &str| ApiError::invalid(field, expected);
    if url.len() > LONGEST_URL {
        return Err(invalid("at most 2048 characters"));
    }
    let parsed = Url::parse(url).map_err(|_| invalid("a URL such as https://example.com/hook"))?;
    match parsed.scheme() {
        "https" => {}
        "http" if settings.allow_http => {}
        _ if settings.allow_http => {
            return Err(invalid("a URL that begins with https:// or http://"));
        }
        _ => return Err(invalid("a URL that begins with https://")),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(invalid("a URL without user name and password"));
    }
    let guard = Guard {
        allow_private: settings.allow_private,
    };
    guard
        .check_url(&parsed)
        .map_err(|refused| invalid(&format!("a URL on the public internet; {refused}")))
}

/// Checks a webhook's secret; `field` is its path in the request.
pub(super) fn check_secret(text: &str, field: &str) -> Result<(), ApiError> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_SECRET {
        return Err(ApiError::invalid(field, "text of 1 to 256 characters"));
    }
    if !secret::is_well_formed(text) {
        return Err(ApiError::invalid(
            field,
            "base64 after `whsec_`, or text that does not begin so",
        ));
    }
    Ok(())
}
