//! Which port a leg's socket gets.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

/// How many ports that another process holds are passed over before giving up.
const MAX_ATTEMPTS: usize = 64;

/// The free even ports of a range. The odd one above each belongs to RTCP
/// (RFC 3550 §11).
///
/// The port that has been free the longest is taken first, so that stragglers
/// of an ended call do not meet the next one.
#[derive(Clone, Debug)]
pub(crate) struct PortPool {
    address: IpAddr,
    free: Arc<ArrayQueue<u16>>,
}

/// A socket and its port, which goes back into the pool when it is dropped.
#[derive(Debug)]
pub(crate) struct LegSocket {
    // Closed before the port is free again: fields drop in this order.
    socket: UdpSocket,
    _port: PortLease,
}

#[derive(Debug)]
struct PortLease {
    port: u16,
    free: Arc<ArrayQueue<u16>>,
}

/// Why there is no socket.
#[derive(Debug)]
pub(crate) enum BindError {
    /// Legs or other processes hold all the ports that were tried.
    NoPort,
    /// The system refuses a socket for a reason that another port would not change.
    System(io::Error),
}

impl PortPool {
    /// The even ports of `range` on `address`; `None` if there is none.
    pub(crate) fn new(address: IpAddr, range: RangeInclusive<u16>) -> Option<Self> {
        let ports: Vec<u16> = range.filter(|port| *port != 0 && port % 2 == 0).collect();
        if ports.is_empty() {
            return None;
        }
        let free = ArrayQueue::new(ports.len());
        for port in ports {
            // overflow: cannot happen, the queue holds the whole range
            let _ = free.push(port);
        }
        Some(Self {
            address,
            free: Arc::new(free),
        })
    }

    /// A non-blocking socket on a port that nobody else holds.
    pub(crate) fn bind(&self) -> Result<LegSocket, BindError> {
        for _ in 0..MAX_ATTEMPTS.min(self.free.capacity()) {
            let port = self.free.pop().ok_or(BindError::NoPort)?;
            let lease = PortLease {
                port,
                free: Arc::clone(&self.free),
            };
            match UdpSocket::bind(SocketAddr::new(self.address, port)) {
                Ok(socket) => {
                    socket.set_nonblocking(true).map_err(BindError::System)?;
                    return Ok(LegSocket {
                        socket,
                        _port: lease,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(BindError::System(error)),
            }
        }
        Err(BindError::NoPort)
    }
}

impl LegSocket {
    pub(crate) fn get(&self) -> &UdpSocket {
        &self.socket
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        // overflow: cannot happen, the queue holds the whole range
        let _ = self.free.push(self.port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own_address::own_address;

    fn port(socket: &LegSocket) -> u16 {
        socket.get().local_addr().unwrap().port()
    }

    #[test]
    fn every_even_port_is_handed_out_once() {
        let pool = PortPool::new(own_address(), 4_001..=4_017).unwrap();
        let sockets: Vec<_> = (0..8).map(|_| pool.bind().unwrap()).collect();
        let ports: Vec<_> = sockets.iter().map(port).collect();
        assert_eq!(ports, (4_002..=4_016).step_by(2).collect::<Vec<_>>());
        assert!(matches!(pool.bind(), Err(BindError::NoPort)));
    }

    #[test]
    fn a_port_that_another_process_holds_is_passed_over() {
        let address = own_address();
        let taken = UdpSocket::bind((address, 4_000)).unwrap();
        let pool = PortPool::new(address, 4_000..=4_003).unwrap();
        assert_eq!(port(&pool.bind().unwrap()), 4_002);
        drop(taken);
        assert_eq!(port(&pool.bind().unwrap()), 4_000);
    }

    #[test]
    fn a_dropped_socket_returns_its_port_behind_the_others() {
        let pool = PortPool::new(own_address(), 4_000..=4_005).unwrap();
        for expected in [4_000, 4_002, 4_004, 4_000, 4_002] {
            assert_eq!(port(&pool.bind().unwrap()), expected);
        }
    }

    #[test]
    fn a_range_without_an_even_port_is_no_pool() {
        assert!(PortPool::new(own_address(), 0..=1).is_none());
        assert!(PortPool::new(own_address(), 4_001..=4_001).is_none());
    }
}
