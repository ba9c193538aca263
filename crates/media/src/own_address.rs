//! Addresses that no other test uses, so that tests can run side by side.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, Ordering};

/// A loopback address of this test alone: by process, and by call within it.
pub(crate) fn own_address() -> IpAddr {
    static CALLS: AtomicU8 = AtomicU8::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    IpAddr::V4(Ipv4Addr::new(127, high, low, 100 + call))
}
