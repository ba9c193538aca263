//! The input is one octet, whose lowest bit picks the policy and whose others pick
//! the codec, and then steps. A step is one octet for what to do and what that
//! needs, as [`step`] says. Time passes in ticks of 20 ms, at each of which the
//! buffer is pulled; one that listens is pulled after each packet, too.

use std::time::Duration;

use audio::codec::Decoder;
use audio::{Codec, FRAME, Frame, Moment, RtpTimestamp, SequenceNumber};
use jitter::{
    AdaptiveBuffer, Content, Format, Packet, PlayoutBuffer, PlayoutKind, Policy, Settings,
};

use crate::Verdict;
use crate::input::Input;

/// What is done in a step.
pub(crate) mod step {
    /// A packet comes that follows the one before it: how many are left out (one
    /// octet, signed), by how many ticks of the timestamp it is off (two, signed),
    /// flags as with [`ANY`] (one), and the payload after its length (two).
    pub(crate) const NEXT: u8 = 0;
    /// A packet comes: sequence number (two octets), timestamp (four), flags
    /// (one: the marker, comfort noise, and the source in the lower bits), and the
    /// payload after its length (two).
    pub(crate) const ANY: u8 = 1;
    /// A packet comes that is no audio: sequence number (two octets), source (one).
    pub(crate) const PASS_OVER: u8 = 2;
    /// Time passes: milliseconds (one octet).
    pub(crate) const WAIT: u8 = 3;
    /// More time passes: 16ths of a second (one octet).
    pub(crate) const PAUSE: u8 = 4;
    /// Another codec begins: which (one octet).
    pub(crate) const RESET: u8 = 5;
    pub(crate) const COUNT: u8 = 6;

    pub(crate) const MARKER: u8 = 0x80;
    pub(crate) const COMFORT_NOISE: u8 = 0x40;
}

/// Frames that a buffer may give at one moment: five seconds, far beyond what it
/// may hold.
const LIMIT: usize = 250;

pub(crate) fn run(input: &[u8]) -> Verdict {
    let mut input = Input::new(input);
    let first = input.octet().unwrap_or(0);
    let policy = match first & 1 {
        0 => Policy::Play,
        _ => Policy::Listen,
    };
    let mut line = Line::new(policy, codec(first >> 1));
    while let Some(octet) = input.octet() {
        if line.take(octet % step::COUNT, &mut input).is_none() {
            break;
        }
    }
    let statistics = line.buffer.statistics();
    assert_eq!(statistics.received, line.received);
    let frames = statistics.decoded_frames + statistics.concealed_frames + statistics.silent_frames;
    assert_eq!(frames, line.pulled);
    Verdict::of(statistics.decoded_frames > 0)
}

/// The codec that an octet picks.
fn codec(octet: u8) -> Codec {
    Codec::ALL[usize::from(octet) % Codec::ALL.len()]
}

const fn format(codec: Codec) -> Format {
    Format {
        clock: codec.clock(),
        rate: codec.rate(),
    }
}

/// A buffer and what it is told.
struct Line {
    policy: Policy,
    codec: Codec,
    decoder: Decoder,
    buffer: AdaptiveBuffer,
    frame: Frame,
    now: Moment,
    /// The last tick.
    tick: Moment,
    until: Moment,
    sequence: SequenceNumber,
    timestamp: RtpTimestamp,
    received: u64,
    pulled: u64,
}

impl Line {
    fn new(policy: Policy, codec: Codec) -> Self {
        let start = Moment::from_millis(10_000);
        Self {
            policy,
            codec,
            decoder: Decoder::new(codec).expect("there is memory"),
            buffer: AdaptiveBuffer::new(Settings::new(policy, format(codec))),
            frame: Frame::silence(codec.rate()),
            now: start,
            tick: start,
            until: Moment::ZERO,
            sequence: SequenceNumber(u16::MAX - 3),
            timestamp: RtpTimestamp(u32::MAX - 2_000),
            received: 0,
            pulled: 0,
        }
    }

    /// Does a step; `None` at the end of the input.
    fn take(&mut self, step: u8, input: &mut Input<'_>) -> Option<()> {
        match step {
            step::NEXT => {
                let left_out = input.octet()?.cast_signed();
                let off = input.half()?.cast_signed();
                let flags = input.octet()?;
                let payload = input.record()?;
                let samples = self.codec.clock().samples_in(FRAME) as i32;
                let ahead = (i32::from(left_out) + 1) * samples + i32::from(off);
                self.sequence = SequenceNumber(
                    (self.sequence.0).wrapping_add_signed(i16::from(left_out).wrapping_add(1)),
                );
                self.timestamp = RtpTimestamp(self.timestamp.0.wrapping_add_signed(ahead));
                self.insert(self.sequence, self.timestamp, flags, payload);
            }
            step::ANY => {
                let sequence = SequenceNumber(input.half()?);
                let timestamp = RtpTimestamp(input.word()?);
                let flags = input.octet()?;
                let payload = input.record()?;
                self.insert(sequence, timestamp, flags, payload);
            }
            step::PASS_OVER => {
                let sequence = SequenceNumber(input.half()?);
                self.buffer.pass_over(u32::from(input.octet()?), sequence);
            }
            step::WAIT => self.wait(Duration::from_millis(u64::from(input.octet()?))),
            step::PAUSE => self.wait(Duration::from_secs(1) / 16 * u32::from(input.octet()?)),
            _ => self.reset(codec(input.octet()?)),
        }
        Some(())
    }

    fn insert(
        &mut self,
        sequence: SequenceNumber,
        timestamp: RtpTimestamp,
        flags: u8,
        payload: &[u8],
    ) {
        let packet = Packet {
            content: match flags & step::COMFORT_NOISE {
                0 => Content::Audio,
                _ => Content::ComfortNoise,
            },
            sequence,
            timestamp,
            marker: flags & step::MARKER != 0,
            ssrc: u32::from(flags & 0x3F),
            payload,
        };
        self.buffer.insert(self.now, &packet);
        self.received += 1;
        if self.policy == Policy::Listen {
            self.pull();
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while self.tick + FRAME <= end {
            self.tick = self.tick + FRAME;
            self.now = self.tick;
            self.pull();
        }
        self.now = end;
    }

    fn reset(&mut self, codec: Codec) {
        self.codec = codec;
        self.decoder = Decoder::new(codec).expect("there is memory");
        self.frame = Frame::silence(codec.rate());
        self.buffer.reset(format(codec));
    }

    /// Pulls what is due.
    fn pull(&mut self) {
        for _ in 0..LIMIT {
            let playout = self
                .buffer
                .pull(self.now, &mut self.decoder, &mut self.frame);
            let Some(playout) = playout else {
                assert_eq!(self.policy, Policy::Listen, "who plays always has a frame");
                return;
            };
            self.pulled += 1;
            assert_eq!(self.frame.len(), self.codec.rate().samples_in(FRAME));
            assert!(playout.until >= self.until, "time goes back");
            self.until = playout.until;
            if playout.kind == PlayoutKind::Silence && self.policy == Policy::Play {
                assert!(playout.until <= self.now + FRAME);
            }
            if self.policy == Policy::Play {
                return;
            }
        }
        panic!("more than {LIMIT} frames at a moment");
    }
}
