//! Both sides of a leg, for its recording.

use std::sync::Arc;

use audio::{Frame, Moment, SampleRate};

use crate::frames::FrameQueue;
use crate::statistics::LegCounters;

/// Frames that a recording feed holds: one second.
const RECORDING_FRAMES: usize = 50;

/// 20 ms of a leg, both sides aligned to the sample.
///
/// From the first connection on there is one for every tick. A step of `at` by
/// more than 20 ms is audio that was lost because the feed was full or its
/// thread too late; fill it with silence to keep the recording's time.
#[derive(Clone, Copy, Debug)]
pub struct RecordedFrame {
    /// The tick's deadline.
    pub at: Moment,
    /// What the far end says, as it came out of the playout buffer.
    pub heard: Frame,
    /// What was sent; silence while the leg does not send.
    pub played: Frame,
}

/// The consumer's end of a leg's recording.
#[derive(Debug)]
pub struct RecordingFeed {
    shared: Arc<Shared>,
}

impl RecordingFeed {
    /// The oldest frame that was not taken yet.
    pub fn pop(&self) -> Option<RecordedFrame> {
        let (at, [heard, played]) = self.shared.frames.pop()?;
        Some(RecordedFrame { at, heard, played })
    }

    /// How many frames were dropped because they were not taken in time.
    pub fn dropped(&self) -> u64 {
        self.shared.counters.recording_dropped.get()
    }
}

#[derive(Debug)]
struct Shared {
    frames: FrameQueue<Moment, 2>,
    counters: Arc<LegCounters>,
}

/// The leg's end of its recording.
#[derive(Debug)]
pub(crate) struct RecordingSender {
    shared: Arc<Shared>,
}

impl RecordingSender {
    pub(crate) fn new(rate: SampleRate, counters: Arc<LegCounters>) -> (Self, RecordingFeed) {
        let frames = FrameQueue::new(rate, RECORDING_FRAMES);
        let shared = Arc::new(Shared { frames, counters });
        (
            Self {
                shared: Arc::clone(&shared),
            },
            RecordingFeed { shared },
        )
    }

    pub(crate) fn record(&self, frame: &RecordedFrame) {
        // overflow: drops oldest, counted
        if self
            .shared
            .frames
            .force_push(frame.at, [&frame.heard, &frame.played])
        {
            self.shared.counters.recording_dropped.add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_frames_the_oldest_are_dropped_and_counted() {
        let (sender, feed) = RecordingSender::new(SampleRate::HZ_8000, Arc::default());
        let silence = Frame::silence(SampleRate::HZ_8000);
        for millis in 0..RECORDING_FRAMES as u64 + 2 {
            let at = Moment::from_millis(millis);
            sender.record(&RecordedFrame {
                at,
                heard: silence,
                played: silence,
            });
        }
        assert_eq!(feed.dropped(), 2);
        assert_eq!(feed.pop().unwrap().at, Moment::from_millis(2));
    }
}
