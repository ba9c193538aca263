//! A session description as a value, and as text.

use std::fmt;
use std::net::IpAddr;

use srtp::{CryptoAttribute, ParseCryptoError};

/// A session description, reduced to the lines that matter for one audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// `o=`: who made this description, and which version of it this is.
    pub origin: Origin,
    /// Session-level `c=`: where media goes unless a stream says otherwise.
    pub address: Option<Address>,
    /// Session-level direction: that of each stream that states none.
    pub direction: Option<Direction>,
    /// `m=` sections in order. An answer has as many as its offer.
    pub media: Vec<MediaLine>,
}

/// `o=` (RFC 8866 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Login of the originator, `-` where there is none.
    pub username: String,
    /// Identifies the session for its whole life.
    pub session_id: u64,
    /// Grows by one with each change of the description.
    pub version: u64,
    /// Address of the originator.
    pub address: Address,
}

/// The address in `o=` and `c=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address, without the multicast suffixes that RFC 8866 §5.7 permits.
    Ip(IpAddr),
    /// A host name, which is legal and which nobody here resolves.
    Name(String),
}

/// Which way a stream flows, as the author of the description sees it (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendReceive,
    /// From the author only: the other side is on hold.
    SendOnly,
    /// To the author only.
    ReceiveOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The direction with these two halves.
    pub const fn new(send: bool, receive: bool) -> Self {
        match (send, receive) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the author sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Whether the author listens.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// The same flow as seen from the other side.
    pub const fn mirrored(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// The attribute's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// One `m=` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// Port of the stream; 0 means that it is rejected or removed.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    pub protocol: String,
    /// Formats in order of preference: payload types for RTP.
    pub formats: Vec<String>,
    /// `c=` of this stream.
    pub address: Option<Address>,
    /// Direction of this stream.
    pub direction: Option<Direction>,
    /// `a=rtpmap` lines.
    pub mappings: Vec<Mapping>,
    /// `a=fmtp` lines.
    pub parameters: Vec<Parameter>,
    /// `a=ptime`: milliseconds of audio in a packet that the author would like to get.
    pub packet_time: Option<u16>,
    /// `a=maxptime`: milliseconds of audio in a packet that the author can take at most.
    pub max_packet_time: Option<u16>,
    /// `a=rtcp-mux` (RFC 5761): the author would have RTCP on the port of RTP.
    pub rtcp_mux: bool,
    /// `a=rtcp`: where RTCP goes otherwise, if not to the port above that of RTP.
    pub rtcp: Option<RtcpPort>,
    /// `a=crypto` lines (RFC 4568) in order of preference; of those that are not to be used, why.
    /// The latter are never written.
    pub crypto: Vec<Result<CryptoAttribute, ParseCryptoError>>,
}

/// `a=rtcp` (RFC 3605).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcpPort {
    /// 1 to 65,535.
    pub port: u16,
    /// Where that port is, if not at the address of the stream.
    pub address: Option<Address>,
}

/// `a=rtpmap`: what a payload type means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// 0 to 127.
    pub payload_type: u8,
    /// Name of the encoding, to be compared without regard to case.
    pub encoding: String,
    /// Hertz of the RTP clock.
    pub clock: u32,
    /// Channels, where stated.
    pub channels: Option<u8>,
}

/// `a=fmtp`: parameters of a payload type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// 0 to 127.
    pub payload_type: u8,
    /// Everything after the payload type, opaque.
    pub value: String,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin {
            username,
            session_id,
            version,
            address,
        } = &self.origin;
        write!(
            f,
            "v=0\r\no={username} {session_id} {version} {address}\r\ns=-\r\n"
        )?;
        if let Some(address) = &self.address {
            write!(f, "c={address}\r\n")?;
        }
        f.write_str("t=0 0\r\n")?;
        if let Some(direction) = self.direction {
            write!(f, "a={}\r\n", direction.as_str())?;
        }
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl fmt::Display for MediaLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {} {}", self.kind, self.port, self.protocol)?;
        for format in &self.formats {
            write!(f, " {format}")?;
        }
        f.write_str("\r\n")?;
        if let Some(address) = &self.address {
            write!(f, "c={address}\r\n")?;
        }
        for Mapping {
            payload_type,
            encoding,
            clock,
            channels,
        } in &self.mappings
        {
            write!(f, "a=rtpmap:{payload_type} {encoding}/{clock}")?;
            if let Some(channels) = channels {
                write!(f, "/{channels}")?;
            }
            f.write_str("\r\n")?;
        }
        for Parameter {
            payload_type,
            value,
        } in &self.parameters
        {
            write!(f, "a=fmtp:{payload_type} {value}\r\n")?;
        }
        if let Some(packet_time) = self.packet_time {
            write!(f, "a=ptime:{packet_time}\r\n")?;
        }
        if let Some(longest) = self.max_packet_time {
            write!(f, "a=maxptime:{longest}\r\n")?;
        }
        if let Some(RtcpPort { port, address }) = &self.rtcp {
            write!(f, "a=rtcp:{port}")?;
            if let Some(address) = address {
                write!(f, " {address}")?;
            }
            f.write_str("\r\n")?;
        }
        if self.rtcp_mux {
            f.write_str("a=rtcp-mux\r\n")?;
        }
        for crypto in self.crypto.iter().flatten() {
            write!(f, "{}\r\n", crypto.line())?;
        }
        if let Some(direction) = self.direction {
            write!(f, "a={}\r\n", direction.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(address)) => write!(f, "IN IP6 {address}"),
            Self::Ip(IpAddr::V4(address)) => write!(f, "IN IP4 {address}"),
            Self::Name(name) => write!(f, "IN IP4 {name}"),
        }
    }
}
