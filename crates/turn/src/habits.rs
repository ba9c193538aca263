//! How this caller pauses.

use std::time::Duration;

/// Pauses that are remembered.
const MEMORY: usize = 8;

/// Pauses without which nothing is said about a caller.
const LEAST: usize = 2;

/// The caller's last pauses after which the same turn went on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    pauses: Vec<Duration>,
}

impl Habits {
    /// Notes a pause within a turn.
    pub(crate) fn paused(&mut self, pause: Duration) {
        if self.pauses.len() == MEMORY {
            self.pauses.remove(0);
        }
        self.pauses.push(pause);
    }

    /// A pause that three of four of this caller's do not exceed.
    pub(crate) fn usual(&self) -> Option<Duration> {
        if self.pauses.len() < LEAST {
            return None;
        }
        let mut sorted = self.pauses.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len() - 1) * 3 / 4).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pause_is_no_habit() {
        let mut habits = Habits::default();
        habits.paused(Duration::from_millis(700));
        assert_eq!(habits.usual(), None);
    }

    #[test]
    fn the_longest_of_a_few_pauses_is_not_usual() {
        let mut habits = Habits::default();
        for millis in [300, 900, 200, 400, 350] {
            habits.paused(Duration::from_millis(millis));
        }
        assert_eq!(habits.usual(), Some(Duration::from_millis(400)));
    }

    #[test]
    fn old_pauses_are_forgotten() {
        let mut habits = Habits::default();
        for _ in 0..8 {
            habits.paused(Duration::from_millis(900));
        }
        for _ in 0..8 {
            habits.paused(Duration::from_millis(200));
        }
        assert_eq!(habits.usual(), Some(Duration::from_millis(200)));
    }
}
