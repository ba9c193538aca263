//! Signalling of phone calls: SIP dialogs over UDP and TCP, and the session descriptions in
//! them.
//!
//! A [`SipEndpoint`] places calls through trunks and takes calls from allowed sources. A call is
//! a [`CallHandle`] to hang it up and a queue of [`CallEvent`]s; each event that concerns audio
//! says in [`RemoteMedia`] where to send it, in which codec, and with which keys. Holds, resumes
//! and other changes by the other side are already agreed to when their event arrives.
//!
//! This crate never touches audio, knows nothing of agents, and speaks only the SIP that a phone
//! call needs: no registration, no TLS, and of transfers only asking for a blind one. It offers neither session timers (RFC 4028)
//! nor reliable provisional responses of its own, but lives with peers that use them. Messages
//! and transactions are rsipstack's, which appears nowhere in the interface.
//!
//! Start reading at [`SipEndpoint`]; then `call/machine.rs`, which decides everything in the
//! life of a call, and [`sdp::Session`], which makes and answers offers.

mod call;
mod cause;
mod codecs;
mod config;
mod endpoint;
mod routing;
pub mod sdp;
mod stack;
mod status;

pub use audio::codec::Codec;
pub use call::{
    AcceptError, CallEvent, CallHandle, IncomingCall, LocalMedia, OutboundCall, OwnTrunk,
    TransferError, TransferOutcome,
};
pub use cause::EndCause;
pub use codecs::{CodecList, InvalidCodecs};
pub use config::{SipConfig, Timers, Transport, TrunkConfig};
pub use endpoint::{BindError, CallError, SipEndpoint, SipStatistics};
pub use routing::{InvalidTrunk, NoRoute, TrunkName};
pub use sdp::{OpusParameters, PayloadTypes, RemoteMedia, Rtcp, Security, Srtp, TelephoneEvent};
pub use secret::Secret;
pub use status::StatusCode;

/// A directive that every log filter must contain: below WARN, rsipstack writes whole messages
/// into the log, with phone numbers and credentials in them.
///
/// ```
/// let filter = format!("info,{}", sip::LOG_DIRECTIVE);
/// assert_eq!(filter, "info,rsipstack=warn");
/// ```
pub const LOG_DIRECTIVE: &str = "rsipstack=warn";
