//! How busy a media thread is, and whether it may take more.

use std::time::Duration;

use audio::Moment;

use crate::lateness::Lateness;
use crate::statistics::Counter;

/// How often the load is measured anew.
const STEP: Duration = Duration::from_secs(1);

/// Steps that a measurement reaches back.
const STEPS: usize = 3;

/// Legs from which on the load is taken to grow in proportion to them.
const MANY_LEGS: u64 = 50;

/// The load of one thread over the last seconds, for anyone to read.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// The share of time that the thread did not sleep, in thousandths.
    busy: Counter,
    /// The lateness that 99 of 100 ticks kept below, in microseconds.
    late_micros: Counter,
    /// Legs that there were at the end of it.
    legs: Counter,
}

/// Bounds of a thread's load beyond which it takes no more legs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) busy: f64,
    pub(crate) lateness: Duration,
}

impl Load {
    /// The share of time that the thread was busy, 0.0 to 1.0.
    pub(crate) fn busy(&self) -> f64 {
        self.busy.get() as f64 / 1_000.0
    }

    /// Whether a thread with `legs` legs keeps within `bounds`. Legs that were
    /// opened since the last measurement count as much as those before.
    pub(crate) fn is_within(&self, bounds: &Bounds, legs: usize) -> bool {
        let measured = self.legs.get();
        let grown = if measured >= MANY_LEGS {
            (legs as f64 / measured as f64).max(1.0)
        } else {
            1.0
        };
        let late = Duration::from_micros(self.late_micros.get());
        self.busy() * grown <= bounds.busy && late <= bounds.lateness
    }

    /// The thread sleeps until it has legs again.
    pub(crate) fn rest(&self) {
        self.busy.set(0);
        self.late_micros.set(0);
        self.legs.set(0);
    }
}

/// Measures the load of one thread.
#[derive(Debug)]
pub(crate) struct LoadMeter {
    /// Total of the time that the thread was busy.
    busy_nanos: u64,
    /// The totals at the ends of the last steps, the newest first.
    marks: [Mark; STEPS],
}

#[derive(Clone, Debug)]
struct Mark {
    at: Moment,
    busy_nanos: u64,
    lateness: Lateness,
}

impl LoadMeter {
    /// A meter that begins at `now`; `lateness` is the total so far.
    pub(crate) fn new(now: Moment, lateness: &Lateness) -> Self {
        let begin = || Mark {
            at: now,
            busy_nanos: 0,
            lateness: lateness.clone(),
        };
        Self {
            busy_nanos: 0,
            marks: std::array::from_fn(|_| begin()),
        }
    }

    /// Adds `nanos` of work that ended at `now`. At the end of a step `load` is told.
    pub(crate) fn worked(
        &mut self,
        now: Moment,
        nanos: u64,
        legs: usize,
        lateness: impl FnOnce() -> Lateness,
        load: &Load,
    ) {
        self.busy_nanos = self.busy_nanos.wrapping_add(nanos);
        let [newest, .., oldest] = &self.marks;
        if now.since(newest.at) < STEP {
            return;
        }
        let mark = Mark {
            at: now,
            busy_nanos: self.busy_nanos,
            lateness: lateness(),
        };
        let busy = mark.busy_nanos.wrapping_sub(oldest.busy_nanos);
        let micros = now.since(oldest.at).as_micros().max(1) as u64;
        let late = mark.lateness.since(&oldest.lateness).quantile(0.99);
        load.busy.set(busy / micros);
        load.late_micros.set(late.as_micros() as u64);
        load.legs.set(legs as u64);
        self.marks.rotate_right(1);
        let [newest, ..] = &mut self.marks;
        *newest = mark;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lateness::LatenessRecorder;

    const BOUNDS: Bounds = Bounds {
        busy: 0.8,
        lateness: Duration::from_millis(10),
    };

    /// Seconds of which `busy` milliseconds each are work, with ticks so late.
    fn run(
        meter: &mut LoadMeter,
        load: &Load,
        seconds: std::ops::Range<u64>,
        busy: u64,
        recorder: &LatenessRecorder,
        late: Duration,
    ) {
        for millis in (seconds.start * 1_000..seconds.end * 1_000).step_by(5) {
            recorder.record(late);
            let now = Moment::from_millis(millis + 5);
            let lateness = || recorder.snapshot();
            meter.worked(now, busy * 5_000, 60, lateness, load);
        }
    }

    #[test]
    fn the_share_is_that_of_the_last_three_seconds() {
        let (load, recorder) = (Load::default(), LatenessRecorder::default());
        let mut meter = LoadMeter::new(Moment::ZERO, &Lateness::default());
        run(&mut meter, &load, 0..10, 900, &recorder, Duration::ZERO);
        assert_eq!(load.busy(), 0.9);
        assert!(!load.is_within(&BOUNDS, 60));
        run(&mut meter, &load, 10..12, 300, &recorder, Duration::ZERO);
        assert_eq!(load.busy(), 0.5);
        run(&mut meter, &load, 12..13, 300, &recorder, Duration::ZERO);
        assert_eq!(load.busy(), 0.3);
        assert!(load.is_within(&BOUNDS, 60));
    }

    #[test]
    fn lateness_counts_until_it_is_three_seconds_old() {
        let (load, recorder) = (Load::default(), LatenessRecorder::default());
        let mut meter = LoadMeter::new(Moment::ZERO, &Lateness::default());
        let late = Duration::from_millis(15);
        run(&mut meter, &load, 0..1, 10, &recorder, late);
        assert!(!load.is_within(&BOUNDS, 60));
        run(&mut meter, &load, 1..3, 10, &recorder, Duration::ZERO);
        assert!(!load.is_within(&BOUNDS, 60));
        run(&mut meter, &load, 3..4, 10, &recorder, Duration::ZERO);
        assert!(load.is_within(&BOUNDS, 60));
    }

    #[test]
    fn legs_that_came_since_are_expected_to_cost_as_much() {
        let (load, recorder) = (Load::default(), LatenessRecorder::default());
        let mut meter = LoadMeter::new(Moment::ZERO, &Lateness::default());
        run(&mut meter, &load, 0..4, 400, &recorder, Duration::ZERO);
        assert!(load.is_within(&BOUNDS, 120));
        assert!(!load.is_within(&BOUNDS, 121));
    }

    #[test]
    fn a_thread_at_rest_is_within_any_bounds() {
        let (load, recorder) = (Load::default(), LatenessRecorder::default());
        let mut meter = LoadMeter::new(Moment::ZERO, &Lateness::default());
        let late = Duration::from_secs(1);
        run(&mut meter, &load, 0..4, 990, &recorder, late);
        load.rest();
        assert!(load.is_within(&BOUNDS, 1_000));
    }
}
