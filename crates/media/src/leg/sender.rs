//! Writes the RTP stream of a leg.

use audio::{FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};

use crate::codec::Codec;
use crate::rtp::{HEADER_LEN, Header};

/// Where a stream begins. All three are random, so that nobody off the path can
/// guess them (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The source identifier.
    pub ssrc: u32,
    /// Sequence number of the first packet.
    pub sequence: SequenceNumber,
    /// Timestamp of the first tick.
    pub timestamp: RtpTimestamp,
}

/// The RTP stream of a leg: one packet a tick while it sends. The timestamp
/// follows the ticks, sent or not; the sequence number follows the packets.
#[derive(Debug)]
pub(crate) struct Sender {
    ssrc: u32,
    sequence: SequenceNumber,
    timestamp: RtpTimestamp,
    samples: usize,
    last_tick: Option<Moment>,
    /// Whether the next packet begins a talk spurt: the first one, and the first
    /// after a pause.
    marker: bool,
    packet: [u8; HEADER_LEN + Frame::CAPACITY],
}

impl Sender {
    pub(crate) fn new(start: StreamStart, rate: SampleRate) -> Self {
        Self {
            ssrc: start.ssrc,
            sequence: start.sequence,
            timestamp: start.timestamp,
            samples: rate.samples_in(FRAME),
            last_tick: None,
            marker: true,
            packet: [0; HEADER_LEN + Frame::CAPACITY],
        }
    }

    /// Moves the timestamp on to the tick at `at` and returns how many ticks
    /// before it did not take place.
    pub(crate) fn advance(&mut self, at: Moment) -> u64 {
        let Some(last) = self.last_tick.replace(at) else {
            return 0;
        };
        let ticks = (at.since(last).as_micros() / FRAME.as_micros()) as u64;
        let samples = ticks.wrapping_mul(self.samples as u64);
        self.timestamp = self.timestamp.advanced(samples as u32);
        let missed = ticks.saturating_sub(1);
        self.marker |= missed > 0;
        missed
    }

    /// Lets the tick pass without a packet.
    pub(crate) fn pause(&mut self) {
        self.marker = true;
    }

    /// The packet of this tick.
    pub(crate) fn packet(&mut self, payload_type: u8, codec: Codec, frame: &Frame) -> &[u8] {
        let header = Header {
            marker: std::mem::take(&mut self.marker),
            payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.next();
        let (head, payload) = self.packet.split_at_mut(HEADER_LEN);
        head.copy_from_slice(&header.to_bytes());
        let encoded = codec.companding().encode(frame.samples(), payload);
        &self.packet[..HEADER_LEN + encoded]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn sender() -> Sender {
        let start = StreamStart {
            ssrc: 9,
            sequence: SequenceNumber(u16::MAX),
            timestamp: RtpTimestamp(u32::MAX - 159),
        };
        Sender::new(start, RATE)
    }

    fn sent(sender: &mut Sender, millis: u64) -> Header {
        sender.advance(Moment::from_millis(millis));
        let packet = sender.packet(0, Codec::Pcmu, &Frame::silence(RATE));
        rtp::parse(packet).unwrap().0
    }

    #[test]
    fn sequence_and_timestamp_wrap() {
        let mut sender = sender();
        sent(&mut sender, 20);
        let header = sent(&mut sender, 40);
        assert_eq!(header.sequence, SequenceNumber(0));
        assert_eq!(header.timestamp, RtpTimestamp(0));
    }

    #[test]
    fn a_pause_moves_the_timestamp_but_not_the_sequence() {
        let mut sender = sender();
        assert!(sent(&mut sender, 20).marker);
        assert!(!sent(&mut sender, 40).marker);
        assert_eq!(sender.advance(Moment::from_millis(60)), 0);
        sender.pause();
        let header = sent(&mut sender, 80);
        assert!(header.marker);
        assert_eq!(header.sequence, SequenceNumber(1));
        assert_eq!(header.timestamp, RtpTimestamp(320));
    }

    #[test]
    fn missed_ticks_are_counted_and_skipped_in_the_timestamp() {
        let mut sender = sender();
        sent(&mut sender, 20);
        assert_eq!(sender.advance(Moment::from_millis(120)), 4);
        let packet = sender.packet(0, Codec::Pcmu, &Frame::silence(RATE));
        let (header, _) = rtp::parse(packet).unwrap();
        assert!(header.marker);
        assert_eq!(header.sequence, SequenceNumber(0));
        assert_eq!(header.timestamp, RtpTimestamp(640));
    }

    #[test]
    fn silence_is_encoded_in_the_connections_law() {
        let mut sender = sender();
        let pcma = sender
            .packet(8, Codec::Pcma, &Frame::silence(RATE))
            .to_vec();
        assert_eq!(pcma[HEADER_LEN..], [0xD5; 160]);
        let pcmu = sender
            .packet(0, Codec::Pcmu, &Frame::silence(RATE))
            .to_vec();
        assert_eq!(pcmu[HEADER_LEN..], [0xFF; 160]);
    }
}
