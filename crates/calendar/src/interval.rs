//! Spans between two instants, and sets of them.

use jiff::{SignedDuration, Timestamp};

/// A span of time that includes its first instant and not its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: Timestamp,
    end: Timestamp,
}

impl Interval {
    /// The span from `start` to `end`; none if it ends no later than it begins.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The span of this length; none if there is no such span before the end of time.
    pub fn lasting(start: Timestamp, length: SignedDuration) -> Option<Self> {
        let end = start.checked_add(length).ok()?;
        Self::new(start, end)
    }

    /// Its first instant.
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// How long it lasts.
    pub fn length(self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    /// Whether the two share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether all of the other one is in it.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The span with so much more on either side.
    #[must_use]
    pub fn widened(self, by: SignedDuration) -> Self {
        Self {
            start: earlier(self.start, by),
            end: later(self.end, by),
        }
    }
}

/// The instant so much later, or the last there is.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The instant so much earlier, or the first there is.
pub(crate) fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// A set of instants, as the fewest intervals that hold them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals(Vec<Interval>);

impl Intervals {
    /// The intervals, in order and apart from each other.
    pub fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.0.iter().copied()
    }

    /// Whether all of the interval is in the set.
    pub fn contains(&self, interval: Interval) -> bool {
        self.first_ending_after(interval.start)
            .is_some_and(|found| found.contains(interval))
    }

    /// Whether any of the interval is in the set.
    pub fn overlaps(&self, interval: Interval) -> bool {
        self.first_ending_after(interval.start)
            .is_some_and(|found| found.overlaps(interval))
    }

    fn first_ending_after(&self, at: Timestamp) -> Option<Interval> {
        let index = self.0.partition_point(|one| one.end <= at);
        self.0.get(index).copied()
    }
}

impl FromIterator<Interval> for Intervals {
    /// Intervals that overlap or touch become one.
    fn from_iter<T: IntoIterator<Item = Interval>>(intervals: T) -> Self {
        let mut sorted: Vec<Interval> = intervals.into_iter().collect();
        sorted.sort_unstable();
        let mut apart: Vec<Interval> = Vec::with_capacity(sorted.len());
        for interval in sorted {
            match apart.last_mut() {
                Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
                _ => apart.push(interval),
            }
        }
        Self(apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Interval {
        let at = |second| Timestamp::from_second(second).unwrap();
        Interval::new(at(start), at(end)).unwrap()
    }

    #[test]
    fn spans_that_touch_do_not_overlap() {
        assert!(!span(0, 10).overlaps(span(10, 20)));
        assert!(span(0, 11).overlaps(span(10, 20)));
    }

    #[test]
    fn a_span_has_a_beginning_before_its_end() {
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(Interval::new(at, at), None);
        assert_eq!(Interval::lasting(at, SignedDuration::from_secs(-1)), None);
        assert_eq!(
            Interval::lasting(Timestamp::MAX, SignedDuration::from_secs(1)),
            None
        );
    }

    #[test]
    fn a_set_joins_what_touches() {
        let set: Intervals = [span(10, 20), span(30, 40), span(0, 10)]
            .into_iter()
            .collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [span(0, 20), span(30, 40)]);
        assert!(set.contains(span(5, 15)));
        assert!(!set.contains(span(15, 31)));
        assert!(set.overlaps(span(15, 31)));
        assert!(!set.overlaps(span(20, 30)));
    }
}
