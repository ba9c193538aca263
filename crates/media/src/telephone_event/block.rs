//! The payload of telephone events as it is on the wire (RFC 4733 §2.3).

use std::iter::FusedIterator;

/// The most events that a payload may hold. Packets of keys hold one; more come
/// from senders that put the end of one key and the next into a packet.
pub const MAX_BLOCKS: usize = 8;

const LEN: usize = 4;

/// What a packet says of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which event: 0 to 15 for keys (RFC 4733 §3.2).
    pub event: u8,
    /// Whether it is over.
    pub end: bool,
    /// The power of a tone, in dB below 1 mW at the reference point, 0 to 63.
    pub volume: u8,
    /// How long the event, or this segment of it, has been going on, in ticks of
    /// the RTP timestamp.
    pub duration: u16,
}

impl Block {
    /// The block as it goes on the wire. Bits of `volume` above the sixth are lost.
    pub const fn to_bytes(self) -> [u8; LEN] {
        let [high, low] = self.duration.to_be_bytes();
        let flags = (self.end as u8) << 7 | self.volume & 0x3F;
        [self.event, flags, high, low]
    }

    const fn from_bytes(bytes: [u8; LEN]) -> Self {
        let [event, flags, high, low] = bytes;
        Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        }
    }
}

/// Reads a payload of one or more events, each of which begins where the one
/// before it ends (RFC 4733 §2.5.1.5); the first begins at the packet's timestamp.
///
/// # Errors
///
/// [`MalformedPayload`] if it does not hold one to [`MAX_BLOCKS`] whole blocks.
pub fn parse(payload: &[u8]) -> Result<Blocks<'_>, MalformedPayload> {
    match payload.as_chunks() {
        (blocks, []) if (1..=MAX_BLOCKS).contains(&blocks.len()) => Ok(Blocks { rest: blocks }),
        _ => Err(MalformedPayload {
            octets: payload.len(),
        }),
    }
}

/// A payload that does not hold telephone events. It is dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {MAX_BLOCKS} telephone events of 4 octets, found {octets} octets")]
pub struct MalformedPayload {
    /// Length of the payload.
    pub octets: usize,
}

/// The events of one payload, in their order.
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    rest: &'a [[u8; LEN]],
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(Block::from_bytes(*first))
    }
}

impl FusedIterator for Blocks<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_block_has_the_layout_of_rfc_4733() {
        let block = Block {
            event: 11,
            end: true,
            volume: 10,
            duration: 0x0320,
        };
        assert_eq!(block.to_bytes(), [11, 0x8A, 0x03, 0x20]);
        assert_eq!(parse(&[11, 0x8A, 0x03, 0x20]).unwrap().next(), Some(block));
    }

    #[test]
    fn the_reserved_bit_is_ignored() {
        let block = parse(&[5, 0x40 | 63, 0, 1]).unwrap().next().unwrap();
        assert_eq!((block.end, block.volume), (false, 63));
    }

    #[test]
    fn a_payload_holds_one_to_eight_whole_events() {
        for octets in 0..64 {
            let payload = vec![0; octets];
            let whole = octets % 4 == 0 && (4..=32).contains(&octets);
            match parse(&payload) {
                Ok(blocks) => assert!(whole && blocks.count() == octets / 4),
                Err(error) => assert!(!whole && error == MalformedPayload { octets }),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            event: u8,
            end: bool,
            volume in 0u8..64,
            duration: u16,
        ) {
            let block = Block { event, end, volume, duration };
            prop_assert_eq!(parse(&block.to_bytes()).unwrap().collect::<Vec<_>>(), [block]);
        }
    }
}
