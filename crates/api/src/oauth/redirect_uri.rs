//! Where a client has people sent back to.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::form_urlencoded::Serializer;
use url::{Host, Url};

const LONGEST: usize = 2_000;
/// No part of a URI as RFC 3986 writes it, or a pattern, which would match more than itself.
const FORBIDDEN: &[u8] = b"\"<>\\^`{|}*#@";

/// An address that a client may have people sent back to: `https`, or `http` on the machine that
/// they sit at (RFC 8252 §7.3). It is compared character by character. Only where it names a
/// loopback address without a port, any port will do, as programs there get theirs from the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

/// An address that no client may have people sent back to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an https URI, or an http one of 127.0.0.1, [::1] or localhost, in its normal form, of at most \
     {LONGEST} characters, without user, fragment or `*`"
)]
pub struct InvalidRedirectUri;

impl RedirectUri {
    /// Reads a redirect URI.
    pub fn parse(text: &str) -> Result<Self, InvalidRedirectUri> {
        let url = read(text).ok_or(InvalidRedirectUri)?;
        let is_permitted = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => url.host().is_some_and(is_this_machine),
            _ => false,
        };
        if is_permitted {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRedirectUri)
        }
    }

    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client that registered this one may use `asked`.
    pub(super) fn permits(&self, asked: &str) -> bool {
        if self.0 == asked {
            return true;
        }
        let (Some(own), Some(mut other)) = (read(&self.0), read(asked)) else {
            return false;
        };
        let any_port = own.scheme() == "http"
            && own.port().is_none()
            && matches!(own.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
        any_port && other.set_port(None).is_ok() && own == other
    }
}

/// Only what stands for itself: what a browser would write in another way is refused.
fn read(text: &str) -> Option<Url> {
    let mut bytes = text.bytes();
    let is_plain = bytes.all(|byte| byte.is_ascii_graphic() && !FORBIDDEN.contains(&byte));
    if !is_plain || text.len() > LONGEST {
        return None;
    }
    let url: Url = text.parse().ok()?;
    let is_normal = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    is_normal.then_some(url)
}

fn is_this_machine(host: Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address == Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => address == Ipv6Addr::LOCALHOST,
        Host::Domain(name) => name == "localhost",
    }
}

/// A redirect URI with more parameters; what it has already stays as it is.
pub(super) fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut more = Serializer::new(String::new());
    more.extend_pairs(parameters);
    let more = more.finish();
    let join = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{join}{more}")
}

/// The source of a Content-Security-Policy that lets a form lead to a redirect URI. What is at an
/// `https` one may send people on to another one.
pub(super) fn as_form_target(uri: &str) -> String {
    match read(uri) {
        Some(url) if url.scheme() == "http" => match (url.host_str(), url.port()) {
            // A policy can not name an IPv6 address.
            (Some(host), _) if host.starts_with('[') => "http:".to_owned(),
            (Some(host), Some(port)) => format!("http://{host}:{port}"),
            (Some(host), None) => format!("http://{host}"),
            (None, _) => String::new(),
        },
        Some(_) => "https:".to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_taken_and_nothing_else() {
        for good in [
            "https://app.example/callback",
            "https://app.example",
            "https://app.example:8443/a?b=c",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:4711/callback",
            "http://[::1]:4711/",
            "http://localhost:3000/oauth",
        ] {
            assert!(RedirectUri::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "app.example",
            "http://app.example/callback",
            "http://127.0.0.2/callback",
            "http://127.1/callback",
            "http://localhost.app.example/",
            "https:///callback",
            "https:app.example",
            "https:\\\\app.example",
            "https://user@app.example/",
            "https://app.example/#part",
            "https://app.example/*",
            "https://*.app.example/",
            "https://App.example/",
            "https://app.example:443/",
            "https://app.example/a/../b",
            "https://app.example/a b",
            "https://bücher.example/",
            "javascript:alert(1)",
            "com.example.app:/callback",
            "data:text/html,x",
            "//app.example/",
        ] {
            assert_eq!(RedirectUri::parse(bad), Err(InvalidRedirectUri), "{bad}");
        }
        let long = format!("https://app.example/{}", "a".repeat(LONGEST));
        assert!(RedirectUri::parse(&long).is_err());
    }

    #[test]
    fn only_a_loopback_address_without_a_port_permits_more_than_itself() {
        for (registered, asked, permitted) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://a.example/cb?x=1", false),
            ("https://a.example/cb", "https://a.example:8443/cb", false),
            ("https://a.example", "https://a.example/", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://[::1]/cb", "http://[::1]:5000/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?x", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/other", false),
            ("http://127.0.0.1/cb", "http://[::1]:5000/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:5000/cb", false),
            (
                "http://127.0.0.1:4711/cb",
                "http://127.0.0.1:5000/cb",
                false,
            ),
            ("http://localhost/cb", "http://localhost:5000/cb", false),
            ("http://127.0.0.1/cb", "http://x@127.0.0.1:5000/cb", false),
        ] {
            let uri = RedirectUri::parse(registered).unwrap();
            assert_eq!(uri.permits(asked), permitted, "{registered} for {asked}");
        }
    }

    #[test]
    fn parameters_are_added_and_none_is_lost() {
        let more = [("code", "a&b"), ("state", "é")];
        for (uri, whole) in [
            (
                "https://a.example/cb",
                "https://a.example/cb?code=a%26b&state=%C3%A9",
            ),
            (
                "https://a.example/cb?",
                "https://a.example/cb?code=a%26b&state=%C3%A9",
            ),
            (
                "https://a.example/cb?x=1",
                "https://a.example/cb?x=1&code=a%26b&state=%C3%A9",
            ),
        ] {
            assert_eq!(with_parameters(uri, &more), whole);
        }
    }
}
