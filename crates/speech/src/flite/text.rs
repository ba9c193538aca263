//! Makes any text one that flite can speak: plain ASCII, in pieces of bounded
//! length.

use std::ops::Range;

/// Most weight of one piece, about 15 seconds of speech: it bounds the time to
/// the first sound and how long a worker is busy.
const HEAVIEST: usize = 250;

/// Letters with marks, each group followed by what it is spoken as.
const FOLDED: [(&str, &str); 36] = [
    ("ÀÁÂÃÄÅĀĂĄ", "A"),
    ("àáâãäåāăą", "a"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ÐĎĐ", "D"),
    ("ðďđ", "d"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("èéêëēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ìíîïĩīĭįı", "i"),
    ("ĹĻĽĿŁ", "L"),
    ("ĺļľŀł", "l"),
    ("ÑŃŅŇ", "N"),
    ("ñńņň", "n"),
    ("ÒÓÔÕÖØŌŎŐ", "O"),
    ("òóôõöøōŏő", "o"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšș", "s"),
    ("ŢŤŦȚ", "T"),
    ("ţťŧț", "t"),
    ("ÙÚÛÜŨŪŬŮŰŲ", "U"),
    ("ùúûüũūŭůűų", "u"),
    ("ÝŶŸ", "Y"),
    ("ýŷÿ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
    ("Æ", "Ae"),
    ("æ", "ae"),
    ("Œ", "Oe"),
    ("œ", "oe"),
    ("ẞß", "ss"),
    ("þÞ", "th"),
];

/// A part of a text that is spoken in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What is spoken: printable ASCII.
    pub(super) text: String,
    /// Its words, separated by spaces: where each stands here, and where the word
    /// that it comes from stands in the whole text, both in bytes.
    pub(super) words: Vec<(Range<usize>, Range<usize>)>,
}

/// The pieces of `text` to be spoken one after the other, none without a letter
/// or digit. Characters that have no English sound (emoji, control characters,
/// other scripts, marks of formatting) are left out.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let Ascii {
        text: speakable,
        sources,
        ..
    } = speakable(text);
    let written: Vec<_> = words(text).collect();
    let mut pieces = Vec::new();
    let mut rest = speakable.as_str();
    while !rest.is_empty() {
        let begin = speakable.len() - rest.len();
        let (piece, after) = rest.split_at(end_of_piece(rest));
        rest = after;
        if !piece.contains(|character: char| character.is_ascii_alphanumeric()) {
            continue;
        }
        let begin = begin + piece.len() - piece.trim_start().len();
        let piece = piece.trim();
        let origin = |word: &Range<usize>| {
            let source = sources.get(begin + word.start)?;
            let place = written.partition_point(|word| word.end <= *source);
            written.get(place).cloned()
        };
        pieces.push(Piece {
            text: piece.to_owned(),
            words: words(piece)
                .filter_map(|word| Some((word.clone(), origin(&word)?)))
                .collect(),
        });
    }
    pieces
}

/// The places of the words of `text`, in bytes.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_whitespace().map(|word| {
        let begin = word.as_ptr().addr() - text.as_ptr().addr();
        begin..begin + word.len()
    })
}

/// `text` in ASCII, with single spaces.
fn speakable(text: &str) -> Ascii {
    let mut out = Ascii::default();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        out.source = text.len() - rest.len();
        rest = &rest[character.len_utf8()..];
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(character),
            '.' | ',' | '!' | '?' | ';' | ':' | '\'' | '(' | ')' | '-' => out.push(character),
            '/' | '&' | '%' | '$' | '@' | '+' | '=' => out.push(character),
            '‘' | '’' | 'ʼ' => out.push('\''),
            '‐' | '‑' | '–' | '−' => out.push('-'),
            '—' | '―' => out.push_str(", "),
            '…' => out.push_str("... "),
            '°' => out.push_str(" degrees "),
            '×' => out.push_str(" times "),
            '#' if rest.starts_with(|next: char| next.is_ascii_digit()) => {
                out.push_str(" number ");
            }
            '€' | '£' | '¥' => {
                let (amount, after) = rest.split_at(length_of_amount(rest));
                rest = after;
                out.push(' ');
                out.push_str(amount);
                out.push_str(currency(character));
                if rest.starts_with(char::is_alphanumeric) {
                    out.push(' ');
                }
            }
            _ => out.push_str(folded(character).unwrap_or(" ")),
        }
    }
    out
}

/// Length of the number at the beginning of `text`, 0 if there is none.
fn length_of_amount(text: &str) -> usize {
    let other = |next: char| !(next.is_ascii_digit() || matches!(next, '.' | ','));
    let end = text.find(other).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ',']).len()
}

const fn currency(sign: char) -> &'static str {
    match sign {
        '€' => " euros",
        '£' => " pounds",
        _ => " yen",
    }
}

fn folded(character: char) -> Option<&'static str> {
    FOLDED
        .iter()
        .find(|(from, _)| from.contains(character))
        .map(|(_, to)| *to)
}

/// Text that never has two spaces in a row nor one at its beginning.
#[derive(Default)]
struct Ascii {
    text: String,
    /// For each of its bytes, where the character stands that it is spoken for.
    sources: Vec<usize>,
    /// The same for what is pushed next.
    source: usize,
}

impl Ascii {
    fn push(&mut self, character: char) {
        if character != ' ' || !(self.text.is_empty() || self.text.ends_with(' ')) {
            self.text.push(character);
            self.sources.resize(self.text.len(), self.source);
        }
    }

    fn push_str(&mut self, text: &str) {
        text.chars().for_each(|character| self.push(character));
    }
}

/// Where the first piece of `text` ends: at its own end if it is light enough,
/// otherwise behind the last sentence that fits, or clause, or word.
fn end_of_piece(text: &str) -> usize {
    let (mut sentence, mut clause, mut word) = (0, 0, 0);
    let mut weight = 0;
    let mut before = ' ';
    for (index, character) in text.char_indices() {
        weight += weight_of(character);
        if weight > HEAVIEST {
            let natural = [sentence, clause, word].into_iter().find(|&end| end > 0);
            return natural.unwrap_or(index);
        }
        if character == ' ' {
            word = index + 1;
            match before {
                '.' | '!' | '?' => sentence = word,
                ',' | ';' | ':' => clause = word,
                _ => {}
            }
        }
        before = character;
    }
    text.len()
}

/// How long a character takes to say, in letters: a digit or sign may become a
/// word or two.
const fn weight_of(character: char) -> usize {
    match character {
        '0'..='9' => 4,
        '/' | '&' | '%' | '$' | '@' | '+' | '=' => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        let pieces = super::pieces(text).into_iter();
        pieces.map(|piece| piece.text).collect()
    }

    #[test]
    fn each_word_knows_the_word_that_it_is_spoken_for() {
        let text = "  It’s **€12.50** — or 👍 5×3,\tZoë.";

        let pieces = super::pieces(text);

        let [piece] = &pieces[..] else {
            panic!("one piece: {pieces:?}");
        };
        let words = piece.words.iter();
        let words: Vec<_> = words
            .map(|(word, source)| (&piece.text[word.clone()], &text[source.clone()]))
            .collect();
        assert_eq!(
            words,
            [
                ("It's", "It’s"),
                ("12.50", "**€12.50**"),
                ("euros", "**€12.50**"),
                (",", "—"),
                ("or", "or"),
                ("5", "5×3,"),
                ("times", "5×3,"),
                ("3,", "5×3,"),
                ("Zoe.", "Zoë."),
            ]
        );
    }

    #[test]
    fn the_words_of_later_pieces_are_found_in_the_whole_text() {
        let text = "And so it went on, – very long. ".repeat(20);

        for piece in super::pieces(&text) {
            for (word, source) in &piece.words {
                let spoken = piece.text[word.clone()].replace('-', "–");
                assert_eq!(spoken, text[source.clone()]);
            }
        }
    }

    #[test]
    fn plain_text_is_one_piece_as_it_is() {
        let text = "Hello! It's 5% of $12.50 (or so), isn't it?";

        assert_eq!(pieces(text), [text]);
    }

    #[test]
    fn typographic_characters_become_plain_ones() {
        assert_eq!(
            pieces("“It’s Zoë’s café” — open 9–5…"),
            ["It's Zoe's cafe , open 9-5..."]
        );
    }

    #[test]
    fn amounts_are_read_with_their_currency_behind() {
        assert_eq!(
            pieces("It costs €12.50, not £9."),
            ["It costs 12.50 euros, not 9 pounds."]
        );
    }

    #[test]
    fn formatting_and_emoji_are_not_spoken() {
        assert_eq!(
            pieces("**Great** 👍 `code` #1 # x\u{7}\u{0}\n_so_"),
            ["Great code number 1 x so"]
        );
    }

    #[test]
    fn a_text_without_letters_and_digits_has_no_pieces() {
        for text in [
            "",
            "   ",
            "👍👍",
            "\u{0}\u{1b}[",
            "?!... --",
            "你好",
            "(((((",
        ] {
            assert!(pieces(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_behind_sentences() {
        let sentence = "This is a sentence of some fifty letters or more. ";
        let text = sentence.repeat(12);

        let pieces = pieces(&text);

        assert!(pieces.len() > 2);
        assert!(
            pieces.iter().all(|piece| piece.ends_with('.')),
            "{pieces:?}"
        );
        assert_eq!(pieces.join(" "), text.trim());
    }

    #[test]
    fn a_long_sentence_is_cut_behind_clauses_and_words() {
        let clauses = "and then it went on, ".repeat(20);
        assert!(pieces(&clauses).iter().all(|piece| piece.ends_with(',')));

        let words = "word ".repeat(100);
        assert_eq!(pieces(&words).join(" "), words.trim());
    }

    #[test]
    fn nothing_is_heavier_than_a_piece_may_be() {
        for text in [
            "x".repeat(10_000),
            "1234567890".repeat(1_000),
            "$ ".repeat(999) + "x",
        ] {
            for piece in pieces(&text) {
                assert!(piece.chars().map(weight_of).sum::<usize>() <= HEAVIEST);
            }
        }
    }
}
