//! What fuzzing calls: one function for each reader of bytes that come from
//! strangers, which hands it an input and checks what must hold whatever the
//! input is.
//!
//! A function panics if something does not hold, and otherwise gives a
//! [`Verdict`]. libFuzzer calls them from `fuzz/fuzz_targets`; the test `replay`
//! calls them with every input of `fuzz/corpus`. [`seeds()`] makes the inputs that
//! a corpus begins with. The formats of inputs that are more than one datagram or
//! text are described at each function.
//!
//! Nothing here belongs to the program. Start reading at [`Target`].

mod bundle;
mod call;
mod decode;
mod input;
mod playout;
mod rtcp;
mod rtp;
mod sdp;
mod seeds;
mod srtp;
mod telephone_event;

pub use seeds::{Seed, seeds};

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At least a part of it was valid and was taken in.
    Accepted,
    /// All of it was refused.
    Refused,
}

impl Verdict {
    const fn of(accepted: bool) -> Self {
        if accepted {
            Self::Accepted
        } else {
            Self::Refused
        }
    }
}

/// A reader of bytes that come from strangers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// RTP packets: `media::rtp`.
    Rtp,
    /// RTCP datagrams and what a session makes of them: `media::rtcp`.
    Rtcp,
    /// Telephone events and the keys heard in them: `media::telephone_event`.
    TelephoneEvent,
    /// SRTP packets: `srtp::Unprotect::unprotect_rtp`.
    Srtp,
    /// SRTCP packets: `srtp::Unprotect::unprotect_rtcp`.
    Srtcp,
    /// Session descriptions, as offers and as answers: `sip::sdp`.
    Sdp,
    /// Payloads of audio and comfort noise: `audio::codec::Decoder`.
    Decode,
    /// Packets in any order at any time, played out: `jitter`.
    Playout,
    /// Files that calls are kept in: `bundle`.
    Bundle,
    /// Calls that were kept in them: `replay::Bundle`.
    Call,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 10] = [
        Self::Rtp,
        Self::Rtcp,
        Self::TelephoneEvent,
        Self::Srtp,
        Self::Srtcp,
        Self::Sdp,
        Self::Decode,
        Self::Playout,
        Self::Bundle,
        Self::Call,
    ];

    /// The name of its binary in `fuzz/fuzz_targets` and of its folder in
    /// `fuzz/corpus`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtp => "rtp",
            Self::Rtcp => "rtcp",
            Self::TelephoneEvent => "telephone_event",
            Self::Srtp => "srtp",
            Self::Srtcp => "srtcp",
            Self::Sdp => "sdp",
            Self::Decode => "decode",
            Self::Playout => "playout",
            Self::Bundle => "bundle",
            Self::Call => "call",
        }
    }

    /// Hands it `input`.
    ///
    /// # Panics
    ///
    /// If it panics, or does what it must never do.
    pub fn run(self, input: &[u8]) -> Verdict {
        match self {
            Self::Rtp => rtp::run(input),
            Self::Rtcp => rtcp::run(input),
            Self::TelephoneEvent => telephone_event::run(input),
            Self::Srtp => srtp::run_rtp(input),
            Self::Srtcp => srtp::run_rtcp(input),
            Self::Sdp => sdp::run(input),
            Self::Decode => decode::run(input),
            Self::Playout => playout::run(input),
            Self::Bundle => bundle::run(input),
            Self::Call => call::run(input),
        }
    }
}
