//! What the measured process and the generator tell each other, one JSON object a line.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A codec by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722,
    /// Opus at 16 kHz, complexity 5.
    Opus,
}

impl Codec {
    /// The codec itself.
    pub const fn codec(self) -> audio::codec::Codec {
        match self {
            Self::Pcmu => audio::codec::Codec::Pcmu,
            Self::Pcma => audio::codec::Codec::Pcma,
            Self::G722 => audio::codec::Codec::G722,
            Self::Opus => audio::codec::Codec::Opus,
        }
    }

    /// The payload type that both processes use for it.
    pub const fn payload_type(self) -> u8 {
        match self.codec().static_payload_type() {
            Some(payload_type) => payload_type,
            None => 96,
        }
    }
}

/// What the generator is to do; the first line that it reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where each leg listens, one call for each.
    pub legs: Vec<SocketAddr>,
    /// In what the conversation is encoded.
    pub codec: Codec,
    /// The network between generator and legs, in the form that `netem` reads; none is a clean one.
    pub net: Option<String>,
    /// Folder of the recordings that the conversation is made of.
    pub fixtures: PathBuf,
    /// Decides noise, offsets and the network's behaviour.
    pub seed: u64,
}

/// The generator's first line: its sockets, in the order of the legs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Where each call's agent audio is received.
    pub calls: Vec<SocketAddr>,
}

/// The generator's last line, once its standard input has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// What each call received.
    pub calls: Vec<CallReceived>,
    /// Packets sent to all legs together, network losses excluded.
    pub packets_sent: u64,
    /// Times that the generator was more than 5 ms late with a packet.
    pub late_sends: u64,
}

/// What one call received from its leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReceived {
    /// RTP packets.
    pub packets: u64,
    /// RTP packets whose payload was not silence.
    pub voiced: u64,
}
