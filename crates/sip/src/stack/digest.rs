//! Digest authentication of our requests (RFC 3261 §22, RFC 8760). Sans-IO but for the client
//! nonce, which the caller draws.

use md5::Md5;
use rsipstack::sip::{Header, Headers, Method, Response};
use sha2::{Sha256, Sha512_256};

use crate::Secret;

/// A server that keeps calling its own nonces stale is not answered for ever.
const MAX_STALE: u8 = 2;

/// Challenges to one request that are answered at most.
pub(crate) const MOST_ANSWERS: u32 = 1 + MAX_STALE as u32;

/// Whom we are to a trunk.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// Which challenges to one request are still worth an answer.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    answered: bool,
    stale: u8,
}

impl Attempts {
    /// The first challenge is; a repeated one means that the credentials are wrong, unless it
    /// says that only the nonce was too old.
    pub(crate) const fn allow(&mut self, challenge: &Challenge) -> bool {
        if !self.answered {
            self.answered = true;
            return true;
        }
        if challenge.stale && self.stale < MAX_STALE {
            self.stale += 1;
            return true;
        }
        false
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512Half,
}

impl Algorithm {
    fn named(name: Option<&str>) -> Option<Self> {
        match name.map(str::to_ascii_uppercase).as_deref() {
            None | Some("MD5") => Some(Self::Md5),
            Some("SHA-256") => Some(Self::Sha256),
            Some("SHA-512-256") => Some(Self::Sha512Half),
            Some(_) => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512Half => "SHA-512-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hexadecimal(&<Md5 as md5::Digest>::digest(text)),
            Self::Sha256 => hexadecimal(&<Sha256 as sha2::Digest>::digest(text)),
            Self::Sha512Half => hexadecimal(&<Sha512_256 as sha2::Digest>::digest(text)),
        }
    }
}

/// A challenge that we can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// 407, so that the answer goes into Proxy-Authorization.
    proxy: bool,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    stated_algorithm: bool,
    quality: bool,
    stale: bool,
}

impl Challenge {
    /// The strongest Digest challenge of a 401 or 407 that we can answer; the status decides
    /// which header counts, for some servers send both.
    pub(crate) fn of(response: &Response) -> Option<Self> {
        let proxy = match response.status_code.code() {
            401 => false,
            407 => true,
            _ => return None,
        };
        let values = response.headers.iter().filter_map(|header| {
            if let Header::ProxyAuthenticate(value) = header {
                return proxy.then(|| value.value());
            }
            if let Header::WwwAuthenticate(value) = header {
                return (!proxy).then(|| value.value());
            }
            None
        });
        values
            .filter_map(|value| Self::parse(value, proxy))
            .max_by_key(|known| known.algorithm)
    }

    fn parse(value: &str, proxy: bool) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let parameters = parameters(rest);
        let get = |name: &str| {
            let found = parameters
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let quality = match get("qop") {
            None => false,
            Some(list) => {
                let auth = list
                    .split(',')
                    .any(|word| word.trim().eq_ignore_ascii_case("auth"));
                if !auth {
                    return None;
                }
                true
            }
        };
        Some(Self {
            proxy,
            realm: get("realm")?.to_owned(),
            nonce: get("nonce")?.to_owned(),
            opaque: get("opaque").map(str::to_owned),
            algorithm: Algorithm::named(get("algorithm"))?,
            stated_algorithm: get("algorithm").is_some(),
            quality,
            stale: get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The header that answers for a request to `uri`.
    fn answer(&self, credentials: &Credentials, method: Method, uri: &str, nonce: &str) -> Header {
        let Credentials { username, password } = credentials;
        let hash = |text: String| self.algorithm.hash(&text);
        let secret = hash(format!("{username}:{}:{}", self.realm, password.expose()));
        let request = hash(format!("{method}:{uri}"));
        let response = if self.quality {
            hash(format!(
                "{secret}:{}:00000001:{nonce}:auth:{request}",
                self.nonce
            ))
        } else {
            hash(format!("{secret}:{}:{request}", self.nonce))
        };
        let mut value = format!(
            "Digest username=\"{username}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", \
             response=\"{response}\"",
            self.realm, self.nonce
        );
        if self.stated_algorithm {
            value.push_str(", algorithm=");
            value.push_str(self.algorithm.name());
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        if self.quality {
            value.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{nonce}\""));
        }
        if self.proxy {
            Header::ProxyAuthorization(value.into())
        } else {
            Header::Authorization(value.into())
        }
    }

    /// Puts the answer into the headers of a request, in place of an older one.
    pub(crate) fn authorise(
        &self,
        credentials: &Credentials,
        headers: &mut Headers,
        method: Method,
        uri: &str,
        nonce: &str,
    ) {
        headers.unique_push(self.answer(credentials, method, uri, nonce));
    }
}

/// `name=value` pairs between commas, quoted or not.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, tail) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (value, tail) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), tail)
            }
        };
        pairs.push((name.trim().to_owned(), value));
        rest = tail.trim_start_matches([',', ' ', '\t']);
    }
    pairs
}

fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return (value, characters.as_str()),
            '\\' => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    (value, "")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenged(status: &str, headers: &str) -> Option<Challenge> {
        let text = format!("SIP/2.0 {status}\r\n{headers}Content-Length: 0\r\n\r\n");
        Challenge::of(&Response::try_from(text.as_str()).unwrap())
    }

    fn answer(challenge: &Challenge, user: &str, password: &str, uri: &str, nonce: &str) -> String {
        let credentials = Credentials {
            username: user.to_owned(),
            password: Secret::new(password),
        };
        challenge
            .answer(&credentials, Method::Invite, uri, nonce)
            .to_string()
    }

    #[test]
    fn the_response_without_qop_is_that_of_the_rfc() {
        let challenge = challenged(
            "407 Proxy Authentication Required",
            "Proxy-Authenticate: Digest realm=\"atlanta.com\", nonce=\"wf84f1ceczx41ae6cbe5aea9c8e88d359\"\r\n",
        )
        .unwrap();
        let header = answer(&challenge, "alice", "secret", "sip:bob@biloxi.com", "c");
        let secret = Algorithm::Md5.hash("alice:atlanta.com:secret");
        let request = Algorithm::Md5.hash("INVITE:sip:bob@biloxi.com");
        let expected = Algorithm::Md5.hash(&format!(
            "{secret}:wf84f1ceczx41ae6cbe5aea9c8e88d359:{request}"
        ));
        assert!(header.starts_with("Proxy-Authorization: Digest username=\"alice\""));
        assert!(header.contains(&format!("response=\"{expected}\"")));
        assert!(!header.contains("qop") && !header.contains("algorithm"));
    }

    /// The worked example of RFC 7616 §3.9.1, with its method and URI.
    #[test]
    fn the_hashes_are_those_of_the_published_example() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let client = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (name, algorithm, expected) in [
            ("MD5", Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let challenge = Challenge {
                proxy: false,
                realm: "http-auth@example.org".to_owned(),
                nonce: nonce.to_owned(),
                opaque: None,
                algorithm,
                stated_algorithm: true,
                quality: true,
                stale: false,
            };
            let secret = algorithm.hash("Mufasa:http-auth@example.org:Circle of Life");
            let request = algorithm.hash("GET:/dir/index.html");
            let text = format!("{secret}:{nonce}:00000001:{client}:auth:{request}");
            assert_eq!(algorithm.hash(&text), expected, "{name}");
            assert_eq!(challenge.algorithm.name(), name);
        }
    }

    #[test]
    fn a_list_of_qop_values_is_understood_and_qop_goes_unquoted() {
        let challenge = challenged(
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\", opaque=\"o\"\r\n",
        )
        .unwrap();
        let header = answer(&challenge, "u", "p", "sip:x", "c");
        assert!(header.starts_with("Authorization: "));
        assert!(header.contains(", qop=auth, nc=00000001, cnonce=\"c\""));
        assert!(header.contains("opaque=\"o\""));
    }

    #[test]
    fn the_strongest_algorithm_that_we_know_is_answered() {
        let challenge = challenged(
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=MD5\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=TIGER\r\n",
        )
        .unwrap();
        assert_eq!(
            (challenge.algorithm, challenge.nonce.as_str()),
            (Algorithm::Sha256, "2")
        );
    }

    #[test]
    fn the_status_decides_which_challenge_counts() {
        let both = "WWW-Authenticate: Digest realm=\"w\", nonce=\"1\"\r\n\
                    Proxy-Authenticate: Digest realm=\"p\", nonce=\"2\"\r\n";
        assert_eq!(challenged("401 Unauthorized", both).unwrap().realm, "w");
        assert_eq!(challenged("407 Proxy", both).unwrap().realm, "p");
        assert_eq!(challenged("403 Forbidden", both), None);
    }

    #[test]
    fn what_we_cannot_answer_is_no_challenge() {
        for header in [
            "Basic realm=\"r\"",
            "Digest nonce=\"n\"",
            "Digest realm=\"r\"",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "Digest",
            "",
        ] {
            let header = format!("WWW-Authenticate: {header}\r\n");
            assert_eq!(challenged("401 Unauthorized", &header), None, "{header}");
        }
    }

    #[test]
    fn a_repeated_challenge_is_answered_only_when_the_nonce_was_stale() {
        let fresh = challenged(
            "401 U",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
        );
        let stale = challenged(
            "401 U",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=TRUE\r\n",
        );
        let (fresh, stale) = (fresh.unwrap(), stale.unwrap());
        let mut attempts = Attempts::default();
        assert!(attempts.allow(&fresh));
        assert!(!attempts.allow(&fresh));
        assert!(attempts.allow(&stale) && attempts.allow(&stale));
        assert!(!attempts.allow(&stale));
    }
}
