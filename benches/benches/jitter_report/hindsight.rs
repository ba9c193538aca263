//! What the best constant delay comes to if it is chosen after the call: a bound for whoever
//! keeps the delay as it is, and hardly to be beaten where lateness is independent from packet
//! to packet, since nothing then tells the next packet's lateness beforehand.

use std::collections::BTreeSet;

use audio::Moment;

use crate::contender::{Contender, Pulled};
use crate::measure::{Outcome, measure};
use crate::trace::{SAMPLES, Sent, Trace};

/// The longest delay that is tried, in frames.
const LONGEST: u64 = 24;
/// What one per cent is worth at least and at most, in milliseconds, and the step between two
/// worths, as a factor.
const LEAST_WORTH: f64 = 0.3;
const LARGEST_WORTH: f64 = 100_000.0;
const STEP: f64 = 1.1;

/// Plays each packet so many pulls after the first pull that there was for it.
struct Constant {
    pulls: u64,
    after: u64,
    waiting: BTreeSet<u64>,
}

impl Contender for Constant {
    fn insert(&mut self, _: Moment, sent: &Sent) {
        self.waiting.insert(sent.number);
    }

    fn pull(&mut self, _: Moment) -> Pulled {
        let frame = SAMPLES as u64;
        let number = self.pulls.checked_sub(self.after);
        self.pulls += 1;
        let missing = match number {
            Some(number) if self.waiting.remove(&number) => 0,
            Some(_) | None => frame,
        };
        Pulled {
            position: number.map(|number| (number as i64 + 1) * SAMPLES as i64),
            made_up: missing,
            missing,
            stretched: 0,
        }
    }
}

/// Delays with their shares concealed, of calls for each of which the delay was chosen that is
/// best for one worth of the audio.
pub(crate) fn curve(traces: &[Trace]) -> Vec<(f64, f64)> {
    let calls: Vec<Vec<Outcome>> = traces.iter().map(outcomes).collect();
    let mut curve = Vec::new();
    let mut worth = LEAST_WORTH;
    while worth < LARGEST_WORTH {
        let cost = |it: &Outcome| it.mean_delay + worth * it.concealed;
        let best = calls.iter().filter_map(|call| {
            let best = call.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
            Some((best.mean_delay, best.concealed))
        });
        let sum = best.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        let count = calls.len() as f64;
        curve.push((sum.0 / count, sum.1 / count));
        worth *= STEP;
    }
    curve
}

/// What every delay comes to at which no more than half is concealed.
fn outcomes(trace: &Trace) -> Vec<Outcome> {
    let outcome = |after| {
        measure(std::slice::from_ref(trace), |_| {
            Box::new(Constant {
                pulls: 0,
                after,
                waiting: BTreeSet::new(),
            })
        })
    };
    let all = (0..LONGEST).map(outcome);
    all.filter(|outcome| outcome.concealed <= 50.0).collect()
}
