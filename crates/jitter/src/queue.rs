//! Packets waiting for their turn, in order of sequence, in storage that is
//! allocated once.

use std::ops::Range;

use audio::SequenceNumber;

use crate::arena::Arena;
use crate::border::{Content, Packet};

/// A packet in the queue.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) content: Content,
    pub(crate) sequence: SequenceNumber,
    /// The position of its first sample.
    pub(crate) position: i64,
    /// Whether the sender paused before it.
    pub(crate) marker: bool,
    payload: Range<usize>,
}

/// At most `capacity` packets, oldest first. Sequence numbers in it lie within
/// half the number space of each other, so their order is unambiguous.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Never longer than its first capacity.
    waiting: Vec<Waiting>,
    payloads: Arena,
}

impl Queue {
    /// Room for `capacity` packets whose payloads have `bytes` together.
    pub(crate) fn new(capacity: usize, bytes: usize) -> Self {
        Self {
            waiting: Vec::with_capacity(capacity),
            payloads: Arena::new(bytes, capacity),
        }
    }

    /// The longest payload that fits at all.
    pub(crate) const fn longest_payload(&self) -> usize {
        self.payloads.size()
    }

    pub(crate) fn front(&self) -> Option<&Waiting> {
        self.waiting.first()
    }

    pub(crate) fn back(&self) -> Option<&Waiting> {
        self.waiting.last()
    }

    /// The encoded audio of a packet that waits or was popped last.
    pub(crate) fn payload(&self, waiting: &Waiting) -> &[u8] {
        self.payloads.get(&waiting.payload)
    }

    /// Puts `packet` in its place. Returns false, and does nothing, if there is no
    /// room for it.
    pub(crate) fn insert(&mut self, packet: &Packet<'_>, position: i64) -> bool {
        if self.waiting.len() == self.waiting.capacity() {
            return false;
        }
        let Some(payload) = self.payloads.keep(packet.payload) else {
            return false;
        };
        let place = self
            .waiting
            .iter()
            .rposition(|other| other.sequence.distance_from(packet.sequence) < 0)
            .map_or(0, |before| before + 1);
        let waiting = Waiting {
            content: packet.content,
            sequence: packet.sequence,
            position,
            marker: packet.marker,
            payload,
        };
        self.waiting.insert(place, waiting);
        true
    }

    /// Removes the oldest packet; its payload stays readable until the next
    /// insertion.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        if self.waiting.is_empty() {
            return None;
        }
        let oldest = self.waiting.remove(0);
        self.payloads.free(&oldest.payload);
        Some(oldest)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.payloads.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio::RtpTimestamp;

    fn packet(sequence: u16, payload: &[u8]) -> Packet<'_> {
        Packet {
            content: Content::Audio,
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(u32::from(sequence) * 160),
            marker: false,
            ssrc: 1,
            payload,
        }
    }

    fn insert(queue: &mut Queue, sequence: u16, payload: &[u8]) -> bool {
        queue.insert(&packet(sequence, payload), i64::from(sequence) * 160)
    }

    fn drain(queue: &mut Queue) -> Vec<(u16, Vec<u8>)> {
        std::iter::from_fn(|| {
            let oldest = queue.pop()?;
            Some((oldest.sequence.0, queue.payload(&oldest).to_vec()))
        })
        .collect()
    }

    #[test]
    fn packets_leave_in_order_of_sequence_across_the_wrap() {
        let mut queue = Queue::new(4, 100);
        for sequence in [1, 65_535, 0, 65_534] {
            assert!(insert(&mut queue, sequence, &[sequence as u8]));
        }
        assert_eq!(queue.back().map(|back| back.position), Some(160));
        let left: Vec<u16> = drain(&mut queue)
            .iter()
            .map(|(sequence, _)| *sequence)
            .collect();
        assert_eq!(left, [65_534, 65_535, 0, 1]);
    }

    #[test]
    fn payloads_of_all_lengths_come_out_as_they_went_in() {
        let mut queue = Queue::new(50, 1_000);
        for round in 0..100u16 {
            let payload = vec![round as u8; usize::from(round * 37 % 200)];
            assert!(insert(&mut queue, round, &payload));
            if round >= 3 {
                let oldest = queue.pop().expect("four wait");
                let first = usize::from((round - 3) * 37 % 200);
                assert_eq!(queue.payload(&oldest), vec![(round - 3) as u8; first]);
            }
        }
    }

    #[test]
    fn a_full_queue_refuses_and_keeps_what_it_has() {
        let mut queue = Queue::new(2, 100);
        assert!(insert(&mut queue, 1, &[1]) && insert(&mut queue, 2, &[2]));
        assert!(!insert(&mut queue, 3, &[3]));
        assert_eq!(drain(&mut queue), [(1, vec![1]), (2, vec![2])]);
    }

    #[test]
    fn a_queue_without_room_for_a_payload_refuses_it_and_takes_a_shorter_one() {
        let mut queue = Queue::new(3, 10);
        assert!(insert(&mut queue, 1, &[1; 8]));
        assert!(!insert(&mut queue, 2, &[2; 3]));
        assert!(insert(&mut queue, 2, &[2; 2]));
        assert_eq!(drain(&mut queue).len(), 2);
    }

    #[test]
    fn clearing_frees_all_room() {
        let mut queue = Queue::new(2, 4);
        assert!(insert(&mut queue, 1, &[1; 2]) && insert(&mut queue, 2, &[2; 2]));
        queue.clear();
        assert!(queue.front().is_none());
        assert!(insert(&mut queue, 3, &[3; 2]) && insert(&mut queue, 4, &[4; 2]));
    }
}
