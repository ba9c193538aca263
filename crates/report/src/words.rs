//! Which of the agent's words were heard.

use crate::account::{Speaker, Turn};

/// The words of a turn, told apart by whether they were heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words<'a> {
    /// Everything was heard.
    All(&'a str),
    /// The first part was heard, which may be empty, and the rest was not.
    Until {
        /// What was heard.
        heard: &'a str,
        /// What was not.
        unheard: &'a str,
    },
    /// What was heard is no beginning of what was meant, so that neither can be marked in the
    /// other.
    Differing {
        /// What was heard.
        heard: &'a str,
        /// What was to be said.
        meant: &'a str,
    },
}

/// The words of `turn`. Words are the same if their letters and digits are: punctuation, case and
/// space do not count.
pub(crate) fn of(turn: &Turn) -> Words<'_> {
    let text = turn.text.trim();
    let heard = turn.heard_text.trim();
    if turn.speaker == Speaker::Caller {
        return Words::All(text);
    }
    let mut rest = text;
    for word in heard.split_whitespace().filter(|word| is_word(word)) {
        let found = next_word(rest).filter(|(found, _)| same(found, word));
        let Some((_, after)) = found else {
            return Words::Differing { heard, meant: text };
        };
        rest = after;
    }
    if !rest.split_whitespace().any(is_word) {
        return Words::All(text);
    }
    let (heard, unheard) = text.split_at(text.len() - rest.len());
    Words::Until {
        heard: heard.trim_end(),
        unheard: unheard.trim_start(),
    }
}

/// How many words `text` has.
pub(crate) fn number(text: &str) -> u64 {
    text.split_whitespace().filter(|word| is_word(word)).count() as u64
}

fn is_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn same(one: &str, other: &str) -> bool {
    let letters = |word: &str| {
        let letters = word.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    letters(one) == letters(other)
}

/// The first word of `text`, and what comes after it.
fn next_word(mut text: &str) -> Option<(&str, &str)> {
    loop {
        text = text.trim_start();
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        if word.is_empty() {
            return None;
        }
        if is_word(word) {
            return Some((word, rest));
        }
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(text: &str, heard: &str) -> Turn {
        Turn {
            speaker: Speaker::Agent,
            text: text.to_owned(),
            start_ms: 0,
            end_ms: 0,
            heard_text: heard.to_owned(),
            interrupted: false,
            false_cutoff: false,
            ledger: None,
            speculation: None,
        }
    }

    #[test]
    fn the_words_after_the_last_one_heard_were_not_heard() {
        let turn = agent(
            "Restart the router, then  wait a minute.",
            "Restart the router",
        );
        let expected = Words::Until {
            heard: "Restart the router,",
            unheard: "then  wait a minute.",
        };
        assert_eq!(of(&turn), expected);
    }

    #[test]
    fn nothing_heard_leaves_everything_unheard() {
        let turn = agent("Good morning.", "");
        let expected = Words::Until {
            heard: "",
            unheard: "Good morning.",
        };
        assert_eq!(of(&turn), expected);
    }

    #[test]
    fn punctuation_case_and_space_do_not_make_words_differ() {
        let turn = agent("Good morning – Mr. O’Neil!", "good  morning mr oneil");
        assert_eq!(of(&turn), Words::All("Good morning – Mr. O’Neil!"));
    }

    #[test]
    fn words_that_were_spoken_in_another_form_are_not_marked() {
        let turn = agent("It costs 5 dollars.", "It costs five");
        let expected = Words::Differing {
            heard: "It costs five",
            meant: "It costs 5 dollars.",
        };
        assert_eq!(of(&turn), expected);
    }

    #[test]
    fn a_caller_is_heard_in_full() {
        let mut turn = agent("Hello there", "");
        turn.speaker = Speaker::Caller;
        assert_eq!(of(&turn), Words::All("Hello there"));
    }
}
