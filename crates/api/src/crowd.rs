//! How many connections each address has, so that one alone does not take all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::network;

/// The connections of each address. No more are counted than there are places for connections.
#[derive(Debug)]
pub(crate) struct Crowd {
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection of an address.
#[derive(Debug)]
pub(crate) struct Member {
    crowd: Arc<Crowd>,
    network: IpAddr,
}

impl Crowd {
    /// `most` connections of one address at once; 0 is any number.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            counts: Mutex::default(),
        })
    }

    /// Counts a connection for as long as the member lives; `None` when it is one too many.
    pub(crate) fn join(self: &Arc<Self>, address: IpAddr) -> Option<Member> {
        let network = network(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if self.most > 0 && *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Member {
            crowd: Arc::clone(self),
            network,
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let counts = self.crowd.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_others_have_theirs() {
        let crowd = Crowd::new(2);
        let one = || crowd.join("192.0.2.1".parse().unwrap());
        let (first, second) = (one().unwrap(), one().unwrap());
        assert!(one().is_none());
        assert!(crowd.join("192.0.2.2".parse().unwrap()).is_some());
        drop(first);
        let third = one().unwrap();
        assert!(one().is_none());
        drop((second, third));
        assert!(crowd.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let crowd = Crowd::new(1);
        let _first = crowd.join("2001:db8::1".parse().unwrap()).unwrap();
        assert!(crowd.join("2001:db8::2".parse().unwrap()).is_none());
        assert!(crowd.join("2001:db8:0:1::1".parse().unwrap()).is_some());
    }

    #[test]
    fn none_is_too_many_without_a_limit() {
        let crowd = Crowd::new(0);
        let one = || crowd.join("192.0.2.1".parse().unwrap());
        let all: Vec<_> = std::iter::repeat_with(one).take(1_000).collect();
        assert!(all.iter().all(Option::is_some));
    }
}
