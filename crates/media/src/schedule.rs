//! When a media thread ticks: absolute deadlines on a grid of 5 ms.

use std::time::Duration;

use audio::{FRAME, Moment};

/// How many groups the legs of a thread are spread over.
pub(crate) const PHASES: usize = 4;

/// Distance of two phases.
const PHASE: Duration = Duration::from_millis(5);

/// A thread that is later than this gives up catching up.
const MAX_OVERRUN: Duration = Duration::from_millis(60);

/// The deadlines of one thread. They lie on multiples of 5 ms of the clock, so
/// that all threads tick the same phase at the same time, and never drift.
#[derive(Debug)]
pub(crate) struct Schedule {
    next: Moment,
}

/// One phase's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The deadline, which is the tick's time whenever it really runs.
    pub(crate) at: Moment,
    /// Whose turn it is, below [`PHASES`].
    pub(crate) phase: usize,
}

impl Schedule {
    /// A schedule whose first deadline is the next one after `now`.
    pub(crate) fn starting(now: Moment) -> Self {
        let grid = PHASE.as_micros() as u64;
        Self {
            next: Moment::from_micros((now.as_micros() / grid + 1) * grid),
        }
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Moment {
        self.next
    }

    /// The phase whose deadline has come, if one has. Each is due once.
    pub(crate) fn take(&mut self, now: Moment) -> Option<Due> {
        if now < self.next {
            return None;
        }
        let at = self.next;
        self.next = at + PHASE;
        let index = at.as_micros() / PHASE.as_micros() as u64;
        Some(Due {
            at,
            phase: (index % PHASES as u64) as usize,
        })
    }

    /// Skips what lies behind when more than three frames do, and says whether it did.
    pub(crate) fn resynchronise(&mut self, now: Moment) -> bool {
        let overrun = now.since(self.next) > MAX_OVERRUN;
        if overrun {
            *self = Self::starting(now);
        }
        overrun
    }
}

const _: () = assert!(PHASE.as_millis() * PHASES as u128 == FRAME.as_millis());
const _: () = assert!(MAX_OVERRUN.as_millis() == 3 * FRAME.as_millis());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_is_due_every_20_ms_on_the_grid() {
        let mut schedule = Schedule::starting(Moment::from_micros(123));
        let mut seen = [const { Vec::new() }; PHASES];
        for millis in 0..200 {
            while let Some(due) = schedule.take(Moment::from_millis(millis)) {
                seen[due.phase].push(due.at.as_millis());
            }
        }
        assert_eq!(seen[0], (20..200).step_by(20).collect::<Vec<_>>());
        assert_eq!(seen[1], (5..200).step_by(20).collect::<Vec<_>>());
        assert_eq!(seen[3], (15..200).step_by(20).collect::<Vec<_>>());
    }

    #[test]
    fn a_late_thread_catches_up_without_moving_its_deadlines() {
        let mut schedule = Schedule::starting(Moment::ZERO);
        let late = Moment::from_millis(64);
        assert!(!schedule.resynchronise(late));
        let due: Vec<_> = std::iter::from_fn(|| schedule.take(late))
            .map(|due| due.at)
            .collect();
        assert_eq!(
            due,
            (1..=12)
                .map(|phase| Moment::from_millis(phase * 5))
                .collect::<Vec<_>>()
        );
        assert_eq!(schedule.next(), Moment::from_millis(65));
    }

    #[test]
    fn a_very_late_thread_skips_to_the_next_deadline() {
        let mut schedule = Schedule::starting(Moment::ZERO);
        assert!(schedule.resynchronise(Moment::from_millis(66)));
        assert_eq!(schedule.take(Moment::from_millis(66)), None);
        assert_eq!(schedule.next(), Moment::from_millis(70));
    }
}
