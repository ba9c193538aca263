//! The agent's audio on its way to the wire, fenced by a generation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use audio::{FRAME, Frame, SampleRate};
use serde::{Deserialize, Serialize};

use crate::frames::FrameQueue;
use crate::statistics::LegCounters;

/// Frames that a playout queue holds: two seconds.
pub const PLAYOUT_FRAMES: usize = 100;

/// Counts the interruptions of a leg's playout. Audio belongs to the generation
/// it was made for and is never heard in a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// How many interruptions there were before it.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A stretch of agent audio that is reported on as one: a sentence, a prompt.
/// The producer numbers its segments as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SegmentId(pub u32);

/// 20 ms of agent audio, or the end of a segment.
#[derive(Clone, Copy, Debug)]
pub struct PlayoutFrame {
    /// The generation that the audio was made for.
    pub generation: Generation,
    /// The segment that it belongs to.
    pub segment: SegmentId,
    /// Whether the segment ends with this frame.
    pub last: bool,
    /// Exactly 20 ms at the leg's rate, or nothing: an empty frame takes no time
    /// and with `last` ends a segment after the fact.
    pub frame: Frame,
}

/// Why a frame was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The queue is full; push the frame again after about one tick (20 ms).
    #[error("the playout queue holds its maximum of {PLAYOUT_FRAMES} frames")]
    Full,
    /// The frame is not 20 ms at the leg's rate; resample it, or fill it up.
    #[error("the frame has {samples} samples; the leg takes {expected}")]
    Length {
        /// Samples of the frame.
        samples: usize,
        /// Samples of 20 ms at the leg's rate.
        expected: usize,
    },
    /// Its generation was interrupted; drop it and what follows of it.
    #[error("the frame belongs to a generation that was interrupted")]
    Stale,
    /// The leg was never connected, so it has no rate yet; connect it first.
    #[error("the leg has no rate before its first connection; connect it first")]
    Unconnected,
}

/// The producer's end of a leg's playout queue. Clones share it.
#[derive(Clone, Debug)]
pub struct PlayoutHandle {
    queue: Arc<PlayoutQueue>,
}

impl PlayoutHandle {
    /// The current generation.
    pub fn generation(&self) -> Generation {
        self.queue.generation()
    }

    /// The rate of the leg's frames; `None` before its first connection.
    pub fn rate(&self) -> Option<SampleRate> {
        self.queue.rate()
    }

    /// See [`PlayoutQueue::settle`].
    pub(crate) fn settle(&self, codec: SampleRate) -> SampleRate {
        self.queue.settle(codec)
    }

    /// Begins a new generation and returns it. From the leg's next tick on,
    /// within 20 ms, nothing of an older one is sent.
    pub fn interrupt(&self) -> Generation {
        let before = self.queue.generation.fetch_add(1, Ordering::AcqRel);
        Generation(before.wrapping_add(1))
    }

    /// Queues `frame` behind the others.
    ///
    /// # Errors
    ///
    /// [`PushError`] says whether to try again or to give up; the frame is not queued.
    pub fn push(&self, frame: PlayoutFrame) -> Result<(), PushError> {
        let rate = self.rate().ok_or(PushError::Unconnected)?;
        let (samples, expected) = (frame.frame.len(), rate.samples_in(FRAME));
        if samples != expected && samples != 0 {
            return Err(PushError::Length { samples, expected });
        }
        if frame.generation != self.generation() {
            self.queue.counters.stale_refused.add_shared(1);
            return Err(PushError::Stale);
        }
        // overflow: refused, the producer waits and tries again
        if !self.queue.frames.push(frame.note(), &frame.frame) {
            return Err(PushError::Full);
        }
        Ok(())
    }

    /// How many frames can be pushed before the queue is full.
    pub fn space(&self) -> usize {
        PLAYOUT_FRAMES.saturating_sub(self.queued())
    }

    /// How many frames wait, stale ones included until the next tick.
    pub fn queued(&self) -> usize {
        self.queue.frames.len()
    }
}

/// What producer and leg share.
#[derive(Debug)]
pub(crate) struct PlayoutQueue {
    generation: AtomicU64,
    frames: FrameQueue<Note>,
    widest: SampleRate,
    rate: OnceLock<SampleRate>,
    counters: Arc<LegCounters>,
}

impl PlayoutQueue {
    pub(crate) fn new(widest: SampleRate, counters: Arc<LegCounters>) -> Arc<Self> {
        Arc::new(Self {
            generation: AtomicU64::new(0),
            frames: FrameQueue::new(widest, PLAYOUT_FRAMES),
            widest,
            rate: OnceLock::new(),
            counters,
        })
    }

    pub(crate) fn rate(&self) -> Option<SampleRate> {
        self.rate.get().copied()
    }

    /// Settles the leg's rate for good by the codec of a connection, if no
    /// connection did before, and returns it.
    pub(crate) fn settle(&self, codec: SampleRate) -> SampleRate {
        *self.rate.get_or_init(|| codec.min(self.widest))
    }

    pub(crate) fn handle(self: &Arc<Self>) -> PlayoutHandle {
        PlayoutHandle {
            queue: Arc::clone(self),
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    pub(crate) fn pop(&self) -> Option<PlayoutFrame> {
        let (note, frame) = self.frames.pop()?;
        Some(PlayoutFrame {
            generation: note.generation,
            segment: note.segment,
            last: note.last,
            frame,
        })
    }

    /// Queues a frame as a producer does that checked the generation just before
    /// it was interrupted.
    #[cfg(test)]
    pub(crate) fn push_unchecked(&self, frame: PlayoutFrame) {
        assert!(self.frames.push(frame.note(), &frame.frame));
    }
}

/// What a frame carries besides its samples.
#[derive(Debug)]
struct Note {
    generation: Generation,
    segment: SegmentId,
    last: bool,
}

impl PlayoutFrame {
    fn note(&self) -> Note {
        Note {
            generation: self.generation,
            segment: self.segment,
            last: self.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle() -> PlayoutHandle {
        let queue = PlayoutQueue::new(SampleRate::HZ_8000, Arc::default());
        queue.settle(SampleRate::HZ_8000);
        queue.handle()
    }

    fn frame(generation: Generation) -> PlayoutFrame {
        let frame = Frame::silence(SampleRate::HZ_8000);
        PlayoutFrame {
            generation,
            segment: SegmentId(1),
            last: false,
            frame,
        }
    }

    #[test]
    fn a_full_queue_refuses_and_keeps_what_it_has() {
        let handle = handle();
        let generation = handle.generation();
        for queued in 0..PLAYOUT_FRAMES {
            assert_eq!(
                (handle.queued(), handle.space()),
                (queued, PLAYOUT_FRAMES - queued)
            );
            assert_eq!(handle.push(frame(generation)), Ok(()));
        }
        assert_eq!(handle.push(frame(generation)), Err(PushError::Full));
        assert_eq!((handle.queued(), handle.space()), (PLAYOUT_FRAMES, 0));
    }

    #[test]
    fn a_frame_of_an_interrupted_generation_is_refused_and_counted() {
        let handle = handle();
        let old = handle.generation();
        let new = handle.interrupt();
        assert!(new > old);
        assert_eq!(handle.generation(), new);
        assert_eq!(handle.push(frame(old)), Err(PushError::Stale));
        assert_eq!(handle.push(frame(new)), Ok(()));
        assert_eq!(handle.queue.counters.snapshot().stale_refused, 1);
    }

    #[test]
    fn a_frame_of_another_length_is_refused() {
        let handle = handle();
        for samples in [1, 159, 161, 320] {
            let mut other = frame(handle.generation());
            other.frame.set_len(samples);
            let refused = PushError::Length {
                samples,
                expected: 160,
            };
            assert_eq!(handle.push(other), Err(refused));
        }
        let mut end = frame(handle.generation());
        end.frame.set_len(0);
        assert_eq!(handle.push(end), Ok(()));
    }

    #[test]
    fn a_leg_without_a_rate_takes_nothing() {
        let queue = PlayoutQueue::new(SampleRate::HZ_16000, Arc::default());
        let handle = queue.handle();
        assert_eq!(handle.rate(), None);
        let refused = handle.push(frame(handle.generation()));
        assert_eq!(refused, Err(PushError::Unconnected));
    }

    #[test]
    fn the_first_codec_settles_the_rate_within_what_the_queues_hold() {
        let wide = PlayoutQueue::new(SampleRate::HZ_16000, Arc::default());
        assert_eq!(wide.settle(SampleRate::HZ_8000), SampleRate::HZ_8000);
        assert_eq!(wide.settle(SampleRate::HZ_16000), SampleRate::HZ_8000);
        let narrow = PlayoutQueue::new(SampleRate::HZ_8000, Arc::default());
        assert_eq!(narrow.settle(SampleRate::HZ_16000), SampleRate::HZ_8000);
        assert_eq!(narrow.handle().rate(), Some(SampleRate::HZ_8000));
    }
}
