//! Session descriptions: what one audio stream of a phone call needs of SDP (RFC 8866) and of
//! the offer/answer model (RFC 3264), and nothing else.
//!
//! Sans-IO: text in, text and decisions out. Start at [`Session`], which makes and answers
//! offers; [`Description`] is the parsed text.

mod description;
mod parse;
mod session;

pub use description::{Address, Description, Direction, Mapping, MediaLine, Origin, Parameter};
pub use parse::ParseError;
pub use session::{Codec, Refused, RemoteMedia, Session};

/// The MIME type of a session description.
pub const CONTENT_TYPE: &str = "application/sdp";
