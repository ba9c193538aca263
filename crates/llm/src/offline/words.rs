//! Words, their stems and how alike two pieces of text look.

use std::collections::BTreeSet;

/// The words of `text` in lower case, without punctuation; an apostrophe
/// inside a word is dropped (`don't` is `dont`).
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            word.push(character);
        } else if !is_apostrophe(character) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The stems of the words of `text` that say what it is about, in order.
pub(super) fn content_stems(text: &str) -> Vec<String> {
    let words = words(text).into_iter().filter(|word| !is_stop_word(word));
    words.map(|word| stem(&word)).collect()
}

/// Whether a word says nothing of what a sentence is about.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The stem of an English word in lower case: its common endings cut off.
///
/// Only as good as it has to be: `closing`, `closed`, `closes` and `close` are
/// one, and no word is turned into another meaning's.
pub(super) fn stem(word: &str) -> String {
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    let stem = without_plural(word);
    let stem = ["ation", "ment", "ing", "ed", "ly"]
        .into_iter()
        .filter_map(|ending| stem.strip_suffix(ending))
        .find(|stem| stem.len() >= 3 && stem.contains(is_vowel))
        .unwrap_or(&stem);
    let stem = stem
        .strip_suffix(['e', 'y', 'i'])
        .filter(|stem| stem.len() >= 3)
        .unwrap_or(stem);
    without_double_end(stem).to_owned()
}

/// The parts of three characters that a text is made of, as a measure of how
/// it looks and sounds. White space and punctuation do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trigrams(
    /// Sorted, each once.
    Vec<[char; 3]>,
);

impl Trigrams {
    /// The trigrams of `text`, with its two edges marked.
    pub(super) fn of(text: &str) -> Self {
        let letters = words(text).concat();
        let edged: Vec<char> = format!("^{letters}$").chars().collect();
        let windows = edged.windows(3).filter_map(|window| window.try_into().ok());
        let mut trigrams: Vec<[char; 3]> = windows.collect();
        trigrams.sort_unstable();
        trigrams.dedup();
        Self(trigrams)
    }

    /// How alike two texts look, 0 to 1 (the Sørensen–Dice coefficient).
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        let shared = self
            .0
            .iter()
            .filter(|trigram| other.0.binary_search(trigram).is_ok());
        self.share(other, shared.count())
    }

    /// The most that [`Self::similarity`] can be, by the numbers alone.
    pub(super) fn most_similarity(&self, other: &Self) -> f64 {
        self.share(other, self.0.len().min(other.0.len()))
    }

    fn share(&self, other: &Self, shared: usize) -> f64 {
        let total = self.0.len() + other.0.len();
        if total > 0 {
            2.0 * shared as f64 / total as f64
        } else {
            0.0
        }
    }
}

/// The stems of the words that `text` denies: those up to two words after a
/// `not`. A `no` at the start answers what came before and denies nothing.
pub(super) fn denied_stems(text: &str) -> BTreeSet<String> {
    let words = words(text);
    let denied = words.iter().enumerate().filter(|(at, word)| {
        let before = words
            .get(at.saturating_sub(2).max(1)..*at)
            .unwrap_or_default();
        let first = words
            .first()
            .filter(|word| *at <= 2 && *at > 0 && *word != "no");
        let mut near = before.iter().chain(first);
        !is_stop_word(word) && near.any(|word| NEGATIONS.contains(&word.as_str()))
    });
    denied.map(|(_, word)| stem(word)).collect()
}

/// What kind of word the answer to a question holds, by the question's own
/// words: of time, of money, of places; nothing for other questions.
pub(super) fn expected_words(question: &str) -> &'static [&'static str] {
    let words = words(question);
    let asks = |phrase: &[&str]| words.windows(phrase.len()).any(|window| window == phrase);
    let kinds = [(WHEN, TIMES), (HOW_MUCH, MONEY), (WHERE, PLACES)];
    let kind = kinds
        .into_iter()
        .find(|(phrases, _)| phrases.iter().any(|phrase| asks(phrase)));
    kind.map_or(&[], |(_, expected)| expected)
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '\u{2bc}')
}

fn is_vowel(character: char) -> bool {
    matches!(character, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

fn without_plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() >= 2) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes"] {
        if word.ends_with(ending) {
            return word.strip_suffix("es").unwrap_or(word).to_owned();
        }
    }
    let keeps_its_s = ["ss", "us", "is"]
        .iter()
        .any(|ending| word.ends_with(ending));
    if keeps_its_s {
        word
    } else {
        word.strip_suffix('s').unwrap_or(word)
    }
    .to_owned()
}

/// `stopp` is `stop`, but `full` stays: l, s and z double on their own.
fn without_double_end(stem: &str) -> &str {
    let mut end = stem.chars().rev();
    match (end.next(), end.next()) {
        (Some(last), Some(before)) if last == before && stem.len() > 3 && !is_vowel(last) => {
            stem.strip_suffix(last).unwrap_or(stem)
        }
        _ => stem,
    }
}

/// Words that deny what is said with them.
#[rustfmt::skip]
pub(super) const NEGATIONS: &[&str] = &[
    "arent", "cannot", "cant", "couldnt", "didnt", "doesnt", "dont", "hasnt", "havent", "isnt",
    "never", "no", "not", "nothing", "wasnt", "wont", "without", "wouldnt",
];

const WHEN: &[&[&str]] = &[&["when"], &["what", "time"], &["how", "long"], &["hours"]];
const HOW_MUCH: &[&[&str]] = &[
    &["how", "much"],
    &["cost"],
    &["costs"],
    &["price"],
    &["prices"],
];
const WHERE: &[&[&str]] = &[&["where"], &["address"], &["located"]];

#[rustfmt::skip]
const TIMES: &[&str] = &[
    "afternoon", "am", "daily", "day", "days", "evening", "friday", "hour", "hours", "midnight",
    "minute", "minutes", "monday", "month", "months", "morning", "night", "noon", "oclock", "pm",
    "saturday", "sunday", "thursday", "tuesday", "wednesday", "week", "weekday", "weekdays",
    "weekend", "weekends", "weeks",
];

#[rustfmt::skip]
const MONEY: &[&str] = &[
    "cent", "cents", "charge", "cost", "costs", "dollar", "dollars", "euro", "euros", "fee",
    "fees", "free", "per", "pound", "pounds", "price", "prices",
];

#[rustfmt::skip]
const PLACES: &[&str] = &[
    "address", "at", "avenue", "behind", "building", "city", "corner", "floor", "located", "near",
    "next", "opposite", "road", "square", "station", "street",
];

/// Sorted.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "actually", "again", "ah", "all", "also", "am", "an", "and", "another",
    "any", "anything", "are", "arent", "as", "ask", "asking", "at", "be", "because", "been",
    "before", "being", "but", "by", "bye", "can", "cannot", "cant", "could", "couldnt",
    "curious", "did", "didnt", "do", "does", "doesnt", "doing", "dont", "for", "from", "get",
    "give", "go", "going", "good", "got", "had", "has", "hasnt", "have", "havent", "having",
    "he", "hello", "help", "her", "here", "hers", "hey", "hi", "him", "his", "hm", "how", "i",
    "id", "if", "ill", "im", "in", "into", "is", "isnt", "it", "its", "ive", "just", "kind",
    "know", "let", "lets", "like", "look", "looking", "many", "may", "maybe", "me", "might",
    "more", "most", "much", "must", "my", "need", "no", "not", "now", "of", "off", "oh", "ok",
    "okay", "on", "one", "only", "or", "other", "our", "out", "over", "please", "possible",
    "question", "questions", "quite", "really", "regarding", "right", "said", "say", "see",
    "shall", "she", "should", "so", "some", "something", "sorry", "such", "sure", "take",
    "taken", "takes", "tell", "than", "thank", "thanks", "that", "thats", "the", "their",
    "them", "then", "there", "theres", "these", "they", "theyre", "thing", "things", "think",
    "this", "those", "to", "too", "uh", "uhm", "um", "us", "very", "want", "wanted", "was",
    "wasnt", "we", "well", "were", "weve", "what", "whats", "when", "whens", "where", "wheres",
    "which", "while", "who", "whom", "whos", "whose", "why", "will", "with", "wondering",
    "wont", "would", "wouldnt", "yeah", "yes", "you", "your", "youre", "yours", "youve",
];

#[cfg(test)]
mod tests;
