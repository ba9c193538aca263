//! What goes into a leg and what comes out of it.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use jitter::PlayoutBuffer;

use crate::config::LegOptions;
use crate::digits::DigitHandle;
use crate::feed::LegFeed;
use crate::leg::control::Identity;
use crate::playout::PlayoutHandle;
use crate::recording::RecordingFeed;

/// What a leg is made of.
pub struct LegSetup {
    /// What it is to be.
    pub options: LegOptions,
    /// Who it is in its reports.
    pub identity: Identity,
    /// How long a receiving leg goes without a valid packet before it says so.
    pub no_rtp_timeout: Duration,
    /// Puts received packets in order and in time, by the policy of `options`.
    pub buffer: Box<dyn PlayoutBuffer>,
}

/// The other ends of a leg's queues.
#[derive(Debug)]
pub struct LegEnds {
    /// Takes the agent's audio.
    pub playout: PlayoutHandle,
    /// Takes the keys that the agent presses.
    pub digits: DigitHandle,
    /// Gives what is heard and what happens.
    pub feed: LegFeed,
    /// Gives both sides for the recording, if that was asked for.
    pub recording: Option<RecordingFeed>,
}

/// A datagram to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// Where to.
    pub destination: SocketAddr,
    /// A second address to send the same to: the far end has been silent for so
    /// long that it may be at the one or the other.
    pub also: Option<SocketAddr>,
    /// Which of the leg's ports it leaves from.
    pub port: Port,
    /// The packet.
    pub packet: &'a [u8],
}

/// One of a leg's two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// The even one: audio, and reports if they share it (RFC 5761).
    Rtp,
    /// The odd one above: reports.
    Rtcp,
}

impl fmt::Debug for LegSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegSetup")
            .field("options", &self.options)
            .field("no_rtp_timeout", &self.no_rtp_timeout)
            .finish_non_exhaustive()
    }
}
