//! Real nodes for end-to-end tests: the built `mihu` binary, started as an operator would start
//! it, and real counterparts around it (SIPp, baresip, a webhook receiver).
//!
//! Everything listens on loopback and ends with the test. Start reading at [`Node`].

mod api;
mod baresip;
mod node;
mod phone;
mod sipp;
mod webhooks;

pub use api::{Answer, Api};
pub use baresip::Baresip;
pub use node::{Node, NodeBuilder, mihu};
pub use phone::Phone;
pub use sipp::{Sipp, SippBuilder};
pub use webhooks::{Delivery, Webhooks};

use std::net::UdpSocket;
use std::path::PathBuf;

/// A UDP port of loopback that is free and even, as RTP takes them.
///
/// # Panics
///
/// If no port is free.
pub fn free_even_port() -> u16 {
    let ports = (0..1_000).map(|_| {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
        socket.local_addr().expect("an address").port()
    });
    let mut even = ports.filter(|port| port.is_multiple_of(2));
    even.next().expect("every second port is even")
}

/// A file or folder of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}
