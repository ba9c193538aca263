//! The keys that the caller presses, gathered into what they mean to say.

use std::time::Duration;

use audio::Moment;
use audio::dtmf::Digit;

/// How long after a key another one still belongs to the same entry.
const PAUSE: Duration = Duration::from_millis(1_500);

/// The key that ends an entry at once.
const ENTER: char = '#';

/// Keys that one entry has at most; more begin the next one.
const LONGEST: usize = 32;

/// The keys of the entry under way.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pressed: String,
    first: Moment,
    last: Moment,
}

/// Keys that were entered together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) first: Moment,
    pub(super) last: Moment,
}

impl Keys {
    /// Takes a key pressed at `at`; the entry, if that completes it.
    pub(super) fn press(&mut self, at: Moment, digit: Digit) -> Option<Entry> {
        if self.pressed.is_empty() {
            self.first = at;
        }
        self.pressed.push(digit.as_char());
        self.last = at;
        let complete = self.pressed.ends_with(ENTER) || self.pressed.len() >= LONGEST;
        complete.then(|| self.take())
    }

    /// When the entry is complete if no other key follows.
    pub(super) fn deadline(&self) -> Option<Moment> {
        (!self.pressed.is_empty()).then(|| self.last + PAUSE)
    }

    /// The entry, if it is complete by `now`.
    pub(super) fn due(&mut self, now: Moment) -> Option<Entry> {
        let due = self.deadline().is_some_and(|deadline| now >= deadline);
        due.then(|| self.take())
    }

    fn take(&mut self) -> Entry {
        let Self {
            pressed,
            first,
            last,
        } = std::mem::take(self);
        Entry {
            text: format!("[pressed {pressed}]"),
            first,
            last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(key: char) -> Digit {
        Digit::from_char(key).unwrap()
    }

    #[test]
    fn keys_in_a_row_are_one_entry() {
        let mut keys = Keys::default();
        for (index, key) in "407".chars().enumerate() {
            let at = Moment::from_millis(1_000 * (1 + index as u64));
            assert_eq!(keys.press(at, digit(key)), None);
        }
        assert_eq!(keys.due(Moment::from_millis(4_499)), None);
        let expected = Entry {
            text: "[pressed 407]".to_owned(),
            first: Moment::from_millis(1_000),
            last: Moment::from_millis(3_000),
        };
        assert_eq!(keys.due(Moment::from_millis(4_500)), Some(expected));
        assert_eq!(keys.deadline(), None);
    }

    #[test]
    fn the_hash_key_ends_an_entry_at_once() {
        let mut keys = Keys::default();
        assert_eq!(keys.press(Moment::ZERO, digit('9')), None);
        let entry = keys.press(Moment::from_millis(300), digit('#'));
        assert_eq!(entry.unwrap().text, "[pressed 9#]");
        assert_eq!(keys.deadline(), None);
    }

    #[test]
    fn an_entry_has_an_end() {
        let mut keys = Keys::default();
        let entries = (0..100)
            .filter_map(|_| keys.press(Moment::ZERO, digit('1')))
            .count();
        assert_eq!(entries, 3);
    }
}
