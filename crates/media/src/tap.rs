//! Notes of all that goes into a leg, from which the same leg can be run again.
//!
//! The tick and the reading of packets note without allocating or locking, into a ring of pieces of
//! one size; a packet takes as many pieces as it needs. A ring that is full ends the notes for
//! good, which [`TapFeed::is_complete`] tells.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use audio::Moment;
use crossbeam_queue::ArrayQueue;

use crate::config::LegOptions;
use crate::connection::{Connection, PreparedConnection};
use crate::leg::{Port, StreamStart};
use crate::playout::{Generation, PlayoutFrame, SegmentId};

/// Pieces that a feed holds: four seconds of a telephone line.
const PIECES: usize = 1_024;

/// Octets of a packet in one piece: a packet of G.711 fits.
const PIECE: usize = 184;

/// Something that went into a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It was connected.
    Connected {
        /// When.
        at: Moment,
        /// What was agreed on, keys included.
        connection: Box<Connection>,
        /// Where its stream begins, if it begins one.
        start: StreamStart,
    },
    /// A packet came that was let in and opened.
    Packet {
        /// When.
        at: Moment,
        /// Where from.
        from: SocketAddr,
        /// What it was read as: a packet of the stream, or a report.
        port: Port,
        /// The packet, in the clear.
        packet: Vec<u8>,
    },
    /// A tick began.
    Tick {
        /// Its deadline.
        at: Moment,
    },
    /// The tick found the agent interrupted.
    Fenced {
        /// The generation in force.
        generation: Generation,
    },
    /// The tick took a frame of the agent out of the queue.
    Taken {
        /// The segment that it belongs to.
        segment: SegmentId,
        /// The generation that it was made for.
        generation: Generation,
        /// Whether the segment ends with it.
        last: bool,
    },
}

/// A leg's notes, and what the leg is apart from them.
#[derive(Debug)]
pub struct Tapped {
    /// The notes.
    pub feed: TapFeed,
    /// What the leg was opened as.
    pub options: LegOptions,
    /// How it puts packets in order.
    pub buffering: jitter::Settings,
    /// How long it goes without a packet before it says so.
    pub no_rtp_timeout: Duration,
    /// What decides everything random in it.
    pub seed: u64,
}

/// The consumer's end of a leg's notes.
#[derive(Debug)]
pub struct TapFeed {
    shared: Arc<Shared>,
    /// A packet of which pieces are still to come, and how many octets it has.
    begun: Option<(Noted, usize)>,
}

impl TapFeed {
    /// The oldest note that was not taken yet.
    pub fn pop(&mut self) -> Option<Noted> {
        loop {
            if let Some((Noted::Packet { packet, .. }, length)) = &self.begun
                && packet.len() == *length
            {
                return self.begun.take().map(|(whole, _)| whole);
            }
            match self.shared.pieces.pop()? {
                Piece::Whole(noted) => return Some(noted),
                Piece::Connected(at, connection, start) => {
                    return Some(Noted::Connected {
                        at,
                        connection,
                        start,
                    });
                }
                Piece::Packet(at, from, port, length) => {
                    let packet = Vec::with_capacity(usize::from(length));
                    let begun = Noted::Packet {
                        at,
                        from,
                        port,
                        packet,
                    };
                    self.begun = Some((begun, usize::from(length)));
                }
                Piece::Octets(octets) => {
                    if let Some((Noted::Packet { packet, .. }, length)) = &mut self.begun {
                        let rest = length.saturating_sub(packet.len());
                        packet.extend(octets.iter().take(rest));
                    }
                }
            }
        }
    }

    /// Whether everything that went into the leg was noted so far.
    pub fn is_complete(&self) -> bool {
        !self.shared.overflowed.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct Shared {
    pieces: ArrayQueue<Piece>,
    overflowed: AtomicBool,
}

#[derive(Debug)]
enum Piece {
    Whole(Noted),
    Connected(Moment, Box<Connection>, StreamStart),
    Packet(Moment, SocketAddr, Port, u16),
    Octets([u8; PIECE]),
}

/// The leg's ends of its notes, all on the leg's own thread.
#[derive(Clone, Debug)]
pub(crate) struct TapSender {
    shared: Arc<Shared>,
}

impl TapSender {
    pub(crate) fn new() -> (Self, TapFeed) {
        let shared = Arc::new(Shared {
            pieces: ArrayQueue::new(PIECES),
            overflowed: AtomicBool::new(false),
        });
        let sender = Self {
            shared: Arc::clone(&shared),
        };
        let begun = None;
        (sender, TapFeed { shared, begun })
    }

    pub(crate) fn connected(&self, at: Moment, prepared: &mut PreparedConnection) {
        if let Some(connection) = prepared.copy.take() {
            self.note(Piece::Connected(at, connection, prepared.start));
        }
    }

    pub(crate) fn packet(&self, at: Moment, from: SocketAddr, port: Port, packet: &[u8]) {
        // A packet is never longer than what is read of the network at a time.
        let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
        self.note(Piece::Packet(at, from, port, length));
        for octets in packet.chunks(PIECE) {
            let mut piece = [0; PIECE];
            piece
                .iter_mut()
                .zip(octets)
                .for_each(|(place, octet)| *place = *octet);
            self.note(Piece::Octets(piece));
        }
    }

    pub(crate) fn tick(&self, at: Moment) {
        self.note(Piece::Whole(Noted::Tick { at }));
    }

    pub(crate) fn fenced(&self, generation: Generation) {
        self.note(Piece::Whole(Noted::Fenced { generation }));
    }

    pub(crate) fn taken(&self, frame: &PlayoutFrame) {
        self.note(Piece::Whole(Noted::Taken {
            segment: frame.segment,
            generation: frame.generation,
            last: frame.last,
        }));
    }

    fn note(&self, piece: Piece) {
        if self.shared.overflowed.load(Ordering::Relaxed) {
            return;
        }
        // overflow: ends the notes, which the feed tells
        if self.shared.pieces.push(piece).is_err() {
            self.shared.overflowed.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use audio::{Codec, RtpTimestamp, SequenceNumber};

    use super::*;

    fn from() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 4_000))
    }

    fn all(feed: &mut TapFeed) -> Vec<Noted> {
        std::iter::from_fn(|| feed.pop()).collect()
    }

    #[test]
    fn packets_of_any_length_come_out_as_they_went_in_and_in_order() {
        let (sender, mut feed) = TapSender::new();
        let packets: Vec<Vec<u8>> = [0, 1, PIECE, PIECE + 1, crate::rtp::MAX_PACKET]
            .map(|length| (0..length).map(|octet| octet as u8).collect())
            .to_vec();
        for (number, packet) in packets.iter().enumerate() {
            sender.packet(
                Moment::from_millis(number as u64),
                from(),
                Port::Rtp,
                packet,
            );
            sender.tick(Moment::from_millis(number as u64));
        }
        let mut noted = Vec::new();
        for one in all(&mut feed) {
            if let Noted::Packet { packet, .. } = one {
                noted.push(packet);
            }
        }
        assert_eq!(noted, packets);
        assert!(feed.is_complete());
    }

    #[test]
    fn a_packet_of_which_pieces_are_to_come_waits_for_them() {
        let (sender, mut feed) = TapSender::new();
        sender.note(Piece::Packet(Moment::ZERO, from(), Port::Rtcp, 2));
        assert_eq!(feed.pop(), None);
        sender.note(Piece::Octets([7; PIECE]));
        let whole = Noted::Packet {
            at: Moment::ZERO,
            from: from(),
            port: Port::Rtcp,
            packet: vec![7, 7],
        };
        assert_eq!(feed.pop(), Some(whole));
    }

    #[test]
    fn a_feed_that_nobody_empties_ends_and_says_so() {
        let (sender, mut feed) = TapSender::new();
        for millis in 0..PIECES as u64 + 1 {
            sender.tick(Moment::from_millis(millis));
        }
        assert!(!feed.is_complete());
        assert_eq!(all(&mut feed).len(), PIECES);
        sender.tick(Moment::ZERO);
        assert_eq!(feed.pop(), None, "there is a gap before it");
    }

    #[test]
    fn a_connection_is_noted_as_it_was_agreed_on() {
        let (sender, mut feed) = TapSender::new();
        let connection = Connection::new(from(), Codec::Pcmu, 0);
        let start = StreamStart {
            ssrc: 1,
            sequence: SequenceNumber(2),
            timestamp: RtpTimestamp(3),
        };
        let mut prepared = PreparedConnection::new(connection.clone(), start).unwrap();
        sender.connected(Moment::ZERO, &mut prepared);
        let expected = Noted::Connected {
            at: Moment::ZERO,
            connection: Box::new(connection),
            start,
        };
        assert_eq!(feed.pop(), Some(expected));
    }
}
