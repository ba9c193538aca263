//! RTP packets as they are on the wire (RFC 3550 §5.1).
//!
//! The parser reads bytes from strangers: it never panics, never allocates and
//! borrows the payload from the datagram.

use audio::{RtpTimestamp, SequenceNumber};

/// Octets of a header without contributing sources and extension, the only kind
/// that is written here.
pub const HEADER_LEN: usize = 12;

/// The longest datagram that is looked at: what an Ethernet frame carries. No
/// audio packet comes near it.
pub const MAX_PACKET: usize = 1_500;

const VERSION: u8 = 2;

/// The fixed part of an RTP header, without the counts that only frame it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Begins a talk spurt (RFC 3551 §4.1).
    pub marker: bool,
    /// What the payload is, 0 to 127, as negotiated in SDP.
    pub payload_type: u8,
    /// Place in the stream.
    pub sequence: SequenceNumber,
    /// When the first sample was taken, on the payload's clock.
    pub timestamp: RtpTimestamp,
    /// The source that the stream comes from.
    pub ssrc: u32,
}

impl Header {
    /// The header as it goes on the wire: version 2, no padding, no contributing
    /// sources, no extension. Bits of `payload_type` above the seventh are lost.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = VERSION << 6;
        bytes[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        bytes[2..4].copy_from_slice(&self.sequence.0.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

/// Why a datagram is not an RTP packet. It is dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPacket {
    /// The padding's length octet is 0 or reaches into the header.
    #[error("the padding claims {octets} octets; expected 1 to the payload's length")]
    Padding {
        /// What the last octet says.
        octets: u8,
    },
    /// It ends before its header does, contributing sources and extension included.
    #[error("{len} octets end inside the RTP header")]
    Truncated {
        /// Length of the datagram.
        len: usize,
    },
    /// Not version 2: STUN, DTLS, or not of this family at all.
    #[error("expected RTP version 2, found {version}")]
    Version {
        /// The version field, 0 to 3.
        version: u8,
    },
}

/// Splits a datagram into its header and its payload, without contributing
/// sources, extension and padding. The payload may be empty.
///
/// # Errors
///
/// [`MalformedPacket`] if a length in it reaches outside of it, or it is not version 2.
pub fn parse(datagram: &[u8]) -> Result<(Header, &[u8]), MalformedPacket> {
    let truncated = MalformedPacket::Truncated {
        len: datagram.len(),
    };
    let Some((fixed, mut rest)) = datagram.split_first_chunk::<HEADER_LEN>() else {
        return Err(truncated);
    };
    let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
    let version = first >> 6;
    if version != VERSION {
        return Err(MalformedPacket::Version { version });
    }
    let contributing = usize::from(first & 0x0F) * 4;
    rest = rest.get(contributing..).ok_or(truncated)?;
    if first & 0x10 != 0 {
        let (head, body) = rest.split_first_chunk::<4>().ok_or(truncated)?;
        let words = u16::from_be_bytes([head[2], head[3]]);
        rest = body.get(usize::from(words) * 4..).ok_or(truncated)?;
    }
    if first & 0x20 != 0 {
        let octets = rest.last().copied().unwrap_or(0);
        let kept = rest
            .len()
            .checked_sub(usize::from(octets))
            .filter(|_| octets > 0);
        rest = kept
            .and_then(|len| rest.get(..len))
            .ok_or(MalformedPacket::Padding { octets })?;
    }
    let header = Header {
        marker: second & 0x80 != 0,
        payload_type: second & 0x7F,
        sequence: SequenceNumber(u16::from_be_bytes([s0, s1])),
        timestamp: RtpTimestamp(u32::from_be_bytes([t0, t1, t2, t3])),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
    };
    Ok((header, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        Header {
            marker: true,
            payload_type: 8,
            sequence: SequenceNumber(0xBEEF),
            timestamp: RtpTimestamp(0x0102_0304),
            ssrc: 0xCAFE_BABE,
        }
    }

    fn datagram(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = header().to_bytes().to_vec();
        bytes[0] = first;
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn the_header_has_the_layout_of_rfc_3550() {
        let expected = [0x80, 0x88, 0xBE, 0xEF, 1, 2, 3, 4, 0xCA, 0xFE, 0xBA, 0xBE];
        assert_eq!(header().to_bytes(), expected);
    }

    #[test]
    fn contributing_sources_and_extension_are_skipped() {
        let rest = [0, 0, 0, 1, 0, 0, 0, 2, 0xBE, 0xDE, 0, 1, 9, 9, 9, 9, 42];
        assert_eq!(parse(&datagram(0x92, &rest)), Ok((header(), &[42][..])));
    }

    #[test]
    fn padding_is_cut_off() {
        assert_eq!(
            parse(&datagram(0xA0, &[7, 7, 0, 0, 3])),
            Ok((header(), &[7, 7][..]))
        );
        assert_eq!(parse(&datagram(0xA0, &[0, 0, 3])), Ok((header(), &[][..])));
    }

    #[test]
    fn padding_that_reaches_into_the_header_is_refused() {
        for (rest, octets) in [(&[1, 1, 4][..], 4), (&[1, 1, 0], 0), (&[], 0)] {
            assert_eq!(
                parse(&datagram(0xA0, rest)),
                Err(MalformedPacket::Padding { octets })
            );
        }
    }

    #[test]
    fn lengths_that_reach_outside_are_refused() {
        let truncated = |len| Err(MalformedPacket::Truncated { len });
        assert_eq!(parse(&[0x80; 11]), truncated(11));
        assert_eq!(parse(&datagram(0x81, &[0; 3])), truncated(15));
        assert_eq!(parse(&datagram(0x90, &[0; 3])), truncated(15));
        assert_eq!(
            parse(&datagram(0x90, &[0, 0, 0xFF, 0xFF, 0])),
            truncated(17)
        );
    }

    #[test]
    fn another_version_is_refused() {
        for first in [0x00, 0x40, 0xC0] {
            let version = first >> 6;
            assert_eq!(
                parse(&datagram(first, &[])),
                Err(MalformedPacket::Version { version })
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok((_, payload)) = parse(&bytes) {
                prop_assert!(payload.len() + HEADER_LEN <= bytes.len());
            }
        }

        #[test]
        fn any_version_2_packet_is_parsed_without_panic(
            first in 0x80u8..=0xBF,
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Ok((_, payload)) = parse(&datagram(first, &bytes)) {
                prop_assert!(payload.len() <= bytes.len());
            }
        }

        #[test]
        fn what_is_written_is_read_back(
            marker: bool,
            payload_type in 0u8..128,
            sequence: u16,
            timestamp: u32,
            ssrc: u32,
            payload in prop::collection::vec(any::<u8>(), 0..480),
        ) {
            let header = Header {
                marker,
                payload_type,
                sequence: SequenceNumber(sequence),
                timestamp: RtpTimestamp(timestamp),
                ssrc,
            };
            let mut bytes = header.to_bytes().to_vec();
            bytes.extend_from_slice(&payload);
            prop_assert_eq!(parse(&bytes), Ok((header, &payload[..])));
        }
    }
}
