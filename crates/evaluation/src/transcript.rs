//! What was said, by whom and when.

use agent::SentenceSplitter;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The agent.
    Agent,
    /// The other party.
    Caller,
}

/// One contribution to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn<'a> {
    /// Who said it.
    pub party: Party,
    /// The words.
    pub text: &'a str,
    /// When it began, in milliseconds from the start of the recording.
    pub start_ms: u64,
    /// When it ended, in milliseconds from the start of the recording.
    pub end_ms: u64,
    /// Whether the other party cut it short.
    pub interrupted: bool,
}

impl<'a> Turn<'a> {
    /// Words whose time does not matter.
    #[must_use]
    pub fn said(party: Party, text: &'a str) -> Self {
        Self {
            party,
            text,
            start_ms: 0,
            end_ms: 0,
            interrupted: false,
        }
    }
}

/// The sentences of a text.
pub(crate) fn sentences(text: &str) -> Vec<String> {
    let mut splitter = SentenceSplitter::whole_sentences();
    let mut sentences = splitter.push(text);
    sentences.extend(splitter.finish());
    sentences
}

/// Lower-case words without their punctuation; apostrophes inside stay, written straight.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .map(|word| {
            word.trim_matches(['\'', '’'])
                .replace('’', "'")
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
}

/// The text as its words with one blank between and around them, to look for phrases in.
pub(crate) fn spaced(text: &str) -> String {
    let mut spaced = String::from(" ");
    for word in words(text) {
        spaced.push_str(&word);
        spaced.push(' ');
    }
    spaced
}

/// Whether the caller said anything.
pub(crate) fn has_caller_spoken(transcript: &[Turn<'_>]) -> bool {
    let mut of_caller = transcript.iter().filter(|turn| turn.party == Party::Caller);
    of_caller.any(|turn| words(turn.text).next().is_some())
}
