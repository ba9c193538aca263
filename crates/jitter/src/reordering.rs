//! A playout buffer of fixed depth.
//!
//! The position is the timestamp of the next sample to be played. While the
//! buffer plays, each pull moves it on by 20 ms: through packets, through
//! silence where the sender paused, through concealment where packets are
//! missing. When nothing is left the buffer stops, the position is forgotten,
//! and the next packets wait for the depth again.

use std::time::Duration;

use audio::{FRAME, Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};

use crate::blend::blend;
use crate::border::{Decoder, Insertion, Packet, Playout, PlayoutBuffer, PlayoutKind, Statistics};
use crate::catch_up::CatchUp;
use crate::fade::Fade;
use crate::queue::{PAYLOAD_LIMIT, Queue};
use crate::stream::{Standing, Stream};

/// The most that one packet may decode to: 120 ms at 16 kHz.
const DECODED_LIMIT: usize = 1_920;
/// The smallest depth at which packets of 10 and 30 ms, which end between two
/// pulls, play without running dry.
const SMALLEST_DEPTH: Duration = Duration::from_millis(30);
/// How a skip blends the audio before it into the audio after it.
const BLEND: Duration = Duration::from_millis(5);

/// How a [`ReorderingBuffer`] is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Samples per second of the decoded audio and of the RTP clock alike, at
    /// most 16 kHz.
    pub rate: SampleRate,
    /// The longest that the first packet of a talk spurt waits; the shortest is
    /// 20 ms less, depending on when in the owner's 20 ms it arrives. Packets of
    /// 20 ms may be late by `depth` − 20 ms without being missed. Less than
    /// 30 ms counts as 30 ms.
    pub depth: Duration,
    /// The most packets that wait at a time, at least 1.
    pub capacity: usize,
}

impl Settings {
    /// A depth of 40 ms and room for 50 packets, at `rate`.
    pub const fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            depth: Duration::from_millis(40),
            capacity: 50,
        }
    }
}

/// A [`PlayoutBuffer`] that starts each talk spurt after a fixed wait, puts
/// packets in order, and fades over those that are missing.
///
/// It does not stretch audio: a stream that runs dry waits for the depth again,
/// and a delay that has grown is brought back by leaving out frames, quiet ones
/// first.
pub struct ReorderingBuffer {
    rate: SampleRate,
    depth: Duration,
    stream: Option<Stream>,
    queue: Queue,
    state: State,
    /// The last packet whose turn has been and gone.
    passed: Option<SequenceNumber>,
    /// Samples in the last packet that was decoded; 20 ms until there is one.
    packet_samples: usize,
    decoded: Vec<i16>,
    /// The part of `decoded` that is still to be played.
    pending: std::ops::Range<usize>,
    /// Samples put out in place of missing ones since the last received one.
    concealed: usize,
    fade: Fade,
    catch_up: CatchUp,
    statistics: Statistics,
}

#[derive(Clone, Copy)]
enum State {
    /// Nothing plays; the first packet of what comes next arrived at `since`.
    Stopped {
        since: Option<Moment>,
    },
    Playing {
        position: RtpTimestamp,
    },
}

/// What a stretch of output was made of.
#[derive(Clone, Copy, Default)]
struct Content {
    received: bool,
    concealed: bool,
}

impl Content {
    const fn kind(self) -> PlayoutKind {
        match self {
            Self {
                concealed: true, ..
            } => PlayoutKind::Concealed,
            Self { received: true, .. } => PlayoutKind::Decoded,
            Self { .. } => PlayoutKind::Silence,
        }
    }
}

impl ReorderingBuffer {
    /// An empty buffer. This is the last time it allocates.
    pub fn new(settings: Settings) -> Self {
        let Settings {
            rate,
            depth,
            capacity,
        } = settings;
        let depth = depth.max(SMALLEST_DEPTH);
        let frame_samples = Frame::silence(rate).len();
        Self {
            rate,
            depth,
            stream: None,
            queue: Queue::new(capacity.max(1)),
            state: State::Stopped { since: None },
            passed: None,
            packet_samples: frame_samples,
            decoded: vec![0; DECODED_LIMIT],
            pending: 0..0,
            concealed: 0,
            fade: Fade::new(frame_samples),
            catch_up: CatchUp::above(depth),
            statistics: Statistics::default(),
        }
    }

    fn begin(&mut self, now: Moment, first: &Packet<'_>) {
        self.stream = Some(Stream::beginning_with(first, self.rate));
        self.enqueue(now, first);
    }

    /// Drops everything that belongs to the current stream, except for the fade
    /// of what it played last.
    fn forget_stream(&mut self) {
        self.stream = None;
        self.queue.clear();
        self.state = State::Stopped { since: None };
        self.passed = None;
        self.pending = 0..0;
        self.catch_up.rest();
    }

    /// Whether the time to play `packet` has gone by.
    fn has_passed(&self, packet: &Packet<'_>) -> bool {
        let by_sequence = self
            .passed
            .is_some_and(|passed| packet.sequence.distance_from(passed) <= 0);
        let by_time = match self.state {
            State::Stopped { .. } => false,
            State::Playing { position } => {
                let end = packet.timestamp.advanced(self.packet_samples as u32);
                end.distance_from(position) <= 0
            }
        };
        by_sequence || by_time
    }

    fn enqueue(&mut self, now: Moment, packet: &Packet<'_>) -> Insertion {
        if let State::Stopped {
            since: since @ None,
        } = &mut self.state
        {
            *since = Some(now);
        }
        if self.queue.insert(packet) {
            return Insertion::Queued;
        }
        // overflow: drops oldest, counted
        self.statistics.overflowed += 1;
        let oldest = self.queue.front().map(|oldest| oldest.sequence);
        if let Some(oldest) = oldest.filter(|oldest| packet.sequence.distance_from(*oldest) > 0) {
            self.queue.pop();
            self.pass(oldest);
            self.queue.insert(packet);
            self.jump_to_front();
        }
        Insertion::Overflowed
    }

    /// Moves the position on to the oldest packet there is.
    fn jump_to_front(&mut self) {
        if let (State::Playing { position }, Some(front)) = (&mut self.state, self.queue.front())
            && front.timestamp.distance_from(*position) > 0
        {
            *position = front.timestamp;
            self.pending = 0..0;
        }
    }

    /// Notes that the turn of `sequence`, and of all before it, is over.
    fn pass(&mut self, sequence: SequenceNumber) {
        self.statistics.lost += self.missing_before(sequence) as u64;
        self.passed = Some(sequence);
    }

    fn missing_before(&self, sequence: SequenceNumber) -> usize {
        match (&self.stream, self.passed) {
            (Some(stream), Some(passed)) => stream.packets_between(passed, sequence),
            _ => 0,
        }
    }

    fn start_if_due(&mut self, now: Moment) {
        let State::Stopped { since: Some(since) } = self.state else {
            return;
        };
        let (Some(front), Some(back)) = (self.queue.front(), self.queue.back()) else {
            return;
        };
        let position = front.timestamp;
        let waited = now.since(since) + FRAME > self.depth;
        let ahead = self.samples_between(position, back.timestamp);
        if waited || self.rate.duration_of(ahead) >= self.depth {
            self.state = State::Playing { position };
        }
    }

    fn fill(&mut self, decoder: &mut dyn Decoder, out: &mut [i16]) -> Content {
        let mut content = Content::default();
        let mut filled = 0;
        while filled < out.len() {
            let rest = &mut out[filled..];
            let State::Playing { position } = self.state else {
                self.fade.fill(rest);
                break;
            };
            if !self.pending.is_empty() {
                content.received = true;
                filled += self.play_pending(position, rest);
                continue;
            }
            let Some(front) = self.queue.front() else {
                self.statistics.underruns += 1;
                self.state = State::Stopped { since: None };
                continue;
            };
            let (sequence, next) = (front.sequence, front.timestamp);
            let gap = self.samples_between(position, next);
            if gap == 0 {
                self.decode_front(position, decoder);
                continue;
            }
            let missing = self.missing_before(sequence) * self.packet_samples;
            let lost = missing.saturating_sub(self.concealed).min(gap);
            content.concealed |= lost > 0;
            filled += self.bridge(position, gap, lost, rest);
        }
        content
    }

    /// Plays decoded audio into `out`; returns how many samples.
    fn play_pending(&mut self, position: RtpTimestamp, out: &mut [i16]) -> usize {
        let count = self.pending.len().min(out.len());
        let start = self.pending.start;
        let played = &self.decoded[start..start + count];
        out[..count].copy_from_slice(played);
        self.fade.remember(played);
        self.pending.start += count;
        self.concealed = 0;
        self.state = State::Playing {
            position: position.advanced(count as u32),
        };
        count
    }

    /// Plays what stands in for the `gap` samples before the oldest packet, of
    /// which the first `lost` were sent and the rest never were. Returns how many
    /// samples of it fit into `out`.
    fn bridge(
        &mut self,
        position: RtpTimestamp,
        gap: usize,
        lost: usize,
        out: &mut [i16],
    ) -> usize {
        let count = if lost > 0 { lost } else { gap }.min(out.len());
        if lost == 0 {
            self.fade.silence();
        }
        self.fade.fill(&mut out[..count]);
        self.concealed += count;
        self.state = State::Playing {
            position: position.advanced(count as u32),
        };
        count
    }

    fn decode_front(&mut self, position: RtpTimestamp, decoder: &mut dyn Decoder) {
        let Some(front) = self.queue.pop() else {
            return;
        };
        let sequence = front.sequence;
        let stale = position.distance_from(front.timestamp).max(0) as usize;
        let Ok(len) = decoder.decode(front.payload(), &mut self.decoded) else {
            self.statistics.undecodable += 1;
            return;
        };
        self.pass(sequence);
        if len == 0 {
            return;
        }
        let len = len.min(self.decoded.len());
        self.packet_samples = len;
        self.pending = stale.min(len)..len;
        if stale >= len {
            self.statistics.late += 1;
        }
    }

    /// How much audio is buffered, in samples.
    fn level(&self) -> usize {
        let (start, back) = match (self.state, self.queue.front(), self.queue.back()) {
            (State::Playing { position }, _, Some(back)) => (position, back),
            (State::Stopped { .. }, Some(front), Some(back)) => (front.timestamp, back),
            _ => return self.pending.len(),
        };
        self.samples_between(start, back.timestamp.advanced(self.packet_samples as u32))
    }

    /// Samples from `start` to `end`, 0 if `end` is not the later one.
    fn samples_between(&self, start: RtpTimestamp, end: RtpTimestamp) -> usize {
        usize::try_from(end.distance_from(start)).unwrap_or(0)
    }
}

impl PlayoutBuffer for ReorderingBuffer {
    fn insert(&mut self, now: Moment, packet: &Packet<'_>) -> Insertion {
        self.statistics.received += 1;
        if packet.payload.len() > PAYLOAD_LIMIT {
            self.statistics.oversized += 1;
            return Insertion::Oversized;
        }
        let Some(stream) = &mut self.stream else {
            self.begin(now, packet);
            return Insertion::Queued;
        };
        match stream.judge(packet) {
            Standing::Fresh if !self.has_passed(packet) => self.enqueue(now, packet),
            Standing::Fresh | Standing::Stray => {
                self.statistics.late += 1;
                Insertion::Late
            }
            Standing::Repeated => {
                self.statistics.duplicates += 1;
                Insertion::Duplicate
            }
            Standing::Foreign => {
                self.statistics.restarts += 1;
                self.forget_stream();
                self.begin(now, packet);
                Insertion::Restarted
            }
        }
    }

    fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber) {
        let continues = (self.stream.as_mut()).is_some_and(|it| it.pass_over(ssrc, sequence));
        let idle = matches!(self.state, State::Stopped { since: None });
        if continues && idle {
            self.pass(sequence);
        }
    }

    fn pull(&mut self, now: Moment, decoder: &mut dyn Decoder, out: &mut Frame) -> Playout {
        *out = Frame::silence(self.rate);
        self.start_if_due(now);
        let mut content = self.fill(decoder, out.samples_mut());
        if self
            .catch_up
            .skips(now, audio::level::is_audible(out.samples()))
        {
            let mut next = Frame::silence(self.rate);
            let following = self.fill(decoder, next.samples_mut());
            content.received |= following.received;
            content.concealed |= following.concealed;
            blend(
                out.samples_mut(),
                next.samples(),
                self.rate.samples_in(BLEND),
            );
            self.statistics.skipped_frames += 1;
        }
        let level = self.rate.duration_of(self.level());
        self.catch_up.observe(now, level);
        let kind = content.kind();
        match kind {
            PlayoutKind::Decoded => self.statistics.decoded_frames += 1,
            PlayoutKind::Concealed => self.statistics.concealed_frames += 1,
            PlayoutKind::Silence => self.statistics.silent_frames += 1,
        }
        Playout { kind, level }
    }

    fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn reset(&mut self) {
        self.forget_stream();
        self.fade.silence();
        self.packet_samples = Frame::silence(self.rate).len();
    }
}
