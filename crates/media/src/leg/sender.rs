//! Writes the RTP stream of a leg.

use audio::{Codec, FRAME, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use srtp::{Profile, Protect};

use crate::rtp::{HEADER_LEN, Header};
use crate::telephone_event::Event;

/// Where a stream begins. All three are random, so that nobody off the path can
/// guess them (RFC 3550 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// The source identifier.
    pub ssrc: u32,
    /// Sequence number of the first packet, below 2¹⁵ if it is to be sealed: the far
    /// end then counts its wraps right even if the first packets are lost.
    pub sequence: SequenceNumber,
    /// Timestamp of the first tick.
    pub timestamp: RtpTimestamp,
}

/// Octets of the longest payload that any codec writes.
const LONGEST_PAYLOAD: usize = {
    let (mut longest, mut index) = (0, 0);
    while index < Codec::ALL.len() {
        let payload = Codec::ALL[index].longest_payload();
        if payload > longest {
            longest = payload;
        }
        index += 1;
    }
    longest
};

const LONGEST_PACKET: usize = HEADER_LEN + LONGEST_PAYLOAD + Profile::MAX_RTP_OVERHEAD;

/// The RTP stream of a leg: at most one packet a tick. The timestamp follows the
/// ticks, sent or not; the sequence number follows the packets.
#[derive(Debug)]
pub(crate) struct Sender {
    ssrc: u32,
    sequence: SequenceNumber,
    timestamp: RtpTimestamp,
    /// What 20 ms count on the payload's clock.
    step: u32,
    last_tick: Option<Moment>,
    /// Whether the next packet begins a talk spurt: the first one, and the first
    /// after a pause.
    marker: bool,
    /// Ticks since the last packet, in a silence in which the encoder had nothing to
    /// send.
    resting: Option<u8>,
    /// Ticks of silence in a row, up to [`HANGOVER`].
    silent: u8,
    packet: [u8; LONGEST_PACKET],
}

/// Ticks from one sign of life to the next in such a silence: 400 ms, as libopus has it.
///
/// Silence that follows silence changes nothing in an encoder that is discontinuous (RFC
/// 7587 §3.1.3), and encoding it costs almost as much as speech. So it is not asked
/// between these, and libopus, which counts the frames that it is given, does not know
/// when they are due.
const SIGN_OF_LIFE: u8 = 20;

/// Ticks of silence that are sent as audio before a description takes their place, so
/// that what is short stays as it is: 200 ms.
const HANGOVER: u8 = 10;

impl Sender {
    pub(crate) fn new(start: StreamStart, clock: SampleRate) -> Self {
        Self {
            ssrc: start.ssrc,
            sequence: start.sequence,
            timestamp: start.timestamp,
            step: clock.samples_in(FRAME) as u32,
            last_tick: None,
            marker: true,
            resting: None,
            silent: 0,
            packet: [0; LONGEST_PACKET],
        }
    }

    /// The timestamp of the tick that takes place.
    pub(crate) const fn timestamp(&self) -> RtpTimestamp {
        self.timestamp
    }

    /// Moves the timestamp on to the tick at `at` and returns how many ticks
    /// before it did not take place.
    pub(crate) fn advance(&mut self, at: Moment) -> u64 {
        let Some(last) = self.last_tick.replace(at) else {
            return 0;
        };
        let ticks = (at.since(last).as_micros() / FRAME.as_micros()) as u32;
        self.timestamp = self.timestamp.advanced(ticks.wrapping_mul(self.step));
        let missed = ticks.saturating_sub(1);
        self.marker |= missed > 0;
        u64::from(missed)
    }

    /// Lets the tick pass without a packet.
    pub(crate) fn pause(&mut self) {
        self.marker = true;
    }

    /// The packet of this tick, whose payload is what `encode` writes; `None` if it
    /// writes nothing, or need not be asked because what it would encode is `silent`
    /// once more. It is told whether it is to write something in any case.
    pub(crate) fn audio(
        &mut self,
        payload_type: u8,
        silent: bool,
        encode: impl FnOnce(bool, &mut [u8]) -> usize,
    ) -> Option<Unsealed<'_>> {
        let resting = self.resting.filter(|_| silent).map(|ticks| ticks + 1);
        if resting.is_some_and(|ticks| ticks < SIGN_OF_LIFE) {
            self.resting = resting;
            self.pause();
            return None;
        }
        let sign_of_life = resting.is_some();
        let (_, rest) = self.packet.split_at_mut(HEADER_LEN);
        let len = encode(sign_of_life, &mut rest[..LONGEST_PAYLOAD]).min(LONGEST_PAYLOAD);
        if len == 0 {
            self.resting = silent.then_some(1);
            self.pause();
            return None;
        }
        self.resting = sign_of_life.then_some(0);
        // What is said in a pause begins no talk spurt.
        let marker = !sign_of_life && std::mem::take(&mut self.marker);
        Some(self.finish(marker, payload_type, self.timestamp, len))
    }

    /// Notes whether the tick is `silent`; returns whether it belongs to a pause that
    /// need not be sent as audio.
    pub(crate) fn is_pausing(&mut self, silent: bool) -> bool {
        let pausing = silent && self.silent == HANGOVER;
        self.silent = if silent {
            (self.silent + 1).min(HANGOVER)
        } else {
            0
        };
        pausing
    }

    /// The packet of a tick in a pause: now and then a description of its noise, which
    /// `describe` writes (RFC 3389).
    pub(crate) fn noise(
        &mut self,
        payload_type: u8,
        describe: impl FnOnce(&mut [u8]) -> usize,
    ) -> Option<Unsealed<'_>> {
        self.pause();
        let ticks = self.resting.map_or(SIGN_OF_LIFE, |ticks| ticks + 1);
        if ticks < SIGN_OF_LIFE {
            self.resting = Some(ticks);
            return None;
        }
        self.resting = Some(0);
        let (_, rest) = self.packet.split_at_mut(HEADER_LEN);
        let len = describe(&mut rest[..LONGEST_PAYLOAD]).min(LONGEST_PAYLOAD);
        Some(self.finish(false, payload_type, self.timestamp, len))
    }

    /// A packet that takes the place of audio, dated as it says itself. The next
    /// packet of audio begins a talk spurt.
    pub(crate) fn event(&mut self, payload_type: u8, event: &Event) -> Unsealed<'_> {
        let len = event.payload.len();
        self.packet[HEADER_LEN..HEADER_LEN + len].copy_from_slice(&event.payload);
        self.pause();
        self.finish(event.marker, payload_type, event.timestamp, len)
    }

    fn finish(
        &mut self,
        marker: bool,
        payload_type: u8,
        timestamp: RtpTimestamp,
        payload: usize,
    ) -> Unsealed<'_> {
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.next();
        self.packet[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        Unsealed {
            header,
            buffer: &mut self.packet,
            len: HEADER_LEN + payload,
        }
    }
}

/// A packet with room for what a cipher adds.
pub(crate) struct Unsealed<'a> {
    pub(crate) header: Header,
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Unsealed<'a> {
    /// Octets of the payload.
    pub(crate) const fn payload_len(&self) -> usize {
        self.len - HEADER_LEN
    }

    /// The packet as it goes on the wire; `None` if the keys are used up.
    pub(crate) fn seal(self, protect: Option<&mut Protect>) -> Option<&'a [u8]> {
        let len = match protect {
            Some(protect) => protect.protect_rtp(self.buffer, self.len).ok()?,
            None => self.len,
        };
        self.buffer.get(..len)
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
        speak(sender).unwrap()
    }

    fn speak(sender: &mut Sender) -> Option<Header> {
        let packet = sender.audio(0, false, |_, payload| {
            payload[..160].fill(0xFF);
            160
        });
        Some(header(packet?))
    }

    fn header(packet: Unsealed<'_>) -> Header {
        rtp::parse(packet.seal(None).unwrap()).unwrap().0
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
    fn a_codec_that_has_nothing_to_send_begins_a_talk_spurt_afterwards() {
        let mut sender = sender();
        sent(&mut sender, 20);
        sender.advance(Moment::from_millis(40));
        assert!(sender.audio(0, false, |_, _| 0).is_none());
        let header = sent(&mut sender, 60);
        assert!(header.marker);
        assert_eq!(header.sequence, SequenceNumber(0));
        assert_eq!(header.timestamp, RtpTimestamp(160));
    }

    /// An encoder that has nothing to say of silence unless it is made to.
    fn discontinuous(sign_of_life: bool, _: &mut [u8]) -> usize {
        if sign_of_life { 5 } else { 0 }
    }

    #[test]
    fn an_encoder_that_had_nothing_to_send_of_silence_rests_until_there_is_sound() {
        let mut sender = sender();
        let mut asked = 0;
        for _ in 0..19 {
            let nothing = sender.audio(0, true, |_, _| {
                asked += 1;
                0
            });
            assert!(nothing.is_none());
        }
        assert_eq!(asked, 1);
        assert!(sender.audio(0, false, |_, _| 5).is_some());
        assert!(sender.audio(0, true, |_, _| 5).is_some());
    }

    #[test]
    fn a_silence_has_a_sign_of_life_every_400_ms_and_none_of_them_begins_a_talk_spurt() {
        let mut sender = sender();
        sent(&mut sender, 20);
        let mut at = Vec::new();
        for tick in 2..=101 {
            sender.advance(Moment::from_millis(20 * tick));
            if let Some(packet) = sender.audio(0, true, discontinuous) {
                assert!(!header(packet).marker);
                at.push(20 * (tick - 1));
            }
        }
        assert_eq!(at, [400, 800, 1_200, 1_600, 2_000]);
        assert!(sent(&mut sender, 20 * 102).marker);
    }

    #[test]
    fn a_pause_is_described_every_400_ms_once_it_has_lasted() {
        let mut sender = sender();
        let mut described = Vec::new();
        for tick in 1..=60 {
            sender.advance(Moment::from_millis(20 * tick));
            if !sender.is_pausing(true) {
                assert!(speak(&mut sender).is_some());
            } else if let Some(packet) = sender.noise(13, |payload| {
                payload[0] = 127;
                1
            }) {
                let header = header(packet);
                assert_eq!((header.payload_type, header.marker), (13, false));
                described.push(tick);
            }
        }
        assert_eq!(described, [11, 31, 51]);
        assert!(!sender.is_pausing(false));
        assert!(sent(&mut sender, 20 * 61).marker);
        assert!(!sender.is_pausing(true));
    }

    #[test]
    fn missed_ticks_are_counted_and_skipped_in_the_timestamp() {
        let mut sender = sender();
        sent(&mut sender, 20);
        assert_eq!(sender.advance(Moment::from_millis(120)), 4);
        let header = speak(&mut sender).unwrap();
        assert!(header.marker);
        assert_eq!(header.sequence, SequenceNumber(0));
        assert_eq!(header.timestamp, RtpTimestamp(640));
    }

    #[test]
    fn an_event_takes_a_place_in_the_sequence_and_dates_itself() {
        let mut sender = sender();
        sent(&mut sender, 20);
        sender.advance(Moment::from_millis(40));
        let begun = RtpTimestamp(77);
        let event = Event {
            marker: true,
            timestamp: begun,
            payload: [1, 2, 3, 4],
        };
        let event = header(sender.event(101, &event));
        assert_eq!((event.payload_type, event.timestamp), (101, begun));
        assert_eq!(event.sequence, SequenceNumber(0));
        let audio = sent(&mut sender, 60);
        assert!(audio.marker);
        assert_eq!(audio.sequence, SequenceNumber(1));
        assert_eq!(audio.timestamp, RtpTimestamp(160));
    }

    #[test]
    fn a_sealed_packet_is_longer_by_the_profiles_overhead() {
        let keys = srtp::Keys::new(Profile::AeadAes128Gcm, &[7; 28]).unwrap();
        let mut protect = Protect::new(&keys);
        let mut sender = sender();
        let packet = sender.audio(0, false, |_, _| LONGEST_PAYLOAD).unwrap();
        assert_eq!(packet.payload_len(), LONGEST_PAYLOAD);
        let sealed = packet.seal(Some(&mut protect)).unwrap();
        assert_eq!(sealed.len(), LONGEST_PACKET);
    }
}
