//! A packet that contradicts the stream, kept until the one after it shows whether
//! another stream has begun.

use audio::{Moment, RtpTimestamp, SequenceNumber};

use crate::border::{Content, Packet};

/// The longest payload that is kept; a packet with a longer one is only remembered.
const LONGEST: usize = 1_500;

/// The last packet that contradicted the stream, unless the stream has gone on since.
///
/// One such packet may be forged, or belong to a stream that overlaps with this one;
/// two in sequence, and none of the old stream between them, are another stream (RFC
/// 3550 appendix A.1).
#[derive(Debug, Default)]
pub(crate) struct Newcomer {
    kept: Option<Kept>,
    /// Allocated once.
    payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    arrival: Moment,
    content: Content,
    sequence: SequenceNumber,
    timestamp: RtpTimestamp,
    marker: bool,
    ssrc: u32,
    /// Whether its payload is there.
    whole: bool,
}

impl Newcomer {
    pub(crate) fn new() -> Self {
        Self {
            kept: None,
            payload: Vec::with_capacity(LONGEST),
        }
    }

    /// Whether `packet` is the one after the packet that is kept.
    pub(crate) fn is_followed_by(&self, packet: &Packet<'_>) -> bool {
        self.kept
            .is_some_and(|kept| kept.ssrc == packet.ssrc && kept.sequence.next() == packet.sequence)
    }

    /// Keeps `packet`, which came at `now`. Returns how many packets are dropped for
    /// it.
    pub(crate) fn keep(&mut self, now: Moment, packet: &Packet<'_>) -> u64 {
        let dropped = self.drop();
        let whole = packet.payload.len() <= LONGEST;
        if whole {
            self.payload.extend_from_slice(packet.payload);
        }
        self.kept = Some(Kept {
            arrival: now,
            content: packet.content,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            marker: packet.marker,
            ssrc: packet.ssrc,
            whole,
        });
        dropped
    }

    /// Drops what is kept. Returns how many packets that are.
    pub(crate) fn drop(&mut self) -> u64 {
        self.payload.clear();
        u64::from(self.kept.take().is_some())
    }

    /// The kept packet and when it came.
    pub(crate) fn packet(&self) -> Option<(Moment, Packet<'_>)> {
        let kept = self.kept.filter(|kept| kept.whole)?;
        let packet = Packet {
            content: kept.content,
            sequence: kept.sequence,
            timestamp: kept.timestamp,
            marker: kept.marker,
            ssrc: kept.ssrc,
            payload: &self.payload,
        };
        Some((kept.arrival, packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ssrc: u32, sequence: u16, payload: &[u8]) -> Packet<'_> {
        Packet {
            content: Content::Audio,
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(u32::from(sequence) * 160),
            marker: false,
            ssrc,
            payload,
        }
    }

    #[test]
    fn only_the_next_packet_of_the_same_source_follows() {
        let mut newcomer = Newcomer::new();
        assert!(!newcomer.is_followed_by(&packet(1, 0, &[])));
        assert_eq!(newcomer.keep(Moment::ZERO, &packet(1, u16::MAX, &[])), 0);
        for (ssrc, sequence, follows) in [
            (1, 0, true),
            (1, 1, false),
            (1, u16::MAX, false),
            (2, 0, false),
        ] {
            let next = packet(ssrc, sequence, &[]);
            assert_eq!(newcomer.is_followed_by(&next), follows);
        }
    }

    #[test]
    fn the_last_packet_is_given_back_as_it_came() {
        let mut newcomer = Newcomer::new();
        newcomer.keep(Moment::ZERO, &packet(1, 4, &[1; 9]));
        let at = Moment::from_millis(20);
        assert_eq!(newcomer.keep(at, &packet(1, 9, &[2, 3])), 1);
        let (arrival, kept) = newcomer.packet().expect("one is kept");
        assert_eq!((arrival, kept.payload), (at, &[2, 3][..]));
        assert_eq!(newcomer.drop(), 1);
        assert!(newcomer.packet().is_none());
    }

    #[test]
    fn of_a_packet_that_is_too_long_only_the_number_is_known() {
        let mut newcomer = Newcomer::new();
        newcomer.keep(Moment::ZERO, &packet(1, 4, &[0; LONGEST + 1]));
        assert!(newcomer.packet().is_none());
        assert!(newcomer.is_followed_by(&packet(1, 5, &[])));
        assert_eq!(newcomer.payload.capacity(), LONGEST);
    }
}
