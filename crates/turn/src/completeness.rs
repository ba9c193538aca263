//! Whether recognised words sound like the end of a turn.

/// Words that a speaker of English hardly ever ends a turn on.
const DANGLING: &[&str] = &[
    "a", "about", "an", "and", "are", "as", "at", "because", "but", "by", "for", "from", "if",
    "in", "into", "is", "like", "my", "of", "on", "or", "our", "so", "than", "that's", "the",
    "their", "then", "to", "uh", "um", "was", "when", "where", "which", "while", "who", "with",
    "your",
];

/// Judges whether `text`, as the recogniser wrote it, can stand as a finished turn.
///
/// A text that trails off (comma, dash, ellipsis, no closing punctuation) or that ends on a word
/// that calls for another one is unfinished. An empty text is unfinished.
pub fn sounds_finished(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '”'));
    if text.ends_with("...") || text.ends_with('…') {
        return false;
    }
    if !text.ends_with(['.', '!', '?']) {
        return false;
    }
    let Some(last) = text.split_whitespace().next_back() else {
        return false;
    };
    let last = last
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    !last.is_empty() && !DANGLING.contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::sounds_finished;

    #[test]
    fn a_sentence_with_closing_punctuation_is_finished() {
        for text in [
            "How old is the bridge?",
            "It does not work.",
            "Stop!",
            "He said \"no.\"",
        ] {
            assert!(sounds_finished(text), "{text}");
        }
    }

    #[test]
    fn a_text_that_trails_off_is_unfinished() {
        for text in [
            "",
            "  ",
            "I would like to,",
            "My number is",
            "Well...",
            "And then…",
            "so -",
        ] {
            assert!(!sounds_finished(text), "{text}");
        }
    }

    #[test]
    fn a_closing_mark_after_a_dangling_word_does_not_finish() {
        for text in [
            "I went there and.",
            "My number is.",
            "It belongs to the.",
            "Um.",
        ] {
            assert!(!sounds_finished(text), "{text}");
        }
    }
}
