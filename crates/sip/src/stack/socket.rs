//! The UDP socket, with the errors that come back for what it sent.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::libc;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::broadcast;

/// The longest datagram that is read. What is longer arrives cut, and is dropped.
pub(crate) const MAX_DATAGRAM: usize = 65_535;

/// Unreachable destinations that a slow call may be behind by. One that falls further behind
/// is ended by its transaction's timer instead.
const REMEMBERED: usize = 256;

/// How often a send is tried: the kernel reports an older datagram's error in place of sending
/// the next one.
const TRIES: usize = 4;

/// A datagram socket that asks for ICMP errors and tells who could not be reached.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    unreachable: broadcast::Sender<SocketAddr>,
}

impl Socket {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address).await?;
        match address {
            SocketAddr::V4(_) => setsockopt(&socket, Ipv4RecvErr, &true)?,
            SocketAddr::V6(_) => setsockopt(&socket, Ipv6RecvErr, &true)?,
        }
        // overflow: drops the oldest, see REMEMBERED
        let (unreachable, _) = broadcast::channel(REMEMBERED);
        Ok(Self {
            socket,
            unreachable,
        })
    }

    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Destinations that the network says cannot be reached, from now on.
    pub(crate) fn unreachable(&self) -> broadcast::Receiver<SocketAddr> {
        self.unreachable.subscribe()
    }

    /// The next datagram.
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let ready = self
                .socket
                .ready(Interest::READABLE | Interest::ERROR)
                .await?;
            if ready.is_error() {
                self.collect_errors();
            }
            match self.socket.try_recv_from(buffer) {
                Ok(received) => return Ok(received),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The error of an earlier send; its details are in the error queue.
                Err(_) => self.collect_errors(),
            }
        }
    }

    /// Sends a datagram. Like the network, it says nothing of one that gets lost; an error that
    /// is this destination's own is told to [`Socket::unreachable`].
    async fn send(&self, datagram: &[u8], destination: SocketAddr) {
        for _ in 0..TRIES {
            match self.socket.send_to(datagram, destination).await {
                Ok(_) => return,
                Err(error) => {
                    tracing::debug!(%destination, %error, "a datagram could not be sent");
                    self.collect_errors();
                }
            }
        }
        self.tell(destination);
    }

    fn collect_errors(&self) {
        loop {
            match self.socket.try_io(Interest::ERROR, || self.next_error()) {
                Ok(Some(destination)) => self.tell(destination),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    /// Takes one ICMP error out of the queue: whom it was about, where it means that they
    /// cannot be reached.
    fn next_error(&self) -> io::Result<Option<SocketAddr>> {
        let mut payload = [0_u8; 1];
        let mut slices = [IoSliceMut::new(&mut payload)];
        let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT,
        )?;
        let unreachable = message.cmsgs()?.any(|control| {
            let errno = if let ControlMessageOwned::Ipv4RecvErr(error, _) = control {
                error.ee_errno
            } else if let ControlMessageOwned::Ipv6RecvErr(error, _) = control {
                error.ee_errno
            } else {
                return false;
            };
            let errno = i32::try_from(errno).unwrap_or_default();
            [libc::ECONNREFUSED, libc::EHOSTUNREACH, libc::ENETUNREACH].contains(&errno)
        });
        let destination = message.address.as_ref().and_then(address_of);
        Ok(destination.filter(|_| unreachable))
    }

    fn tell(&self, destination: SocketAddr) {
        // No receiver: no call is waiting for anybody.
        let _ = self.unreachable.send(destination);
    }
}

fn address_of(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(address) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4((*address).into()));
    }
    storage
        .as_sockaddr_in6()
        .map(|address| SocketAddr::V6((*address).into()))
}

/// How the library's transactions send.
#[async_trait::async_trait]
impl rsipstack::platform::net::UdpSocket for Socket {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        Ok(self.receive(buffer).await?)
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        self.send(datagram, to).await;
        Ok(datagram.len())
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.local_address()?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_port_where_nobody_listens_is_reported_and_others_are_still_reached() {
        let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut unreachable = socket.unreachable();
        let vacant = {
            let vacant = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            vacant.local_addr().unwrap()
        };
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send(b"to nobody", vacant).await;
        socket
            .send(b"to somebody", other.local_addr().unwrap())
            .await;
        let mut heard = [0_u8; 32];
        let (length, _) = other.recv_from(&mut heard).await.unwrap();
        assert_eq!(&heard[..length], b"to somebody");

        let mut buffer = [0_u8; 32];
        let reported = tokio::select! {
            reported = unreachable.recv() => reported.unwrap(),
            _ = socket.receive(&mut buffer) => panic!("nothing was sent to this socket"),
            () = tokio::time::sleep(Duration::from_secs(5)) => panic!("no error was reported"),
        };
        assert_eq!(reported, vacant);

        other
            .send_to(b"back", socket.local_address().unwrap())
            .await
            .unwrap();
        let (length, _) = socket.receive(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"back");
    }
}
