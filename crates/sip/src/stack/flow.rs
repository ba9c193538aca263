//! Where a request of ours goes, and on which connection.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use rsipstack::sip::uri::ParamsExt;
use rsipstack::sip::{HostWithPort, Scheme, SipMessage, Transport, Uri};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::Stack;
use super::receiver;
use super::resolver::ResolveError;

/// Addresses that connections were opened to, remembered at once.
const CAPACITY: usize = 1_024;

/// A way to the next hop.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) connection: SipConnection,
    /// The address at the other end.
    pub(crate) peer: SocketAddr,
}

impl Flow {
    pub(crate) fn transport(&self) -> Transport {
        self.connection.transport()
    }

    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self.connection, SipConnection::Tcp(_))
    }

    /// The library's form of the address.
    pub(crate) fn destination(&self) -> SipAddr {
        SipAddr {
            r#type: Some(self.transport()),
            addr: self.peer.into(),
        }
    }

    /// Gives up a stream that nothing comes back on, so that the next request opens a new one.
    pub(crate) fn retire(&self) {
        if let SipConnection::Tcp(connection) = &self.connection
            && let Some(token) = &connection.cancel_token
        {
            token.cancel();
        }
    }

    /// Sends a message outside any transaction.
    pub(crate) async fn send(&self, message: SipMessage) -> rsipstack::Result<()> {
        self.connection
            .send(message, Some(&self.destination()))
            .await
    }
}

/// There is no way to the next hop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error("no connection to {peer}: {reason}")]
    Connect {
        peer: SocketAddr,
        reason: std::io::Error,
    },
    #[error("no connection to {peer} in time")]
    ConnectTimedOut { peer: SocketAddr },
    #[error("no connection to {peer}: {CAPACITY} are open to others")]
    TooMany { peer: SocketAddr },
    #[error("expected a sip: URI with transport udp or tcp, not {0}")]
    Unsupported(String),
}

/// The TCP connections that we opened, one for each address.
#[derive(Debug, Default)]
pub(crate) struct Dialled {
    slots: Mutex<HashMap<SocketAddr, Slot>>,
}

/// Locked while a connection is being opened, so that two calls never open two.
type Slot = Arc<tokio::sync::Mutex<Option<TcpConnection>>>;

impl Dialled {
    /// The place of the connection to `peer`, unless there are too many to others.
    fn slot(&self, peer: SocketAddr) -> Option<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(&peer) && slots.len() >= CAPACITY {
            slots.retain(|_, slot| {
                slot.try_lock()
                    .map_or(true, |slot| slot.as_ref().is_some_and(is_open))
            });
            if slots.len() >= CAPACITY {
                return None;
            }
        }
        Some(Arc::clone(slots.entry(peer).or_default()))
    }
}

/// Whether a connection can still carry messages.
fn is_open(connection: &TcpConnection) -> bool {
    connection
        .cancel_token
        .as_ref()
        .is_some_and(|token| !token.is_cancelled())
}

impl Stack {
    /// The way to the host of `uri` within a dialog that was set up on `current`.
    ///
    /// A dialog on a stream stays on it while it is open, for the other end may be reachable in
    /// no other way (RFC 5923). Where there is no way to the host, or it names an address behind
    /// a NAT that the dialog came through, requests go where the dialog came from.
    pub(crate) async fn flow_within(self: &Arc<Self>, uri: &Uri, current: &Flow) -> Flow {
        if let SipConnection::Tcp(connection) = &current.connection
            && is_open(connection)
        {
            return current.clone();
        }
        match self.flow(uri).await {
            Ok(flow) if is_behind_nat(flow.peer.ip(), current.peer.ip()) => current.clone(),
            Ok(flow) => flow,
            Err(error) => {
                tracing::debug!(%error, "a request goes where its dialog came from");
                current.clone()
            }
        }
    }

    async fn flow(self: &Arc<Self>, uri: &Uri) -> Result<Flow, FlowError> {
        if !matches!(uri.scheme, None | Some(Scheme::Sip)) {
            return Err(FlowError::Unsupported(uri.to_string()));
        }
        let transport = uri.transport().copied().unwrap_or_default();
        self.flow_to(&uri.host_with_port, transport).await
    }

    /// The way to a host.
    pub(crate) async fn flow_to(
        self: &Arc<Self>,
        host: &HostWithPort,
        transport: Transport,
    ) -> Result<Flow, FlowError> {
        let peer = self.resolver.resolve(host).await?;
        if transport == Transport::Udp {
            return Ok(Flow {
                connection: self.udp.clone(),
                peer,
            });
        }
        if transport != Transport::Tcp {
            return Err(FlowError::Unsupported(format!(
                "{host};transport={transport}"
            )));
        }
        let slot = self.dialled.slot(peer);
        let slot = slot.ok_or(FlowError::TooMany { peer })?;
        let mut slot = slot.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| is_open(connection)) {
            return Ok(Flow {
                connection: SipConnection::Tcp(connection.clone()),
                peer,
            });
        }
        let dial = tokio::time::timeout(self.config.connect_timeout, TcpStream::connect(peer));
        let stream = dial
            .await
            .map_err(|_| FlowError::ConnectTimedOut { peer })?;
        let failed = |reason| FlowError::Connect { peer, reason };
        let stream = stream.map_err(failed)?;
        let connection = self.open_stream(stream).map_err(failed)?;
        *slot = Some(connection.clone());
        drop(slot);
        receiver::spawn_stream(self, connection.clone(), peer, None);
        Ok(Flow {
            connection: SipConnection::Tcp(connection),
            peer,
        })
    }

    /// Makes a connection of a stream; nothing is read from it yet.
    pub(crate) fn open_stream(&self, stream: TcpStream) -> std::io::Result<TcpConnection> {
        stream.set_nodelay(true)?;
        let local = SipAddr {
            r#type: Some(Transport::Tcp),
            addr: stream.local_addr()?.into(),
        };
        let token = CancellationToken::new();
        TcpConnection::from_stream(stream, local, Some(token)).map_err(std::io::Error::other)
    }
}

/// Whether `contact` is an address of a private network that `source`, a public one, stands for.
fn is_behind_nat(contact: IpAddr, source: IpAddr) -> bool {
    is_private(contact) && !is_private(source)
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let carrier_grade = first == 100 && second & 0xc0 == 64;
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || carrier_grade
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_connections_are_remembered_than_there_is_room_for() {
        let dialled = Dialled::default();
        let peer = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let busy: Vec<Slot> = (0..CAPACITY as u16)
            .map(|port| dialled.slot(peer(port)).unwrap())
            .collect();
        let held: Vec<_> = busy.iter().map(|slot| slot.try_lock().unwrap()).collect();
        assert!(dialled.slot(peer(u16::MAX)).is_none());
        assert!(dialled.slot(peer(0)).is_some());
        drop(held);
        assert!(dialled.slot(peer(u16::MAX)).is_some());
    }

    #[test]
    fn a_private_contact_from_a_public_source_is_behind_a_nat() {
        let behind = |contact: &str, source: &str| {
            is_behind_nat(contact.parse().unwrap(), source.parse().unwrap())
        };
        assert!(behind("192.168.1.5", "203.0.113.9"));
        assert!(behind("100.64.0.1", "203.0.113.9"));
        assert!(behind("fd00::1", "2001:db8::1"));
        assert!(!behind("192.168.1.5", "192.168.1.1"));
        assert!(!behind("203.0.113.8", "203.0.113.9"));
        assert!(!behind("127.0.0.1", "127.0.0.1"));
    }
}
