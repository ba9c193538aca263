//! Which trunk a number leaves through.

use std::fmt;
use std::sync::Arc;

use rsipstack::sip::HostWithPort;

use crate::config::{Transport, TrunkConfig};

/// The name of a trunk of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrunkName(String);

impl TrunkName {
    /// The name as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// No trunk's prefixes match the number. Add a trunk, or a prefix to one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no trunk reaches {number}: expected a trunk with a matching prefix")]
pub struct NoRoute {
    /// The number that was asked for.
    pub number: String,
}

/// A trunk's setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("trunk {trunk:?}: {field} must be {expected}")]
pub struct InvalidTrunk {
    /// Name of the trunk.
    pub trunk: String,
    /// The offending setting.
    pub field: &'static str,
    /// What it should be.
    pub expected: &'static str,
}

/// A trunk that was checked.
#[derive(Debug)]
pub(crate) struct Trunk {
    pub(crate) name: TrunkName,
    pub(crate) gateway: HostWithPort,
    pub(crate) config: TrunkConfig,
}

impl Trunk {
    /// Checks a trunk's settings.
    pub(crate) fn new(config: &TrunkConfig) -> Result<Self, InvalidTrunk> {
        check(config)
    }

    /// The user part of the request URI for `number`.
    pub(crate) fn user_for<'a>(&self, number: &'a str) -> &'a str {
        match number.strip_prefix('+') {
            Some(digits) if self.config.strip_plus => digits,
            Some(_) | None => number,
        }
    }
}

/// The trunks, ready to be asked.
#[derive(Debug)]
pub(crate) struct Routes {
    trunks: Vec<Arc<Trunk>>,
}

impl Routes {
    pub(crate) fn new(trunks: &[TrunkConfig]) -> Result<Self, InvalidTrunk> {
        let trunks = trunks.iter().map(|trunk| Trunk::new(trunk).map(Arc::new));
        let trunks = trunks.collect::<Result<_, _>>()?;
        Ok(Self { trunks })
    }

    /// The trunk with the longest matching prefix; the first one among equals.
    pub(crate) fn find(&self, number: &str) -> Option<&Arc<Trunk>> {
        let digits = digits(number);
        let mut best: Option<(usize, &Arc<Trunk>)> = None;
        for trunk in &self.trunks {
            let prefixes = trunk
                .config
                .prefixes
                .iter()
                .map(|prefix| self::digits(prefix));
            let longest = prefixes
                .filter(|p| digits.starts_with(p))
                .map(str::len)
                .max();
            if let Some(length) = longest
                && best.is_none_or(|(known, _)| length > known)
            {
                best = Some((length, trunk));
            }
        }
        best.map(|(_, trunk)| trunk)
    }

    pub(crate) fn any_tcp(&self) -> bool {
        self.trunks
            .iter()
            .any(|trunk| trunk.config.transport == Transport::Tcp)
    }
}

/// Whether `text` may stand as the user part of a URI without escapes (RFC 3261 §25.1).
pub(crate) fn is_plain_user(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.!~*+#$".contains(&b))
}

fn digits(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

fn check(config: &TrunkConfig) -> Result<Trunk, InvalidTrunk> {
    let invalid = |field, expected| InvalidTrunk {
        trunk: config.name.clone(),
        field,
        expected,
    };
    if config.name.is_empty() {
        return Err(invalid("name", "a name"));
    }
    let host_characters = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if config.gateway.is_empty() || !config.gateway.bytes().all(host_characters) {
        return Err(invalid(
            "gateway",
            "a host name or address, with a port or without",
        ));
    }
    let gateway = HostWithPort::try_from(config.gateway.as_str())
        .map_err(|_| invalid("gateway", "a host name or address, with a port or without"))?;
    let user = "made of letters, digits and -_.!~*+#$";
    if config
        .from
        .as_deref()
        .is_some_and(|from| !is_plain_user(from))
    {
        return Err(invalid("from", user));
    }
    if config
        .username
        .as_deref()
        .is_some_and(|name| name.contains(['"', '\\', '\r', '\n']))
    {
        return Err(invalid(
            "username",
            "free of quotes, backslashes and line breaks",
        ));
    }
    if config.username.is_some() != config.password.is_some() {
        return Err(invalid("username and password", "given both, or neither"));
    }
    let name = TrunkName(config.name.clone());
    Ok(Trunk {
        name,
        gateway,
        config: config.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk(name: &str, prefixes: &[&str]) -> TrunkConfig {
        let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        TrunkConfig {
            prefixes,
            ..TrunkConfig::new(name, "gateway.example")
        }
    }

    fn routed(routes: &Routes, number: &str) -> Option<String> {
        routes.find(number).map(|trunk| trunk.name.to_string())
    }

    #[test]
    fn the_longest_prefix_wins_whatever_the_order() {
        let trunks = [
            trunk("any", &[""]),
            trunk("us", &["+1"]),
            trunk("sf", &["1415", "+1628"]),
        ];
        let routes = Routes::new(&trunks).unwrap();
        assert_eq!(routed(&routes, "+14155550123").as_deref(), Some("sf"));
        assert_eq!(routed(&routes, "+12125550123").as_deref(), Some("us"));
        assert_eq!(routed(&routes, "+4930123456").as_deref(), Some("any"));
    }

    #[test]
    fn a_number_that_no_trunk_reaches_has_no_route() {
        let routes = Routes::new(&[trunk("us", &["+1"])]).unwrap();
        assert_eq!(routed(&routes, "+4930123456"), None);
    }

    #[test]
    fn the_first_of_two_equal_trunks_wins() {
        let routes = Routes::new(&[trunk("a", &["+1"]), trunk("b", &["+1"])]).unwrap();
        assert_eq!(routed(&routes, "+12125550123").as_deref(), Some("a"));
    }

    #[test]
    fn the_plus_is_stripped_only_where_the_trunk_wants_it() {
        let with = Routes::new(&[trunk("a", &[""])]).unwrap();
        let without = TrunkConfig {
            strip_plus: true,
            ..trunk("b", &[""])
        };
        let without = Routes::new(&[without]).unwrap();
        let user = |routes: &Routes| routes.find("+1555").unwrap().user_for("+1555").to_owned();
        assert_eq!(
            (user(&with), user(&without)),
            ("+1555".to_owned(), "1555".to_owned())
        );
    }

    #[test]
    fn a_trunk_that_cannot_be_used_names_its_field() {
        let broken = [
            TrunkConfig::new("", "gateway"),
            TrunkConfig::new("t", ""),
            TrunkConfig::new("t", "gate way"),
            TrunkConfig::new("t", "gateway:99999"),
            TrunkConfig {
                from: Some("a>b".to_owned()),
                ..TrunkConfig::new("t", "gateway")
            },
            TrunkConfig {
                username: Some("u".to_owned()),
                ..TrunkConfig::new("t", "gateway")
            },
        ];
        let fields: Vec<_> = broken
            .iter()
            .map(|config| Routes::new(std::slice::from_ref(config)).unwrap_err().field)
            .collect();
        assert_eq!(
            fields,
            [
                "name",
                "gateway",
                "gateway",
                "gateway",
                "from",
                "username and password"
            ]
        );
    }
}
