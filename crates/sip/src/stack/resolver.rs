//! From a host name to an address, within a bounded time.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rsipstack::sip::{Host, HostWithPort};

/// How long an answer is believed. A call's requests must go to one machine, so the answer must
/// not change between an INVITE and its CANCEL.
const BELIEVED: Duration = Duration::from_secs(60);
/// Names remembered at once; they come from trunks and from the Contacts of peers.
const CAPACITY: usize = 1_024;
const DEFAULT_PORT: u16 = 5060;

/// A name that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("the name {0} did not resolve in time")]
    TimedOut(String),
    #[error("the name {0} has no address of our IP version")]
    NotFound(String),
}

/// Looks names up and remembers the answers.
#[derive(Debug)]
pub(crate) struct Resolver {
    ipv4: bool,
    timeout: Duration,
    known: Mutex<HashMap<String, (Instant, IpAddr)>>,
}

impl Resolver {
    pub(crate) fn new(ipv4: bool, timeout: Duration) -> Self {
        Self {
            ipv4,
            timeout,
            known: Mutex::default(),
        }
    }

    /// The address of `target`: the first of our IP version.
    pub(crate) async fn resolve(&self, target: &HostWithPort) -> Result<SocketAddr, ResolveError> {
        if let Some(known) = self.known(target) {
            return Ok(known);
        }
        let port = target.port.map_or(DEFAULT_PORT, u16::from);
        let name = target.host.to_string();
        let lookup = tokio::net::lookup_host((name.as_str(), port));
        let answer = tokio::time::timeout(self.timeout, lookup).await;
        let answer = answer.map_err(|_| ResolveError::TimedOut(name.clone()))?;
        let found = answer
            .ok()
            .and_then(|mut found| found.find(|a| a.is_ipv4() == self.ipv4));
        let Some(found) = found else {
            return Err(ResolveError::NotFound(name));
        };
        self.remember(name, found.ip());
        Ok(found)
    }

    /// The address of `target`, if it needs no lookup now.
    pub(crate) fn known(&self, target: &HostWithPort) -> Option<SocketAddr> {
        let port = target.port.map_or(DEFAULT_PORT, u16::from);
        let address = match &target.host {
            Host::IpAddr(address) => *address,
            Host::Domain(name) => self.remembered(&name.to_string())?,
        };
        Some(SocketAddr::new(address, port))
    }

    fn remembered(&self, name: &str) -> Option<IpAddr> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, address) = known.get(name)?;
        (since.elapsed() < BELIEVED).then_some(*address)
    }

    fn remember(&self, name: String, address: IpAddr) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.retain(|_, (since, _)| since.elapsed() < BELIEVED);
        }
        if known.len() < CAPACITY {
            known.insert(name, (Instant::now(), address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_needs_no_lookup_and_gets_the_default_port() {
        let resolver = Resolver::new(true, Duration::ZERO);
        let target = HostWithPort::try_from("192.0.2.1").unwrap();
        assert_eq!(
            resolver.resolve(&target).await.unwrap().to_string(),
            "192.0.2.1:5060"
        );
        let target = HostWithPort::try_from("192.0.2.1:5080").unwrap();
        assert_eq!(
            resolver.resolve(&target).await.unwrap().to_string(),
            "192.0.2.1:5080"
        );
    }

    #[tokio::test]
    async fn a_name_resolves_to_our_ip_version_and_is_remembered() {
        let resolver = Resolver::new(true, Duration::from_secs(5));
        let target = HostWithPort::try_from("localhost:5070").unwrap();
        assert_eq!(
            resolver.resolve(&target).await.unwrap().to_string(),
            "127.0.0.1:5070"
        );
        assert!(resolver.remembered("localhost").is_some());
    }

    #[tokio::test]
    async fn a_lookup_that_takes_too_long_is_given_up() {
        let resolver = Resolver::new(true, Duration::ZERO);
        let target = HostWithPort::try_from("gateway.invalid").unwrap();
        let error = resolver.resolve(&target).await.unwrap_err();
        assert!(matches!(
            error,
            ResolveError::TimedOut(_) | ResolveError::NotFound(_)
        ));
    }
}
