//! Words of English by what they say about the end of a turn.

/// Words of agreement in a row that still mean nothing else.
pub(crate) const LONGEST_BACKCHANNEL: usize = 3;

/// Words that a listener says without wanting the turn.
pub(crate) const LISTENING: &[&str] = &[
    "ah", "aha", "alright", "cool", "good", "great", "hm", "hmm", "huh", "mhm", "mm", "mmhm",
    "mm-hm", "mm-hmm", "mhmm", "nice", "oh", "ok", "okay", "right", "sure", "uh", "uh-huh",
    "uhhuh", "um", "yeah", "yep", "yes", "yup",
];

/// Marks that may stand behind the closing one.
pub(crate) const QUOTES: &[char] = &['"', '\'', '”', '’', ')'];

/// Marks of what goes on.
pub(crate) const TRAILING: &[char] = &[',', ';', ':', '-', '–', '—', '…'];

/// Words that a speaker of English hardly ever ends a turn on.
pub(crate) const DANGLING: &[&str] = &[
    "a", "about", "also", "although", "am", "an", "and", "are", "as", "at", "be", "because",
    "been", "being", "between", "but", "by", "can", "can't", "cannot", "could", "did", "didn't",
    "does", "doesn't", "don't", "during", "every", "for", "from", "had", "has", "have", "he",
    "he'll", "he's", "his", "how", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "into", "is",
    "isn't", "it'll", "it's", "its", "just", "let", "like", "may", "might", "must", "my", "nor",
    "not", "of", "on", "onto", "or", "our", "per", "shall", "she", "she'll", "she's", "should",
    "since", "so", "some", "such", "than", "that'll", "that's", "the", "their", "then", "there's",
    "these", "they", "they'll", "they're", "they've", "through", "to", "toward", "towards", "uh",
    "um", "under", "unless", "until", "upon", "very", "was", "wasn't", "we", "we'll", "we're",
    "we've", "were", "what", "what's", "when", "where", "whether", "which", "while", "who",
    "who's", "whose", "will", "with", "without", "won't", "would", "you'll", "you're", "you've",
    "your",
];

/// Words with which an answer begins that may end on an auxiliary: "Yes, I did."
pub(crate) const ANSWERS: &[&str] = &[
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
    "exactly",
    "correct",
    "hello",
    "hi",
    "bye",
    "goodbye",
];

/// Words that may stand beside one of [`ANSWERS`] in an answer which is whole without a verb.
pub(crate) const BESIDE_ANSWERS: &[&str] = &["please", "sir", "thank", "thanks", "there", "you"];

/// Words of such an answer at most.
pub(crate) const SHORT_ANSWER: usize = 4;

/// Pronouns that make an auxiliary a whole answer: "I do."
pub(crate) const PRONOUNS: &[&str] = &["i", "we", "you", "he", "she", "it", "they", "that"];

/// Auxiliaries that can close an answer.
pub(crate) const AUXILIARIES: &[&str] = &[
    "am", "are", "is", "was", "were", "do", "does", "did", "have", "has", "had", "can", "could",
    "will", "would", "should", "may", "might", "must", "not", "can't", "don't", "didn't",
    "doesn't", "isn't", "won't", "wasn't", "cannot",
];

/// Those that close one after nothing but a pronoun: "I do.", not "I am."
pub(crate) const SAID_ALONE: &[&str] = &["do", "does", "did", "don't", "didn't", "can't", "won't"];

/// Words that announce a thing.
pub(crate) const DETERMINERS: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "my", "your", "our", "their", "his", "her",
    "its", "every",
];

/// Words of a thing of which nothing is said yet at most.
pub(crate) const THING: usize = 3;

/// Words of a request that lacks what is asked for at most.
pub(crate) const REQUEST: usize = 2;

/// Words that join a sentence to the one before.
pub(crate) const CONJUNCTIONS: &[&str] = &["and", "but", "for", "or", "so"];

/// Words that begin a question.
pub(crate) const QUESTION_WORDS: &[&str] = &[
    "what", "what's", "who", "who's", "where", "where's", "which", "how",
];

/// Words that such a question may end on though nothing follows.
pub(crate) const STRANDED: &[&str] = &[
    "about", "at", "by", "for", "from", "in", "like", "of", "on", "to", "with",
];

/// Words that begin a clause to which another one belongs.
pub(crate) const SUBORDINATORS: &[&str] = &[
    "although", "as", "if", "once", "unless", "when", "whenever", "whereas", "while",
];

/// Endings of several words that call for more.
pub(crate) const DANGLING_PHRASES: &[&[&str]] = &[
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
pub(crate) const WHOLE_NUMBER: usize = 7;

/// Digits or letters in a row that are dictated, even if nothing announces them.
pub(crate) const GROUPED: usize = 3;

/// Words that announce a number which is dictated.
pub(crate) const DICTATED: &[&str] = &[
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

pub(crate) const DIGITS: &[&str] = &[
    "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double",
    "triple",
];

/// Pronouns that are a subject where they follow one of [`CLAUSE_OPENERS`].
pub(crate) const EITHER_CASE: &[&str] = &["it", "you"];

/// Words after which a pronoun is the subject of a clause of which nothing is said yet.
pub(crate) const CLAUSE_OPENERS: &[&str] = &[
    "although", "and", "as", "because", "but", "how", "if", "once", "so", "that", "unless",
    "until", "what", "when", "where", "whether", "which", "while", "why",
];

/// Words that let a verb stand without what it is done to, for they are it: "That is what I got."
pub(crate) const OBJECTS_AHEAD: &[&str] = &[
    "all",
    "anything",
    "everything",
    "how",
    "nothing",
    "something",
    "that",
    "what",
    "whatever",
    "where",
    "which",
    "who",
    "whose",
];

/// Words of a sentence that can lack something at least: "Almost." is an answer.
pub(crate) const LACKING: usize = 3;

/// Words that close hardly one sentence in a hundred though they stand in many.
pub(crate) const SELDOM_LAST: &[&str] = &[
    "accept", "after", "almost", "always", "any", "asked", "avoid", "became", "become", "becomes",
    "bring", "build", "buy", "carry", "contain", "contains", "create", "discuss", "ensure",
    "enter", "except", "follow", "gave", "get", "getting", "give", "given", "gives", "giving",
    "got", "include", "includes", "keep", "kept", "locate", "make", "makes", "making", "most",
    "never", "produce", "provide", "put", "quite", "rather", "remove", "require", "requires",
    "seems", "several", "take", "taking", "tell", "took",
];

/// Words that describe a thing which is still to be named, where a determiner stands before them.
pub(crate) const DESCRIBING: &[&str] = &[
    "bad",
    "best",
    "big",
    "certain",
    "current",
    "entire",
    "good",
    "great",
    "greatest",
    "high",
    "immediate",
    "large",
    "long",
    "main",
    "new",
    "next",
    "old",
    "previous",
    "real",
    "same",
    "short",
    "small",
    "whole",
];

/// Words that follow "as" in a phrase which is no clause: "As soon as possible."
pub(crate) const AS_MUCH: &[&str] = &["far", "good", "long", "many", "much", "soon", "well"];

/// A word without its marks, in small letters.
pub(crate) fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .replace('’', "'")
        .to_lowercase()
}
