//! Secure RTP and secure RTCP (RFC 3711, RFC 7714) for one direction of one media stream.
//!
//! A [`Protect`] seals what is sent, an [`Unprotect`] opens what was received; each is made from
//! the [`Keys`] of its direction and works in place, without allocating. [`CryptoAttribute`] reads
//! and writes the `a=crypto:` lines (RFC 4568) that carry those keys in a session description.
//!
//! This crate opens no socket, reads no clock and draws no random bytes: keys come in from the
//! caller. It never shows key material in `Debug` or in an error, and wipes it when dropped.
//!
//! Not supported, and refused where a peer can ask for it: master key identifiers (MKI), a key
//! derivation rate other than zero, several master keys in one line, and streams without
//! encryption or authentication.
//!
//! The rollover counter of a stream is not transmitted: it starts at zero with the first packet
//! of an SSRC. A sender therefore starts a stream at a sequence number below 2¹⁵, so that no
//! packet lost or reordered at the start hides a wrap, and a renegotiation that keeps the keys
//! keeps the [`Protect`] and the [`Unprotect`] too.
//!
//! Start reading at [`Protect`]; the rules of the index and of replay are in `source.rs`.

mod cipher;
mod counter_mode;
mod derivation;
mod galois;
mod keys;
mod packet;
mod protect;
mod sdes;
mod source;
mod unprotect;

pub use keys::{Keys, Profile, WrongKeyLength};
pub use protect::{Protect, ProtectError};
pub use sdes::{CryptoAttribute, CryptoTag, Lifetime, ParseCryptoError};
pub use source::{MAX_RETIRED_SOURCES, MAX_SOURCES};
pub use unprotect::{Unprotect, UnprotectError};
