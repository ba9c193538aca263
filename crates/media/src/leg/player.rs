//! Takes the agent's audio out of its queue and reports what was heard of it.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use audio::{FRAME, Frame, Moment, SampleRate, level};

use crate::feed::{FeedSender, LegEvent};
use crate::playout::{Generation, PLAYOUT_FRAMES, PlayoutFrame, PlayoutQueue, SegmentId};
use crate::statistics::LegCounters;
use crate::tap::TapSender;

/// End marks that are taken in one tick, so that a tick's events are few.
const MAX_END_MARKS: usize = 2;

/// The leg's end of the playout queue.
#[derive(Debug)]
pub(crate) struct Player {
    queue: Arc<PlayoutQueue>,
    counters: Arc<LegCounters>,
    /// The generation that is heard.
    generation: Generation,
    /// Taken out of the queue, not played yet.
    held: Option<PlayoutFrame>,
    segment: Option<Segment>,
    /// Whether the end of the audio is still to be reported.
    active: bool,
    tap: Option<TapSender>,
}

/// The segment that is under way.
#[derive(Clone, Copy, Debug)]
struct Segment {
    id: SegmentId,
    played: Duration,
    audible: bool,
}

impl Player {
    pub(crate) fn new(queue: Arc<PlayoutQueue>, counters: Arc<LegCounters>) -> Self {
        let generation = queue.generation();
        Self {
            queue,
            counters,
            generation,
            held: None,
            segment: None,
            active: false,
            tap: None,
        }
    }

    /// Notes from here on what is taken out of the queue.
    pub(crate) fn tap(&mut self, tap: TapSender) {
        self.tap = Some(tap);
    }

    /// Settles the leg's rate by its first codec; see [`PlayoutQueue::settle`].
    pub(crate) fn settle(&self, codec: SampleRate) -> SampleRate {
        self.queue.settle(codec)
    }

    /// The leg's rate; 8 kHz before it is settled.
    pub(crate) fn rate(&self) -> SampleRate {
        self.queue.rate().unwrap_or(SampleRate::HZ_8000)
    }

    /// Takes note of an interruption: the audio of older generations is
    /// discarded, and none of it is played from here on.
    pub(crate) fn fence(&mut self, at: Moment, feed: &mut FeedSender) {
        let generation = self.queue.generation();
        if generation == self.generation {
            return;
        }
        self.generation = generation;
        if let Some(tap) = &self.tap {
            tap.fenced(generation);
        }
        let cut = self.segment.take();
        feed.report(LegEvent::Interrupted {
            generation,
            at,
            segment: cut.map(|segment| segment.id),
            played: cut.map_or(Duration::ZERO, |segment| segment.played),
        });
        self.held = self.next();
    }

    /// Writes the next 20 ms of the agent into `out`, which comes in silent and
    /// stays so when there is nothing to play; returns whether there was.
    pub(crate) fn play(&mut self, at: Moment, out: &mut Frame, feed: &mut FeedSender) -> bool {
        for _ in 0..MAX_END_MARKS {
            let Some(frame) = self.next() else {
                self.starve(at, feed);
                return false;
            };
            self.enter(frame.segment, at, feed);
            if !frame.frame.is_empty() {
                *out = frame.frame;
                self.send(&frame, at, feed);
                return true;
            }
            if frame.last {
                self.finish(at, feed);
            }
        }
        false
    }

    /// The next frame of the generation in force; older ones are discarded.
    fn next(&mut self) -> Option<PlayoutFrame> {
        for _ in 0..=PLAYOUT_FRAMES {
            let frame = self.held.take().or_else(|| self.pop())?;
            match frame.generation.cmp(&self.generation) {
                Ordering::Less => self.counters.stale_discarded.add(1),
                Ordering::Equal => return Some(frame),
                // Interrupted since the last fence, which the next one will see.
                Ordering::Greater => {
                    self.held = Some(frame);
                    return None;
                }
            }
        }
        None
    }

    fn pop(&self) -> Option<PlayoutFrame> {
        let frame = self.queue.pop()?;
        if let Some(tap) = &self.tap
            && frame.generation >= self.generation
        {
            tap.taken(&frame);
        }
        Some(frame)
    }

    /// Makes `id` the segment under way. One that is followed by another has
    /// ended, whether its last frame said so or not.
    fn enter(&mut self, id: SegmentId, at: Moment, feed: &mut FeedSender) {
        if self.segment.is_some_and(|segment| segment.id != id) {
            self.finish(at, feed);
        }
        self.segment.get_or_insert(Segment {
            id,
            played: Duration::ZERO,
            audible: false,
        });
    }

    fn send(&mut self, frame: &PlayoutFrame, at: Moment, feed: &mut FeedSender) {
        self.active = true;
        let rate = self.rate();
        if let Some(segment) = &mut self.segment {
            segment.played += FRAME;
            if !segment.audible
                && let Some(offset) = first_audible(frame.frame.samples(), rate)
            {
                segment.audible = true;
                feed.report(LegEvent::SegmentStarted {
                    segment: segment.id,
                    at: at + offset,
                });
            }
        }
        if frame.last {
            self.finish(at + FRAME, feed);
        }
    }

    fn finish(&mut self, at: Moment, feed: &mut FeedSender) {
        if let Some(segment) = self.segment.take() {
            feed.report(LegEvent::SegmentFinished {
                segment: segment.id,
                at,
            });
        }
    }

    fn starve(&mut self, at: Moment, feed: &mut FeedSender) {
        if self.segment.is_some() {
            self.counters.starved_ticks.add(1);
            return;
        }
        if self.active {
            self.active = false;
            feed.report(LegEvent::PlayoutIdle { at });
        }
    }
}

/// How far into `samples` the first audible one lies, to the millisecond.
fn first_audible(samples: &[i16], rate: SampleRate) -> Option<Duration> {
    const STEP: Duration = Duration::from_millis(1);
    let index = samples
        .chunks(rate.samples_in(STEP))
        .position(level::is_audible)?;
    Some(STEP * u32::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::LegFeed;
    use crate::playout::PlayoutHandle;

    const RATE: SampleRate = SampleRate::HZ_8000;
    const LOUD: i16 = 9_000;

    struct Bench {
        player: Player,
        sender: FeedSender,
        feed: LegFeed,
        handle: PlayoutHandle,
        counters: Arc<LegCounters>,
        now: Moment,
    }

    impl Bench {
        fn new() -> Self {
            let counters = Arc::<LegCounters>::default();
            let queue = PlayoutQueue::new(RATE, Arc::clone(&counters));
            queue.settle(RATE);
            let (sender, feed) = FeedSender::new(RATE, Arc::clone(&counters));
            let handle = queue.handle();
            let player = Player::new(queue, Arc::clone(&counters));
            Self {
                player,
                sender,
                feed,
                handle,
                counters,
                now: Moment::ZERO,
            }
        }

        fn push(&self, segment: u32, last: bool, samples: &[i16]) {
            let frame = Frame::from_samples(samples).unwrap();
            let generation = self.handle.generation();
            let segment = SegmentId(segment);
            self.handle
                .push(PlayoutFrame {
                    generation,
                    segment,
                    last,
                    frame,
                })
                .unwrap();
        }

        /// One tick: what was played, and the events it reported.
        fn tick(&mut self) -> (Frame, Vec<LegEvent>) {
            let mut out = Frame::silence(RATE);
            self.player.fence(self.now, &mut self.sender);
            self.player.play(self.now, &mut out, &mut self.sender);
            self.now = self.now + FRAME;
            (out, std::iter::from_fn(|| self.feed.pop_event()).collect())
        }
    }

    fn started(segment: u32, millis: u64) -> LegEvent {
        LegEvent::SegmentStarted {
            segment: SegmentId(segment),
            at: Moment::from_millis(millis),
        }
    }

    fn finished(segment: u32, millis: u64) -> LegEvent {
        LegEvent::SegmentFinished {
            segment: SegmentId(segment),
            at: Moment::from_millis(millis),
        }
    }

    fn idle(millis: u64) -> LegEvent {
        LegEvent::PlayoutIdle {
            at: Moment::from_millis(millis),
        }
    }

    fn interrupted(bench: &Bench, at: u64, segment: Option<u32>, played: u64) -> LegEvent {
        LegEvent::Interrupted {
            generation: bench.handle.generation(),
            at: Moment::from_millis(at),
            segment: segment.map(SegmentId),
            played: Duration::from_millis(played),
        }
    }

    #[test]
    fn a_segment_starts_at_its_first_audible_sample_and_ends_after_its_last_frame() {
        let mut bench = Bench::new();
        let mut onset = [0; 160];
        onset[56..].fill(LOUD);
        bench.push(5, false, &[0; 160]);
        bench.push(5, false, &onset);
        bench.push(5, true, &[LOUD; 160]);
        assert_eq!(bench.tick().1, []);
        assert_eq!(bench.tick().1, [started(5, 20 + 7)]);
        assert_eq!(bench.tick().1, [finished(5, 60)]);
        assert_eq!(bench.tick().1, [idle(60)]);
        assert_eq!(bench.tick().1, []);
    }

    #[test]
    fn a_silent_segment_only_finishes() {
        let mut bench = Bench::new();
        bench.push(5, true, &[0; 160]);
        assert_eq!(bench.tick().1, [finished(5, 20)]);
    }

    #[test]
    fn segments_follow_each_other_without_a_gap() {
        let mut bench = Bench::new();
        bench.push(1, true, &[LOUD; 160]);
        bench.push(2, true, &[LOUD; 160]);
        assert_eq!(bench.tick().1, [started(1, 0), finished(1, 20)]);
        assert_eq!(bench.tick().1, [started(2, 20), finished(2, 40)]);
    }

    #[test]
    fn a_segment_that_another_follows_has_finished() {
        let mut bench = Bench::new();
        bench.push(1, false, &[LOUD; 160]);
        bench.push(2, false, &[LOUD; 160]);
        assert_eq!(bench.tick().1, [started(1, 0)]);
        assert_eq!(bench.tick().1, [finished(1, 20), started(2, 20)]);
    }

    #[test]
    fn an_interruption_silences_the_very_next_tick_and_says_what_was_played() {
        let mut bench = Bench::new();
        for _ in 0..10 {
            bench.push(3, false, &[LOUD; 160]);
        }
        for _ in 0..4 {
            assert_eq!(bench.tick().0.samples(), [LOUD; 160]);
        }
        bench.handle.interrupt();
        let (frame, events) = bench.tick();
        assert_eq!(frame, Frame::silence(RATE));
        assert_eq!(events, [interrupted(&bench, 80, Some(3), 80), idle(80)]);
        assert_eq!(bench.counters.snapshot().stale_discarded, 6);
        assert_eq!(bench.handle.queued(), 0);
    }

    #[test]
    fn audio_of_the_new_generation_is_played_in_the_tick_of_the_interruption() {
        let mut bench = Bench::new();
        bench.push(1, false, &[LOUD; 160]);
        bench.push(1, false, &[LOUD; 160]);
        bench.tick();
        bench.handle.interrupt();
        bench.push(2, true, &[-LOUD; 160]);
        let (frame, events) = bench.tick();
        assert_eq!(frame.samples(), [-LOUD; 160]);
        let cut = interrupted(&bench, 20, Some(1), 20);
        assert_eq!(events, [cut, started(2, 20), finished(2, 40)]);
    }

    #[test]
    fn an_interruption_before_anything_was_played_names_no_segment() {
        let mut bench = Bench::new();
        bench.push(1, false, &[LOUD; 160]);
        bench.handle.interrupt();
        bench.handle.interrupt();
        let expected = interrupted(&bench, 0, None, 0);
        assert_eq!(bench.tick().1, [expected]);
    }

    #[test]
    fn an_interruption_empties_the_queue_even_while_nothing_is_played() {
        let mut bench = Bench::new();
        for _ in 0..PLAYOUT_FRAMES {
            bench.push(1, false, &[LOUD; 160]);
        }
        bench.handle.interrupt();
        bench.player.fence(bench.now, &mut bench.sender);
        assert_eq!(bench.handle.space(), PLAYOUT_FRAMES);
    }

    #[test]
    fn audio_kept_over_one_interruption_does_not_survive_the_next() {
        let mut bench = Bench::new();
        bench.handle.interrupt();
        bench.push(1, false, &[LOUD; 160]);
        bench.player.fence(bench.now, &mut bench.sender);
        bench.handle.interrupt();
        assert_eq!(bench.tick().0, Frame::silence(RATE));
        assert_eq!(bench.counters.snapshot().stale_discarded, 1);
    }

    #[test]
    fn audio_newer_than_the_fence_waits_for_the_next_tick() {
        let mut bench = Bench::new();
        bench.handle.interrupt();
        bench.push(1, true, &[LOUD; 160]);
        let mut out = Frame::silence(RATE);
        bench.player.play(bench.now, &mut out, &mut bench.sender);
        assert_eq!(out, Frame::silence(RATE));
        assert_eq!(bench.tick().0.samples(), [LOUD; 160]);
    }

    #[test]
    fn a_frame_that_slipped_in_during_an_interruption_is_discarded() {
        let mut bench = Bench::new();
        let stale = bench.handle.generation();
        bench.push(1, false, &[LOUD; 160]);
        bench.handle.interrupt();
        bench.tick();
        let frame = Frame::from_samples(&[LOUD; 160]).unwrap();
        let slipped = PlayoutFrame {
            generation: stale,
            segment: SegmentId(1),
            last: false,
            frame,
        };
        bench.player.queue.push_unchecked(slipped);
        let (frame, events) = bench.tick();
        assert_eq!((frame, events), (Frame::silence(RATE), vec![]));
        assert_eq!(bench.counters.snapshot().stale_discarded, 2);
    }

    #[test]
    fn a_segment_that_runs_dry_goes_on_where_it_was() {
        let mut bench = Bench::new();
        bench.push(1, false, &[LOUD; 160]);
        bench.tick();
        assert_eq!(bench.tick(), (Frame::silence(RATE), vec![]));
        bench.push(1, true, &[LOUD; 160]);
        assert_eq!(bench.tick().1, [finished(1, 60)]);
        assert_eq!(bench.counters.snapshot().starved_ticks, 1);
    }

    #[test]
    fn an_empty_last_frame_ends_a_segment_without_taking_time() {
        let mut bench = Bench::new();
        bench.push(1, false, &[LOUD; 160]);
        bench.push(1, true, &[]);
        bench.push(2, false, &[-LOUD; 160]);
        bench.tick();
        let (frame, events) = bench.tick();
        assert_eq!(frame.samples(), [-LOUD; 160]);
        assert_eq!(events, [finished(1, 20), started(2, 20)]);
    }
}
