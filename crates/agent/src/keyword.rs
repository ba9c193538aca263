//! Keywords in what somebody says, whatever their case and accents.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Whether `said` has `keyword` in it, as whole words next to each other.
#[must_use]
pub fn says(said: &str, keyword: &str) -> bool {
    let (said, keyword) = (words(said), words(keyword));
    !keyword.is_empty() && said.windows(keyword.len()).any(|part| part == keyword)
}

/// Whether a keyword can be said at all.
#[must_use]
pub fn has_words(keyword: &str) -> bool {
    !words(keyword).is_empty()
}

/// The words of a text in small letters without accents. An apostrophe joins.
fn words(text: &str) -> Vec<String> {
    let folded: String = text
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter) && !matches!(letter, '\'' | '’'))
        .flat_map(char::to_lowercase)
        .collect();
    let words = folded.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('ß', "ss"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_found_as_whole_words_next_to_each_other() {
        assert!(says("I need the billing department.", "billing"));
        assert!(says("The billing, department please", "Billing Department"));
        assert!(!says("I was rebilling it", "billing"));
        assert!(!says("billing and the department", "billing department"));
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert!(says(
            "Ich möchte bitte zur GEBÜHRENSTELLE",
            "gebuhrenstelle"
        ));
        assert!(says("le cafe", "Café"));
        assert!(says("Die Strasse", "Straße"));
        assert!(says("I don’t know", "dont"));
    }

    #[test]
    fn what_has_no_words_is_never_said() {
        assert!(!says("anything at all", ""));
        assert!(!says("anything at all", " - "));
        assert!(!has_words("…"));
    }
}
