//! `/oauth/token`: exchanges a code or a refresh token for tokens (RFC 6749 §4.1.3, §6).

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use store::{
    IssueOauthTokensError, IssuedOauthTokens, OauthClient, OauthCodeTerms, OauthLifetimes, Store,
};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::client_authentication::authenticate;
use super::error::{OauthError, OauthErrorBody, never_kept};
use super::parameters::{Parameters, read_form};
use super::request::parse_scopes;
use crate::clock::Now;
use crate::peer::Peer;
use crate::scope::Scopes;
use crate::state::ApiState;

/// What a client sends for tokens.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a form, which is read by its names")]
pub(super) struct TokenForm {
    /// `authorization_code` or `refresh_token`.
    grant_type: String,
    /// The code.
    #[schema(nullable = false)]
    code: Option<String>,
    /// Where the code was sent, if the client said so when it asked.
    #[schema(nullable = false)]
    redirect_uri: Option<String>,
    /// What hashes to the challenge.
    #[schema(nullable = false)]
    code_verifier: Option<String>,
    /// The refresh token.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// With a refresh token: fewer scopes for this access token.
    #[schema(nullable = false)]
    scope: Option<String>,
    /// The client, unless HTTP Basic says so.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Its secret, unless HTTP Basic says so or it has none.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// Tokens (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "mihu_access_x7Qz0a1B…",
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "mihu_refresh_m3Kd9f2C…",
    "scope": "calls:read contacts:*",
}))]
pub(super) struct Tokens {
    /// Opens the API, as `Authorization: Bearer TOKEN`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(value_type = String)]
    token_type: &'static str,
    /// Seconds until it does not.
    expires_in: i64,
    /// Is exchanged for others, once.
    refresh_token: String,
    /// What the access token permits: scopes with spaces between them.
    scope: String,
}

/// Issues tokens
///
/// For a code with its verifier, once and within a minute, or for a refresh token, once. A second
/// use revokes all that came of the first. Errors are those of RFC 6749 §5.2. Also at
/// `/oauth/token`. Parameters that are unknown are passed over.
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "issue_oauth_tokens", tag = "oauth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded",
        example = json!("grant_type=authorization_code&code=mihu_code_…&\
            redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&\
            code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&\
            client_id=0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34")),
    responses(
        (status = 200, description = "The tokens.", body = Tokens),
        (status = 400, description = "`invalid_request`, `invalid_grant`, `invalid_scope` or \
            `unsupported_grant_type`.", body = OauthErrorBody),
        (status = 401, description = "`invalid_client`.", body = OauthErrorBody),
        (status = 429, description = "`temporarily_unavailable`: too many requests.",
            body = OauthErrorBody),
        (status = 500, description = "`server_error`.", body = OauthErrorBody),
    ),
)]
pub(super) async fn issue(
    State(state): State<ApiState>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<Response, OauthError> {
    let now = state.clock.now();
    let peer = peer.map(|Extension(peer)| peer);
    let taken = state.limits.take_oauth(peer, now);
    taken.map_err(OauthError::too_many)?;
    let (parts, form) = read_form(request, &state).await?;
    let client = authenticate(&state, &parts.headers, &form, peer, now).await?;
    let exchange = Exchange {
        store: state.store.in_workspace(&client.workspace),
        lifetimes: OauthLifetimes {
            access: state.config.oauth.access_token_lifetime,
            refresh: state.config.oauth.refresh_token_lifetime,
        },
        client,
        now,
    };
    let issued = match form.one("grant_type")? {
        Some("authorization_code") => exchange.code(&form).await?,
        Some("refresh_token") => exchange.refresh_token(&form).await?,
        Some(_) => return Err(OauthError::unsupported_grant_type()),
        None => return Err(OauthError::invalid_request("grant_type is missing")),
    };
    Ok(tokens(&issued, now))
}

/// What a client exchanges.
struct Exchange {
    store: Store,
    client: OauthClient,
    lifetimes: OauthLifetimes,
    now: Now,
}

impl Exchange {
    async fn code(&self, form: &Parameters) -> Result<IssuedOauthTokens, OauthError> {
        let missing = |name| OauthError::invalid_request(format!("{name} is missing"));
        let code = form.one("code")?.ok_or_else(|| missing("code"))?;
        let verifier = form.one("code_verifier")?;
        let verifier = verifier.ok_or_else(|| missing("code_verifier"))?;
        if !is_verifier(verifier) {
            return Err(OauthError::invalid_request(
                "code_verifier must be 43 to 128 letters, digits or any of -._~",
            ));
        }
        let redirect_uri = form.one("redirect_uri")?;
        let accepts = |terms: &OauthCodeTerms| {
            fits_challenge(verifier, &terms.code_challenge) && is_place(redirect_uri, terms)
        };
        let issued = self
            .store
            .redeem_oauth_code(self.client.id, code, accepts, self.lifetimes, self.now.wall)
            .await;
        issued.map_err(|error| match error {
            IssueOauthTokensError::Unknown => {
                OauthError::invalid_grant("the code is unknown, over or another client's")
            }
            IssueOauthTokensError::Reused => self.reused("code"),
            IssueOauthTokensError::Refused => OauthError::invalid_grant(
                "code_verifier or redirect_uri does not fit the request that the code answers",
            ),
            IssueOauthTokensError::Store(error) => {
                OauthError::internal("redeem an OAuth code", &error)
            }
        })
    }

    async fn refresh_token(&self, form: &Parameters) -> Result<IssuedOauthTokens, OauthError> {
        let token = form.one("refresh_token")?;
        let token = token.ok_or_else(|| OauthError::invalid_request("refresh_token is missing"))?;
        let asked = match form.one("scope")? {
            Some(asked) => Some(parse_scopes(asked).ok_or_else(wrong_scopes)?),
            None => None,
        };
        let choose = |granted: &[String]| match &asked {
            None => Some(granted.to_vec()),
            Some(asked) => Scopes::new(granted.iter().cloned())
                .include(asked)
                .then(|| asked.as_slice().to_vec()),
        };
        let issued = self
            .store
            .refresh_oauth_tokens(self.client.id, token, choose, self.lifetimes, self.now.wall)
            .await;
        issued.map_err(|error| match error {
            IssueOauthTokensError::Unknown => {
                OauthError::invalid_grant("the refresh token is unknown, over or another client's")
            }
            IssueOauthTokensError::Reused => self.reused("refresh token"),
            IssueOauthTokensError::Refused => wrong_scopes(),
            IssueOauthTokensError::Store(error) => {
                OauthError::internal("exchange an OAuth refresh token", &error)
            }
        })
    }

    fn reused(&self, what: &'static str) -> OauthError {
        let client = self.client.id;
        tracing::warn!(%client, "an OAuth {what} came a second time; its grant is revoked");
        OauthError::invalid_grant("this was used before; all tokens that came of it are revoked")
    }
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    let is_unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

/// RFC 7636 §4.6.
fn fits_challenge(verifier: &str, challenge: &str) -> bool {
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    hash.as_bytes().ct_eq(challenge.as_bytes()).into()
}

/// RFC 6749 §4.1.3: what was said when the code was asked for has to be said again.
fn is_place(redirect_uri: Option<&str>, terms: &OauthCodeTerms) -> bool {
    match redirect_uri {
        Some(redirect_uri) => redirect_uri == terms.redirect_uri,
        None => !terms.redirect_uri_sent,
    }
}

fn wrong_scopes() -> OauthError {
    OauthError::invalid_scope("scope must be of the scopes that were granted")
}

fn tokens(issued: &IssuedOauthTokens, now: Now) -> Response {
    let left = issued.access_expires_at.duration_since(now.wall);
    let mut response = Json(Tokens {
        access_token: issued.access.expose().to_owned(),
        token_type: "Bearer",
        expires_in: left.as_secs(),
        refresh_token: issued.refresh.expose().to_owned(),
        scope: issued.scopes.join(" "),
    })
    .into_response();
    never_kept(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_the_standard_fits_its_challenge() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_verifier(verifier));
        assert!(fits_challenge(verifier, challenge));
        assert!(!fits_challenge(challenge, challenge));
        assert!(!fits_challenge(&verifier[1..], challenge));
    }

    #[test]
    fn a_verifier_has_its_length_and_letters() {
        for (text, is_one) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("-._~".repeat(32), true),
            ("a".repeat(129), false),
            ("+".repeat(43), false),
            ("é".repeat(43), false),
        ] {
            assert_eq!(is_verifier(&text), is_one, "{text}");
        }
    }
}
