//! What a client asks of a person: read and checked (RFC 6749 §4.1.1, RFC 7636 §4.3).
//!
//! Nothing here reads a clock or a store. Until client and redirect URI are known to belong
//! together, what is wrong is shown to the person and sent nowhere (RFC 6749 §4.1.2.1).

use store::OauthClient;
use uuid::Uuid;

use super::parameters::{Parameters, Repeated};
use super::redirect_uri::RedirectUri;
use crate::scope::Scopes;

/// A SHA-256 in unpadded base64url.
const CHALLENGE_LENGTH: usize = 43;

/// A request that can be put to a person.
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    /// Who asks.
    pub(super) client: OauthClient,
    /// What it may do if the person agrees.
    pub(super) scopes: Scopes,
    /// What its verifier will hash to.
    pub(super) code_challenge: String,
    /// Where the answer goes.
    pub(super) back: WayBack,
}

/// Where the answer to a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WayBack {
    /// The redirect URI.
    pub(super) redirect_uri: String,
    /// Whether the client said so itself.
    pub(super) redirect_uri_sent: bool,
    /// What the client knows its request by.
    pub(super) state: Option<String>,
}

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// To be shown to the person.
    Shown(&'static str),
    /// To be told to the client.
    Told {
        /// Where.
        back: WayBack,
        /// A word for programs, from RFC 6749.
        error: &'static str,
        /// What was expected.
        description: &'static str,
    },
}

/// Who asks, by their own account.
pub(super) fn client_id(parameters: &Parameters) -> Result<Uuid, Problem> {
    const MISSING: &str = "The link that led here does not say which program it is from: \
                           `client_id` is to be there once, and a UUID.";
    let id = parameters.one("client_id").ok().flatten();
    id.and_then(|id| id.parse().ok())
        .ok_or(Problem::Shown(MISSING))
}

/// What `client` asks for.
pub(super) fn read(
    parameters: &Parameters,
    client: OauthClient,
) -> Result<AuthorizationRequest, Problem> {
    let back = way_back(parameters, &client)?;
    match rest(parameters, &client) {
        Ok((scopes, code_challenge)) => Ok(AuthorizationRequest {
            client,
            scopes,
            code_challenge,
            back,
        }),
        Err((error, description)) => Err(Problem::Told {
            back,
            error,
            description,
        }),
    }
}

fn way_back(parameters: &Parameters, client: &OauthClient) -> Result<WayBack, Problem> {
    let asked = parameters.one("redirect_uri").map_err(|Repeated(_)| {
        Problem::Shown("The link that led here has several redirect URIs.")
    })?;
    let registered = &client.redirect_uris;
    let redirect_uri = match (asked, registered.as_slice()) {
        (Some(asked), registered) => registered
            .iter()
            .filter_map(|uri| RedirectUri::parse(uri).ok())
            .any(|uri| uri.permits(asked))
            .then_some(asked)
            .ok_or(Problem::Shown(
                "The link that led here names a redirect URI that is not registered for this \
                 program, character by character.",
            ))?,
        (None, [only]) => only,
        (None, _) => {
            return Err(Problem::Shown(
                "The link that led here does not say where to go back to: `redirect_uri` is \
                 missing.",
            ));
        }
    };
    Ok(WayBack {
        redirect_uri: redirect_uri.to_owned(),
        redirect_uri_sent: asked.is_some(),
        state: parameters.one("state").ok().flatten().map(str::to_owned),
    })
}

/// The scopes and the challenge; or the error and what was expected.
fn rest(
    parameters: &Parameters,
    client: &OauthClient,
) -> Result<(Scopes, String), (&'static str, &'static str)> {
    const REPEATED: (&str, &str) = ("invalid_request", "a parameter is there more than once");
    let one = |name| parameters.one(name).map_err(|Repeated(_)| REPEATED);
    one("state")?;
    match one("response_type")? {
        Some("code") => {}
        Some(_) => {
            return Err(("unsupported_response_type", "response_type must be code"));
        }
        None => return Err(("invalid_request", "response_type=code is missing")),
    }
    if one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(("invalid_request", "response_mode must be query"));
    }
    let challenge = one("code_challenge")?.ok_or((
        "invalid_request",
        "code_challenge is missing: PKCE is required",
    ))?;
    if one("code_challenge_method")? != Some("S256") {
        return Err(("invalid_request", "code_challenge_method must be S256"));
    }
    let is_hash = challenge.len() == CHALLENGE_LENGTH && challenge.bytes().all(is_base64url);
    if !is_hash {
        return Err((
            "invalid_request",
            "code_challenge must be a SHA-256 in base64url, 43 characters",
        ));
    }
    let scopes = scopes(one("scope")?, client)?;
    Ok((scopes, challenge.to_owned()))
}

/// All that the client is registered for, unless it asks for less.
fn scopes(
    asked: Option<&str>,
    client: &OauthClient,
) -> Result<Scopes, (&'static str, &'static str)> {
    let most = Scopes::new(client.scopes.iter().cloned());
    let Some(asked) = asked else { return Ok(most) };
    let asked = parse_scopes(asked).ok_or((
        "invalid_scope",
        "scope must be scopes such as calls:read, with spaces between them",
    ))?;
    if !most.include(&asked) {
        return Err((
            "invalid_scope",
            "the client is not registered for all of these scopes",
        ));
    }
    Ok(asked)
}

/// Scopes with spaces between them; nothing if there are none or unknown ones.
pub(super) fn parse_scopes(text: &str) -> Option<Scopes> {
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    words.peek()?;
    Scopes::parse(words).ok()
}

pub(super) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests;
