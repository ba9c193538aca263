//! What a playout buffer takes, gives and answers.

use std::time::Duration;

use audio::{Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};

/// How a stream counts: the two rates differ for G.722 (RFC 3551 §4.5.2) and
/// Opus (RFC 7587 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Ticks of the RTP timestamp in a second.
    pub clock: SampleRate,
    /// Samples of decoded audio in a second, at most 16 kHz.
    pub rate: SampleRate,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Encoded audio.
    Audio,
    /// A description of the noise that fills the pause beginning here (RFC 3389).
    ComfortNoise,
}

/// One received RTP packet of audio, its header already parsed.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What `payload` is.
    pub content: Content,
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

    /// How many samples `payload` decodes to, without decoding it; `None` if it
    /// is not one of the codec's.
    fn samples(&self, payload: &[u8]) -> Option<usize>;

    /// Fills `out` with the audio of the packet before `next`, which was lost,
    /// from what `next` repeats of it (Opus in-band FEC, RFC 6716 §2.1.7).
    /// Returns how many samples it wrote: none if `next` repeats nothing.
    fn recover(&mut self, next: &[u8], out: &mut [i16]) -> usize;

    /// Fills `out` with what the codec itself has to put in the place of lost
    /// audio. Returns how many samples it wrote: none if the codec has nothing
    /// of the kind.
    fn conceal(&mut self, out: &mut [i16]) -> usize;

    /// Fills `out` with comfort noise as last described (RFC 3389); a new
    /// `description` is taken over first. Noise never described is silence.
    fn noise(&mut self, description: Option<&[u8]>, out: &mut [i16]);
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
/// The owner inserts packets as they arrive and pulls: a buffer towards a person
/// once every 20 ms, one towards a listening machine after each insertion and at
/// least every 20 ms, until it has nothing more. `now` must not go backwards from
/// call to call.
pub trait PlayoutBuffer: Send {
    /// Takes a packet that arrived at `now` and says what became of it.
    fn insert(&mut self, now: Moment, packet: &Packet<'_>) -> Insertion;

    /// Notes that the packet with this number came but holds none of the audio:
    /// a telephone-event (RFC 4733), comfort noise. Such packets share the
    /// sequence with the audio, and without this each would count as lost.
    fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber);

    /// Overwrites `out` with the next 20 ms, always exactly 20 ms, decoding what
    /// it needs with `decoder`. `None`, and `out` is void, if nothing is due: a
    /// buffer towards a person gives one frame for each pull, one towards a
    /// listening machine is pulled after each packet and each tick until it has
    /// nothing more.
    fn pull(&mut self, now: Moment, decoder: &mut dyn Decoder, out: &mut Frame) -> Option<Playout>;

    /// What happened since construction; [`PlayoutBuffer::reset`] does not clear it.
    fn statistics(&self) -> Statistics;

    /// Forgets the stream and everything buffered, as if no packet had come, and
    /// expects one of this format.
    fn reset(&mut self, format: Format);
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
    /// With the one before it, a [`Insertion::Stray`], it begins a new stream: what
    /// was buffered of the old one is dropped, and both wait for their turn.
    Restarted,
    /// It contradicts the stream: by its source, its number or its timestamp. It is
    /// dropped unless the next packet to come is the one after it.
    Stray,
}

/// What a pull gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playout {
    /// What the 20 ms are made of.
    pub kind: PlayoutKind,
    /// When its last sample arrived, or should have: the time of the stream,
    /// free of the network's jitter. It never goes back from frame to frame.
    pub until: Moment,
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
    /// Packets dropped because they contradict the stream: of another source, or with
    /// a number or a timestamp that is none of its own.
    pub strays: u64,
    /// Packets that the decoder refused.
    pub undecodable: u64,
    /// Packets missing from the sequence when their turn came; one that arrives
    /// afterwards counts in [`Statistics::late`] too.
    pub lost: u64,
    /// Packets that were missing and recovered from the one after them.
    pub recovered: u64,
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
    /// Times that concealment began.
    pub concealments: u64,
    /// Samples that stood in for missing ones, silent ones included.
    pub concealed_samples: u64,
    /// Samples put in to make speech longer, so that the delay grows.
    pub stretched_samples: u64,
    /// Samples taken out to make speech shorter, so that the delay falls.
    pub shrunk_samples: u64,
    /// Samples received and left out, because they came too late to be worth their
    /// delay.
    pub skipped_samples: u64,
    /// Frames' worth of those that were taken or left out.
    pub skipped_frames: u64,
    /// The lateness of packets that is provided for at present.
    pub target: Duration,
    /// How much audio was buffered after the last pull.
    pub level: Duration,
    /// By how long the frames that are not silent were delayed, each measured from
    /// its ideal arrival: how many in all, …
    pub delayed_frames: u64,
    /// … for how long together, …
    pub delay: Duration,
    /// … and how many by at most 20, 40, 60, 80, 100, 150 and 200 ms, and by more;
    /// each is counted once.
    pub delays: [u64; 8],
}

impl Statistics {
    /// The upper edges of [`Statistics::delays`], but for the last, in
    /// milliseconds.
    pub const DELAY_EDGES: [u64; 7] = [20, 40, 60, 80, 100, 150, 200];
}
