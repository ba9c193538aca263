//! Real nodes for end-to-end tests: the built `mihu` binary, started as an operator would start
//! it, and real counterparts around it (SIPp, baresip, Chromium, a webhook receiver, a
//! collector of spans).
//!
//! Everything listens on loopback and ends with the test. Start reading at [`Node`].

mod api;
mod baresip;
mod chromium;
mod collector;
mod conversation;
mod invites;
mod metrics;
mod node;
mod phone;
mod sipp;
mod webhooks;

pub use api::{Answer, Api};
pub use baresip::{Baresip, Offer};
pub use chromium::Chromium;
pub use collector::{Collector, Span, texts};
pub use conversation::{agent_said, call};
pub use invites::Invites;
pub use metrics::Metrics;
pub use node::{Node, NodeBuilder, mihu};
pub use phone::Phone;
pub use sipp::{Sipp, SippBuilder};
pub use webhooks::{Delivery, Webhooks};

use std::net::UdpSocket;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// An even UDP port of loopback that is free together with the odd one above it, as RTP and RTCP
/// take them.
///
/// # Panics
///
/// If no such ports are free.
pub fn free_media_ports() -> RangeInclusive<u16> {
    let bind = |port| UdpSocket::bind(("127.0.0.1", port));
    let mut pairs = (0..1_000).filter_map(|_| {
        let even = bind(0).ok()?;
        let port = even.local_addr().ok()?.port();
        let odd = port.is_multiple_of(2).then(|| bind(port + 1))?;
        odd.ok().map(|_| port..=port + 1)
    });
    pairs.next().expect("two ports in a row are free")
}

/// A file or folder of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}
