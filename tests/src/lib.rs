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

use std::path::PathBuf;

/// A file or folder of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}
