//! How well a transcript matches what was said.

use std::ops::AddAssign;

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
/// Sounds of hesitation, which transcripts have or have not.
const FILLERS: [&str; 9] = ["um", "uh", "uhm", "er", "erm", "ah", "mm", "hmm", "mhm"];
/// Two ways to write one word.
const SPELLINGS: [(&str, &str); 13] = [
    ("oh", "zero"),
    ("ok", "okay"),
    ("mr", "mister"),
    ("mrs", "missus"),
    ("dr", "doctor"),
    ("im", "i am"),
    ("yknow", "you know"),
    ("goodbye", "good bye"),
    ("login", "log in"),
    ("voicemail", "voice mail"),
    ("rerecord", "re record"),
    ("gonna", "going to"),
    ("wanna", "want to"),
];

/// Words that a transcript has wrong, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordErrors {
    /// Words put for another, left out or added.
    pub errors: usize,
    /// Words that were said.
    pub words: usize,
}

impl WordErrors {
    /// Errors per word said: 0 for a perfect transcript, more than 1 possible.
    /// Where nothing was said it is 0 for an empty transcript and 1 otherwise.
    pub fn rate(self) -> f64 {
        match (self.errors, self.words) {
            (0, 0) => 0.0,
            (_, 0) => 1.0,
            (errors, words) => errors as f64 / words as f64,
        }
    }
}

impl AddAssign for WordErrors {
    fn add_assign(&mut self, other: Self) {
        self.errors += other.errors;
        self.words += other.words;
    }
}

/// The word error rate of `hypothesis`, [`WordErrors::rate`].
pub fn word_error_rate(reference: &str, hypothesis: &str) -> f64 {
    word_errors(reference, hypothesis).rate()
}

/// Counts the errors in `hypothesis` against `reference`, which is what was said.
///
/// What is a matter of writing does not count: capitals, punctuation, hyphens,
/// digits or words for numbers (up to 99 and whole hundreds as one number, others
/// digit by digit), "oh" for zero, "OK" for "okay", "I'm" for "I am", titles, and
/// sounds of hesitation.
pub fn word_errors(reference: &str, hypothesis: &str) -> WordErrors {
    let reference = words(reference);
    let hypothesis = words(hypothesis);
    WordErrors {
        errors: distance(&reference, &hypothesis),
        words: reference.len(),
    }
}

fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let characters: Vec<char> = text.to_lowercase().chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        let digit_at = |index: usize| characters.get(index).is_some_and(char::is_ascii_digit);
        let after_digit = plain.ends_with(|last: char| last.is_ascii_digit());
        match character {
            '\'' | '’' => {}
            ',' if after_digit && (1..=3).all(|ahead| digit_at(index + ahead)) => {}
            '%' => plain.push_str(" percent "),
            '&' => plain.push_str(" and "),
            _ if character.is_alphanumeric() => {
                if character.is_ascii_digit() != after_digit {
                    plain.push(' ');
                }
                plain.push(character);
            }
            _ => plain.push(' '),
        }
    }
    plain
        .split_whitespace()
        .filter(|word| !FILLERS.contains(word))
        .flat_map(spelled)
        .collect()
}

/// The words that one written word is said as.
fn spelled(word: &str) -> Vec<String> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return number(word).into_iter().map(str::to_owned).collect();
    }
    let said = SPELLINGS
        .iter()
        .find(|(written, _)| *written == word)
        .map_or(word, |(_, said)| said);
    said.split(' ').map(str::to_owned).collect()
}

fn number(digits: &str) -> Vec<&'static str> {
    let one_by_one = || {
        digits
            .bytes()
            .map(|digit| UNITS[usize::from(digit - b'0')])
            .collect()
    };
    if digits.len() > 4 || (digits.starts_with('0') && digits.len() > 1) {
        return one_by_one();
    }
    match digits.parse::<usize>() {
        Ok(value @ 0..20) => vec![UNITS[value]],
        Ok(value @ 20..100) if value % 10 == 0 => vec![TENS[value / 10]],
        Ok(value @ 20..100) => vec![TENS[value / 10], UNITS[value % 10]],
        Ok(value) if value % 1_000 == 0 => vec![UNITS[value / 1_000], "thousand"],
        Ok(value) if value % 100 == 0 && value < 1_000 => vec![UNITS[value / 100], "hundred"],
        _ => one_by_one(),
    }
}

/// The least number of words to replace, remove or add to make one of the other.
fn distance(reference: &[String], hypothesis: &[String]) -> usize {
    let mut above: Vec<usize> = (0..=hypothesis.len()).collect();
    for (row, said) in reference.iter().enumerate() {
        let mut diagonal = above[0];
        above[0] = row + 1;
        for (column, written) in hypothesis.iter().enumerate() {
            let replaced = diagonal + usize::from(said != written);
            diagonal = above[column + 1];
            above[column + 1] = replaced.min(above[column] + 1).min(diagonal + 1);
        }
    }
    above[hypothesis.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_writing_are_no_errors() {
        for (reference, hypothesis) in [
            ("i am at the Desk", "I'm at the desk."),
            ("press six, then twenty one", "Press 6 then 21"),
            ("one zero nine oh two", "10902."),
            ("okay mister dashwood", "OK, Mr. Dashwood"),
            ("well um that is uh all", "Well, that is all"),
            ("two hundred and five thousand", "200 & 5,000"),
            ("fifty percent", "50%"),
            ("forty two b", "42B"),
            ("a well-known word", "a well known word"),
            ("one two three", "1,2,3"),
            ("goodbye", "Good-bye."),
        ] {
            assert_eq!(
                word_errors(reference, hypothesis).errors,
                0,
                "{reference} / {hypothesis}"
            );
        }
    }

    #[test]
    fn replaced_missing_and_added_words_are_errors() {
        let errors = |hypothesis| word_errors("the cat sat on the mat", hypothesis);

        assert_eq!(
            errors("the cat sat on the hat"),
            WordErrors {
                errors: 1,
                words: 6
            }
        );
        assert_eq!(
            errors("the cat on the mat"),
            WordErrors {
                errors: 1,
                words: 6
            }
        );
        assert_eq!(
            errors("so the cat sat down on the mat"),
            WordErrors {
                errors: 2,
                words: 6
            }
        );
        assert_eq!(
            errors(""),
            WordErrors {
                errors: 6,
                words: 6
            }
        );
    }

    #[test]
    fn the_rate_is_errors_per_word_said() {
        assert_eq!(word_error_rate("one two three four", "one two four"), 0.25);
        assert_eq!(word_error_rate("", ""), 0.0);
        assert_eq!(word_error_rate("", "thank you"), 1.0);
    }
}
