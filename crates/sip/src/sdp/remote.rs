//! What both sides agreed on.

use std::net::SocketAddr;
use std::time::Duration;

use audio::SampleRate;
use audio::codec::Codec;

use super::opus::OpusParameters;
use super::security::Security;

/// What was agreed on for the stream, seen from our side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteMedia {
    /// Where the other side wants its audio. The unspecified address (0.0.0.0) while it holds
    /// the call the old way; then `we_send` is false.
    pub address: SocketAddr,
    /// Where the other side wants its RTCP, and where it expects ours to come from.
    pub rtcp: Rtcp,
    /// The codec to send, and to expect: the first of ours in the other side's list. An answer
    /// with several would permit the other side to send any of them; phones send the first.
    pub codec: Codec,
    /// RTP payload type of the codec in what we send, 0 to 127.
    pub payload_type: u8,
    /// What the other side would have our Opus encoder do; the defaults for any other codec.
    pub opus: OpusParameters,
    /// Keys of a telephone, where agreed: at the clock of the codec, or at 8 kHz with a side
    /// that knows no other.
    pub telephone_event: Option<TelephoneEvent>,
    /// RTP payload type of comfort noise (RFC 3389) in what we send, where agreed: at the clock
    /// of the codec. Never with Opus, which has its own.
    pub comfort_noise: Option<u8>,
    /// The payload types of what arrives.
    pub arriving: PayloadTypes,
    /// The keys of the stream; `None` for plain RTP.
    pub security: Option<Security>,
    /// How much audio the other side would have in a packet, where it says so and where that is
    /// not more than it can take.
    pub packet_time: Option<Duration>,
    /// Whether our audio is wanted.
    pub we_send: bool,
    /// Whether the other side will send audio.
    pub we_receive: bool,
}

/// Where RTCP goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rtcp {
    /// To where RTP goes, in both directions (RFC 5761).
    Muxed,
    /// To an address of its own: the one in `a=rtcp` (RFC 3605), else the port above that of RTP.
    /// Ours is expected at the port above that of our RTP. Nothing is to be sent to the
    /// unspecified address, which stands there while the other side holds the call the old way.
    At(SocketAddr),
}

/// Keys of a telephone as RTP events (RFC 4733), in what we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// What durations are counted in.
    pub clock: SampleRate,
}

/// RTP payload types, 0 to 127, of what arrives. They are those of what we send, unless the other
/// side answered our offer with numbers of its own (RFC 3264 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes {
    /// Of the codec.
    pub audio: u8,
    /// Of the keys of a telephone, where agreed.
    pub telephone_event: Option<u8>,
    /// Of comfort noise, where agreed.
    pub comfort_noise: Option<u8>,
}

impl PayloadTypes {
    /// Whether none of them looks like a packet of RTCP (RFC 5761 §4).
    pub(super) fn leave_room_for_rtcp(self) -> bool {
        let numbers = [Some(self.audio), self.telephone_event, self.comfort_noise];
        let mut numbers = numbers.into_iter().flatten();
        !numbers.any(|number| (64..96).contains(&number))
    }
}
