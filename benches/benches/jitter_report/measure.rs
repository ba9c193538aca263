//! Runs a contender over traces and says what came of it.

use std::time::Duration;

use audio::FRAME;

use crate::contender::Contender;
use crate::trace::{SAMPLES, Trace};

/// What is measured begins so long after the first packet.
const WARM_UP: Duration = Duration::from_secs(5);

/// What came of a contender on one network.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Milliseconds from a frame's ideal arrival to its playout, on average, …
    pub(crate) mean_delay: f64,
    /// … and exceeded by one in twenty.
    pub(crate) p95_delay: f64,
    /// Per cent of what was played that is concealed.
    pub(crate) concealed: f64,
    /// The standard error of that, from how the calls differ.
    pub(crate) uncertainty: f64,
    /// Per cent of what was played that was made up.
    pub(crate) made_up: f64,
    /// Per cent by which speech was made longer or shorter, together.
    pub(crate) stretched: f64,
}

/// Runs one contender for each trace and puts all of them together.
pub(crate) fn measure(
    traces: &[Trace],
    mut contender: impl FnMut(&Trace) -> Box<dyn Contender>,
) -> Outcome {
    let mut tally = Tally::default();
    for trace in traces {
        let mut contender = contender(trace);
        let mut arrivals = trace.arrivals.iter().peekable();
        let first = trace.first_pull + WARM_UP;
        let mut gap = Gap::default();
        for pull in 0..trace.pulls {
            let now = trace.first_pull + FRAME * pull as u32;
            while let Some((at, sent)) = arrivals.next_if(|(at, _)| *at <= now) {
                contender.insert(*at, sent);
            }
            let pulled = contender.pull(now);
            gap.made_up += pulled.made_up;
            gap.missing += pulled.missing;
            let over = (pulled.made_up == 0).then(|| std::mem::take(&mut gap));
            if now < first {
                gap.uncounted = gap.whole();
                continue;
            }
            tally.frames += 1;
            tally.made_up += pulled.made_up;
            tally.stretched += pulled.stretched;
            tally.concealed += over.map_or(0, |gap| gap.size());
            if let Some(position) = pulled.position
                && pulled.made_up < SAMPLES as u64
            {
                let ideal = trace.ideal(position - SAMPLES as i64);
                let delay = now.as_micros() as f64 - ideal.as_micros() as f64;
                tally.delays.push(delay / 1_000.0);
            }
        }
        tally.concealed += gap.size();
        tally.end_call();
    }
    tally.outcome()
}

/// What lies between one received sample that is played and the next.
#[derive(Default)]
struct Gap {
    made_up: u64,
    missing: u64,
    /// How much of it came before counting began.
    uncounted: u64,
}

impl Gap {
    fn whole(&self) -> u64 {
        self.made_up.max(self.missing)
    }

    fn size(&self) -> u64 {
        self.whole() - self.uncounted
    }
}

#[derive(Default)]
struct Tally {
    /// In milliseconds.
    delays: Vec<f64>,
    frames: u64,
    /// Of the call under way.
    concealed: u64,
    /// Of the calls so far.
    calls: Vec<u64>,
    made_up: u64,
    stretched: u64,
}

impl Tally {
    fn end_call(&mut self) {
        self.calls.push(std::mem::take(&mut self.concealed));
    }

    fn outcome(mut self) -> Outcome {
        self.delays.sort_by(f64::total_cmp);
        let samples = (self.frames * SAMPLES as u64).max(1) as f64;
        let per_cent = |count: u64| count as f64 * 100.0 / samples;
        let count = self.delays.len();
        Outcome {
            mean_delay: self.delays.iter().sum::<f64>() / count.max(1) as f64,
            p95_delay: self
                .delays
                .get(count * 19 / 20)
                .copied()
                .unwrap_or_default(),
            concealed: per_cent(self.calls.iter().sum()),
            uncertainty: standard_error(&self.calls) * self.calls.len() as f64 * 100.0 / samples,
            made_up: per_cent(self.made_up),
            stretched: per_cent(self.stretched),
        }
    }
}

/// The standard error of the mean of `counts`.
fn standard_error(counts: &[u64]) -> f64 {
    let count = counts.len() as f64;
    let mean = counts.iter().sum::<u64>() as f64 / count;
    let squares = counts.iter().map(|&it| (it as f64 - mean).powi(2));
    (squares.sum::<f64>() / (count - 1.0).max(1.0) / count).sqrt()
}
