//! Cuts the words of a language model, while they arrive, into pieces that a
//! speech synthesiser speaks one by one.

mod ending;

use ending::Ending;

/// The first piece may end at a clause once it is this long, so that speech
/// begins early.
const FIRST_CLAUSE: usize = 40;

/// No piece is longer; a sentence without an end is cut at a clause or a space.
const LONGEST: usize = 280;

/// Cuts streamed text into sentences, as early as they can be told.
///
/// The pieces follow each other as in the text, are not empty, have no white
/// space at their ends and at most 280 characters. Put together, with the
/// space between them, they are the text. How the text is divided into pushes
/// makes no difference to the pieces. The first piece may be a clause of 40
/// characters or more.
///
/// A stop after an abbreviation, in a number, in an address or after an
/// initial ends no sentence. Where only the next word can tell, as after
/// "p.m.", the splitter waits for it.
#[derive(Clone, Debug)]
pub struct SentenceSplitter {
    pending: String,
    characters: usize,
    has_words: bool,
    first_clause: Option<usize>,
    /// Where `pending` may end, if the next word begins a sentence.
    doubtful: Option<Doubt>,
}

#[derive(Clone, Copy, Debug)]
struct Doubt {
    at: usize,
    ending: Ending,
}

impl Default for SentenceSplitter {
    fn default() -> Self {
        Self {
            pending: String::new(),
            characters: 0,
            has_words: false,
            first_clause: Some(FIRST_CLAUSE),
            doubtful: None,
        }
    }
}

impl SentenceSplitter {
    /// A splitter whose first piece is a whole sentence too.
    #[must_use]
    pub fn whole_sentences() -> Self {
        Self {
            first_clause: None,
            ..Self::default()
        }
    }

    /// Takes the next text and gives the pieces that it completes.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        for character in text.chars() {
            self.accept(character, &mut pieces);
        }
        pieces
    }

    /// Gives what is left, at most one piece, when no more text comes. The
    /// splitter can then be used for the next text, in whole sentences.
    pub fn finish(&mut self) -> Vec<String> {
        let mut pieces = Vec::new();
        self.cut(self.pending.len(), &mut pieces);
        pieces
    }

    fn accept(&mut self, character: char, pieces: &mut Vec<String>) {
        if character == '\n' && self.has_words {
            return self.cut(self.pending.len(), pieces);
        }
        if character.is_whitespace() {
            self.accept_space(character, pieces);
        } else {
            self.accept_visible(character, pieces);
        }
        if self.characters >= LONGEST {
            let at = ending::last_opportunity(&self.pending);
            self.cut(at, pieces);
        }
    }

    fn accept_space(&mut self, space: char, pieces: &mut Vec<String>) {
        if self.pending.is_empty() {
            return;
        }
        let follows_word = !self.pending.ends_with(char::is_whitespace);
        if follows_word && self.has_words {
            let ending = ending::of(&self.pending);
            match ending {
                Ending::Sentence => return self.cut(self.pending.len(), pieces),
                Ending::Clause => {
                    if self
                        .first_clause
                        .is_some_and(|shortest| self.characters >= shortest)
                    {
                        return self.cut(self.pending.len(), pieces);
                    }
                }
                Ending::BeforeCapital | Ending::NotBeforeDigit => {
                    self.doubtful = Some(Doubt {
                        at: self.pending.len(),
                        ending,
                    });
                }
                Ending::None => {}
            }
        }
        self.append(space);
    }

    fn accept_visible(&mut self, character: char, pieces: &mut Vec<String>) {
        if let Some(doubt) = self.doubtful.take()
            && doubt.ending.is_sentence_before(character)
        {
            self.cut(doubt.at, pieces);
        }
        self.append(character);
        if self.has_words && ending::is_full_width_stop(character) {
            self.cut(self.pending.len(), pieces);
        }
    }

    fn append(&mut self, character: char) {
        self.pending.push(character);
        self.characters += 1;
        self.has_words |= character.is_alphanumeric();
    }

    /// Gives the text before the byte `at` as a piece and keeps the rest.
    fn cut(&mut self, at: usize, pieces: &mut Vec<String>) {
        let rest = self.pending.split_off(at);
        let piece = self.pending.trim();
        if !piece.is_empty() {
            pieces.push(piece.to_owned());
            self.first_clause = None;
        }
        self.pending = rest.trim_start().to_owned();
        self.characters = self.pending.chars().count();
        self.has_words = self.pending.chars().any(char::is_alphanumeric);
        self.doubtful = None;
    }
}

#[cfg(test)]
mod tests;
