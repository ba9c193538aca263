//! The codecs that a call's audio travels in, behind one enum.
//!
//! [`Codec`] says what a codec is called and counts in; signalling needs no
//! more. [`Encoder`] and [`Decoder`] turn frames into payloads of RTP packets
//! and back, whatever the codec. Both are sans-IO and belong to one stream.

pub mod comfort_noise;
mod decoder;
mod encoder;
mod g722;
mod l16;
mod opus;

pub use decoder::{DecodeError, Decoder};
pub use encoder::{EncodeError, Encoder};
pub use opus::OpusSettings;

use serde::{Deserialize, Serialize};

use crate::units::SampleRate;

/// A codec of RTP audio, mono.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 μ-law at 64 kbit/s.
    Pcmu,
    /// G.711 A-law at 64 kbit/s.
    Pcma,
    /// G.722 mode 1: wide band at 64 kbit/s.
    G722,
    /// Opus (RFC 6716), at the width of a voice call.
    Opus,
    /// Linear PCM, 16 bits in network byte order (RFC 3551 §4.5.11), at 8 kHz.
    L16Narrow,
    /// Linear PCM, 16 bits in network byte order (RFC 3551 §4.5.11), at 16 kHz.
    L16Wide,
}

impl Codec {
    /// Every codec there is.
    pub const ALL: [Self; 6] = [
        Self::Pcmu,
        Self::Pcma,
        Self::G722,
        Self::Opus,
        Self::L16Narrow,
        Self::L16Wide,
    ];

    /// The rate of its RTP timestamps: of the audio, except for G.722, which
    /// counts at 8 kHz by an old mistake (RFC 3551 §4.5.2), and Opus, which
    /// always counts at 48 kHz (RFC 7587 §4.1).
    pub const fn clock(self) -> SampleRate {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 | Self::L16Narrow => SampleRate::HZ_8000,
            Self::L16Wide => SampleRate::HZ_16000,
            Self::Opus => SampleRate::HZ_48000,
        }
    }

    /// The rate of the audio that is encoded and decoded.
    pub const fn rate(self) -> SampleRate {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16Narrow => SampleRate::HZ_8000,
            Self::G722 | Self::Opus | Self::L16Wide => SampleRate::HZ_16000,
        }
    }

    /// The encoding name of its `rtpmap` (RFC 8866 §6.6), as it is usually
    /// written; names compare without regard to case.
    pub const fn encoding(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
            Self::L16Narrow | Self::L16Wide => "L16",
        }
    }

    /// The third part of its `rtpmap`, where there is one: 2 for Opus, even for
    /// mono (RFC 7587 §7).
    pub const fn channels(self) -> Option<u8> {
        match self {
            Self::Opus => Some(2),
            Self::Pcmu | Self::Pcma | Self::G722 | Self::L16Narrow | Self::L16Wide => None,
        }
    }

    /// Its payload type, if RFC 3551 §6 gave it one.
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus | Self::L16Narrow | Self::L16Wide => None,
        }
    }

    /// The most bytes that 20 ms can take, the room that [`Encoder::encode`]
    /// asks for. What others send may be longer.
    pub const fn longest_payload(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 160,
            Self::Opus => opus::LONGEST_PACKET,
            Self::L16Narrow => 320,
            Self::L16Wide => 640,
        }
    }
}

/// Why a codec could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenCodecError {
    /// [`OpusSettings::complexity`] is out of its range.
    #[error("an Opus complexity of {0} was asked for; expected 0 to 10")]
    Complexity(u8),
    /// [`OpusSettings::bitrate`] is out of its range.
    #[error("an Opus bit rate of {0} bit/s was asked for; expected 6000 to 510000")]
    Bitrate(u32),
    /// [`OpusSettings::expected_loss_percent`] is out of its range.
    #[error("a packet loss of {0} % was given to Opus; expected 0 to 100")]
    ExpectedLoss(u8),
    /// The codec did not start, for want of memory.
    #[error("the codec could not be opened: the machine has no memory left for it")]
    Refused,
}
