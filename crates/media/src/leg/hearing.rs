//! Brings received packets in order and in time, and hands on what they say.

use std::sync::Arc;
use std::time::Duration;

use audio::codec::Decoder;
use audio::dtmf::Detector;
use audio::{FRAME, Frame, Moment, SampleRate};
use jitter::{Format, Insertion, Packet, PlayoutBuffer, Policy};

use crate::feed::{FeedSender, HeardFrame, LegEvent};
use crate::leg::rate::Converter;
use crate::recording::RecordingSender;
use crate::statistics::LegCounters;

/// Frames that a listening leg hands on at a time: what its feed holds. There is
/// more only after the line was cut for longer, and it comes with the next tick.
const MAX_PULLS: usize = crate::feed::FEED_FRAMES;

/// The receiving half of a leg.
pub(crate) struct Hearing {
    policy: Policy,
    buffer: Box<dyn PlayoutBuffer>,
    /// The latest time that the buffer was told, since its time only goes forward.
    now: Moment,
    codec_rate: SampleRate,
    converter: Converter,
    keys: Option<KeyEar>,
    recording: Option<RecordingSender>,
    counters: Arc<LegCounters>,
}

/// Listens for keys in the audio.
struct KeyEar {
    detector: Detector,
    /// How much audio it has heard.
    heard: Duration,
}

impl Hearing {
    pub(crate) fn new(
        policy: Policy,
        buffer: Box<dyn PlayoutBuffer>,
        recording: Option<RecordingSender>,
        counters: Arc<LegCounters>,
    ) -> Self {
        Self {
            policy,
            buffer,
            now: Moment::ZERO,
            codec_rate: SampleRate::HZ_8000,
            converter: Converter::Same,
            keys: None,
            recording,
            counters,
        }
    }

    /// Forgets the stream and expects one of this format, to be heard at `rate`.
    pub(crate) fn reset(&mut self, format: Format, rate: SampleRate) {
        self.buffer.reset(format);
        self.codec_rate = format.rate;
        self.converter = Converter::between(format.rate, rate);
    }

    /// Sets whether keys are looked for in the audio, at the leg's rate.
    pub(crate) fn detect_keys(&mut self, wanted: bool, rate: SampleRate) {
        if wanted == self.keys.is_some() {
            return;
        }
        let detector = Detector::new(rate).filter(|_| wanted);
        self.keys = detector.map(|detector| KeyEar {
            detector,
            heard: Duration::ZERO,
        });
    }

    /// Notes that a packet of the stream holds none of its audio.
    pub(crate) fn pass_over(&mut self, ssrc: u32, sequence: audio::SequenceNumber) {
        self.buffer.pass_over(ssrc, sequence);
    }

    /// Takes a packet, and hears at once what it makes ready if the leg listens.
    pub(crate) fn take(
        &mut self,
        now: Moment,
        packet: &Packet<'_>,
        decoder: &mut Decoder,
        feed: &mut FeedSender,
    ) {
        self.now = self.now.max(now);
        match self.buffer.insert(self.now, packet) {
            Insertion::Oversized => {
                self.counters.oversized.add(1);
                return;
            }
            Insertion::Queued
            | Insertion::Duplicate
            | Insertion::Late
            | Insertion::Overflowed
            | Insertion::Restarted
            | Insertion::Stray => self.counters.packets_received.add(1),
        }
        if self.policy == Policy::Listen {
            self.pull(MAX_PULLS, decoder, feed);
        }
    }

    /// Hears what is due at `at`: one frame, or all there are if the leg listens.
    pub(crate) fn tick(&mut self, at: Moment, decoder: &mut Decoder, feed: &mut FeedSender) {
        self.now = self.now.max(at);
        let most = match self.policy {
            Policy::Listen => MAX_PULLS,
            Policy::Play => 1,
        };
        self.pull(most, decoder, feed);
        self.counters.set_jitter(&self.buffer.statistics());
    }

    fn pull(&mut self, most: usize, decoder: &mut Decoder, feed: &mut FeedSender) {
        for _ in 0..most {
            let mut frame = Frame::silence(self.codec_rate);
            let Some(playout) = self.buffer.pull(self.now, decoder, &mut frame) else {
                return;
            };
            self.converter.convert(&mut frame);
            // A stream that has not begun has no time of its own.
            let until = Some(playout.until).filter(|until| *until > Moment::ZERO);
            if let (Some(recording), Some(until)) = (&self.recording, until) {
                recording.heard(until, &frame);
            }
            let until = match self.policy {
                Policy::Listen => until.unwrap_or(self.now),
                Policy::Play => self.now + FRAME,
            };
            if let Some(keys) = &mut self.keys {
                keys.listen(&frame, until, |event| {
                    self.counters.digits_received.add(1);
                    feed.report(event);
                });
            }
            feed.hear(&HeardFrame {
                until,
                delivered: self.now,
                kind: playout.kind,
                frame,
            });
        }
    }
}

impl KeyEar {
    /// Listens to a frame whose last sample arrived at `until`.
    fn listen(&mut self, frame: &Frame, until: Moment, mut report: impl FnMut(LegEvent)) {
        self.heard += FRAME;
        let heard = self.heard;
        self.detector.feed(frame.samples(), |press| {
            report(LegEvent::Digit {
                digit: press.digit,
                at: until - heard.saturating_sub(press.began),
            });
        });
    }
}
