//! Bearer tokens: checked before anything else of a request is looked at.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use store::AuthenticateError;

use crate::clock;
use crate::error::ApiError;
use crate::state::ApiState;

const USAGE: &str = "Send the header `Authorization: Bearer TOKEN`; \
                     `mihu keys create --name NAME` makes a token.";

/// Lets a request pass whose token opens a key.
pub(crate) async fn require_key(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    check(&state, request.headers()).await?;
    Ok(next.run(request).await)
}

/// Refuses headers whose token opens no key.
pub(crate) async fn check(state: &ApiState, headers: &HeaderMap) -> Result<(), ApiError> {
    let token = bearer_token(headers)?;
    let key = state
        .store
        .authenticate(token, clock::now())
        .await
        .map_err(refused)?;
    tracing::debug!(key = key.prefix, "authenticated");
    Ok(())
}

fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
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
        Some(_) | None => Err(unauthorised(
            "INVALID_AUTH_TOKEN",
            "The request has no bearer token.",
            USAGE,
        )),
    }
}

fn refused(error: AuthenticateError) -> ApiError {
    const RENEW: &str = "Make another one with `mihu keys create --name NAME`.";
    match error {
        AuthenticateError::Unknown => {
            unauthorised("INVALID_AUTH_TOKEN", "The token opens nothing here.", USAGE)
        }
        AuthenticateError::Expired { at } => unauthorised(
            "INVALID_AUTH_TOKEN",
            &format!("The token expired at {at}."),
            RENEW,
        ),
        AuthenticateError::Revoked { at } => unauthorised(
            "INVALID_AUTH_TOKEN",
            &format!("The token was revoked at {at}."),
            RENEW,
        ),
        AuthenticateError::Store(error) => ApiError::internal("look up a token", &error),
    }
}

fn unauthorised(code: &'static str, message: &str, details: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message, details)
}
