//! Packets waiting for their turn, in order of sequence, in storage that is
//! allocated once.

use audio::{RtpTimestamp, SequenceNumber};

use crate::border::Packet;

/// The longest payload that is stored: 60 ms of G.711.
pub(crate) const PAYLOAD_LIMIT: usize = 480;

/// A packet in the queue.
pub(crate) struct Waiting {
    pub(crate) sequence: SequenceNumber,
    pub(crate) timestamp: RtpTimestamp,
    len: usize,
    bytes: [u8; PAYLOAD_LIMIT],
}

impl Waiting {
    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// At most `capacity` packets, oldest first. Sequence numbers in it lie within
/// half the number space of each other, so their order is unambiguous.
pub(crate) struct Queue {
    slots: Vec<Waiting>,
    /// Indices into `slots` of the waiting packets, by sequence.
    order: Vec<usize>,
    /// Indices into `slots` of the unused ones.
    free: Vec<usize>,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        let empty = || Waiting {
            sequence: SequenceNumber(0),
            timestamp: RtpTimestamp(0),
            len: 0,
            bytes: [0; PAYLOAD_LIMIT],
        };
        Self {
            slots: std::iter::repeat_with(empty).take(capacity).collect(),
            order: Vec::with_capacity(capacity),
            free: (0..capacity).collect(),
        }
    }

    pub(crate) fn front(&self) -> Option<&Waiting> {
        self.order.first().map(|&index| &self.slots[index])
    }

    pub(crate) fn back(&self) -> Option<&Waiting> {
        self.order.last().map(|&index| &self.slots[index])
    }

    /// Puts `packet` in its place. Returns false, and does nothing, if the
    /// queue is full or the payload is longer than [`PAYLOAD_LIMIT`].
    pub(crate) fn insert(&mut self, packet: &Packet<'_>) -> bool {
        if packet.payload.len() > PAYLOAD_LIMIT {
            return false;
        }
        let Some(index) = self.free.pop() else {
            return false;
        };
        let slot = &mut self.slots[index];
        slot.sequence = packet.sequence;
        slot.timestamp = packet.timestamp;
        slot.len = packet.payload.len();
        slot.bytes[..slot.len].copy_from_slice(packet.payload);
        let place = self.order.partition_point(|&other| {
            self.slots[other].sequence.distance_from(packet.sequence) < 0
        });
        self.order.insert(place, index);
        true
    }

    /// Removes the oldest packet; it stays readable until the next insertion.
    pub(crate) fn pop(&mut self) -> Option<&Waiting> {
        if self.order.is_empty() {
            return None;
        }
        let index = self.order.remove(0);
        self.free.push(index);
        Some(&self.slots[index])
    }

    pub(crate) fn clear(&mut self) {
        self.free.append(&mut self.order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, payload: &[u8]) -> Packet<'_> {
        Packet {
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(u32::from(sequence) * 160),
            marker: false,
            ssrc: 1,
            payload,
        }
    }

    fn drain(queue: &mut Queue) -> Vec<(u16, Vec<u8>)> {
        std::iter::from_fn(|| {
            queue
                .pop()
                .map(|waiting| (waiting.sequence.0, waiting.payload().to_vec()))
        })
        .collect()
    }

    #[test]
    fn packets_leave_in_order_of_sequence_across_the_wrap() {
        let mut queue = Queue::new(4);
        for sequence in [1, 65_535, 0, 65_534] {
            assert!(queue.insert(&packet(sequence, &[sequence as u8])));
        }
        let left: Vec<u16> = drain(&mut queue)
            .into_iter()
            .map(|(sequence, _)| sequence)
            .collect();
        assert_eq!(left, [65_534, 65_535, 0, 1]);
    }

    #[test]
    fn a_slot_that_is_used_again_does_not_show_its_old_payload() {
        let mut queue = Queue::new(1);
        assert!(queue.insert(&packet(1, &[9; 480])));
        assert!(queue.pop().is_some());
        assert!(queue.insert(&packet(2, &[7, 7])));
        assert_eq!(drain(&mut queue), [(2, vec![7, 7])]);
    }

    #[test]
    fn a_full_queue_refuses_and_keeps_what_it_has() {
        let mut queue = Queue::new(2);
        assert!(queue.insert(&packet(1, &[1])));
        assert!(queue.insert(&packet(2, &[2])));
        assert!(!queue.insert(&packet(3, &[3])));
        assert_eq!(drain(&mut queue), [(1, vec![1]), (2, vec![2])]);
    }

    #[test]
    fn a_payload_beyond_the_limit_is_refused_without_taking_a_slot() {
        let mut queue = Queue::new(1);
        assert!(!queue.insert(&packet(1, &[0; PAYLOAD_LIMIT + 1])));
        assert!(queue.insert(&packet(1, &[0; PAYLOAD_LIMIT])));
    }

    #[test]
    fn clearing_frees_every_slot() {
        let mut queue = Queue::new(2);
        assert!(queue.insert(&packet(1, &[1])));
        assert!(queue.insert(&packet(2, &[2])));
        queue.clear();
        assert!(queue.front().is_none());
        assert!(queue.insert(&packet(3, &[3])) && queue.insert(&packet(4, &[4])));
        assert_eq!(
            queue.back().map(|waiting| waiting.sequence),
            Some(SequenceNumber(4))
        );
    }
}
