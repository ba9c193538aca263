//! `/oauth/authorize`: asks a person whether a client may act (RFC 6749 §4.1).
//!
//! There are no accounts of people: who pastes an API key of the client's workspace may allow what
//! the key permits.

use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use store::{ApiKey, AuthenticateError, NewOauthGrant, StoreError};
use utoipa::ToSchema;

use super::error::{OauthError, retry_after};
use super::page;
use super::parameters::{Parameters, read_form};
use super::redirect_uri::with_parameters;
use super::request::{self, AuthorizationRequest, Problem, WayBack};
use super::same_browser::{PageToken, is_from_page};
use crate::clock::Now;
use crate::peer::Peer;
use crate::scope::Scopes;
use crate::state::ApiState;

const BROKEN: &str = "The node could not do this; its log has the reason. Try again.";

/// What the page sends: the parameters that it was asked with, and the person's answer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a form, which is read by its names")]
pub(super) struct Consent {
    /// `code`.
    response_type: String,
    /// Who asks.
    client_id: String,
    /// Where the answer goes, if the client said so.
    #[schema(nullable = false)]
    redirect_uri: Option<String>,
    /// Scopes with spaces between them.
    #[schema(nullable = false)]
    scope: Option<String>,
    /// What the client knows its request by.
    #[schema(nullable = false)]
    state: Option<String>,
    /// SHA-256 of the client's verifier, in base64url.
    code_challenge: String,
    /// `S256`.
    code_challenge_method: String,
    /// The text of the browser's cookie.
    page_token: String,
    /// `allow` or `deny`.
    decision: String,
    /// A key of the workspace; not needed to deny.
    #[schema(nullable = false)]
    api_key: Option<String>,
}

/// Asks whether a client may act
///
/// A page for people, to which a client sends them (RFC 6749 §4.1.1, RFC 7636). What is wrong with
/// client or redirect URI is shown; anything else is told to the client, at its redirect URI. Also
/// at `/oauth/authorize`. Parameters that are unknown are passed over.
#[utoipa::path(
    get, path = "/oauth/authorize", operation_id = "ask_for_consent", tag = "oauth",
    params(
        ("client_id" = String, Query, description = "The client."),
        ("response_type" = Option<String>, Query, description = "`code`."),
        ("redirect_uri" = Option<String>, Query,
            description = "Where the answer goes, as it is registered; may be left out if only \
                one is."),
        ("scope" = Option<String>, Query,
            description = "Scopes with spaces between them; all that the client is registered for \
                if left out."),
        ("state" = Option<String>, Query, description = "Comes back with the answer as it is."),
        ("code_challenge" = Option<String>, Query,
            description = "SHA-256 of the client's verifier in base64url (PKCE)."),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`."),
        ("response_mode" = Option<String>, Query, description = "`query`, if it is there at all."),
    ),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html",
            example = json!("<!doctype html>…")),
        (status = 303, description = "To the client, with `error`, `error_description`, `state` \
            and `iss`."),
        (status = 400, description = "A page that says what is wrong.", body = String,
            content_type = "text/html", example = json!("<!doctype html>…")),
        (status = 429, description = "A page that says to come back later.", body = String,
            content_type = "text/html", example = json!("<!doctype html>…")),
        (status = 500, description = "A page that says that the node failed.", body = String,
            content_type = "text/html", example = json!("<!doctype html>…")),
    ),
)]
pub(super) async fn ask(
    State(state): State<ApiState>,
    peer: Option<Extension<Peer>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let now = state.clock.now();
    let peer = peer.map(|Extension(peer)| peer);
    if let Err(wait) = state.limits.take_oauth(peer, now) {
        return too_many(wait);
    }
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    match asked(&state, &parameters).await {
        Ok(request) => question(&state, &headers, StatusCode::OK, &request, None),
        Err(response) => response,
    }
}

/// Takes a person's answer to a client
///
/// The form of the page (RFC 6749 §4.1.2). It is taken only from the browser that was shown the
/// page. Also at `/oauth/authorize`.
#[utoipa::path(
    post, path = "/oauth/authorize", operation_id = "answer_for_consent", tag = "oauth",
    request_body(content = Consent, content_type = "application/x-www-form-urlencoded",
        example = json!("response_type=code&client_id=0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34&\
            code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&\
            page_token=aB3…&decision=allow&api_key=mihu_…")),
    responses(
        (status = 303, description = "To the client, with `code`, `state` and `iss`; or with \
            `error` in place of `code`, `access_denied` if the person denied."),
        (status = 400, description = "A page that says what is wrong.", body = String,
            content_type = "text/html", example = json!("<!doctype html>…")),
        (status = 403, description = "The page again: the key opens nothing here, or the form is \
            not from this browser.", body = String, content_type = "text/html",
            example = json!("<!doctype html>…")),
        (status = 429, description = "A page that says to come back later.", body = String,
            content_type = "text/html", example = json!("<!doctype html>…")),
        (status = 500, description = "A page that says that the node failed.", body = String,
            content_type = "text/html", example = json!("<!doctype html>…")),
    ),
)]
pub(super) async fn answer(
    State(state): State<ApiState>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Response {
    let now = state.clock.now();
    let peer = peer.map(|Extension(peer)| peer);
    if let Err(wait) = state.limits.take_oauth(peer, now) {
        return too_many(wait);
    }
    let (parts, form) = match read_form(request, &state).await {
        Ok(read) => read,
        Err(error) => return unreadable(&error),
    };
    let request = match asked(&state, &form).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    let again = |notice| {
        question(
            &state,
            &parts.headers,
            StatusCode::FORBIDDEN,
            &request,
            Some(notice),
        )
    };
    let token = form.one("page_token").ok().flatten();
    if !is_from_page(&parts.headers, token, &state.config.public_url) {
        return again("This page was open for too long, or did not come from here. Answer again.");
    }
    match form.one("decision").ok().flatten() {
        Some("allow") => {}
        Some("deny") => {
            let told = "the person did not allow it";
            return tell(&state, &request.back, "access_denied", told);
        }
        Some(_) | None => return again("Choose to allow or to deny."),
    }
    let key = form.one("api_key").ok().flatten().unwrap_or_default();
    let key = match key_of(&state, &request, key.trim(), now).await {
        Ok(Some(key)) => key,
        Ok(None) => {
            return match state.limits.wrong_credential(peer, now) {
                Some(wait) => too_many(wait),
                None => again("That is no valid API key of the workspace that is asked for."),
            };
        }
        Err(error) => return broken("look up a key", &error),
    };
    let granted = request
        .scopes
        .common(&Scopes::new(key.scopes.iter().cloned()));
    if granted.as_slice().is_empty() {
        return again("This API key itself permits nothing of what is asked for.");
    }
    allow(&state, &request, &key, &granted, now).await
}

/// What the parameters ask for; or the answer to what can not be asked.
async fn asked(
    state: &ApiState,
    parameters: &Parameters,
) -> Result<AuthorizationRequest, Response> {
    const UNKNOWN: &str = "The link that led here is from a program that is not registered.";
    let refused = |problem| match problem {
        Problem::Shown(what) => page::problem(StatusCode::BAD_REQUEST, what),
        Problem::Told {
            back,
            error,
            description,
        } => tell(state, &back, error, description),
    };
    let client = request::client_id(parameters).map_err(refused)?;
    let client = state.store.any_oauth_client(client).await;
    let client = client.map_err(|error| broken("look up an OAuth client", &error))?;
    let client = client.ok_or_else(|| page::problem(StatusCode::BAD_REQUEST, UNKNOWN))?;
    request::read(parameters, client).map_err(refused)
}

/// The key of the client's workspace that has this token.
async fn key_of(
    state: &ApiState,
    request: &AuthorizationRequest,
    token: &str,
    now: Now,
) -> Result<Option<ApiKey>, StoreError> {
    match state.store.authenticate(token, now.wall).await {
        Ok(key) if key.workspace == request.client.workspace => Ok(Some(key)),
        Err(AuthenticateError::Store(error)) => Err(error),
        Ok(_)
        | Err(
            AuthenticateError::Unknown
            | AuthenticateError::Expired { .. }
            | AuthenticateError::Revoked { .. },
        ) => Ok(None),
    }
}

async fn allow(
    state: &ApiState,
    request: &AuthorizationRequest,
    key: &ApiKey,
    granted: &Scopes,
    now: Now,
) -> Response {
    let life = SignedDuration::try_from(state.config.oauth.code_lifetime).ok();
    let expires_at = life.and_then(|life| now.wall.checked_add(life).ok());
    let new = NewOauthGrant {
        client: request.client.id,
        key: key.id,
        scopes: granted.as_slice().to_vec(),
        redirect_uri: request.back.redirect_uri.clone(),
        redirect_uri_sent: request.back.redirect_uri_sent,
        code_challenge: request.code_challenge.clone(),
        code_expires_at: expires_at.unwrap_or(now.wall),
    };
    let store = state.store.in_workspace(&request.client.workspace);
    match store.begin_oauth_grant(&new, now.wall).await {
        Ok(Some(code)) => {
            let (client, key) = (request.client.id, &key.prefix);
            tracing::info!(%client, key, "an OAuth client was allowed to act");
            send_back(state, &request.back, &[("code", code.expose())])
        }
        Ok(None) => page::problem(
            StatusCode::BAD_REQUEST,
            "The program has just been deleted.",
        ),
        Err(error) => broken("grant what an OAuth client asks for", &error),
    }
}

fn question(
    state: &ApiState,
    headers: &HeaderMap,
    status: StatusCode,
    request: &AuthorizationRequest,
    notice: Option<&str>,
) -> Response {
    let public_url = &state.config.public_url;
    let token = PageToken::of_browser(headers, public_url);
    let mut response = page::question(status, request, &token, notice);
    if let Some(cookie) = token.cookie(public_url) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn tell(state: &ApiState, back: &WayBack, error: &str, description: &str) -> Response {
    let told = [("error", error), ("error_description", description)];
    send_back(state, back, &told)
}

/// With the `state` of the request, and who answers (RFC 9207).
fn send_back(state: &ApiState, back: &WayBack, answer: &[(&str, &str)]) -> Response {
    let issuer = state.issuer();
    let mut parameters = answer.to_vec();
    if let Some(known_by) = &back.state {
        parameters.push(("state", known_by));
    }
    parameters.push(("iss", &issuer));
    page::redirect(&with_parameters(&back.redirect_uri, &parameters))
}

fn too_many(wait: std::time::Duration) -> Response {
    const TOO_MANY: &str = "There were too many requests. Wait for a minute.";
    let mut response = page::problem(StatusCode::TOO_MANY_REQUESTS, TOO_MANY);
    response
        .headers_mut()
        .insert(RETRY_AFTER, retry_after(wait));
    response
}

fn unreadable(error: &OauthError) -> Response {
    page::problem(
        error.status(),
        "The form could not be read. Go back and try again.",
    )
}

fn broken(attempt: &str, error: &StoreError) -> Response {
    tracing::error!(%error, "could not {attempt}");
    page::problem(StatusCode::INTERNAL_SERVER_ERROR, BROKEN).into_response()
}
