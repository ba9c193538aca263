//! Which address of ours the other side should use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::SipConfig;

/// The addresses that this node is known by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// Where SIP is listened for, with the port that was really taken.
    pub(crate) listen: SocketAddr,
    external: Option<IpAddr>,
}

impl Addresses {
    pub(crate) const fn new(config: &SipConfig, listen: SocketAddr) -> Self {
        Self {
            listen,
            external: config.external_address,
        }
    }

    /// Where `peer` reaches our SIP.
    pub(crate) fn signalling(&self, peer: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.facing(peer), self.listen.port())
    }

    /// Where `peer` reaches audio that is received at `local`.
    pub(crate) fn media(&self, local: SocketAddr, peer: SocketAddr) -> SocketAddr {
        let address = match self.external {
            Some(external) => external,
            None if local.ip().is_unspecified() => self.facing(peer),
            None => local.ip(),
        };
        SocketAddr::new(address, local.port())
    }

    fn facing(&self, peer: SocketAddr) -> IpAddr {
        if let Some(external) = self.external {
            return external;
        }
        if !self.listen.ip().is_unspecified() {
            return self.listen.ip();
        }
        routed(peer).unwrap_or_else(|| self.listen.ip())
    }
}

/// The address of the interface that leads to `peer`: asking for the route of a datagram socket
/// sends nothing.
fn routed(peer: SocketAddr) -> Option<IpAddr> {
    let any = match peer {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(peer).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(listen: &str, external: Option<&str>) -> Addresses {
        let mut config = SipConfig::new(listen.parse().unwrap());
        config.external_address = external.map(|address| address.parse().unwrap());
        Addresses::new(&config, config.listen)
    }

    fn peer() -> SocketAddr {
        "127.0.0.1:9".parse().unwrap()
    }

    #[test]
    fn the_external_address_stands_in_for_all_others() {
        let ours = addresses("127.0.0.1:5060", Some("203.0.113.9"));
        let media = "127.0.0.1:4000".parse().unwrap();
        assert_eq!(ours.signalling(peer()).to_string(), "203.0.113.9:5060");
        assert_eq!(ours.media(media, peer()).to_string(), "203.0.113.9:4000");
    }

    #[test]
    fn an_unspecified_address_becomes_that_of_the_interface_that_leads_there() {
        let ours = addresses("0.0.0.0:5060", None);
        let media = "0.0.0.0:4000".parse().unwrap();
        assert_eq!(ours.signalling(peer()).to_string(), "127.0.0.1:5060");
        assert_eq!(ours.media(media, peer()).to_string(), "127.0.0.1:4000");
    }

    #[test]
    fn a_stated_address_is_kept() {
        let ours = addresses("127.0.0.2:5060", None);
        let media = "127.0.0.3:4000".parse().unwrap();
        assert_eq!(ours.signalling(peer()).to_string(), "127.0.0.2:5060");
        assert_eq!(ours.media(media, peer()).to_string(), "127.0.0.3:4000");
    }
}
