//! The receiving side that all policies share: which packets wait, which are
//! missing, and how late they come.

use std::time::Duration;

use audio::{FRAME, Moment, SequenceNumber};

use crate::arrivals::{Arrivals, Trade};
use crate::border::{Content, Decoder, Format, Insertion, Packet, Statistics};
use crate::gaps::Gaps;
use crate::newcomer::Newcomer;
use crate::queue::{Queue, Waiting};
use crate::settings::Settings;
use crate::stream::{Standing, Stream};
use crate::tape::Tape;
use crate::timeline::{Scale, Timeline};

/// The most that one packet may decode to: 120 ms at 16 kHz.
pub(crate) const DECODED_LIMIT: usize = 1_920;

/// What was received of a stream and not yet played.
#[derive(Debug)]
pub(crate) struct Reception {
    format: Format,
    pub(crate) scale: Scale,
    stream: Option<(Stream, Timeline)>,
    newcomer: Newcomer,
    pub(crate) queue: Queue,
    pub(crate) arrivals: Arrivals,
    pub(crate) gaps: Gaps,
    trade: Trade,
    outage: Duration,
    /// The last packet whose turn has been and gone.
    passed: Option<SequenceNumber>,
    /// Samples in the packet decoded last; 20 ms until there is one.
    pub(crate) packet: i64,
    pub(crate) statistics: Statistics,
}

impl Reception {
    pub(crate) fn new(settings: &Settings) -> Self {
        let scale = Scale::of(settings.format);
        let ceiling = settings.ceiling.min(Duration::from_millis(250));
        let trade = Trade {
            per_cent: settings.per_cent_concealed,
            floor: settings.floor.min(ceiling),
            ceiling,
        };
        Self {
            format: settings.format,
            scale,
            stream: None,
            newcomer: Newcomer::new(),
            queue: Queue::new(settings.capacity.max(2), settings.payload_bytes),
            arrivals: Arrivals::new(scale, trade),
            gaps: Gaps::new(),
            trade,
            outage: settings.outage,
            passed: None,
            packet: scale.samples_in(FRAME),
            statistics: Statistics::default(),
        }
    }

    /// Forgets everything but the statistics.
    pub(crate) fn reset(&mut self, format: Format) {
        self.format = format;
        self.scale = Scale::of(format);
        self.arrivals = Arrivals::new(self.scale, self.trade);
        self.gaps = Gaps::new();
        self.statistics.strays += self.newcomer.drop();
        self.forget_stream();
    }

    fn forget_stream(&mut self) {
        self.stream = None;
        self.queue.clear();
        self.arrivals.forget_transits();
        self.passed = None;
        self.packet = self.scale.samples_in(FRAME);
    }

    /// How many samples a line may be silent for until it counts as interrupted.
    pub(crate) const fn outage(&self) -> i64 {
        self.scale.samples_in(self.outage)
    }

    /// The most that audio may be delayed.
    pub(crate) const fn ceiling(&self) -> Duration {
        self.trade.ceiling
    }

    /// Whether what comes late is left out rather than delaying what follows.
    pub(crate) fn leaves_out_late(&self) -> bool {
        self.trade.leaves_out_late()
    }

    /// Takes a packet. `played` is the position up to which audio was played, if
    /// any was.
    pub(crate) fn insert(
        &mut self,
        now: Moment,
        packet: &Packet<'_>,
        played: Option<i64>,
    ) -> Insertion {
        self.statistics.received += 1;
        if packet.payload.len() > self.queue.longest_payload() {
            self.statistics.oversized += 1;
            return Insertion::Oversized;
        }
        let Some((stream, _)) = &mut self.stream else {
            return self.go_on(now, packet, played);
        };
        match stream.judge(now, packet) {
            Standing::Fresh => {
                self.statistics.strays += self.newcomer.drop();
                self.go_on(now, packet, played)
            }
            Standing::Stray => {
                self.statistics.strays += 1;
                Insertion::Stray
            }
            Standing::Repeated => {
                self.statistics.duplicates += 1;
                Insertion::Duplicate
            }
            Standing::Foreign if self.newcomer.is_followed_by(packet) => {
                self.begin_anew(now, packet);
                Insertion::Restarted
            }
            Standing::Foreign => {
                self.statistics.strays += self.newcomer.keep(now, packet);
                Insertion::Stray
            }
        }
    }

    /// Begins another stream with the packet that was kept and `packet`, which
    /// follows it.
    fn begin_anew(&mut self, now: Moment, packet: &Packet<'_>) {
        self.statistics.restarts += 1;
        self.forget_stream();
        let mut newcomer = std::mem::take(&mut self.newcomer);
        if let Some((arrival, first)) = newcomer.packet() {
            self.begin(arrival, &first);
        }
        let continues = self
            .stream
            .as_mut()
            .is_some_and(|(stream, _)| stream.judge(now, packet) == Standing::Fresh);
        if continues {
            newcomer.drop();
            self.go_on(now, packet, None);
        } else {
            self.statistics.strays += newcomer.drop();
            self.forget_stream();
            self.begin(now, packet);
        }
        self.newcomer = newcomer;
    }

    /// Takes a packet that begins or continues the stream or fills a hole in it.
    fn go_on(&mut self, now: Moment, packet: &Packet<'_>, played: Option<i64>) -> Insertion {
        let Some((stream, timeline)) = &mut self.stream else {
            self.begin(now, packet);
            return Insertion::Queued;
        };
        let overtaken = !stream.is_newest(packet.sequence);
        let position = timeline.advance(packet.timestamp);
        if packet.content == Content::Audio {
            let length = self.scale.duration(self.packet);
            self.arrivals.note(now, position, length, overtaken);
            if packet.marker && self.arrivals.is_behind() {
                // A talk spurt whose timestamps leave out the pause before it.
                self.arrivals.begin_anew(now, position);
            }
        }
        self.gaps.note(now, packet.sequence, overtaken);
        let by_sequence = self
            .passed
            .is_some_and(|passed| packet.sequence.distance_from(passed) <= 0);
        let by_time = played.is_some_and(|played| position + self.packet <= played);
        if by_sequence || by_time {
            self.statistics.late += 1;
            return Insertion::Late;
        }
        self.enqueue(packet, position)
    }

    fn begin(&mut self, now: Moment, first: &Packet<'_>) {
        let stream = Stream::beginning_with(now, first, self.format.clock);
        let timeline = Timeline::starting_at(first.timestamp, self.format);
        self.stream = Some((stream, timeline));
        let length = self.scale.duration(self.packet);
        self.arrivals.note(now, 0, length, false);
        self.gaps.begin(first.sequence);
        self.enqueue(first, 0);
    }

    fn enqueue(&mut self, packet: &Packet<'_>, position: i64) -> Insertion {
        if self.queue.insert(packet, position) {
            return Insertion::Queued;
        }
        // overflow: drops oldest, counted
        while let Some(oldest) = self.queue.front() {
            self.statistics.overflowed += 1;
            if packet.sequence.distance_from(oldest.sequence) < 0 {
                break;
            }
            let oldest = oldest.sequence;
            self.queue.pop();
            self.pass(oldest);
            if self.queue.insert(packet, position) {
                break;
            }
        }
        Insertion::Overflowed
    }

    /// Notes a packet without audio; `idle` if nothing waits for its turn or is
    /// about to be waited for.
    pub(crate) fn pass_over(&mut self, ssrc: u32, sequence: SequenceNumber, idle: bool) {
        let Some((stream, _)) = &mut self.stream else {
            return;
        };
        let Some(goes_on) = stream.pass_over(ssrc, sequence) else {
            return;
        };
        self.gaps.pass_over(sequence);
        if goes_on && idle && self.queue.front().is_none() {
            self.pass(sequence);
        }
    }

    /// Notes that the turn of `sequence`, and of all before it, is over.
    pub(crate) fn pass(&mut self, sequence: SequenceNumber) {
        self.statistics.lost += self.missing_before(sequence) as u64;
        self.passed = Some(sequence);
    }

    /// Notes that the turn of all packets before `sequence` is over.
    pub(crate) fn give_up_before(&mut self, sequence: SequenceNumber) {
        self.statistics.lost += self.missing_before(sequence) as u64;
        self.passed = Some(SequenceNumber(sequence.0.wrapping_sub(1)));
    }

    /// How many packets with audio, sent before the one with this number, have not
    /// come and not had their turn.
    pub(crate) fn missing_before(&self, sequence: SequenceNumber) -> usize {
        match (&self.stream, self.passed) {
            (Some((stream, _)), Some(passed)) => stream.packets_between(passed, sequence),
            _ => 0,
        }
    }

    /// The number of the packet whose turn is next.
    pub(crate) fn next_number(&self) -> Option<SequenceNumber> {
        self.passed.map(SequenceNumber::next)
    }

    /// Counts a frame that is played `samples` after its ideal arrival.
    pub(crate) fn note_delay(&mut self, samples: i64) {
        let delay = self.scale.duration(samples);
        self.statistics.delayed_frames += 1;
        self.statistics.delay += delay;
        let place = Statistics::DELAY_EDGES
            .iter()
            .position(|&edge| delay <= Duration::from_millis(edge))
            .unwrap_or(Statistics::DELAY_EDGES.len());
        self.statistics.delays[place] += 1;
    }

    /// Whether the oldest packet holds audio.
    pub(crate) fn is_audio_next(&self) -> bool {
        self.queue
            .front()
            .is_some_and(|front| front.content == Content::Audio)
    }

    /// Removes the oldest packet, its turn being over.
    pub(crate) fn take(&mut self) -> Option<Waiting> {
        let oldest = self.queue.pop()?;
        self.pass(oldest.sequence);
        Some(oldest)
    }

    /// Appends the oldest packet's audio to `tape` from the sample `stale` on.
    /// Returns how many samples the packet has and how many of them were appended;
    /// `None` if it could not be decoded, and it then counts as lost.
    pub(crate) fn decode(
        &mut self,
        tape: &mut Tape,
        decoder: &mut dyn Decoder,
        stale: usize,
    ) -> Option<Decoded> {
        let packet = self.queue.pop()?;
        let payload = self.queue.payload(&packet);
        let space = tape.space(DECODED_LIMIT);
        let Ok(samples) = decoder.decode(payload, space) else {
            self.statistics.undecodable += 1;
            return None;
        };
        self.pass(packet.sequence);
        let samples = samples.min(space.len());
        if samples == 0 {
            return None;
        }
        self.packet = samples as i64;
        let stale = stale.min(samples);
        space.copy_within(stale..samples, 0);
        tape.commit(samples - stale);
        Some(Decoded {
            end: packet.position + samples as i64,
            appended: samples - stale,
        })
    }

    /// How much audio waits in the queue behind `position`, pauses included.
    pub(crate) fn queued_after(&self, position: i64) -> i64 {
        self.queue
            .back()
            .map_or(0, |newest| newest.position + self.packet - position)
            .max(0)
    }
}

/// A packet that was decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoded {
    /// The position behind its last sample.
    pub(crate) end: i64,
    /// How many of its samples were appended to the tape.
    pub(crate) appended: usize,
}
