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
    /// The beginning of a sentence, whatever mark closes it: a thing of which nothing is said.
    Fragment,
    /// A number or a spelling that is hardly complete.
    OpenNumber,
    /// It ends on a word that calls for another one, or is a clause that does.
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
            Self::Fragment => "fragment",
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
        let close = text.trim_end_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        if is_short_answer(&words) && close.ends_with(['.', '!']) {
            return Self::Finished;
        }
        let sentence = Sentence::last_of(text);
        if sentence.asks_about(last) {
            return Self::Question;
        }
        if DANGLING.contains(&last.as_str()) || ends_on_phrase(&words) || sentence.is_subordinate()
        {
            return Self::Dangling;
        }
        if sentence.is_only_begun() {
            return Self::Fragment;
        }
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
    "a", "about", "also", "although", "am", "an", "and", "are", "as", "at", "be", "because",
    "been", "being", "between", "but", "by", "can", "can't", "cannot", "could", "did", "didn't",
    "does", "doesn't", "don't", "during", "every", "for", "from", "had", "has", "have", "he",
    "he's", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "into", "is", "isn't", "it's", "its",
    "like", "may", "might", "must", "my", "nor", "not", "of", "on", "onto", "or", "our", "per",
    "shall", "she", "she's", "should", "since", "so", "some", "than", "that'll", "that's", "the",
    "their", "then", "there's", "these", "they", "they're", "through", "to", "toward", "towards",
    "uh", "um", "under", "unless", "until", "upon", "very", "was", "wasn't", "we", "we're", "were",
    "what's", "when", "where", "whether", "which", "while", "who", "who's", "whose", "will",
    "with", "without", "won't", "would", "you're", "your",
];

/// Words with which an answer begins that may end on an auxiliary: "Yes, I did."
const ANSWERS: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "no",
    "nope",
    "sure",
    "okay",
    "ok",
    "right",
    "maybe",
    "perhaps",
    "probably",
    "certainly",
    "absolutely",
];

/// Words of such an answer at most.
const SHORT_ANSWER: usize = 4;

/// Pronouns that make an auxiliary a whole answer: "I do."
const PRONOUNS: &[&str] = &["i", "we", "you", "he", "she", "it", "they", "that"];

/// Auxiliaries that can close an answer.
const AUXILIARIES: &[&str] = &[
    "am", "are", "is", "was", "were", "do", "does", "did", "have", "has", "had", "can", "could",
    "will", "would", "should", "may", "might", "must", "not", "can't", "don't", "didn't",
    "doesn't", "isn't", "won't", "wasn't", "cannot",
];

/// Those that close one after nothing but a pronoun: "I do.", not "I am."
const SAID_ALONE: &[&str] = &["do", "does", "did", "don't", "didn't", "can't", "won't"];

/// Words that announce a thing.
const DETERMINERS: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "my", "your", "our", "their", "his", "her",
    "its", "every",
];

/// Words of a thing of which nothing is said yet at most.
const THING: usize = 3;

/// Words of a request that lacks what is asked for at most.
const REQUEST: usize = 2;

/// Words that join a sentence to the one before.
const CONJUNCTIONS: &[&str] = &["and", "but", "for", "or", "so"];

/// Words that begin a question.
const QUESTION_WORDS: &[&str] = &[
    "what", "what's", "who", "who's", "where", "where's", "which", "how",
];

/// Words that such a question may end on though nothing follows.
const STRANDED: &[&str] = &[
    "about", "at", "by", "for", "from", "in", "like", "of", "on", "to", "with",
];

/// Words that begin a clause to which another one belongs.
const SUBORDINATORS: &[&str] = &[
    "although", "as", "if", "once", "unless", "when", "whenever", "whereas", "which", "while",
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

/// The last sentence of a text.
struct Sentence {
    words: Vec<String>,
    question: bool,
    comma: bool,
}

impl Sentence {
    fn last_of(text: &str) -> Self {
        let open = text.trim_end_matches(|c: char| !c.is_alphanumeric());
        let (sentence, closing) = text.split_at(open.len());
        let begin = sentence.rfind(['.', '?', '!']).map_or(0, |end| end + 1);
        let sentence = sentence.get(begin..).unwrap_or_default();
        let words = sentence.split_whitespace().map(bare);
        Self {
            words: words.filter(|word| !word.is_empty()).collect(),
            question: closing.contains('?'),
            comma: sentence.contains(','),
        }
    }

    fn begins_with(&self, list: &[&str]) -> bool {
        let first = self.words.first();
        first.is_some_and(|first| list.contains(&first.as_str()))
    }

    /// Whether it is a question whose last word is left over by the question word at its
    /// beginning: "What is it like?"
    fn asks_about(&self, last: &str) -> bool {
        self.question
            && self.words.len() > THING
            && self.begins_with(QUESTION_WORDS)
            && STRANDED.contains(&last)
    }

    /// Whether it is a clause without the one that it belongs to.
    fn is_subordinate(&self) -> bool {
        let joined = usize::from(self.begins_with(CONJUNCTIONS));
        let first = self.words.get(joined);
        !self.question
            && !self.comma
            && first.is_some_and(|word| SUBORDINATORS.contains(&word.as_str()))
    }

    /// Whether it names a thing, or says please, and no more.
    fn is_only_begun(&self) -> bool {
        let said = |word: &String| AUXILIARIES.contains(&word.as_str());
        let thing = self.begins_with(DETERMINERS)
            && self.words.len() <= THING
            && !self.words.iter().any(said);
        let request = self.begins_with(&["please"]) && self.words.len() <= REQUEST;
        !self.question && (thing || request)
    }
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
            &[
                "How old is the bridge?",
                "Do you open on Sunday?",
                "What's the weather like?",
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
            Completeness::Dangling,
            &["When you add.", "For although they took impressions."],
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
