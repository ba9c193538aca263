//! The rule over URLs and addresses.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::AddressKind;

/// Decides which places a URL from outside may lead to.
///
/// The default permits the public internet only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Permits loopback, private networks and carrier-grade NAT too: for tests
    /// and for nodes on the premises of whoever names the URLs. Metadata
    /// services, link-local, multicast and reserved addresses stay refused.
    pub allow_private: bool,
}

/// Why a URL, or what its host resolves to, was refused.
///
/// The messages name the host and never the rest of the URL, which may hold a
/// password or a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// The URL is of another scheme than `http` and `https`.
    #[error("expected a URL that begins with http:// or https://, got the scheme `{scheme}`")]
    Scheme {
        /// The scheme as given, without the colon.
        scheme: String,
    },
    /// The URL names no host.
    #[error("expected a URL with a host, such as https://example.com/path")]
    NoHost,
    /// The host is, or resolves only to, an address that is not permitted.
    #[error("`{host}` is not permitted: {address} is {kind}{}", hint(*.kind))]
    Address {
        /// The host as the URL names it.
        host: String,
        /// The first address that was refused.
        address: IpAddr,
        /// What that address is for.
        kind: AddressKind,
    },
    /// The host is a name that always means this machine (RFC 6761 §6.3).
    #[error(
        "`{host}` is not permitted: it is this machine itself{}",
        hint(AddressKind::Loopback)
    )]
    LocalName {
        /// The host as the URL names it.
        host: String,
    },
}

impl Guard {
    /// Permits the public internet only.
    pub const PUBLIC_ONLY: Self = Self {
        allow_private: false,
    };
    /// Permits private networks and this machine besides the public internet.
    pub const WITH_PRIVATE: Self = Self {
        allow_private: true,
    };

    /// Whether a request may go to `address`.
    pub fn permits(self, address: IpAddr) -> bool {
        let kind = AddressKind::of(address);
        kind == AddressKind::Public || (self.allow_private && kind.may_be_permitted())
    }

    /// Checks all of `url` that can be checked without resolving its host.
    ///
    /// Meant for the moment a URL is given, to refuse it with a clear message.
    /// It is not the protection itself: a name can resolve to anything later,
    /// which [`Client`](crate::Client) checks when it connects.
    ///
    /// # Errors
    ///
    /// [`UrlRefused`] for another scheme than http and https, for a missing
    /// host, for an address that is not permitted in any of its spellings
    /// (`127.1`, `0x7f000001`, `[::ffff:127.0.0.1]`), and for `localhost`.
    pub fn check_url(self, url: &Url) -> Result<(), UrlRefused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlRefused::Scheme {
                scheme: url.scheme().to_owned(),
            });
        }
        match url.host() {
            None => Err(UrlRefused::NoHost),
            Some(Host::Ipv4(address)) => self.check_address(url, address.into()),
            Some(Host::Ipv6(address)) => self.check_address(url, address.into()),
            Some(Host::Domain(name)) if !self.allow_private && is_local_name(name) => {
                Err(UrlRefused::LocalName {
                    host: name.to_owned(),
                })
            }
            Some(Host::Domain(_)) => Ok(()),
        }
    }

    fn check_address(self, url: &Url, address: IpAddr) -> Result<(), UrlRefused> {
        if self.permits(address) {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        Err(UrlRefused::Address {
            host,
            address,
            kind: AddressKind::of(address),
        })
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn hint(kind: AddressKind) -> &'static str {
    if kind.may_be_permitted() {
        "; permit private addresses in the node's configuration if this is meant"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(guard: Guard, url: &str) -> Result<(), UrlRefused> {
        guard.check_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1:8080/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/",
            "http://１２７.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/latest/meta-data",
            "http://[64:ff9b::10.0.0.1]/",
            "https://user:pass@10.0.0.1/",
            "https://169.254.169.254/",
            "https://0/",
        ] {
            let refused = check(Guard::PUBLIC_ONLY, url);
            assert!(
                matches!(refused, Err(UrlRefused::Address { .. })),
                "{url}: {refused:?}"
            );
        }
    }

    #[test]
    fn names_that_mean_this_machine_are_refused() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST.:80/",
            "http://a.localhost/",
        ] {
            let refused = check(Guard::PUBLIC_ONLY, url);
            assert!(
                matches!(refused, Err(UrlRefused::LocalName { .. })),
                "{url}: {refused:?}"
            );
        }
        assert_eq!(
            check(Guard::PUBLIC_ONLY, "http://localhost.example.com/"),
            Ok(())
        );
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:,x",
            "unix:/run/x.sock",
        ] {
            let refused = check(Guard::WITH_PRIVATE, url);
            assert!(
                matches!(refused, Err(UrlRefused::Scheme { .. })),
                "{url}: {refused:?}"
            );
        }
    }

    #[test]
    fn public_urls_pass() {
        for url in [
            "https://example.com/a?b=c",
            "http://8.8.8.8/",
            "https://[2606:4700::1111]/",
        ] {
            assert_eq!(check(Guard::PUBLIC_ONLY, url), Ok(()), "{url}");
        }
    }

    #[test]
    fn private_networks_pass_where_they_are_permitted() {
        for url in [
            "http://127.0.0.1:8080/",
            "http://localhost/",
            "http://192.168.1.9/",
        ] {
            assert_eq!(check(Guard::WITH_PRIVATE, url), Ok(()), "{url}");
        }
    }

    #[test]
    fn metadata_services_are_refused_even_where_private_networks_are_permitted() {
        for url in [
            "http://169.254.169.254/",
            "http://[fd00:ec2::254]/",
            "http://0.0.0.0/",
        ] {
            assert!(check(Guard::WITH_PRIVATE, url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_refusal_names_the_host_and_nothing_secret() {
        let refused = check(
            Guard::PUBLIC_ONLY,
            "http://user:hunter2@10.0.0.1/?token=hunter3",
        );
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("10.0.0.1") && message.contains("private network"),
            "{message}"
        );
        assert!(!message.contains("hunter"), "{message}");
    }
}
