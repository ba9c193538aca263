//! Lays the frames of both sides of a call out in time, as a recording has them.

use std::collections::VecDeque;
use std::time::Duration;

use audio::{Moment, SampleRate};
use media::{RecordedFrame, RecordedSide};

/// A side's frames that are this little apart, or overlap this little, are joined: they are one
/// stream whose time was set right by a hair.
const JOIN: Duration = Duration::from_millis(2);

/// How far behind the heard side samples are given out: frames of the agent that were put on the
/// wire a little late still find their place.
const MARGIN: Duration = Duration::from_millis(60);

/// How long samples wait for a heard side that has stalled. A network that was cut for a second
/// delivers late what was said meanwhile, and the recording has it in its place.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A longer gap is no pause in a call but a clock gone wrong.
const LONGEST_GAP: Duration = Duration::from_secs(60);

/// Both sides of a recording, in the order in which they will be written.
#[derive(Debug)]
pub struct Timeline {
    rate: SampleRate,
    /// When the sample at position zero was heard or played.
    origin: Moment,
    /// How many samples of each side were given out.
    given: u64,
    /// What was not given out yet: left the caller, right the agent.
    waiting: VecDeque<[i16; 2]>,
    heard: Side,
    played: Side,
}

#[derive(Debug, Default)]
struct Side {
    /// Position behind the side's last sample.
    next: Option<u64>,
}

impl Timeline {
    /// A recording at `rate` whose first sample is that of `origin`.
    pub fn new(rate: SampleRate, origin: Moment) -> Self {
        Self {
            rate,
            origin,
            given: 0,
            waiting: VecDeque::new(),
            heard: Side::default(),
            played: Side::default(),
        }
    }

    /// Puts a frame into its place. What belongs before the origin, or before samples that were
    /// given out already, is left out; of two frames in one place the later call's counts.
    pub fn place(&mut self, recorded: &RecordedFrame) {
        let early = self.samples_in(self.origin.since(recorded.at));
        let position = self.samples_in(recorded.at.since(self.origin));
        let joint = self.samples_in(JOIN);
        let side = match recorded.side {
            RecordedSide::Heard => &mut self.heard,
            RecordedSide::Played => &mut self.played,
        };
        let position = match side.next {
            Some(next) if next.abs_diff(position) <= joint => next,
            Some(_) | None => position,
        };
        let longest = self.rate.samples_in(LONGEST_GAP) as u64;
        let position = position.min(self.given + self.waiting.len() as u64 + longest);
        let samples = recorded.frame.samples();
        let Some(samples) = samples.get(early as usize..) else {
            return;
        };
        let end = position + samples.len() as u64;
        side.next = Some(side.next.map_or(end, |next| next.max(end)));
        let late = self.given.saturating_sub(position) as usize;
        let start = position.saturating_sub(self.given) as usize;
        let samples = samples.get(late..).unwrap_or_default();
        if self.waiting.len() < start + samples.len() {
            self.waiting.resize(start + samples.len(), [0; 2]);
        }
        let channel = match recorded.side {
            RecordedSide::Heard => 0,
            RecordedSide::Played => 1,
        };
        for (pair, sample) in self.waiting.iter_mut().skip(start).zip(samples) {
            pair[channel] = *sample;
        }
    }

    /// Appends, interleaved, all samples that nothing can be put between any more.
    pub fn give(&mut self, interleaved: &mut Vec<i16>) {
        let margin = self.samples_in(MARGIN);
        let patience = self.samples_in(PATIENCE);
        let heard = self.heard.next.unwrap_or(0).saturating_sub(margin);
        let end = self.given + self.waiting.len() as u64;
        let settled = heard.max(end.saturating_sub(patience));
        self.give_until(settled, interleaved);
    }

    /// Appends, interleaved, all samples there are.
    pub fn give_all(&mut self, interleaved: &mut Vec<i16>) {
        self.give_until(u64::MAX, interleaved);
    }

    fn give_until(&mut self, position: u64, interleaved: &mut Vec<i16>) {
        let count = position.saturating_sub(self.given);
        let count = self
            .waiting
            .len()
            .min(usize::try_from(count).unwrap_or(usize::MAX));
        interleaved.extend(self.waiting.drain(..count).flatten());
        self.given += count as u64;
    }

    fn samples_in(&self, duration: Duration) -> u64 {
        self.rate.samples_in(duration) as u64
    }
}

#[cfg(test)]
mod tests {
    use audio::Frame;

    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn frame(side: RecordedSide, millis: u64, sample: i16) -> RecordedFrame {
        RecordedFrame {
            side,
            at: Moment::from_millis(millis),
            frame: Frame::from_samples(&[sample; 160]).unwrap(),
        }
    }

    fn heard(millis: u64, sample: i16) -> RecordedFrame {
        frame(RecordedSide::Heard, millis, sample)
    }

    fn played(millis: u64, sample: i16) -> RecordedFrame {
        frame(RecordedSide::Played, millis, sample)
    }

    fn all(timeline: &mut Timeline) -> Vec<[i16; 2]> {
        let mut interleaved = Vec::new();
        timeline.give_all(&mut interleaved);
        let (pairs, []) = interleaved.as_chunks::<2>() else {
            panic!("pairs");
        };
        pairs.to_vec()
    }

    #[test]
    fn each_side_stands_where_its_time_says() {
        let mut timeline = Timeline::new(RATE, Moment::from_millis(1_000));
        timeline.place(&heard(1_000, 1));
        timeline.place(&played(1_005, 2));
        timeline.place(&heard(1_020, 3));
        let pairs = all(&mut timeline);
        assert_eq!(pairs.len(), 320);
        assert_eq!(pairs[39], [1, 0]);
        assert_eq!(pairs[40], [1, 2]);
        assert_eq!(pairs[160], [3, 2]);
        assert_eq!(pairs[199], [3, 2]);
        assert_eq!(pairs[200], [3, 0]);
    }

    #[test]
    fn what_nobody_said_is_silence() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        timeline.place(&heard(0, 1));
        timeline.place(&played(500, 2));
        let pairs = all(&mut timeline);
        assert_eq!(pairs.len(), 4_160);
        assert!(pairs[160..4_000].iter().all(|pair| *pair == [0, 0]));
        assert_eq!(pairs[4_000], [0, 2]);
    }

    #[test]
    fn a_stream_set_right_by_a_hair_stays_whole() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        for (index, sample) in [1, 2, 3].into_iter().enumerate() {
            timeline.place(&heard(index as u64 * 21, sample));
        }
        let pairs = all(&mut timeline);
        assert_eq!(pairs.len(), 480);
        assert!(pairs.iter().all(|[caller, _]| *caller != 0));
    }

    #[test]
    fn a_stream_that_moved_is_moved() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        timeline.place(&heard(0, 1));
        timeline.place(&heard(30, 2));
        let pairs = all(&mut timeline);
        assert_eq!(
            (pairs[160], pairs[239], pairs[240]),
            ([0, 0], [0, 0], [2, 0])
        );
    }

    #[test]
    fn samples_wait_until_a_late_frame_of_the_agent_has_found_its_place() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        let mut given = Vec::new();
        for millis in (0..200).step_by(20) {
            timeline.place(&heard(millis, 1));
        }
        timeline.give(&mut given);
        assert_eq!(given.len(), 2 * 8 * 140);
        timeline.place(&played(140, 2));
        let rest = all(&mut timeline);
        assert_eq!(rest[0], [1, 2]);
        assert_eq!(rest.len(), 8 * 60);
    }

    #[test]
    fn a_stalled_caller_is_waited_for_and_then_given_up() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        timeline.place(&heard(0, 1));
        let mut given = Vec::new();
        for millis in (0..3_000).step_by(20) {
            timeline.place(&played(millis, 2));
            timeline.give(&mut given);
        }
        assert_eq!(given.len(), 2 * 8 * 1_500);
        timeline.place(&heard(1_600, 3));
        assert_eq!(all(&mut timeline)[8 * 100], [3, 2]);
    }

    #[test]
    fn what_comes_too_late_is_left_out() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        timeline.place(&heard(0, 1));
        assert_eq!(all(&mut timeline).len(), 160);
        timeline.place(&played(10, 2));
        assert_eq!(all(&mut timeline), [[0, 2]; 80]);
        timeline.place(&heard(0, 3));
        assert!(all(&mut timeline).is_empty());
    }

    #[test]
    fn what_began_before_the_recording_is_cut() {
        let mut timeline = Timeline::new(RATE, Moment::from_millis(100));
        timeline.place(&heard(60, 1));
        timeline.place(&heard(90, 1));
        timeline.place(&played(100, 2));
        let pairs = all(&mut timeline);
        assert_eq!((pairs.len(), pairs[0], pairs[80]), (160, [1, 2], [0, 2]));
    }

    #[test]
    fn a_clock_gone_wrong_adds_a_minute_at_most() {
        let mut timeline = Timeline::new(RATE, Moment::ZERO);
        timeline.place(&heard(0, 1));
        timeline.place(&heard(100_000_000, 2));
        assert_eq!(all(&mut timeline).len(), 160 + 8 * 60_000 + 160);
    }
}
