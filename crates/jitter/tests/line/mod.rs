//! A sender, a decoder and a receiver in virtual time. Every sample that is sent
//! has a number, so that a test can say which ones were played; the samples are
//! noise, which nobody could make longer or shorter unheard, unless they are quiet.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::time::Duration;

use audio::{Frame, Moment, RtpTimestamp, SampleRate, SequenceNumber};
use jitter::{
    AdaptiveBuffer, Content, DecodeError, Decoder, Format, Insertion, Packet, Playout,
    PlayoutBuffer, PlayoutKind, Policy, Settings, Statistics,
};

pub(crate) const RATE: SampleRate = SampleRate::HZ_8000;
pub(crate) const FORMAT: Format = Format {
    clock: RATE,
    rate: RATE,
};
/// Samples that one pull gives.
pub(crate) const FRAME_SAMPLES: usize = 160;
/// The first byte of a payload.
const QUIET: u8 = 0;
const AUDIBLE: u8 = 1;
const SILENT: u8 = 2;

pub(crate) fn millis(count: u64) -> Moment {
    Moment::from_millis(count)
}

pub(crate) fn play() -> Settings {
    Settings::new(Policy::Play, FORMAT)
}

pub(crate) fn listen() -> Settings {
    Settings::new(Policy::Listen, FORMAT)
}

/// The value of the sample with this number: audible, and different from those
/// around it.
pub(crate) fn sample(number: usize) -> i16 {
    let mut mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed >> 40) as i16) / 4
}

/// The samples with the numbers from `start` on.
pub(crate) fn samples(start: usize, count: usize) -> Vec<i16> {
    (start..start + count).map(sample).collect()
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) content: Content,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
}

impl Sent {
    pub(crate) fn packet(&self) -> Packet<'_> {
        Packet {
            content: self.content,
            sequence: SequenceNumber(self.sequence),
            timestamp: RtpTimestamp(self.timestamp),
            marker: self.marker,
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
    /// Ticks of the timestamp for each two samples.
    pub(crate) ticks_per_two: u32,
    /// Whether packets repeat the one before them.
    pub(crate) repeats: bool,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            sequence: 100,
            timestamp: 5_000,
            ssrc: 7,
            number: 0,
            packet_samples: FRAME_SAMPLES,
            ticks_per_two: 2,
            repeats: false,
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
        self.send_as(AUDIBLE)
    }

    /// The next packet, of audio that nobody can hear.
    pub(crate) fn send_quiet(&mut self) -> Sent {
        self.send_as(QUIET)
    }

    /// The next packet, of zeros.
    pub(crate) fn send_silent(&mut self) -> Sent {
        self.send_as(SILENT)
    }

    fn send_as(&mut self, loudness: u8) -> Sent {
        let count = self.packet_samples as u16;
        let payload = payload(loudness, self.number as u32, count, self.repeats);
        let sent = self.packet_with(Content::Audio, payload);
        self.pause(self.packet_samples);
        self.number += self.packet_samples;
        sent
    }

    /// A description of noise at this level, in −dBov.
    pub(crate) fn send_noise(&mut self, level: u8) -> Sent {
        self.packet_with(Content::ComfortNoise, vec![level])
    }

    fn packet_with(&mut self, content: Content, payload: Vec<u8>) -> Sent {
        let sent = Sent {
            content,
            sequence: self.sequence,
            timestamp: self.timestamp,
            marker: false,
            ssrc: self.ssrc,
            payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        sent
    }

    /// Lets time go by without sending, as a sender does that suppresses silence.
    pub(crate) fn pause(&mut self, samples: usize) {
        let ticks = samples as u32 * self.ticks_per_two / 2;
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }
}

/// A payload of so many audible samples.
pub(crate) fn payload_of(samples: u16) -> Vec<u8> {
    payload(AUDIBLE, 0, samples, false)
}

fn payload(loudness: u8, number: u32, count: u16, repeats: bool) -> Vec<u8> {
    let mut payload = vec![loudness];
    payload.extend(number.to_le_bytes());
    payload.extend(count.to_le_bytes());
    payload.push(u8::from(repeats));
    payload
}

/// Decodes what a [`Sender`] sends and remembers in which order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// The number of the first sample of each decoded packet.
    pub(crate) decoded: Vec<usize>,
    forgets: bool,
    noise: u8,
}

impl Numbers {
    /// A decoder that does not remember what it decodes, and so never allocates.
    pub(crate) fn without_memory() -> Self {
        Self {
            forgets: true,
            ..Self::default()
        }
    }

    fn read(payload: &[u8]) -> Option<(u8, usize, usize, bool)> {
        let &[loudness, a, b, c, d, low, high, repeats] = payload else {
            return None;
        };
        let number = u32::from_le_bytes([a, b, c, d]) as usize;
        let count = usize::from(u16::from_le_bytes([low, high]));
        Some((loudness, number, count, repeats == 1))
    }
}

impl Decoder for Numbers {
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, DecodeError> {
        let refused = DecodeError {
            bytes: payload.len(),
        };
        let (loudness, number, count, _) = Self::read(payload).ok_or(refused)?;
        if !self.forgets {
            self.decoded.push(number);
        }
        for (place, out) in out.get_mut(..count).ok_or(refused)?.iter_mut().enumerate() {
            *out = match loudness {
                AUDIBLE => sample(number + place),
                QUIET => sample(number + place) / 1_000,
                _ => 0,
            };
        }
        Ok(count)
    }

    fn samples(&self, payload: &[u8]) -> Option<usize> {
        Self::read(payload).map(|(_, _, count, _)| count)
    }

    fn recover(&mut self, next: &[u8], out: &mut [i16]) -> usize {
        let Some((_, number, count, true)) = Self::read(next) else {
            return 0;
        };
        let missing = out.len().min(count);
        let begin = out.len() - missing;
        out[begin..].copy_from_slice(&samples(number - missing, missing));
        out.len()
    }

    fn conceal(&mut self, _: &mut [i16]) -> usize {
        0
    }

    fn noise(&mut self, description: Option<&[u8]>, out: &mut [i16]) {
        if let Some(&[level]) = description {
            self.noise = level;
        }
        out.fill(i16::from(self.noise));
    }
}

/// What one pull gave.
#[derive(Clone, Debug)]
pub(crate) struct Pulled {
    /// When, in milliseconds.
    pub(crate) at: u64,
    pub(crate) kind: PlayoutKind,
    pub(crate) until: Moment,
    pub(crate) level: Duration,
    pub(crate) samples: Vec<i16>,
}

/// The receiving end.
pub(crate) struct Receiver {
    pub(crate) buffer: AdaptiveBuffer,
    pub(crate) decoder: Numbers,
    listens: bool,
}

impl Receiver {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            buffer: AdaptiveBuffer::new(settings),
            decoder: Numbers::default(),
            listens: settings.policy == Policy::Listen,
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.buffer.statistics()
    }

    pub(crate) fn insert(&mut self, now: u64, sent: &Sent) -> Insertion {
        self.insert_at(millis(now), sent)
    }

    pub(crate) fn insert_at(&mut self, now: Moment, sent: &Sent) -> Insertion {
        self.buffer.insert(now, &sent.packet())
    }

    /// What is due at `now`: exactly one frame for a person, any number for a
    /// listening machine.
    pub(crate) fn pull_due(&mut self, now: Moment) -> Vec<Pulled> {
        let mut all = Vec::new();
        let mut frame = Frame::silence(RATE);
        while let Some(playout) = self.buffer.pull(now, &mut self.decoder, &mut frame) {
            let Playout { kind, until, level } = playout;
            all.push(Pulled {
                at: now.as_millis(),
                kind,
                until,
                level,
                samples: frame.samples().to_vec(),
            });
            if !self.listens {
                break;
            }
        }
        all
    }

    pub(crate) fn pull(&mut self, now: u64) -> Pulled {
        let mut all = self.pull_due(millis(now));
        assert_eq!(all.len(), 1, "a pull for a person gives one frame");
        all.remove(0)
    }

    /// Pulls at `from` and every 20 ms after it, before `until`.
    pub(crate) fn pull_through(&mut self, from: u64, until: u64) -> Vec<Pulled> {
        (from..until)
            .step_by(20)
            .flat_map(|now| self.pull_due(millis(now)))
            .collect()
    }

    /// Inserts packets as they arrive, in microseconds, and pulls every 20 ms from
    /// zero until `until` milliseconds; for a listening machine also after each
    /// packet. A packet that arrives at the time of a pull comes before it.
    pub(crate) fn play(&mut self, arrivals: Vec<(u64, Sent)>, until: u64) -> Vec<Pulled> {
        self.play_on(arrivals, 0, until)
    }

    /// The same from `from` milliseconds on.
    pub(crate) fn play_on(
        &mut self,
        mut arrivals: Vec<(u64, Sent)>,
        from: u64,
        until: u64,
    ) -> Vec<Pulled> {
        arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = arrivals.into_iter().peekable();
        let mut pulled = Vec::new();
        for now in (from..until).step_by(20) {
            while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at <= now * 1_000) {
                pulled.extend(self.take(at, &sent));
            }
            pulled.extend(self.pull_due(millis(now)));
        }
        while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at < until * 1_000) {
            pulled.extend(self.take(at, &sent));
        }
        pulled
    }

    /// Inserts a packet that arrives at so many microseconds; a listening machine
    /// pulls at once.
    fn take(&mut self, at: u64, sent: &Sent) -> Vec<Pulled> {
        let at = Moment::from_micros(at);
        self.buffer.insert(at, &sent.packet());
        if self.listens {
            return self.pull_due(at);
        }
        Vec::new()
    }
}

/// A receiver that has been sent three packets at 1, 21 and 41 ms and has played
/// the first at 40 ms and the second at 60 ms.
pub(crate) fn playing() -> (Sender, Receiver) {
    let (mut sender, mut receiver) = (Sender::new(), Receiver::new(play()));
    receiver.insert(1, &sender.send());
    assert_eq!(receiver.pull(20).kind, PlayoutKind::Silence);
    receiver.insert(21, &sender.send());
    assert_eq!(receiver.pull(40).samples, samples(0, 160));
    receiver.insert(41, &sender.send());
    assert_eq!(receiver.pull(60).samples, samples(160, 160));
    (sender, receiver)
}

/// What a listening receiver is given of these arrivals, in microseconds, until `until`
/// milliseconds.
pub(crate) fn heard(arrivals: Vec<(u64, Sent)>, until: u64) -> (Vec<Pulled>, Receiver) {
    let mut receiver = Receiver::new(listen());
    let pulled = receiver.play(arrivals, until);
    (pulled, receiver)
}

/// `count` audible packets, 20 ms apart, the first at `first` milliseconds.
pub(crate) fn regular(sender: &mut Sender, first: u64, count: u64) -> Vec<(u64, Sent)> {
    let spacing = RATE.duration_of(sender.packet_samples).as_micros() as u64;
    (0..count)
        .map(|n| (first * 1_000 + n * spacing, sender.send()))
        .collect()
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

/// Where the samples with the numbers from `start` on stand in what was played, if
/// they do, all of them in a row.
pub(crate) fn find(played: &[i16], start: usize, count: usize) -> Option<usize> {
    let wanted = samples(start, count);
    played
        .windows(count)
        .position(|window| window == wanted.as_slice())
}
