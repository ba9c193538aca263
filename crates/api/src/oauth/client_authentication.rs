//! Which client asks, and whether it is the one (RFC 6749 §2.3).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use store::OauthClient;
use url::form_urlencoded;
use uuid::Uuid;

use super::error::OauthError;
use super::parameters::Parameters;
use crate::clock::Now;
use crate::peer::Peer;
use crate::state::ApiState;

/// Who a client says it is.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    id: String,
    secret: Option<String>,
}

/// The client that sends this, if it shows that it is.
pub(super) async fn authenticate(
    state: &ApiState,
    headers: &HeaderMap,
    form: &Parameters,
    peer: Option<Peer>,
    now: Now,
) -> Result<OauthClient, OauthError> {
    let claim = claim(headers, form)?;
    let client = match claim.id.parse::<Uuid>() {
        Ok(id) => {
            let secret = claim.secret.as_deref();
            let client = state.store.authenticate_oauth_client(id, secret).await;
            client.map_err(|error| OauthError::internal("look up an OAuth client", &error))?
        }
        Err(_) => None,
    };
    client.ok_or_else(|| match state.limits.wrong_credential(peer, now) {
        Some(wait) => OauthError::too_many(wait),
        None => OauthError::invalid_client(),
    })
}

/// In the header, in the form, or, for a client without a secret, its id alone.
fn claim(headers: &HeaderMap, form: &Parameters) -> Result<Claim, OauthError> {
    let (id, secret) = (form.one("client_id")?, form.one("client_secret")?);
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        let missing = "client_id is missing, in the form or as HTTP Basic";
        return Ok(Claim {
            id: id
                .ok_or_else(|| OauthError::invalid_request(missing))?
                .to_owned(),
            secret: secret.map(str::to_owned),
        });
    };
    let header = header.to_str().ok().filter(|_| headers.next().is_none());
    let claim = header
        .and_then(basic)
        .ok_or_else(OauthError::invalid_client)?;
    let is_another = id.is_some_and(|id| id != claim.id);
    if secret.is_some() || is_another {
        let twice = "the client shows who it is in two ways; use either the header or the form";
        return Err(OauthError::invalid_request(twice));
    }
    Ok(claim)
}

/// HTTP Basic, whose two parts are encoded like those of a form.
fn basic(header: &str) -> Option<Claim> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some(Claim {
        id: form_decoded(id).into_owned(),
        secret: Some(form_decoded(secret).into_owned()).filter(|secret| !secret.is_empty()),
    })
}

fn form_decoded(text: &str) -> Cow<'_, str> {
    // A value of a form as it stands, separators included.
    let whole = text.replace('&', "%26").replace('=', "%3D");
    let parsed = form_urlencoded::parse(whole.as_bytes()).next();
    parsed.map_or(Cow::Borrowed(""), |(name, _)| Cow::Owned(name.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(header: Option<&str>, form: &str) -> Option<Claim> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        claim(&headers, &Parameters::parse(form.as_bytes())).ok()
    }

    fn encoded(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn a_client_shows_who_it_is_in_one_way() {
        let claim = |id: &str, secret: Option<&str>| {
            Some(Claim {
                id: id.to_owned(),
                secret: secret.map(str::to_owned),
            })
        };
        for (header, form, expected) in [
            (None, "client_id=a", claim("a", None)),
            (None, "client_id=a&client_secret=b", claim("a", Some("b"))),
            (None, "client_secret=b", None),
            (None, "client_id=a&client_id=a", None),
            (Some(encoded("a:b")), "", claim("a", Some("b"))),
            (Some(encoded("a:b")), "client_id=a", claim("a", Some("b"))),
            (Some(encoded("a:b")), "client_id=c", None),
            (Some(encoded("a:b")), "client_secret=b", None),
            (
                Some(encoded("a%3A:b%2B+%25")),
                "",
                claim("a:", Some("b+ %")),
            ),
            (Some(encoded("a:b&c=d")), "", claim("a", Some("b&c=d"))),
            (Some(encoded("a:")), "", claim("a", None)),
            (Some(encoded("a")), "", None),
            (Some("Basic ???".to_owned()), "", None),
            (Some("Bearer a".to_owned()), "client_id=a", None),
            (Some("Basic".to_owned()), "", None),
        ] {
            assert_eq!(
                claimed(header.as_deref(), form),
                expected,
                "{header:?} {form}"
            );
        }
    }
}
