//! Both sides of a leg, for its recording.

use std::sync::Arc;

use audio::{FRAME, Frame, Moment, SampleRate};

use crate::frames::FrameQueue;
use crate::statistics::LegCounters;

/// Frames that a recording feed holds: 640 ms of both sides.
const RECORDING_FRAMES: usize = 64;

/// Who speaks in a recorded frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordedSide {
    /// The far end, as it came out of the playout buffer.
    Heard,
    /// The agent, as it was put on the wire.
    Played,
}

/// 20 ms of one side of a leg, with its place in time.
///
/// Each side has a time of its own, in order from frame to frame but not bound to
/// the other's: what is heard is dated by when it arrived, what is played by when
/// it is sent. A recorder puts each frame where `at` says, to the sample: what a
/// side has no frame for is silence. That is most of the agent's side, a heard
/// side that has not begun, and whatever was dropped because the feed was full. A
/// frame may overlap the one before it of its side by a few milliseconds, after a
/// change of the stream; the later one then counts.
#[derive(Clone, Copy, Debug)]
pub struct RecordedFrame {
    /// Who speaks.
    pub side: RecordedSide,
    /// When the first sample arrived, or was put on the wire.
    pub at: Moment,
    /// The audio, at the leg's rate.
    pub frame: Frame,
}

/// The consumer's end of a leg's recording.
#[derive(Debug)]
pub struct RecordingFeed {
    shared: Arc<Shared>,
}

impl RecordingFeed {
    /// The oldest frame that was not taken yet, of either side.
    pub fn pop(&self) -> Option<RecordedFrame> {
        let ((side, at), frame) = self.shared.frames.pop()?;
        Some(RecordedFrame { side, at, frame })
    }

    /// How many frames were dropped because they were not taken in time.
    pub fn dropped(&self) -> u64 {
        self.shared.counters.recording_dropped.get()
    }
}

#[derive(Debug)]
struct Shared {
    frames: FrameQueue<(RecordedSide, Moment)>,
    counters: Arc<LegCounters>,
}

/// The leg's ends of its recording; both sides of a leg have one.
#[derive(Clone, Debug)]
pub(crate) struct RecordingSender {
    shared: Arc<Shared>,
}

impl RecordingSender {
    pub(crate) fn new(widest: SampleRate, counters: Arc<LegCounters>) -> (Self, RecordingFeed) {
        let frames = FrameQueue::new(widest, RECORDING_FRAMES);
        let shared = Arc::new(Shared { frames, counters });
        (
            Self {
                shared: Arc::clone(&shared),
            },
            RecordingFeed { shared },
        )
    }

    /// Records what was heard, whose last sample arrived at `until`.
    pub(crate) fn heard(&self, until: Moment, frame: &Frame) {
        self.record(RecordedSide::Heard, until - FRAME, frame);
    }

    /// Records what is sent from `at` on.
    pub(crate) fn played(&self, at: Moment, frame: &Frame) {
        self.record(RecordedSide::Played, at, frame);
    }

    fn record(&self, side: RecordedSide, at: Moment, frame: &Frame) {
        // overflow: drops oldest, counted
        if self.shared.frames.force_push((side, at), frame) {
            self.shared.counters.recording_dropped.add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    #[test]
    fn of_too_many_frames_the_oldest_are_dropped_and_counted() {
        let (sender, feed) = RecordingSender::new(RATE, Arc::default());
        for millis in 0..RECORDING_FRAMES as u64 + 2 {
            sender.played(Moment::from_millis(millis), &Frame::silence(RATE));
        }
        assert_eq!(feed.dropped(), 2);
        assert_eq!(feed.pop().unwrap().at, Moment::from_millis(2));
    }

    #[test]
    fn both_sides_are_dated_by_their_first_sample() {
        let (sender, feed) = RecordingSender::new(RATE, Arc::default());
        let now = Moment::from_millis(100);
        sender.heard(now, &Frame::silence(RATE));
        sender.played(now, &Frame::silence(RATE));
        let recorded: Vec<_> = std::iter::from_fn(|| feed.pop())
            .map(|recorded| (recorded.side, recorded.at))
            .collect();
        let expected = [
            (RecordedSide::Heard, Moment::from_millis(80)),
            (RecordedSide::Played, now),
        ];
        assert_eq!(recorded, expected);
    }
}
