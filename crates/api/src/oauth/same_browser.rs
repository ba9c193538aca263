//! Whether a form comes from the page that this node showed to the same browser.
//!
//! The page sets a cookie and holds the same random text in its form; another site can neither read
//! nor set the cookie. Nothing of it is kept, so any node of several can show the page and take the
//! form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use rand::RngCore as _;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::request::is_base64url;

/// 32 bytes in unpadded base64url.
const LENGTH: usize = 43;
/// How long a page may lie before it is answered, in seconds.
const LIFE: u32 = 3_600;

/// The text that a page and its browser share.
pub(super) struct PageToken(String);

impl PageToken {
    /// That of this browser, if it has one already: its other pages stay good.
    pub(super) fn of_browser(headers: &HeaderMap, public_url: &Url) -> Self {
        cookie(headers, public_url).map_or_else(Self::generate, |token| Self(token.to_owned()))
    }

    fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The cookie that gives it to the browser.
    pub(super) fn cookie(&self, public_url: &Url) -> Option<HeaderValue> {
        let secure = if is_secure(public_url) {
            "; Secure"
        } else {
            ""
        };
        let cookie = format!(
            "{}={}; Path=/; Max-Age={LIFE}; HttpOnly; SameSite=Strict{secure}",
            name(public_url),
            self.0
        );
        HeaderValue::try_from(cookie).ok()
    }
}

/// Whether a form with this token comes from a page of this browser.
pub(super) fn is_from_page(headers: &HeaderMap, token: Option<&str>, public_url: &Url) -> bool {
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    match (cookie(headers, public_url), token) {
        (Some(own), Some(token)) => own.as_bytes().ct_eq(token.as_bytes()).into(),
        _ => false,
    }
}

fn cookie<'a>(headers: &'a HeaderMap, public_url: &Url) -> Option<&'a str> {
    let name = name(public_url);
    let headers = headers.get_all(COOKIE).iter();
    let mut cookies = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(known, _)| *known == name);
    let (_, token) = cookies.next()?;
    let is_only = cookies.next().is_none();
    let is_ours = token.len() == LENGTH && token.bytes().all(is_base64url);
    Some(token).filter(|_| is_only && is_ours)
}

/// With TLS a browser takes the cookie only from this very host.
fn name(public_url: &Url) -> &'static str {
    if is_secure(public_url) {
        "__Host-mihu_consent"
    } else {
        "mihu_consent"
    }
}

fn is_secure(public_url: &Url) -> bool {
    public_url.scheme() == "https"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn headers(cookies: &str, site: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookies.parse().unwrap());
        if let Some(site) = site {
            headers.insert("sec-fetch-site", site.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_form_is_taken_only_with_the_token_of_its_browser_and_site() {
        let node = url("http://node.example");
        let (own, other) = ("a".repeat(LENGTH), "b".repeat(LENGTH));
        let cookies = format!("x=1; mihu_consent={own}");
        for (cookies, site, token, taken) in [
            (cookies.as_str(), None, Some(own.as_str()), true),
            (&cookies, Some("same-origin"), Some(&own), true),
            (&cookies, Some("cross-site"), Some(&own), false),
            (&cookies, Some("same-site"), Some(&own), false),
            (&cookies, Some("none"), Some(&own), false),
            (&cookies, None, Some(&other), false),
            (&cookies, None, None, false),
            ("x=1", None, Some(&own), false),
            ("mihu_consent=", None, Some(""), false),
            (
                &format!("{cookies}; mihu_consent={other}"),
                None,
                Some(&own),
                false,
            ),
        ] {
            let headers = headers(cookies, site);
            assert_eq!(
                is_from_page(&headers, token, &node),
                taken,
                "{cookies} {site:?}"
            );
        }
    }

    #[test]
    fn with_tls_the_cookie_is_of_this_host_alone() {
        let node = url("https://node.example");
        let token = PageToken::of_browser(&HeaderMap::new(), &node);
        let cookie = token.cookie(&node).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-mihu_consent="), "{cookie}");
        for part in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/;"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }

    #[test]
    fn a_browser_keeps_its_token() {
        let node = url("http://node.example");
        let first = PageToken::of_browser(&HeaderMap::new(), &node);
        let headers = headers(&format!("mihu_consent={}", first.as_str()), None);
        let second = PageToken::of_browser(&headers, &node);
        assert_eq!(first.as_str(), second.as_str());
    }
}
