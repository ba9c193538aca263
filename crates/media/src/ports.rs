//! Which ports a leg's sockets get.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use crate::leg::Port;
use crate::system;

/// How many pairs of which another process holds a port are passed over before
/// giving up.
const MAX_ATTEMPTS: usize = 64;

/// The free pairs of ports of a range: an even one for RTP, the odd one above for
/// RTCP (RFC 3550 §11).
///
/// The pair that has been free the longest is taken first, so that stragglers
/// of an ended call do not meet the next one. Which one is the very first, the
/// owner decides: a node that has just started would otherwise meet the stragglers
/// of its calls before.
#[derive(Clone, Debug)]
pub(crate) struct PortPool {
    address: IpAddr,
    free: Arc<ArrayQueue<u16>>,
}

/// A leg's sockets and their ports, which go back into the pool when it is dropped.
#[derive(Debug)]
pub(crate) struct LegSockets {
    // Closed before the ports are free again: fields drop in this order.
    rtp: UdpSocket,
    rtcp: UdpSocket,
    _ports: PortLease,
}

#[derive(Debug)]
struct PortLease {
    even: u16,
    free: Arc<ArrayQueue<u16>>,
}

/// Why there are no sockets.
#[derive(Debug)]
pub(crate) enum BindError {
    /// Legs or other processes hold all the ports that were tried.
    NoPort,
    /// The system refuses a socket for a reason that another port would not change.
    System(io::Error),
}

impl PortPool {
    /// The pairs of `range` on `address`, beginning with the `first`-th, counted
    /// round and round; `None` if there is none.
    pub(crate) fn new(address: IpAddr, range: RangeInclusive<u16>, first: usize) -> Option<Self> {
        let last = *range.end();
        let mut ports: Vec<u16> = range
            .filter(|port| *port != 0 && port % 2 == 0 && *port < last)
            .collect();
        if ports.is_empty() {
            return None;
        }
        let first = first % ports.len();
        ports.rotate_left(first);
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

    /// Non-blocking sockets on a pair of ports that nobody else holds.
    pub(crate) fn bind(&self) -> Result<LegSockets, BindError> {
        for _ in 0..MAX_ATTEMPTS.min(self.free.capacity()) {
            let even = self.free.pop().ok_or(BindError::NoPort)?;
            let lease = PortLease {
                even,
                free: Arc::clone(&self.free),
            };
            match self.bind_pair(even) {
                Ok((rtp, rtcp)) => {
                    return Ok(LegSockets {
                        rtp,
                        rtcp,
                        _ports: lease,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(BindError::System(error)),
            }
        }
        Err(BindError::NoPort)
    }

    fn bind_pair(&self, even: u16) -> io::Result<(UdpSocket, UdpSocket)> {
        let bind = |port| {
            let socket = UdpSocket::bind(SocketAddr::new(self.address, port))?;
            socket.set_nonblocking(true)?;
            system::note_arrivals(&socket)?;
            Ok::<_, io::Error>(socket)
        };
        Ok((bind(even)?, bind(even + 1)?))
    }
}

impl LegSockets {
    pub(crate) const fn get(&self, port: Port) -> &UdpSocket {
        match port {
            Port::Rtp => &self.rtp,
            Port::Rtcp => &self.rtcp,
        }
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        // overflow: cannot happen, the queue holds the whole range
        let _ = self.free.push(self.even);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own_address::own_address;

    fn ports(sockets: &LegSockets) -> [u16; 2] {
        [Port::Rtp, Port::Rtcp].map(|port| sockets.get(port).local_addr().unwrap().port())
    }

    #[test]
    fn every_pair_is_handed_out_once() {
        let pool = PortPool::new(own_address(), 4_001..=4_017, 0).unwrap();
        let sockets: Vec<_> = (0..8).map(|_| pool.bind().unwrap()).collect();
        let pairs: Vec<_> = sockets.iter().map(ports).collect();
        let expected: Vec<_> = (4_002..=4_016).step_by(2).map(|p| [p, p + 1]).collect();
        assert_eq!(pairs, expected);
        assert!(matches!(pool.bind(), Err(BindError::NoPort)));
    }

    #[test]
    fn the_first_pair_may_be_any_and_the_others_follow() {
        let pool = PortPool::new(own_address(), 4_000..=4_007, 6).unwrap();
        let sockets: Vec<_> = (0..4).map(|_| pool.bind().unwrap()).collect();
        let even: Vec<_> = sockets.iter().map(|sockets| ports(sockets)[0]).collect();
        assert_eq!(even, [4_004, 4_006, 4_000, 4_002]);
    }

    #[test]
    fn a_pair_of_which_another_process_holds_a_port_is_passed_over() {
        let address = own_address();
        let taken = [4_000, 4_003].map(|port| UdpSocket::bind((address, port)).unwrap());
        let pool = PortPool::new(address, 4_000..=4_005, 0).unwrap();
        assert_eq!(ports(&pool.bind().unwrap()), [4_004, 4_005]);
        drop(taken);
        assert_eq!(ports(&pool.bind().unwrap()), [4_000, 4_001]);
    }

    #[test]
    fn dropped_sockets_return_their_ports_behind_the_others() {
        let pool = PortPool::new(own_address(), 4_000..=4_005, 0).unwrap();
        for expected in [4_000, 4_002, 4_004, 4_000, 4_002] {
            assert_eq!(ports(&pool.bind().unwrap())[0], expected);
        }
    }

    #[test]
    fn a_range_without_a_pair_is_no_pool() {
        for range in [0..=1, 4_001..=4_001, 4_000..=4_000, 4_001..=4_002] {
            assert!(PortPool::new(own_address(), range, 0).is_none());
        }
    }
}
