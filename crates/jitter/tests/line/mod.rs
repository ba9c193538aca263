//! A sender, a decoder and a receiver in virtual time. Every sample that is sent
//! has a number, so that a test can say which ones were played.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::time::Duration;

use audio::{Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use jitter::{
    DecodeError, Decoder, Insertion, Packet, Playout, PlayoutBuffer, PlayoutKind, ReorderingBuffer,
    Settings,
};

pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
/// Samples that one pull gives.
pub(crate) const FRAME_SAMPLES: usize = 160;

pub(crate) fn millis(count: u64) -> Moment {
    Moment::from_millis(count)
}

/// The value of the sample with this number: audible, and different from those
/// around it.
pub(crate) fn sample(number: usize) -> i16 {
    (number % 30_000) as i16 + 1_000
}

/// The samples with the numbers from `start` on.
pub(crate) fn samples(start: usize, count: usize) -> Vec<i16> {
    (start..start + count).map(sample).collect()
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
}

impl Sent {
    pub(crate) fn packet(&self) -> Packet<'_> {
        Packet {
            sequence: SequenceNumber(self.sequence),
            timestamp: RtpTimestamp(self.timestamp),
            marker: false,
            ssrc: self.ssrc,
            payload: &self.payload,
        }
    }
}

/// Makes the packets of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    /// The number of the next sample.
    pub(crate) number: usize,
    /// Samples in a packet.
    pub(crate) packet_samples: usize,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            sequence: 100,
            timestamp: 5_000,
            ssrc: 7,
            number: 0,
            packet_samples: FRAME_SAMPLES,
        }
    }

    pub(crate) fn with_packets_of(duration: Duration) -> Self {
        Self {
            packet_samples: RATE.samples_in(duration),
            ..Self::new()
        }
    }

    /// The next packet of audible audio.
    pub(crate) fn send(&mut self) -> Sent {
        self.send_with_loudness(true)
    }

    /// The next packet, of audio that nobody can hear.
    pub(crate) fn send_quiet(&mut self) -> Sent {
        self.send_with_loudness(false)
    }

    fn send_with_loudness(&mut self, audible: bool) -> Sent {
        let mut payload = vec![u8::from(audible)];
        payload.extend((self.number as u32).to_le_bytes());
        payload.extend((self.packet_samples as u16).to_le_bytes());
        let sent = Sent {
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.packet_samples as u32);
        self.number += self.packet_samples;
        sent
    }

    /// Lets time go by without sending, as a sender does that suppresses silence.
    pub(crate) fn pause(&mut self, samples: usize) {
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
    }
}

/// Decodes what a [`Sender`] sends and remembers in which order.
#[derive(Default)]
pub(crate) struct Numbers {
    /// The number of the first sample of each decoded packet.
    pub(crate) decoded: Vec<usize>,
}

impl Decoder for Numbers {
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        let refused = DecodeError {
            bytes: payload.len(),
        };
        let &[audible, a, b, c, d, low, high] = payload else {
            return Err(refused);
        };
        let number = u32::from_le_bytes([a, b, c, d]) as usize;
        let count = usize::from(u16::from_le_bytes([low, high]));
        self.decoded.push(number);
        for (place, out) in out.get_mut(..count).ok_or(refused)?.iter_mut().enumerate() {
            *out = if audible == 1 {
                sample(number + place)
            } else {
                (place % 300) as i16
            };
        }
        Ok(count)
    }
}

/// What one pull gave.
#[derive(Clone, Debug)]
pub(crate) struct Pulled {
    pub(crate) kind: PlayoutKind,
    pub(crate) level: Duration,
    pub(crate) samples: Vec<i16>,
}

/// The receiving end.
pub(crate) struct Receiver {
    pub(crate) buffer: ReorderingBuffer,
    pub(crate) decoder: Numbers,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        Self::with(Settings::new(RATE))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self {
            buffer: ReorderingBuffer::new(settings),
            decoder: Numbers::default(),
        }
    }

    pub(crate) fn insert(&mut self, now: u64, sent: &Sent) -> Insertion {
        self.buffer.insert(millis(now), &sent.packet())
    }

    pub(crate) fn pull(&mut self, now: u64) -> Pulled {
        let mut frame = Frame::silence(RATE);
        let Playout { kind, level } = self.buffer.pull(millis(now), &mut self.decoder, &mut frame);
        Pulled {
            kind,
            level,
            samples: frame.samples().to_vec(),
        }
    }

    /// Pulls at `from` and every 20 ms after it, before `until`.
    pub(crate) fn pull_through(&mut self, from: u64, until: u64) -> Vec<Pulled> {
        (from..until)
            .step_by(20)
            .map(|now| self.pull(now))
            .collect()
    }

    /// Inserts packets as they arrive, in microseconds, and pulls every 20 ms from
    /// zero until `until` milliseconds. A packet that arrives at the time of a pull
    /// comes before it.
    pub(crate) fn play(&mut self, mut arrivals: Vec<(u64, Sent)>, until: u64) -> Vec<Pulled> {
        arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = arrivals.into_iter().peekable();
        let mut pulled = Vec::new();
        for now in (0..until).step_by(20) {
            while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at <= now * 1_000) {
                self.buffer.insert(Moment::from_micros(at), &sent.packet());
            }
            pulled.push(self.pull(now));
        }
        pulled
    }
}

/// The kinds of some frames.
pub(crate) fn kinds(pulled: &[Pulled]) -> Vec<PlayoutKind> {
    pulled.iter().map(|pulled| pulled.kind).collect()
}

/// All samples of some frames in a row.
pub(crate) fn joined(pulled: &[Pulled]) -> Vec<i16> {
    pulled
        .iter()
        .flat_map(|pulled| pulled.samples.iter().copied())
        .collect()
}
