//! Bearer tokens, of API keys and of OAuth clients: checked before anything else of a request is looked at.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use store::{AuthenticateError, OpenOauthTokenError, is_oauth_token};

use crate::caller::Caller;
use crate::error::ApiError;
use crate::scope::Scopes;
use crate::state::ApiState;

const USAGE: &str = "Send the header `Authorization: Bearer TOKEN`; \
                     `mihu keys create --name NAME` makes a token.";

/// Who sent these headers; refuses those whose token opens no key.
pub(crate) async fn authenticate(
    state: &ApiState,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Caller, ApiError> {
    let token = bearer_token(headers)?;
    if is_oauth_token(token) {
        return client(state, token, now).await;
    }
    let key = state.store.authenticate(token, now).await;
    let key = key.map_err(refused)?;
    tracing::debug!(key = key.prefix, "authenticated");
    Ok(Caller {
        account: key.id,
        store: state.store.in_workspace(&key.workspace),
        workspace: key.workspace,
        scopes: Scopes::new(key.scopes),
    })
}

/// The OAuth client that holds this token.
async fn client(state: &ApiState, token: &str, now: Timestamp) -> Result<Caller, ApiError> {
    const RENEW: &str = "Get another one with the refresh token, or ask for consent again.";
    let access = state.store.open_oauth_token(token, now).await;
    let access = access.map_err(|error| match error {
        OpenOauthTokenError::Unknown => invalid("The token opens nothing here.", USAGE),
        OpenOauthTokenError::Expired { at } => {
            invalid(&format!("The token expired at {at}."), RENEW)
        }
        OpenOauthTokenError::Revoked { at } => {
            invalid(&format!("The token was revoked at {at}."), RENEW)
        }
        OpenOauthTokenError::Store(error) => ApiError::internal("look up an OAuth token", &error),
    })?;
    tracing::debug!(client = %access.client, "authenticated");
    Ok(Caller {
        account: access.client,
        store: state.store.in_workspace(&access.workspace),
        workspace: access.workspace,
        scopes: Scopes::new(access.scopes),
    })
}

/// The token in these headers.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Err(unauthorised(
            "MISSING_AUTH_TOKEN",
            "The request has no token.",
            USAGE,
        ));
    };
    let words = header.to_str().ok().and_then(|text| text.split_once(' '));
    match words {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(invalid("The request has no bearer token.", USAGE)),
    }
}

fn refused(error: AuthenticateError) -> ApiError {
    const RENEW: &str = "Make another one with `mihu keys create --name NAME`.";
    match error {
        AuthenticateError::Unknown => invalid("The token opens nothing here.", USAGE),
        AuthenticateError::Expired { at } => invalid(&format!("The token expired at {at}."), RENEW),
        AuthenticateError::Revoked { at } => {
            invalid(&format!("The token was revoked at {at}."), RENEW)
        }
        AuthenticateError::Store(error) => ApiError::internal("look up a token", &error),
    }
}

fn invalid(message: &str, details: &str) -> ApiError {
    unauthorised("INVALID_AUTH_TOKEN", message, details).challenge(r#"error="invalid_token""#)
}

fn unauthorised(code: &'static str, message: &str, details: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message, details)
}
