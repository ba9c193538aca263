//! Whether recognised words sound like the end of a turn.

/// What the words of a turn say about its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// A question, which waits for its answer.
    Question,
    /// A sentence with its closing mark.
    Finished,
    /// There are none: noise.
    Wordless,
    /// It trails off: a comma, a dash, dots, or no closing mark at all.
    Trailing,
    /// A number or a spelling that is hardly complete.
    OpenNumber,
    /// It ends on a word that calls for another one.
    Dangling,
}

impl Completeness {
    /// Its name in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Finished => "finished",
            Self::Wordless => "wordless",
            Self::Trailing => "trailing",
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
        if is_open_number(&words) {
            return Self::OpenNumber;
        }
        if DANGLING.contains(&last.as_str()) || ends_on_phrase(&words) {
            return Self::Dangling;
        }
        let close = text.trim_end_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        if close.ends_with("...") || close.ends_with('…') {
            Self::Trailing
        } else if close.ends_with('?') {
            Self::Question
        } else if close.ends_with(['.', '!']) {
            Self::Finished
        } else {
            Self::Trailing
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

/// Words of agreement in a row that still mean nothing else.
const LONGEST_BACKCHANNEL: usize = 3;

/// Words that a listener says without wanting the turn.
const LISTENING: &[&str] = &[
    "ah", "aha", "alright", "cool", "good", "great", "hm", "hmm", "huh", "mhm", "mm", "mmhm",
    "mm-hm", "mm-hmm", "mhmm", "nice", "oh", "ok", "okay", "right", "sure", "uh", "uh-huh",
    "uhhuh", "um", "yeah", "yep", "yes", "yup",
];

/// Marks that may stand behind the closing one.
const QUOTES: &[char] = &['"', '\'', '”', '’', ')'];

/// Words that a speaker of English hardly ever ends a turn on.
const DANGLING: &[&str] = &[
    "a", "about", "also", "an", "and", "are", "as", "at", "because", "between", "but", "by", "can",
    "could", "during", "every", "for", "from", "had", "has", "have", "he's", "i", "i'd", "i'll",
    "i'm", "i've", "if", "in", "into", "is", "it's", "its", "like", "my", "of", "on", "or", "our",
    "she's", "should", "since", "so", "some", "than", "that's", "the", "their", "then", "there's",
    "these", "they", "they're", "to", "uh", "um", "until", "very", "was", "we", "we're", "were",
    "what's", "when", "where", "whether", "which", "while", "who", "who's", "will", "with",
    "without", "would", "your",
];

/// Endings of several words that call for more.
const DANGLING_PHRASES: &[&[&str]] = &[
    &["number", "is"],
    &["name", "is"],
    &["going", "to"],
    &["want", "to"],
    &["a", "lot", "of"],
    &["kind", "of"],
    &["sort", "of"],
    &["let", "me"],
    &["you", "know"],
];

/// Digits from which a number may be a whole one that was dictated.
const WHOLE_NUMBER: usize = 7;

/// Words that announce a number which is dictated.
const DICTATED: &[&str] = &[
    "number",
    "phone",
    "account",
    "code",
    "reference",
    "zip",
    "postcode",
    "card",
    "serial",
    "pin",
    "id",
    "spelled",
    "spelt",
    "spell",
];

const DIGITS: &[&str] = &[
    "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double",
    "triple",
];

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .replace('’', "'")
        .to_lowercase()
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

/// Whether the words end on digits or letters of something that is dictated and too short to be
/// whole.
fn is_open_number(words: &[String]) -> bool {
    let dictated = words.iter().rev().take_while(|word| is_symbol(word));
    let symbols: usize = dictated.clone().map(|word| symbols(word)).sum();
    let spoken = dictated.count();
    if spoken == 0 {
        return false;
    }
    let announced = words
        .iter()
        .rev()
        .skip(spoken)
        .take(4)
        .any(|word| DICTATED.contains(&word.as_str()));
    let grouped = spoken >= 3;
    (announced || grouped) && symbols < WHOLE_NUMBER
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
            &["How old is the bridge?", "Do you open on Sunday?"],
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
            Completeness::Finished,
            &["My number is 5550123.", "It is 415 555 0123.", "I am 42."],
        );
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
