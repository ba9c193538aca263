//! Session descriptions: what one audio stream of a phone call needs of SDP (RFC 8866), of the
//! offer/answer model (RFC 3264) and of keys for SRTP (RFC 4568), and nothing else.
//!
//! Sans-IO: text in, text and decisions out. Start at [`Session`], which makes and answers
//! offers; [`Description`] is the parsed text.

mod description;
mod format;
mod numbers;
mod opus;
mod parse;
mod refused;
mod remote;
mod security;
mod session;
mod stream;

pub use description::{
    Address, Description, Direction, Mapping, MediaLine, Origin, Parameter, RtcpPort,
};
pub use opus::OpusParameters;
pub use parse::ParseError;
pub use refused::Refused;
pub use remote::{PayloadTypes, RemoteMedia, Rtcp, TelephoneEvent};
pub use security::{Security, Srtp};
pub use session::{Session, Terms};

/// The MIME type of a session description.
pub const CONTENT_TYPE: &str = "application/sdp";
