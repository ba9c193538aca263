//! What a playout buffer takes, gives and answers.

use std::time::Duration;

use audio::{Frame, Moment, RtpTimestamp, SequenceNumber};

/// One received RTP packet of audio, its header already parsed.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Its place in the stream (RFC 3550 §5.1).
    pub sequence: SequenceNumber,
    /// When its first sample was taken, on the payload's clock.
    pub timestamp: RtpTimestamp,
    /// Whether the sender marked it as the first of a talk spurt (RFC 3551 §4.1).
    pub marker: bool,
    /// Which source the stream comes from.
    pub ssrc: u32,
    /// The encoded audio, without header, extension and padding.
    pub payload: &'a [u8],
}

/// The codec of the stream.
pub trait Decoder {
    /// Decodes one packet's `payload` into the start of `out`, which holds
    /// 120 ms at 16 kHz, and returns how many samples it wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the payload is not one of the codec's or has more
    /// audio than `out` holds. The packet then counts as lost.
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError>;
}

/// Why a packet could not be decoded. Nothing is to be done about it but to
/// conceal it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes could not be decoded; expected one packet of the negotiated codec")]
pub struct DecodeError {
    /// Length of the payload.
    pub bytes: usize,
}

/// The playout buffer of one received stream, whatever its strategy.
///
/// The owner inserts packets as they arrive and pulls once every 20 ms. `now`
/// must not go backwards from call to call.
pub trait PlayoutBuffer: Send {
    /// Takes a packet that arrived at `now` and says what became of it.
    fn insert(&mut self, now: Moment, packet: &Packet<'_>) -> Insertion;

    /// Notes that the packet with this number came but holds none of the audio:
    /// a telephone-event (RFC 4733), comfort noise. Such packets share the
    /// sequence with the audio, and without this each would count as lost.
    fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber);

    /// Overwrites `out` with the next 20 ms, always exactly 20 ms, decoding what
    /// it needs with `decoder`.
    fn pull(&mut self, now: Moment, decoder: &mut dyn Decoder, out: &mut Frame) -> Playout;

    /// What happened since construction; [`PlayoutBuffer::reset`] does not clear it.
    fn statistics(&self) -> Statistics;

    /// Forgets the stream and everything buffered, as if no packet had come.
    fn reset(&mut self);
}

/// What became of an inserted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// It waits for its turn.
    Queued,
    /// It was received before and is dropped.
    Duplicate,
    /// Its time to be played has passed, and it is dropped.
    Late,
    /// The buffer was full: the oldest packet, which may be this one, is dropped.
    Overflowed,
    /// Its payload is longer than any audio packet that is expected, and it is dropped.
    Oversized,
    /// It begins a new stream: what was buffered of the old one is dropped, and
    /// this packet waits for its turn.
    Restarted,
}

/// What a pull gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playout {
    /// What the 20 ms are made of.
    pub kind: PlayoutKind,
    /// How much audio is still buffered after this pull.
    pub level: Duration,
}

/// What 20 ms of playout are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlayoutKind {
    /// Received audio, at least in part, and no loss.
    Decoded,
    /// Some of it stands in for packets that were lost.
    Concealed,
    /// The stream has not begun, pauses, or ran dry. The frame is silent, but
    /// for the fade of what was played just before it.
    Silence,
}

/// Counters of one buffer since its construction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets inserted, whatever became of them.
    pub received: u64,
    /// Packets dropped because they had been received before.
    pub duplicates: u64,
    /// Packets dropped because they came after their time.
    pub late: u64,
    /// Packets dropped because the buffer was full.
    pub overflowed: u64,
    /// Packets dropped because their payload was too long.
    pub oversized: u64,
    /// Packets that the decoder refused.
    pub undecodable: u64,
    /// Packets missing from the sequence when their turn came; one that arrives
    /// afterwards counts in [`Statistics::late`] too.
    pub lost: u64,
    /// Times that a new stream took the place of the old one.
    pub restarts: u64,
    /// Times that a playing stream ran dry.
    pub underruns: u64,
    /// Frames pulled whose kind was [`PlayoutKind::Decoded`].
    pub decoded_frames: u64,
    /// Frames pulled whose kind was [`PlayoutKind::Concealed`].
    pub concealed_frames: u64,
    /// Frames pulled whose kind was [`PlayoutKind::Silence`].
    pub silent_frames: u64,
    /// Frames' worth of audio left out to bring a grown delay back.
    pub skipped_frames: u64,
}
