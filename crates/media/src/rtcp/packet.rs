//! RTCP packets as they are on the wire (RFC 3550 §6.4 to §6.7).
//!
//! The parser reads bytes from strangers: it never panics, never allocates, and
//! refuses a datagram as a whole before anything in it is believed.

use std::iter::FusedIterator;

use audio::RtpTimestamp;

use super::ntp::{NtpTime, ShortNtpTime};
use super::{GOODBYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION, VERSION};

/// Octets before what a packet carries: version, count, type and length.
const HEADER: usize = 4;
const SENDER_INFO: usize = 20;
const BLOCK: usize = 24;

/// Whether a datagram of a port that RTP and RTCP share is RTCP (RFC 5761 §4):
/// version 2, and 192 to 223 where RTP has its marker and payload type.
pub const fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if *first >> 6 == VERSION)
}

/// Reads a datagram of one or more RTCP packets.
///
/// The first packet need not be a report: the reduced size of RFC 5506 is
/// understood, negotiated or not.
///
/// # Errors
///
/// [`MalformedPacket`] if any packet of it does not hold what it claims to; then
/// none of them is to be believed.
pub fn parse(datagram: &[u8]) -> Result<Packets<'_>, MalformedPacket> {
    let mut rest = datagram;
    loop {
        rest = split(rest)?.1;
        if rest.is_empty() {
            return Ok(Packets { rest: datagram });
        }
    }
}

/// Why a datagram is not RTCP. It is dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPacket {
    /// A packet other than the last is padded, or the padding's length octet is
    /// not a multiple of 4 within the packet.
    #[error("expected padding of 4, 8, ... octets at the end of the last RTCP packet")]
    Padding,
    /// A packet has a type outside of those that RFC 5761 §4 keeps for RTCP.
    #[error("expected an RTCP packet type from 192 to 223, found {packet_type}")]
    PacketType {
        /// The type.
        packet_type: u8,
    },
    /// It ends before what one of its packets claims to hold does.
    #[error("{len} octets end inside an RTCP packet")]
    Truncated {
        /// Octets from the beginning of that packet to the end of the datagram.
        len: usize,
    },
    /// Not version 2.
    #[error("expected RTCP version 2, found {version}")]
    Version {
        /// The version field, 0 to 3.
        version: u8,
    },
}

/// The packets of one datagram, in their order.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    /// Was walked through once already, without an error.
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (packet, rest) = split(self.rest).ok()?;
        self.rest = rest;
        Some(packet)
    }
}

impl FusedIterator for Packets<'_> {}

/// One RTCP packet.
#[derive(Clone, Debug)]
pub enum Packet<'a> {
    /// What a sender sent so far, and how it receives (RFC 3550 §6.4.1).
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// What it sent.
        sender: SenderInfo,
        /// What it received, one block for each source.
        blocks: Blocks<'a>,
    },
    /// How somebody receives who does not send (RFC 3550 §6.4.2).
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// What it received, one block for each source.
        blocks: Blocks<'a>,
    },
    /// What sources are called (RFC 3550 §6.5).
    SourceDescription(Items<'a>),
    /// Who leaves (RFC 3550 §6.6).
    Goodbye(Goodbyes<'a>),
    /// Feedback (RFC 4585), an application's own, extended reports (RFC 3611):
    /// skipped.
    Other {
        /// The packet's type.
        packet_type: u8,
    },
}

/// What a sender says of its own stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// When it reported; zero if it does not know the time.
    pub ntp: NtpTime,
    /// The same instant on the clock of its RTP timestamps.
    pub timestamp: RtpTimestamp,
    /// RTP packets sent so far, wrapping.
    pub packets: u32,
    /// Octets of payload sent so far, wrapping.
    pub octets: u32,
}

/// How one source's stream arrives (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source that is reported on.
    pub ssrc: u32,
    /// The share of its packets that were lost since the report before.
    pub fraction_lost: FractionLost,
    /// Packets lost so far, -2²³ to 2²³ - 1; below zero if more came twice than
    /// were lost.
    pub lost: i32,
    /// The highest sequence number received, in the lower 16 bits, and how often
    /// it wrapped, above.
    pub highest_sequence: u32,
    /// The interarrival jitter, in ticks of the RTP timestamp.
    pub jitter: u32,
    /// When the source sent its last sender report, by its own time; zero if
    /// none came.
    pub last_report: ShortNtpTime,
    /// How long before this block that report came.
    pub delay_since_last_report: ShortNtpTime,
}

/// A share of packets in 256ths, rounded down (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FractionLost(pub u8);

impl FractionLost {
    /// The share in per cent, 0 to 99.6.
    pub fn percent(self) -> f64 {
        f64::from(self.0) * 100.0 / 256.0
    }
}

/// The blocks of a report.
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    rest: &'a [[u8; BLOCK]],
}

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(block(first))
    }
}

impl FusedIterator for Blocks<'_> {}

/// The sources that say goodbye.
#[derive(Clone, Debug)]
pub struct Goodbyes<'a> {
    rest: &'a [[u8; 4]],
}

impl Iterator for Goodbyes<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*first))
    }
}

impl FusedIterator for Goodbyes<'_> {}

/// One fact about one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The source.
    pub ssrc: u32,
    /// What the text is: 1 for the canonical name (RFC 3550 §12.2).
    pub kind: u8,
    /// The text, supposed to be UTF-8.
    pub text: &'a [u8],
}

/// The items of a source description.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    /// What is left of the packet, which begins at a multiple of 4 octets from
    /// its end whenever a chunk does.
    rest: &'a [u8],
    chunks: u8,
    /// The source of the chunk that `rest` is in.
    ssrc: Option<u32>,
}

impl<'a> Items<'a> {
    /// The next item; an error if it reaches out of the packet.
    fn advance(&mut self) -> Result<Option<Item<'a>>, Outside> {
        loop {
            let Some(ssrc) = self.ssrc else {
                let Some(left) = self.chunks.checked_sub(1) else {
                    return Ok(None);
                };
                let (ssrc, rest) = self.rest.split_first_chunk().ok_or(Outside)?;
                (self.chunks, self.ssrc, self.rest) = (left, Some(u32::from_be_bytes(*ssrc)), rest);
                continue;
            };
            match self.rest {
                // Zeros up to the next multiple of 4 end a chunk. Some senders leave
                // them out where the packet ends.
                [] => self.ssrc = None,
                [0, ..] => {
                    let zeros = (self.rest.len() - 1) % 4 + 1;
                    (self.ssrc, self.rest) = (None, self.rest.get(zeros..).ok_or(Outside)?);
                }
                [kind, len, rest @ ..] => {
                    let (text, rest) = rest.split_at_checked(usize::from(*len)).ok_or(Outside)?;
                    self.rest = rest;
                    let kind = *kind;
                    return Ok(Some(Item { ssrc, kind, text }));
                }
                [_] => return Err(Outside),
            }
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.advance().ok().flatten()
    }
}

/// What a packet claims to hold reaches out of it.
#[derive(Debug)]
struct Outside;

/// The first packet of a datagram, and what follows it.
fn split(datagram: &[u8]) -> Result<(Packet<'_>, &[u8]), MalformedPacket> {
    let truncated = MalformedPacket::Truncated {
        len: datagram.len(),
    };
    let [first, packet_type, high, low, ..] = *datagram else {
        return Err(truncated);
    };
    let version = first >> 6;
    if version != VERSION {
        return Err(MalformedPacket::Version { version });
    }
    if !matches!(packet_type, 192..=223) {
        return Err(MalformedPacket::PacketType { packet_type });
    }
    let len = HEADER + 4 * usize::from(u16::from_be_bytes([high, low]));
    let (packet, rest) = datagram.split_at_checked(len).ok_or(truncated)?;
    let mut body = packet.get(HEADER..).unwrap_or_default();
    if first & 0x20 != 0 {
        body = unpadded(body)
            .filter(|_| rest.is_empty())
            .ok_or(MalformedPacket::Padding)?;
    }
    let packet = read(packet_type, first & 0x1F, body).map_err(|Outside| truncated)?;
    Ok((packet, rest))
}

fn unpadded(body: &[u8]) -> Option<&[u8]> {
    let octets = usize::from(*body.last()?);
    if octets == 0 || !octets.is_multiple_of(4) {
        return None;
    }
    body.get(..body.len().checked_sub(octets)?)
}

fn read(packet_type: u8, count: u8, body: &[u8]) -> Result<Packet<'_>, Outside> {
    match packet_type {
        SENDER_REPORT => {
            let (ssrc, body) = ssrc(body)?;
            let (info, body) = body.split_first_chunk().ok_or(Outside)?;
            let blocks = blocks(count, body)?;
            let sender = sender_info(info);
            Ok(Packet::SenderReport {
                ssrc,
                sender,
                blocks,
            })
        }
        RECEIVER_REPORT => {
            let (ssrc, body) = ssrc(body)?;
            let blocks = blocks(count, body)?;
            Ok(Packet::ReceiverReport { ssrc, blocks })
        }
        SOURCE_DESCRIPTION => {
            let items = Items {
                rest: body,
                chunks: count,
                ssrc: None,
            };
            let mut walk = items.clone();
            while walk.advance()?.is_some() {}
            Ok(Packet::SourceDescription(items))
        }
        GOODBYE => {
            let (sources, _reason) = body.as_chunks();
            let rest = sources.get(..usize::from(count)).ok_or(Outside)?;
            Ok(Packet::Goodbye(Goodbyes { rest }))
        }
        _ => Ok(Packet::Other { packet_type }),
    }
}

fn ssrc(body: &[u8]) -> Result<(u32, &[u8]), Outside> {
    let (ssrc, rest) = body.split_first_chunk().ok_or(Outside)?;
    Ok((u32::from_be_bytes(*ssrc), rest))
}

/// The blocks at the beginning of `body`, which a profile's extension may follow.
fn blocks(count: u8, body: &[u8]) -> Result<Blocks<'_>, Outside> {
    let (blocks, _extension) = body.as_chunks();
    let rest = blocks.get(..usize::from(count)).ok_or(Outside)?;
    Ok(Blocks { rest })
}

const fn sender_info(bytes: &[u8; SENDER_INFO]) -> SenderInfo {
    let [n0, n1, n2, n3, n4, n5, n6, n7, rest @ ..] = *bytes;
    let [t0, t1, t2, t3, p0, p1, p2, p3, o0, o1, o2, o3] = rest;
    SenderInfo {
        ntp: NtpTime(u64::from_be_bytes([n0, n1, n2, n3, n4, n5, n6, n7])),
        timestamp: RtpTimestamp(u32::from_be_bytes([t0, t1, t2, t3])),
        packets: u32::from_be_bytes([p0, p1, p2, p3]),
        octets: u32::from_be_bytes([o0, o1, o2, o3]),
    }
}

const fn block(bytes: &[u8; BLOCK]) -> ReportBlock {
    let [
        s0,
        s1,
        s2,
        s3,
        fraction,
        l0,
        l1,
        l2,
        h0,
        h1,
        h2,
        h3,
        rest @ ..,
    ] = *bytes;
    let [j0, j1, j2, j3, r0, r1, r2, r3, d0, d1, d2, d3] = rest;
    ReportBlock {
        ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
        fraction_lost: FractionLost(fraction),
        // Read into the upper octets, so that the shift spreads the sign.
        lost: i32::from_be_bytes([l0, l1, l2, 0]) >> 8,
        highest_sequence: u32::from_be_bytes([h0, h1, h2, h3]),
        jitter: u32::from_be_bytes([j0, j1, j2, j3]),
        last_report: ShortNtpTime(u32::from_be_bytes([r0, r1, r2, r3])),
        delay_since_last_report: ShortNtpTime(u32::from_be_bytes([d0, d1, d2, d3])),
    }
}

#[cfg(test)]
mod tests;
