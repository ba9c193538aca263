//! Where a request comes from: the far end of its connection, or whom a trusted proxy there names.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tracing::Span;

use crate::state::ApiState;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The header in which proxies name who they were asked by. The other one is passed on as clients
/// send it, and so believed of nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Tells all that follows who asks.
pub(crate) async fn resolve(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(&Peer(far_end)) = request.extensions().get::<Peer>() {
        let (proxies, header) = (&state.config.trusted_proxies, state.config.proxy_header);
        let client = client(far_end, request.headers(), proxies, header);
        request.extensions_mut().insert(Peer(client));
    }
    next.run(request).await
}

/// The span that a request is logged in.
pub(crate) fn span(request: &Request) -> Span {
    let client = request.extensions().get::<Peer>();
    let client = client.map(|Peer(address)| tracing::field::display(*address));
    tracing::debug_span!(
        "request",
        method = %request.method(),
        uri = %request.uri(),
        version = ?request.version(),
        client,
    )
}

/// Whether the address is that of a trusted proxy.
pub(crate) fn is_trusted(address: IpAddr, proxies: &[IpNet]) -> bool {
    let address = address.to_canonical();
    proxies.iter().any(|network| network.contains(&address))
}

/// The last one that no trusted proxy stands for. What a proxy says that nobody can read, or hides,
/// is counted as its own.
fn client(far_end: IpAddr, headers: &HeaderMap, proxies: &[IpNet], header: ProxyHeader) -> IpAddr {
    let mut client = far_end.to_canonical();
    if !is_trusted(client, proxies) {
        return client;
    }
    for hop in hops(headers, header).into_iter().rev() {
        let Some(hop) = hop else { break };
        client = hop;
        if !is_trusted(client, proxies) {
            break;
        }
    }
    client
}

/// Who proxies say that they were asked by, the nearest last; `None` where it is no address.
fn hops(headers: &HeaderMap, header: ProxyHeader) -> Vec<Option<IpAddr>> {
    let name = match header {
        ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
        ProxyHeader::Forwarded => FORWARDED,
    };
    let values = headers.get_all(name).iter();
    let values = values.map(|value| value.to_str().unwrap_or_default());
    let elements = values.flat_map(|value| value.split(','));
    elements
        .map(|element| match header {
            ProxyHeader::XForwardedFor => address(element),
            ProxyHeader::Forwarded => element.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let is_for = name.trim().eq_ignore_ascii_case("for");
                is_for.then(|| address(value)).flatten()
            }),
        })
        .collect()
}

/// An address as it stands there: alone, with a port, an IPv6 one in brackets, in quotes.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = alone.or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The client of a request from `far_end` with these values of the header, where 10.0.0.0/8 is
    /// trusted.
    fn told(far_end: &str, header: ProxyHeader, values: &[&'static str]) -> String {
        let name = match header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for &value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        client(far_end.parse().unwrap(), &headers, &proxies, header).to_string()
    }

    #[test]
    fn whoever_is_no_trusted_proxy_speaks_for_nobody() {
        let told = |far_end, values| told(far_end, ProxyHeader::XForwardedFor, values);
        assert_eq!(told("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(told("::ffff:192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(told("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_last_hop_that_is_no_trusted_proxy_is_the_client() {
        let told = |values| told("10.0.0.1", ProxyHeader::XForwardedFor, values);
        assert_eq!(told(&["198.51.100.7"]), "198.51.100.7");
        // What stands before it is what the client sent itself.
        assert_eq!(told(&["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            told(&["203.0.113.9", "198.51.100.7, 10.2.3.4"]),
            "198.51.100.7"
        );
        assert_eq!(told(&["10.9.9.9, 10.2.3.4"]), "10.9.9.9");
        assert_eq!(told(&["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(told(&["2001:db8::7"]), "2001:db8::7");
    }

    #[test]
    fn what_a_proxy_hides_is_counted_as_its_own() {
        let told = |values| told("10.0.0.1", ProxyHeader::XForwardedFor, values);
        assert_eq!(told(&["198.51.100.7, unknown"]), "10.0.0.1");
        assert_eq!(told(&["198.51.100.7, unknown, 10.2.3.4"]), "10.2.3.4");
        assert_eq!(told(&[""]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_as_rfc_7239_writes_it() {
        let told = |values| told("10.0.0.1", ProxyHeader::Forwarded, values);
        assert_eq!(
            told(&["for=198.51.100.7;proto=https;by=10.0.0.1"]),
            "198.51.100.7"
        );
        assert_eq!(
            told(&[r#"proto=https; For="[2001:db8::7]:4711""#]),
            "2001:db8::7"
        );
        assert_eq!(
            told(&["for=203.0.113.9, for=198.51.100.7, for=10.1.1.1"]),
            "198.51.100.7"
        );
        assert_eq!(told(&["for=_hidden"]), "10.0.0.1");
        assert_eq!(told(&["proto=https"]), "10.0.0.1");
    }
}
