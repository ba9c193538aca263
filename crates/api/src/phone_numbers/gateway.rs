//! What can be said of a gateway, checked before it is kept.

use crate::error::ApiError;

const GATEWAY: &str =
    "a host name or an IP address, with `:PORT` behind it or without, and no scheme";

/// A gateway: a host with a port or without.
pub(super) fn gateway(field: &str, text: String) -> Result<String, ApiError> {
    let invalid = || ApiError::invalid(field, GATEWAY);
    let (host, port) = split(&text).ok_or_else(invalid)?;
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if !is_port || !is_host(host) {
        return Err(invalid());
    }
    Ok(text)
}

/// Whether a gateway names its port itself.
pub(super) fn has_port(gateway: &str) -> bool {
    split(gateway).is_some_and(|(_, port)| port.is_some())
}

/// The user of digest authentication: it stands within quotes.
pub(super) fn username(field: &str, text: String) -> Result<String, ApiError> {
    if text.contains(['"', '\\']) || text.chars().any(char::is_control) {
        let expected = "text without quotes, backslashes and control characters";
        return Err(ApiError::invalid(field, expected));
    }
    Ok(text)
}

/// Host, IPv6 addresses within their brackets, and port.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if text.starts_with('[') {
        let end = text.find(']')?;
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_letter)
    };
    host.strip_suffix('.')
        .unwrap_or(host)
        .split('.')
        .all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses_pass_with_a_port_and_without() {
        for text in [
            "sip.carrier.example",
            "sip.carrier.example:5080",
            "10.0.0.1",
            "10.0.0.1:5060",
            "[2001:db8::1]",
            "[2001:db8::1]:5060",
            "localhost",
        ] {
            assert!(gateway("gateway", text.to_owned()).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "sip:carrier.example",
            "https://carrier.example",
            "carrier example",
            "carrier.example:",
            "carrier.example:0",
            "carrier.example:65536",
            "carrier..example",
            "user@carrier.example",
            "carrier.example;transport=tcp",
            "2001:db8::1",
            "[2001:db8::1",
            "[carrier]",
        ] {
            assert!(gateway("gateway", text.to_owned()).is_err(), "{text}");
        }
    }
}
