//! What a leg hears and reports, on its way to the call.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use audio::dtmf::Digit;
use audio::{Frame, Moment, SampleRate};
use crossbeam_queue::ArrayQueue;
use jitter::PlayoutKind;

use crate::frames::FrameQueue;
use crate::playout::{Generation, SegmentId};
use crate::statistics::LegCounters;

/// Heard frames that a feed holds: 1.28 s, so that what a line that was cut for a
/// second delivers at once fits in.
pub(crate) const FEED_FRAMES: usize = 64;

/// Events that a feed holds; more wait inside the leg.
const FEED_EVENTS: usize = 64;

/// Room for the events of one tick and one of each kind that can follow while
/// the consumer is behind, and for as many digits.
const PENDING_EVENTS: usize = 32;

/// Events that may wait in the leg for a digit to be kept with them.
const PENDING_DIGITS: usize = PENDING_EVENTS / 2;

/// 20 ms of what the far end says.
#[derive(Clone, Copy, Debug)]
pub struct HeardFrame {
    /// On a leg that listens, when its last sample arrived, or should have: the
    /// stream's own time, free of the network's jitter, which never goes back from
    /// frame to frame. Frames follow each other without a gap, unless the stream
    /// begins anew. Before a stream has begun it is the time of the tick.
    ///
    /// On a leg that plays to a person, when that person has heard its last sample:
    /// 20 ms after the tick.
    pub until: Moment,
    /// When the leg had it to give: the tick, or the packet, that brought it.
    pub delivered: Moment,
    /// What it is made of.
    pub kind: PlayoutKind,
    /// The audio, at the leg's rate.
    pub frame: Frame,
}

/// Something that happened to a leg.
///
/// Moments of audio are those of the wire: a tick's deadline plus the place
/// within the packet that it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// The far end pressed a key.
    Digit {
        /// Which one.
        digit: Digit,
        /// When the first packet that tells of it came, or when its sound began.
        at: Moment,
    },
    /// The leg is dead: code of its own tick panicked. Nothing follows but the
    /// leg's closing; other legs are not affected.
    Failed,
    /// A source was latched by its first valid packet: after a connection, or
    /// because the former source had gone quiet.
    FirstPacket {
        /// When the packet was read.
        at: Moment,
        /// Where it came from, and where audio is sent from now on.
        from: SocketAddr,
    },
    /// The agent's audio was cut off.
    Interrupted {
        /// The generation in force; interruptions between two ticks count as one.
        generation: Generation,
        /// The first moment without the interrupted audio.
        at: Moment,
        /// The segment that was under way, if one was.
        segment: Option<SegmentId>,
        /// How much of that segment was sent, from its first frame, silent or not.
        played: Duration,
    },
    /// No valid packet came for the configured time although the leg receives.
    /// Said once, and again after packets came and stopped anew.
    PacketsStopped {
        /// The tick that noticed.
        at: Moment,
    },
    /// The agent's audio ran out, be it at the end of a segment or by an interruption.
    PlayoutIdle {
        /// The first moment without audio.
        at: Moment,
    },
    /// A segment ended, heard to its end.
    SegmentFinished {
        /// Which one.
        segment: SegmentId,
        /// The end of its last frame.
        at: Moment,
    },
    /// The first audible sample of a segment was sent. A segment without any has
    /// no such event.
    SegmentStarted {
        /// Which one.
        segment: SegmentId,
        /// When the audible sample was sent, to the millisecond.
        at: Moment,
    },
}

/// The consumer's end of what a leg hears and reports. Both are to be taken as
/// they come: frames that are not taken make room for newer ones, and a leg whose
/// events are not taken stops playing.
#[derive(Debug)]
pub struct LegFeed {
    shared: Arc<Shared>,
}

impl LegFeed {
    /// The oldest heard frame that was not taken yet.
    pub fn pop_frame(&self) -> Option<HeardFrame> {
        let (note, frame) = self.shared.frames.pop()?;
        Some(HeardFrame {
            until: note.until,
            delivered: note.delivered,
            kind: note.kind,
            frame,
        })
    }

    /// The oldest event that was not taken yet. No event is ever dropped, but for
    /// digits in their dozens: a leg whose consumer is 64 events behind keeps
    /// further ones and plays nothing until they are taken. [`LegEvent::Failed`] comes after all others.
    pub fn pop_event(&self) -> Option<LegEvent> {
        let event = self.shared.events.pop();
        if event.is_some() || !self.shared.failed.load(Ordering::Acquire) {
            return event;
        }
        // What the leg queued before it failed has become visible by now.
        self.shared.events.pop().or_else(|| {
            let unreported = self.shared.failed.swap(false, Ordering::AcqRel);
            unreported.then_some(LegEvent::Failed)
        })
    }

    /// How many heard frames were dropped because they were not taken in time.
    pub fn dropped(&self) -> u64 {
        self.shared.counters.feed_dropped.get()
    }
}

/// What is known of a queued frame.
#[derive(Debug)]
struct Note {
    until: Moment,
    delivered: Moment,
    kind: PlayoutKind,
}

#[derive(Debug)]
struct Shared {
    frames: FrameQueue<Note>,
    events: ArrayQueue<LegEvent>,
    failed: AtomicBool,
    counters: Arc<LegCounters>,
}

/// The leg's end of its feed.
#[derive(Debug)]
pub(crate) struct FeedSender {
    shared: Arc<Shared>,
    pending: VecDeque<LegEvent>,
    has_news: bool,
}

impl FeedSender {
    pub(crate) fn new(widest: SampleRate, counters: Arc<LegCounters>) -> (Self, LegFeed) {
        let shared = Arc::new(Shared {
            frames: FrameQueue::new(widest, FEED_FRAMES),
            events: ArrayQueue::new(FEED_EVENTS),
            failed: AtomicBool::new(false),
            counters,
        });
        let pending = VecDeque::with_capacity(PENDING_EVENTS);
        let sender = Self {
            shared: Arc::clone(&shared),
            pending,
            has_news: false,
        };
        (sender, LegFeed { shared })
    }

    pub(crate) fn hear(&mut self, heard: &HeardFrame) {
        let note = Note {
            until: heard.until,
            delivered: heard.delivered,
            kind: heard.kind,
        };
        // overflow: drops oldest, counted
        if self.shared.frames.force_push(note, &heard.frame) {
            self.shared.counters.feed_dropped.add(1);
        }
        self.has_news = true;
    }

    pub(crate) fn report(&mut self, event: LegEvent) {
        self.has_news = true;
        if !self.pending.is_empty() {
            self.keep(event);
            return;
        }
        // overflow: kept in the leg, which plays nothing until it is delivered
        if let Err(event) = self.shared.events.push(event) {
            self.pending.push_back(event);
        }
    }

    /// Delivers kept events as far as there is room.
    pub(crate) fn deliver(&mut self) {
        while let Some(&event) = self.pending.front() {
            if self.shared.events.push(event).is_err() {
                return;
            }
            self.pending.pop_front();
            self.has_news = true;
        }
    }

    /// Whether events are kept because the consumer is behind.
    pub(crate) fn is_behind(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether anything was queued since the last time this was asked.
    pub(crate) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Reports the leg's death when nothing of the leg can be trusted any more.
    pub(crate) fn alarm(&self) -> FeedAlarm {
        FeedAlarm {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Keeps `event` behind the others. Nothing is played while any is kept, so
    /// only the tick that filled the queue adds segment events here, and of the
    /// other kinds the newest event says everything.
    fn keep(&mut self, event: LegEvent) {
        let waiting = self.pending.len();
        let kind = discriminant(&event);
        let same = self
            .pending
            .iter_mut()
            .find(|kept| discriminant(*kept) == kind);
        match (same, event) {
            // overflow: drops newest, counted; nobody presses that many keys
            (_, LegEvent::Digit { .. }) if waiting >= PENDING_DIGITS => {
                self.shared.counters.digits_dropped.add(1);
            }
            (
                _,
                LegEvent::Digit { .. }
                | LegEvent::SegmentStarted { .. }
                | LegEvent::SegmentFinished { .. },
            )
            | (None, _) => self.pending.push_back(event),
            (
                Some(LegEvent::Interrupted {
                    generation: kept, ..
                }),
                LegEvent::Interrupted { generation, .. },
            ) => *kept = generation,
            (Some(kept), _) => *kept = event,
        }
    }
}

/// Says that a leg failed; see [`FeedSender::alarm`].
#[derive(Debug)]
pub(crate) struct FeedAlarm {
    shared: Arc<Shared>,
}

impl FeedAlarm {
    pub(crate) fn raise(&self) {
        self.shared.failed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn idle(millis: u64) -> LegEvent {
        LegEvent::PlayoutIdle {
            at: Moment::from_millis(millis),
        }
    }

    fn finished(segment: u32) -> LegEvent {
        LegEvent::SegmentFinished {
            segment: SegmentId(segment),
            at: Moment::ZERO,
        }
    }

    fn heard(millis: u64) -> HeardFrame {
        HeardFrame {
            until: Moment::from_millis(millis),
            delivered: Moment::from_millis(millis),
            kind: PlayoutKind::Silence,
            frame: Frame::silence(RATE),
        }
    }

    fn drain(feed: &LegFeed) -> Vec<LegEvent> {
        std::iter::from_fn(|| feed.pop_event()).collect()
    }

    #[test]
    fn of_too_many_frames_the_oldest_are_dropped_and_counted() {
        let (mut sender, feed) = FeedSender::new(RATE, Arc::default());
        for millis in 0..FEED_FRAMES as u64 + 3 {
            sender.hear(&heard(millis));
        }
        assert_eq!(feed.dropped(), 3);
        assert_eq!(feed.pop_frame().unwrap().until, Moment::from_millis(3));
    }

    #[test]
    fn events_beyond_the_queue_wait_and_come_in_order() {
        let (mut sender, feed) = FeedSender::new(RATE, Arc::default());
        let events: Vec<_> = (0..FEED_EVENTS as u32 + 5).map(finished).collect();
        for &event in &events {
            sender.report(event);
        }
        assert!(sender.is_behind());
        let mut received = drain(&feed);
        sender.deliver();
        received.extend(drain(&feed));
        assert_eq!(received, events);
        assert!(!sender.is_behind());
    }

    #[test]
    fn a_consumer_that_never_reads_does_not_make_the_leg_grow() {
        let counters = Arc::<LegCounters>::default();
        let (mut sender, _feed) = FeedSender::new(RATE, Arc::clone(&counters));
        for segment in 0..FEED_EVENTS as u32 + 1 {
            sender.report(finished(segment));
        }
        for millis in 0..1_000 {
            let at = Moment::from_millis(millis);
            sender.report(idle(millis));
            sender.report(LegEvent::PacketsStopped { at });
            let digit = Digit::ALL[4];
            sender.report(LegEvent::Digit { digit, at });
            sender.report(LegEvent::FirstPacket {
                at,
                from: ([192, 0, 2, 1], 9).into(),
            });
        }
        assert_eq!(sender.pending.len(), PENDING_DIGITS);
        assert_eq!(sender.pending.capacity(), PENDING_EVENTS);
        let kept = PENDING_DIGITS as u64 - 4;
        assert_eq!(counters.digits_dropped.get(), 1_000 - kept);
        assert!(sender.pending.contains(&idle(999)));
    }

    #[test]
    fn a_kept_interruption_keeps_its_segment_and_learns_the_newest_generation() {
        let queue = crate::playout::PlayoutQueue::new(SampleRate::HZ_8000, Arc::default());
        let interrupted = |segment, millis| LegEvent::Interrupted {
            generation: queue.handle().interrupt(),
            at: Moment::from_millis(millis),
            segment,
            played: Duration::from_millis(millis),
        };
        let (mut sender, feed) = FeedSender::new(RATE, Arc::default());
        for segment in 0..FEED_EVENTS as u32 {
            sender.report(finished(segment));
        }
        sender.report(interrupted(Some(SegmentId(7)), 40));
        sender.report(interrupted(None, 0));
        drain(&feed);
        sender.deliver();
        let expected = LegEvent::Interrupted {
            generation: queue.generation(),
            at: Moment::from_millis(40),
            segment: Some(SegmentId(7)),
            played: Duration::from_millis(40),
        };
        assert_eq!(drain(&feed), [expected]);
    }

    #[test]
    fn failure_is_reported_once_and_last() {
        let (mut sender, feed) = FeedSender::new(RATE, Arc::default());
        sender.report(idle(1));
        sender.alarm().raise();
        assert_eq!(drain(&feed), [idle(1), LegEvent::Failed]);
        assert_eq!(feed.pop_event(), None);
    }

    #[test]
    fn news_are_told_once() {
        let (mut sender, _feed) = FeedSender::new(RATE, Arc::default());
        assert!(!sender.take_news());
        sender.hear(&heard(0));
        assert!(sender.take_news());
        assert!(!sender.take_news());
        sender.report(idle(0));
        assert!(sender.take_news());
    }
}
