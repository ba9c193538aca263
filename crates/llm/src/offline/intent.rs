//! What a caller means by the small words of a conversation.
//!
//! A text is read as a row of set phrases. Only what consists of nothing but
//! such phrases is small talk, so a sentence that merely contains `goodbye`
//! remains a sentence.

use super::phrases::{MARKED, Mark};
use super::words::{is_stop_word, words};

/// What the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// Nothing was understood at all.
    Nothing,
    /// The caller takes leave, or has no more questions.
    Goodbye,
    /// No, or no thank you.
    Decline,
    /// Yes, or announces a question.
    Accept,
    /// Thank you.
    Thanks,
    /// Fine, I see.
    Acknowledge,
    /// Hello.
    Greeting,
    /// Are you there, can you hear me.
    Presence,
    /// How are you.
    Wellbeing,
    /// Who or what are you.
    Identity,
    /// Say that again.
    Repeat,
    /// One moment.
    Wait,
    /// Anything else: something to look up.
    Matter,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// What the text means.
    pub(super) intent: Intent,
    /// What a [`Intent::Matter`] means if nothing is known about it.
    pub(super) otherwise: Intent,
}

/// Reads what a caller said, punctuated or not.
pub(super) fn read(text: &str) -> Reading {
    let tokens = tokens(text);
    let marks = mark(&tokens);
    let plainly = |intent| Reading {
        intent,
        otherwise: intent,
    };
    if tokens.is_empty() {
        return plainly(Intent::Nothing);
    }
    let leave = leave(text, &tokens, &marks);
    if leave == Leave::Taken {
        return plainly(Intent::Goodbye);
    }
    let has = |mark: Mark| marks.contains(&Some(mark));
    if marks.contains(&None) {
        let otherwise = match leave {
            Leave::Perhaps => Intent::Goodbye,
            Leave::Taken | Leave::No if has(Mark::Greeting) => Intent::Greeting,
            Leave::Taken | Leave::No => Intent::Matter,
        };
        return Reading {
            intent: Intent::Matter,
            otherwise,
        };
    }
    let by_weight = [
        (Mark::Identity, Intent::Identity),
        (Mark::Repeat, Intent::Repeat),
        (Mark::Request, Intent::Accept),
        (Mark::Wait, Intent::Wait),
        (Mark::Presence, Intent::Presence),
        (Mark::Wellbeing, Intent::Wellbeing),
        (Mark::Greeting, Intent::Greeting),
        (Mark::No, Intent::Decline),
        (Mark::Yes, Intent::Accept),
        (Mark::Thanks, Intent::Thanks),
        (Mark::Pardon, Intent::Repeat),
    ];
    let found = by_weight.into_iter().find(|(mark, _)| has(*mark));
    plainly(found.map_or(Intent::Acknowledge, |(_, intent)| intent))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Taken,
    /// A closing after something of substance.
    Perhaps,
    No,
}

/// Whether the caller takes leave in a text whose words are `marks`.
fn leave(text: &str, tokens: &[String], marks: &[Option<Mark>]) -> Leave {
    let strangers: Vec<&str> = tokens
        .iter()
        .zip(marks)
        .filter(|(_, mark)| mark.is_none())
        .map(|(token, _)| token.as_str())
        .collect();
    let ends = |mark: &Option<Mark>| matches!(mark, Some(Mark::Farewell | Mark::Closing));
    if !marks.iter().any(ends) || strangers.iter().any(|word| SPEAKS_OF_WORDS.contains(word)) {
        return Leave::No;
    }
    if strangers.is_empty() {
        return Leave::Taken;
    }
    let asks = text.contains('?') || strangers.first().is_some_and(|word| ASKS.contains(word));
    let named = marks.first() == Some(&Some(Mark::Farewell)) && strangers.len() <= 2;
    if named && !asks && !strangers.iter().any(|word| is_stop_word(word)) {
        return Leave::Taken;
    }
    let after_strangers = marks
        .iter()
        .rposition(Option::is_none)
        .map_or(0, |last| last + 1);
    let tail = marks.get(after_strangers..).unwrap_or_default();
    let Some(closing) = tail.iter().position(ends) else {
        return Leave::No;
    };
    let before = (after_strangers + closing)
        .checked_sub(1)
        .and_then(|at| tokens.get(at));
    if before.is_some_and(|word| LEADS_INTO.contains(&word.as_str())) {
        return Leave::No;
    }
    if tail.contains(&Some(Mark::Farewell)) && !asks {
        Leave::Taken
    } else {
        Leave::Perhaps
    }
}

/// The words of `text`, contractions written out.
fn tokens(text: &str) -> Vec<String> {
    let written_out = |word: String| -> Vec<String> {
        match CONTRACTIONS.iter().find(|(short, _)| *short == word) {
            Some((_, long)) => long.split(' ').map(str::to_owned).collect(),
            None => vec![word],
        }
    };
    words(text).into_iter().flat_map(written_out).collect()
}

/// The mark of the longest set phrase that each word is part of.
fn mark(tokens: &[String]) -> Vec<Option<Mark>> {
    let mut marks = Vec::with_capacity(tokens.len());
    while let Some(rest) = tokens.get(marks.len()..).filter(|rest| !rest.is_empty()) {
        let found = MARKED
            .iter()
            .flat_map(|(mark, phrases)| phrases.iter().map(|phrase| (*mark, *phrase)))
            .filter_map(|(mark, phrase)| Some((mark, length_of(phrase, rest)?)))
            .max_by_key(|(_, length)| *length);
        match found {
            Some((mark, length)) => marks.extend(std::iter::repeat_n(Some(mark), length)),
            None => marks.push(None),
        }
    }
    marks
}

/// The length of `phrase` in words if `tokens` begin with it.
fn length_of(phrase: &str, tokens: &[String]) -> Option<usize> {
    let mut length = 0;
    for word in phrase.split(' ') {
        if tokens.get(length)? != word {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// Words of a sentence that speaks of a farewell and takes none.
#[rustfmt::skip]
const SPEAKS_OF_WORDS: &[&str] = &[
    "called", "heard", "hears", "mean", "meaning", "means", "phrase", "pronounce", "said", "say",
    "saying", "says", "sing", "song", "spell", "translate", "wave", "waved", "word", "words",
];

/// Words that make what follows a part of their sentence.
#[rustfmt::skip]
const LEADS_INTO: &[&str] = &[
    "a", "an", "for", "her", "him", "if", "is", "me", "my", "not", "of", "the", "to", "was",
    "whether", "with", "your",
];

/// Words that a question begins with.
#[rustfmt::skip]
const ASKS: &[&str] = &[
    "are", "can", "could", "did", "do", "does", "how", "is", "may", "was", "what", "when", "where",
    "which", "who", "why", "will", "would",
];

#[rustfmt::skip]
const CONTRACTIONS: &[(&str, &str)] = &[
    ("cannot", "can not"), ("cant", "can not"), ("didnt", "did not"), ("doesnt", "does not"),
    ("dont", "do not"), ("gotta", "got to"), ("havent", "have not"), ("im", "i am"),
    ("isnt", "is not"), ("ive", "i have"), ("thats", "that is"), ("thatll", "that will"),
    ("theres", "there is"), ("wanna", "want to"), ("whats", "what is"), ("whos", "who is"),
    ("youre", "you are"), ("youve", "you have"),
];

#[cfg(test)]
mod tests;
