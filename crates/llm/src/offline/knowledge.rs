//! What an agent may say of what it knows.

use crate::model::{Passage, PassageSource};

use super::intent::{Intent, read};
use super::speakable::{capitalised, sentences};
use super::words::words;

/// The most pieces of knowledge that are searched; later ones are left out.
const MAX_PIECES: usize = 4_096;

/// One piece of knowledge that can be found and spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which passage it comes from, by its place.
    pub(super) passage: usize,
    /// What a caller may ask that it answers, if that is known.
    pub(super) question: Option<String>,
    /// What it is found by, besides the question.
    pub(super) written: String,
    /// What is said.
    pub(super) spoken: Vec<String>,
    /// Where it comes from.
    pub(super) source: PassageSource,
}

/// The pieces of `passages`, in order: a training row is one piece, any other
/// passage is one piece a sentence. A row that answers a farewell is left out,
/// for what only sounds like one.
///
/// Guidelines, procedures and prompts speak to the agent. Of those, sentences
/// about the agent are said in the first person, reported answers (`if … say
/// that …`) are said as they are, and orders are left out: a caller is not to
/// hear them, least of all the prohibitions.
pub(super) fn pieces(passages: &[Passage]) -> Vec<Piece> {
    let pieces = passages.iter().enumerate().flat_map(|(place, passage)| {
        if passage.source == PassageSource::Training {
            return whole(place, passage).into_iter().collect::<Vec<_>>();
        }
        let speaks_to_agent = match passage.source {
            PassageSource::Guideline | PassageSource::Procedure | PassageSource::Prompt => true,
            PassageSource::Training | PassageSource::Note | PassageSource::About => false,
        };
        let written = sentences(&passage.text).into_iter();
        written
            .filter_map(|written| {
                let spoken = match speaks_to_agent {
                    true => said_by_agent(&written)?,
                    false => written.clone(),
                };
                Some(Piece {
                    passage: place,
                    question: passage.question.clone(),
                    written,
                    spoken: vec![spoken],
                    source: passage.source,
                })
            })
            .collect()
    });
    pieces.take(MAX_PIECES).collect()
}

fn whole(place: usize, passage: &Passage) -> Option<Piece> {
    let spoken = sentences(&passage.text);
    let question = passage.question.as_deref().unwrap_or_default();
    let is_farewell = read(question).intent == Intent::Goodbye;
    (!spoken.is_empty() && !is_farewell).then(|| Piece {
        passage: place,
        question: passage.question.clone(),
        written: passage.text.clone(),
        spoken,
        source: passage.source,
    })
}

/// What the agent says of a sentence that was written to it; `None` for an
/// order.
fn said_by_agent(sentence: &str) -> Option<String> {
    let words = words(sentence);
    if has(&words, SECRECY) {
        return None;
    }
    if let Some(reported) = reported(sentence) {
        return Some(capitalised(reported));
    }
    if is_for_callers(&words) {
        return Some(sentence.to_owned());
    }
    in_first_person(sentence)
}

/// The answer in `If they ask for the price, say that it is free.`
fn reported(sentence: &str) -> Option<&str> {
    let lower = sentence.to_ascii_lowercase();
    let start = REPORTS.iter().filter_map(|report| {
        let at = match lower.strip_prefix(report.trim_start()) {
            Some(_) => 0,
            None => lower.find(report)? + 1,
        };
        Some(at + report.trim_start().len())
    });
    let (order, said) = sentence.split_at_checked(start.min()?)?;
    let said = said.trim_start_matches([' ', ':', ',', '"', '“', '\'', '‘']);
    (!has(&words(order), NEGATIONS) && words(said).len() >= 2)
        .then(|| said.trim_end_matches(['"', '”', '’', '\'']))
}

/// Whether a sentence is written the way that the agent would say it.
fn is_for_callers(words: &[String]) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let first = word(0);
    if ["tell", "give", "let", "please"].contains(&first) && !has(words, NEGATIONS) {
        // «Tell me your number.»
        return has(words, &["me"]);
    }
    if first == "you" && word(1) == "can" && !has(words, NEGATIONS) {
        // «You can reach us by telephone.»
        return has(words, &["us", "our"]);
    }
    if ["i", "we"].contains(&first) && ["want", "need", "expect"].contains(&word(1)) {
        return !has(words, AGENT);
    }
    if ["i", "ill", "my", "we", "our"].contains(&first) {
        return true;
    }
    !ORDERS.contains(&first) && !has(words, AGENT) && !speaks_of_callers(words)
}

/// `You are Ana.` is `I am Ana.`
fn in_first_person(sentence: &str) -> Option<String> {
    let (start, replacement) = PERSONA
        .iter()
        .find(|(start, _)| sentence.starts_with(start))?;
    let rest = sentence.get(start.len()..)?;
    (!has(&words(rest), AGENT)).then(|| format!("{replacement}{rest}"))
}

fn speaks_of_callers(words: &[String]) -> bool {
    words.windows(2).any(|pair| {
        matches!(pair, [one, two] if matches!(one.as_str(), "a" | "the")
            && matches!(two.as_str(), "caller" | "callers" | "customer" | "customers" | "user"))
    })
}

fn has(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

/// What opens a reported answer. Each begins with the space before it.
const REPORTS: &[&str] = &[
    " say that ",
    " say: ",
    " say \"",
    " say “",
    " tell them that ",
    " tell them: ",
    " tell the caller that ",
    " tell the customer that ",
    " answer that ",
    " answer: ",
    " answer with: ",
    " explain that ",
    " reply that ",
    " reply: ",
    " reply with: ",
];

const PERSONA: &[(&str, &str)] = &[
    ("You are ", "I am "),
    ("You're ", "I am "),
    ("You work ", "I work "),
    ("You help ", "I help "),
    ("You can ", "I can "),
    ("You answer ", "I answer "),
    ("You speak for ", "I speak for "),
    ("You represent ", "I represent "),
    ("Your name is ", "My name is "),
    ("Your job is ", "My job is "),
    ("Your role is ", "My role is "),
];

/// Words by which a sentence speaks to the agent.
const AGENT: &[&str] = &["you", "your", "yours", "yourself"];

/// Words by which an order to say something forbids it.
const NEGATIONS: &[&str] = &[
    "avoid", "dont", "mustnt", "never", "not", "refuse", "shouldnt",
];

/// Words of a sentence that is not for callers.
const SECRECY: &[&str] = &["confidential", "forbidden", "internal", "secret"];

/// Words that an order to the agent begins with.
#[rustfmt::skip]
const ORDERS: &[&str] = &[
    "accept", "acknowledge", "act", "address", "adopt", "always", "answer", "apologise",
    "apologize", "ask", "assist", "assume", "avoid", "be", "begin", "check", "collect", "confirm",
    "continue", "decline", "describe", "do", "dont", "emphasise", "emphasize", "encourage", "end",
    "ensure", "escalate", "explain", "finish", "focus", "follow", "forward", "gather", "get",
    "give", "greet", "guide", "handle", "help", "identify", "if", "ignore", "inform", "introduce",
    "invite", "keep", "let", "limit", "listen", "look", "maintain", "make", "mention", "never", "note",
    "only", "pick", "please", "politely", "pretend", "provide", "qualify", "read", "recommend",
    "record", "refer", "refuse", "remain", "remember", "repeat", "reply", "respond", "say", "schedule",
    "send", "share", "show", "speak", "start", "stay", "step", "suggest", "summarise",
    "summarize", "take", "tell", "thank", "then", "transfer", "treat", "try", "use", "verify",
    "wait", "when", "whenever", "write",
];

#[cfg(test)]
mod tests;
