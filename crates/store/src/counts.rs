//! How many rows long filtered lists have, kept for a moment: counting reads each of them, and whoever
//! pages through such a list asks again and again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lists of fewer rows are counted each time.
const LONG: u64 = 5_000;

/// How old a count gets, and a little longer while it is counted anew.
const KEPT: Duration = Duration::from_secs(2);

/// Lists that are remembered at most; all are forgotten when there is one more.
const MOST: usize = 1_000;

#[derive(Debug)]
struct Count {
    rows: u64,
    at: Instant,
}

/// The counts of one process, by table, conditions and values.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<HashMap<String, Count>>);

impl Counts {
    /// What was counted lately. Of those who come when it is too old one counts anew, and is told
    /// nothing; meanwhile the others are told what it was.
    pub(crate) fn lately(&self, list: &str, now: Instant) -> Option<u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get_mut(list)?;
        if now.saturating_duration_since(count.at) < KEPT {
            return Some(count.rows);
        }
        count.at = now;
        None
    }

    /// Keeps what was counted, if that is much.
    pub(crate) fn keep(&self, list: String, rows: u64, now: Instant) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows < LONG {
            counts.remove(&list);
            return;
        }
        if counts.len() >= MOST && !counts.contains_key(&list) {
            counts.clear();
        }
        counts.insert(list, Count { rows, at: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_counted_by_one_of_those_who_ask_every_two_seconds() {
        let (counts, begin) = (Counts::default(), Instant::now());
        assert_eq!(counts.lately("a", begin), None);
        counts.keep("a".to_owned(), LONG, begin);
        assert_eq!(counts.lately("a", begin + KEPT / 2), Some(LONG));
        assert_eq!(counts.lately("a", begin + KEPT), None);
        assert_eq!(counts.lately("a", begin + KEPT), Some(LONG));
        counts.keep("a".to_owned(), LONG + 1, begin + KEPT);
        assert_eq!(counts.lately("a", begin + KEPT), Some(LONG + 1));
        assert_eq!(counts.lately("b", begin), None);
    }

    #[test]
    fn a_short_list_is_counted_each_time() {
        let (counts, begin) = (Counts::default(), Instant::now());
        counts.keep("a".to_owned(), LONG, begin);
        counts.keep("a".to_owned(), LONG - 1, begin);
        assert_eq!(counts.lately("a", begin), None);
    }

    #[test]
    fn no_more_lists_are_remembered_than_there_is_room_for() {
        let (counts, begin) = (Counts::default(), Instant::now());
        for list in 0..=2 * MOST {
            counts.keep(list.to_string(), LONG, begin);
        }
        assert!(counts.0.lock().unwrap().len() <= MOST);
    }
}
