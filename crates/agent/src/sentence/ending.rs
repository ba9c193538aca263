//! What the end of a text says about whether a sentence ends there.

/// What a text ends with, judged by its last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// A sentence.
    Sentence,
    /// A sentence if the next word begins with a capital letter or a quote.
    BeforeCapital,
    /// A sentence if the next word does not begin with a digit.
    NotBeforeDigit,
    /// A part of a sentence that can be spoken by itself.
    Clause,
    /// Nothing that ends.
    None,
}

impl Ending {
    /// Whether a doubtful ending is the end of a sentence before a word that
    /// begins like this.
    pub(super) fn is_sentence_before(self, next: char) -> bool {
        match self {
            Self::Sentence => true,
            Self::BeforeCapital => next.is_uppercase() || is_opening(next),
            Self::NotBeforeDigit => !next.is_numeric(),
            Self::Clause | Self::None => false,
        }
    }
}

/// Stands before a name or number, never at the end of a sentence.
const BEFORE_NAMES: [&str; 18] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "capt", "col", "gen", "lt", "sgt", "hon", "rev",
    "vs", "approx", "e.g", "i.e",
];

/// Stands inside a sentence or at its end.
const ANYWHERE: [&str; 11] = [
    "etc", "a.m", "p.m", "inc", "ltd", "co", "corp", "jr", "sr", "dept", "est",
];

/// Stands before a number, or is a word of its own.
const BEFORE_NUMBERS: [&str; 9] = ["no", "nos", "ext", "fig", "vol", "pp", "sec", "art", "ch"];

/// Judges a text that white space follows.
pub(super) fn of(text: &str) -> Ending {
    let text = text.trim_end_matches(is_closing);
    let Some(last) = text.chars().next_back() else {
        return Ending::None;
    };
    match last {
        '!' | '?' => Ending::Sentence,
        '…' => Ending::BeforeCapital,
        '.' => of_stop(text),
        ',' | ';' | ':' | '–' | '—' => Ending::Clause,
        _ => Ending::None,
    }
}

/// Whether the character ends a sentence without white space behind it.
pub(super) fn is_full_width_stop(character: char) -> bool {
    matches!(character, '。' | '！' | '？')
}

/// Where to cut a text that has grown too long: behind its last clause if that
/// is in the second half, else at its last white space, else at its end.
pub(super) fn last_opportunity(text: &str) -> usize {
    let spaces = text
        .char_indices()
        .filter(|(_, character)| character.is_whitespace());
    let mut last_space = None;
    let mut last_clause = None;
    for (at, _) in spaces {
        let Some(before) = text.get(..at) else {
            continue;
        };
        last_space = Some(at);
        if at > text.len() / 2 && of(before) == Ending::Clause {
            last_clause = Some(at);
        }
    }
    last_clause
        .or(last_space)
        .filter(|at| *at > 0)
        .unwrap_or(text.len())
}

fn of_stop(text: &str) -> Ending {
    let without_stop = text.strip_suffix('.').unwrap_or(text);
    if without_stop.ends_with('.') {
        return Ending::BeforeCapital;
    }
    let word = last_word(without_stop);
    let before = without_stop.strip_suffix(word).unwrap_or_default();
    let word = word.trim_start_matches(is_opening);
    if is_list_number(word, before) || is_initial(word, before) {
        return Ending::None;
    }
    let lower = word.to_lowercase();
    if BEFORE_NAMES.contains(&lower.as_str()) {
        return Ending::None;
    }
    if ANYWHERE.contains(&lower.as_str()) {
        return Ending::BeforeCapital;
    }
    if BEFORE_NUMBERS.contains(&lower.as_str()) {
        return Ending::NotBeforeDigit;
    }
    if is_acronym(word) {
        return Ending::None;
    }
    Ending::Sentence
}

fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or(text)
}

/// The "1" of "1. Dial again." at the beginning of a text.
fn is_list_number(word: &str, before: &str) -> bool {
    let is_number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    is_number && word.len() <= 2 && before.trim().is_empty()
}

/// The "J" of "J. Smith" and the "S" of "Harry S. Truman", but not the "B" of
/// "choose option B. Then".
fn is_initial(word: &str, before: &str) -> bool {
    let mut letters = word.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return false;
    };
    if !letter.is_uppercase() || letter == 'I' {
        return false;
    }
    let previous = last_word(before.trim_end());
    previous.is_empty() || previous.starts_with(char::is_uppercase)
}

/// "U.S" and "N.Y.C", whose last stop is part of them.
fn is_acronym(word: &str) -> bool {
    word.contains('.')
        && word.split('.').all(|part| {
            let mut letters = part.chars();
            letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
        })
}

fn is_closing(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '*' | '_'
    )
}

fn is_opening(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '(' | '[' | '“' | '‘' | '«' | '*' | '_'
    )
}
