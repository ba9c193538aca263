//! What a conversation was about and how the caller felt, without any model.
//!
//! Both are rough: the summary repeats the sentences that hold the most of the
//! conversation's words, the sentiment counts words of praise and blame. They
//! are deterministic and take no part of a second.

mod lexicon;

use std::collections::{HashMap, HashSet};

use llm::Role;
use serde::{Deserialize, Serialize};

use crate::sentence::SentenceSplitter;
use lexicon::{NEGATIONS, STOP_WORDS};

/// How many sentences of the caller a summary repeats.
const CALLER_SENTENCES: usize = 2;

/// How many sentences of the agent a summary repeats.
const AGENT_SENTENCES: usize = 1;

/// A repeated sentence is shortened to this many characters.
const LONGEST_SENTENCE: usize = 160;

/// Praise and blame must differ by this much to count.
const DECIDED: i32 = 2;

/// A negation turns around the words that follow it this closely.
const NEGATION_REACH: usize = 3;

/// One contribution to a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: &'a str,
}

/// How the caller felt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// More praise than blame.
    Positive,
    /// Neither, or as much of one as of the other.
    Neutral,
    /// More blame than praise.
    Negative,
}

impl Sentiment {
    /// The word for it: `positive`, `neutral` or `negative`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// A summary in a few sentences of the conversation itself, in their order:
/// at most two of the caller and one of the agent, whose greeting does not
/// count. Greetings alone give `The caller said nothing.`, an empty transcript
/// `Nothing was said.`
#[must_use]
pub fn summarise(transcript: &[Said<'_>]) -> String {
    let sentences = sentences(transcript);
    let weights = weights(&sentences);
    let mut chosen = best(&sentences, &weights, Role::User, CALLER_SENTENCES);
    chosen.extend(best(&sentences, &weights, Role::Assistant, AGENT_SENTENCES));
    chosen.sort_unstable();
    if chosen.is_empty() {
        let silent = if sentences.is_empty() {
            "Nothing was said."
        } else {
            "The caller said nothing."
        };
        return silent.to_owned();
    }

    let mut summary = String::new();
    let mut last = None;
    for sentence in chosen.into_iter().filter_map(|index| sentences.get(index)) {
        if !summary.is_empty() {
            summary.push(' ');
        }
        if last != Some(sentence.role) {
            summary.push_str(match sentence.role {
                Role::User => "Caller: ",
                Role::Assistant => "Agent: ",
            });
        }
        summary.push_str(&shortened(&sentence.text));
        last = Some(sentence.role);
    }
    summary
}

/// How the caller felt, by the caller's words alone.
#[must_use]
pub fn sentiment(transcript: &[Said<'_>]) -> Sentiment {
    let score: i32 = transcript
        .iter()
        .filter(|said| said.role == Role::User)
        .map(|said| mood(said.text))
        .sum();
    if score >= DECIDED {
        Sentiment::Positive
    } else if score <= -DECIDED {
        Sentiment::Negative
    } else {
        Sentiment::Neutral
    }
}

struct Sentence {
    role: Role,
    text: String,
    /// The words that carry meaning.
    words: HashSet<String>,
    is_greeting: bool,
}

fn sentences(transcript: &[Said<'_>]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut has_caller_spoken = false;
    for said in transcript {
        has_caller_spoken |= said.role == Role::User;
        let is_greeting = said.role == Role::Assistant && !has_caller_spoken;
        let mut splitter = SentenceSplitter::whole_sentences();
        let mut pieces = splitter.push(said.text);
        pieces.extend(splitter.finish());
        sentences.extend(pieces.into_iter().map(|text| {
            Sentence {
                role: said.role,
                words: words(&text)
                    .filter(|word| !STOP_WORDS.contains(&word.as_str()))
                    .collect(),
                text,
                is_greeting,
            }
        }));
    }
    sentences
}

/// In how many sentences each word occurs.
fn weights(sentences: &[Sentence]) -> HashMap<&str, f64> {
    let mut weights = HashMap::new();
    for word in sentences.iter().flat_map(|sentence| &sentence.words) {
        *weights.entry(word.as_str()).or_insert(0.0) += 1.0;
    }
    weights
}

/// The places of the party's weightiest sentences; of equal ones the first.
/// One without meaning is chosen only when the party said nothing else.
fn best(
    sentences: &[Sentence],
    weights: &HashMap<&str, f64>,
    role: Role,
    count: usize,
) -> Vec<usize> {
    let mut ranked: Vec<(usize, f64)> = sentences
        .iter()
        .enumerate()
        .filter(|(_, sentence)| sentence.role == role && !sentence.is_greeting)
        .map(|(index, sentence)| (index, score(sentence, weights)))
        .collect();
    ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    let is_worth_it = |(rank, (_, score)): &(usize, (usize, f64))| *rank == 0 || *score > 0.0;
    let best = ranked
        .into_iter()
        .take(count)
        .enumerate()
        .filter(is_worth_it);
    best.map(|(_, (index, _))| index).collect()
}

/// Long sentences hold more words, so their length counts against them, but
/// less than they gain by it.
fn score(sentence: &Sentence, weights: &HashMap<&str, f64>) -> f64 {
    let mut of_words: Vec<f64> = sentence
        .words
        .iter()
        .filter_map(|word| weights.get(word.as_str()).copied())
        .collect();
    // Sums of floating-point numbers depend on the order, and that of a hash
    // set differs from run to run.
    of_words.sort_by(f64::total_cmp);
    of_words.iter().sum::<f64>() / (of_words.len().max(1) as f64).sqrt()
}

fn mood(text: &str) -> i32 {
    let mut score = 0;
    let mut negated_for = 0;
    for word in words(text) {
        if NEGATIONS.contains(&word.as_str()) {
            negated_for = NEGATION_REACH;
            continue;
        }
        let weight = lexicon::weight(&word);
        // "No problem" and "not bad" are not praise enough to count for it.
        score += match (negated_for > 0, weight) {
            (true, weight) if weight < 0 => 0,
            (true, weight) => -weight,
            (false, weight) => weight,
        };
        negated_for = negated_for.saturating_sub(1);
    }
    score
}

/// Lower-case words without their punctuation; apostrophes inside stay.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .map(|word| {
            word.trim_matches(['\'', '’'])
                .replace('’', "'")
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST_SENTENCE {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST_SENTENCE).collect();
    let whole_words = cut
        .rsplit_once(char::is_whitespace)
        .map_or(cut.as_str(), |(head, _)| head);
    format!("{}…", whole_words.trim_end_matches([',', ';', ':']))
}

#[cfg(test)]
mod tests;
