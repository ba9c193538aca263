//! HTTP requests to places that a user named: webhooks, language-model servers
//! and whatever else is reached by a URL from outside.
//!
//! A URL given by a user could point at the node's own network: the metadata
//! service of a cloud, a database on loopback, a router's page. A [`Guard`]
//! knows which addresses are nobody's business, and a [`Client`] is an HTTP
//! client that cannot be talked past it: it checks the URL, it filters what the
//! name resolves to at the moment of connecting (so a name that changes its
//! address between check and use gains nothing), it follows no redirect and it
//! uses no proxy from the environment.
//!
//! This crate never decides what is sent, never retries and never logs a body
//! or a header. Start reading at [`Guard`], then [`client()`].

mod address;
mod client;
mod guard;
mod resolver;

pub use address::AddressKind;
pub use client::{
    BuildClientError, Client, ClientOptions, client, install_crypto, reason, refusal,
};
pub use guard::{Guard, UrlRefused};
