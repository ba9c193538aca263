//! Whether recognised words sound like the end of a turn.

use crate::sentence::Sentence;
use crate::words::{
    ANSWERS, AUXILIARIES, BESIDE_ANSWERS, DANGLING, DANGLING_PHRASES, DICTATED, DIGITS, GROUPED,
    LISTENING, LONGEST_BACKCHANNEL, PRONOUNS, QUOTES, SAID_ALONE, SHORT_ANSWER, TRAILING,
    WHOLE_NUMBER, bare,
};

/// What the words of a turn say about its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// A whole answer in a word or a few: "Yes, please." How it sounds tells nothing.
    Answer,
    /// A question, which waits for its answer.
    Question,
    /// A sentence, as far as can be told; recognisers leave out a closing mark now and then.
    Finished,
    /// There are none: noise.
    Wordless,
    /// It trails off: a comma, a dash or dots.
    Trailing,
    /// It ends on a word that seldom closes a sentence: a verb without what it is done to, or what
    /// describes a thing without the thing.
    Lacking,
    /// The beginning of a sentence, whatever mark closes it: a thing of which nothing is said, or a
    /// clause without the one that it belongs to.
    Fragment,
    /// A number or a spelling that is long enough to be whole.
    WholeNumber,
    /// A number or a spelling that is hardly complete.
    OpenNumber,
    /// It ends on a word that calls for another one.
    Dangling,
}

impl Completeness {
    /// Its name in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Question => "question",
            Self::Finished => "finished",
            Self::Wordless => "wordless",
            Self::Trailing => "trailing",
            Self::Lacking => "lacking",
            Self::Fragment => "fragment",
            Self::WholeNumber => "whole_number",
            Self::OpenNumber => "open_number",
            Self::Dangling => "dangling",
        }
    }

    /// Judges `text` as the recogniser wrote it.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        let words: Vec<String> = text
            .split(|c: char| c.is_whitespace() || c == '-')
            .map(bare)
            .filter(|word| !word.is_empty())
            .collect();
        let Some(last) = words.last() else {
            return Self::Wordless;
        };
        if is_answer(&words) {
            return Self::Answer;
        }
        match dictated_symbols(&words) {
            Some(symbols) if symbols < WHOLE_NUMBER => return Self::OpenNumber,
            Some(_) if !text.contains('?') => return Self::WholeNumber,
            Some(_) | None => {}
        }
        let close = text.trim_end_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        if is_short_answer(&words) && close.ends_with(['.', '!']) {
            return Self::Finished;
        }
        let sentence = Sentence::last_of(text);
        if sentence.asks_about(last) {
            return Self::Question;
        }
        if DANGLING.contains(&last.as_str()) || ends_on_phrase(&words) || sentence.ends_on_subject()
        {
            return Self::Dangling;
        }
        if sentence.is_subordinate() || sentence.is_only_begun() {
            return Self::Fragment;
        }
        if sentence.lacks_something() {
            return Self::Lacking;
        }
        if close.ends_with('?') {
            Self::Question
        } else if close.ends_with("...") || close.ends_with(TRAILING) {
            Self::Trailing
        } else {
            Self::Finished
        }
    }
}

/// Whether these words, said while the agent speaks, only show that one listens.
pub fn is_backchannel(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(bare).collect();
    let said = words.iter().filter(|word| !word.is_empty());
    said.clone().count() <= LONGEST_BACKCHANNEL
        && said.clone().all(|word| LISTENING.contains(&word.as_str()))
}

/// Whether the words are nothing but an answer or a greeting.
fn is_answer(words: &[String]) -> bool {
    let answers = |word: &String| ANSWERS.contains(&word.as_str());
    let said = |word: &String| answers(word) || BESIDE_ANSWERS.contains(&word.as_str());
    words.len() <= SHORT_ANSWER && words.first().is_some_and(answers) && words.iter().all(said)
}

/// Whether the words answer a question shortly: "Yes, I did.", "I do."
fn is_short_answer(words: &[String]) -> bool {
    let [first, .., last] = words else {
        return false;
    };
    let announced = ANSWERS.contains(&first.as_str());
    let said = PRONOUNS.contains(&first.as_str()) && words.len() == 2;
    words.len() <= SHORT_ANSWER
        && AUXILIARIES.contains(&last.as_str())
        && (announced || (said && SAID_ALONE.contains(&last.as_str())))
}

fn ends_on_phrase(words: &[String]) -> bool {
    DANGLING_PHRASES.iter().any(|phrase| {
        words.len() >= phrase.len()
            && words
                .iter()
                .rev()
                .zip(phrase.iter().rev())
                .all(|(word, expected)| word == expected)
    })
}

/// How many digits or letters the words end on, if they sound like something that is dictated.
fn dictated_symbols(words: &[String]) -> Option<usize> {
    let dictated = words.iter().rev().take_while(|word| is_symbol(word));
    let count: usize = dictated.clone().map(|word| symbols(word)).sum();
    let spoken = dictated.count();
    if spoken == 0 {
        return None;
    }
    let announced = words
        .iter()
        .rev()
        .skip(spoken)
        .take(4)
        .any(|word| DICTATED.contains(&word.as_str()));
    (announced || spoken >= GROUPED).then_some(count)
}

fn is_symbol(word: &str) -> bool {
    let figures = word.chars().all(|c| c.is_ascii_digit());
    let letter = word.len() == 1 && word.chars().all(|c| c.is_ascii_alphabetic()) && word != "a";
    figures || letter || DIGITS.contains(&word)
}

fn symbols(word: &str) -> usize {
    if word.chars().all(|c| c.is_ascii_digit()) {
        word.len()
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(expected: Completeness, texts: &[&str]) {
        for text in texts {
            assert_eq!(Completeness::of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sentence_with_closing_punctuation_is_finished() {
        all(
            Completeness::Finished,
            &[
                "It does not work.",
                "Stop!",
                "He said \"no.\"",
                "I have three.",
            ],
        );
    }

    #[test]
    fn a_question_waits_for_its_answer() {
        all(
            Completeness::Question,
            &[
                "How old is the bridge?",
                "Do you open on Sunday?",
                "What's the weather like?",
            ],
        );
    }

    #[test]
    fn a_missing_mark_says_nothing() {
        all(
            Completeness::Finished,
            &["He lives in Rome", "It does not work"],
        );
    }

    #[test]
    fn an_answer_is_whole_in_a_word_or_a_few() {
        all(
            Completeness::Answer,
            &["Yes.", "No, thank you.", "Okay", "Yes, please.", "Goodbye."],
        );
        all(
            Completeness::Finished,
            &[
                "Thank you.",
                "Yes, in Rome.",
                "No, thanks, that works for us.",
            ],
        );
    }

    #[test]
    fn a_sentence_that_ends_on_a_word_which_seldom_does_lacks_something() {
        all(
            Completeness::Lacking,
            &[
                "Press one to accept.",
                "I will try to locate.",
                "Please enter a new.",
                "We have seen the previous.",
                "Sunday is the best.",
            ],
        );
        all(
            Completeness::Finished,
            &[
                "That is what I got.",
                "Everything that we make.",
                "This is new.",
                "Almost.",
            ],
        );
        all(Completeness::Question, &["What did you get?"]);
    }

    #[test]
    fn a_subject_of_which_nothing_is_said_calls_for_more() {
        all(
            Completeness::Dangling,
            &[
                "Drop the two when you.",
                "I do not know what it.",
                "And you",
            ],
        );
        all(
            Completeness::Finished,
            &["I will call you.", "This is for you."],
        );
        all(Completeness::Question, &["And you?"]);
    }

    #[test]
    fn a_clause_that_has_the_one_it_belongs_to_is_finished() {
        all(
            Completeness::Finished,
            &[
                "Unless to be selfish is to be kind.",
                "If it is raining we will stay.",
                "As soon as possible.",
            ],
        );
    }

    #[test]
    fn what_trails_off_is_not_finished() {
        all(
            Completeness::Trailing,
            &[
                "I would like a pizza,",
                "Well...",
                "Perhaps tomorrow…",
                "Sunday -",
            ],
        );
    }

    #[test]
    fn a_closing_mark_after_a_dangling_word_does_not_finish() {
        all(
            Completeness::Dangling,
            &[
                "I went there and.",
                "My number is.",
                "It belongs to the.",
                "Um.",
                "I want to.",
                "and then",
                "It was, you know,",
            ],
        );
    }

    #[test]
    fn a_sentence_that_has_only_begun_is_a_fragment() {
        all(
            Completeness::Fragment,
            &["The pencils.", "I see. That agent.", "Please check."],
        );
        all(
            Completeness::Fragment,
            &[
                "When you add.",
                "For although they took impressions.",
                "To decrease.",
            ],
        );
        all(
            Completeness::Finished,
            &[
                "The pencils have been used.",
                "That is all.",
                "When it rains, it pours.",
                "Please check the number.",
            ],
        );
    }

    #[test]
    fn a_short_answer_may_end_on_an_auxiliary() {
        all(
            Completeness::Finished,
            &["Yes, I did.", "No, we have not.", "I do.", "They don't."],
        );
        all(
            Completeness::Dangling,
            &["I am.", "Your call cannot.", "The line is not."],
        );
    }

    #[test]
    fn a_number_that_is_announced_and_short_goes_on() {
        all(
            Completeness::OpenNumber,
            &[
                "My number is 555.",
                "The code is four two.",
                "one two three.",
                "It is spelled S M I.",
            ],
        );
    }

    #[test]
    fn a_number_of_seven_digits_may_be_whole() {
        all(
            Completeness::WholeNumber,
            &["My number is 5550123.", "It is 415 555 0123."],
        );
        all(Completeness::Finished, &["I am 42."]);
    }

    #[test]
    fn no_word_is_no_turn() {
        all(Completeness::Wordless, &["", "  ", "...", "-"]);
    }

    #[test]
    fn sounds_of_agreement_are_no_turn_while_the_agent_speaks() {
        for text in ["Mm-hmm.", "Yeah, okay.", "Right.", "Uh-huh"] {
            assert!(is_backchannel(text), "{text}");
        }
        for text in ["Yes, but no.", "Stop.", "Okay, I want another one."] {
            assert!(!is_backchannel(text), "{text}");
        }
    }
}
