//! A summary made of sentences of the conversation itself, by TextRank.
//!
//! R. Mihalcea and P. Tarau, "TextRank: Bringing Order into Texts", EMNLP 2004: sentences are
//! nodes of a graph; two are joined as strongly as they share words, measured against their
//! lengths; a sentence ranks as high as PageRank over that graph puts it. No model is needed, and
//! the same conversation always has the same summary.

use std::collections::BTreeSet;

use crate::lexicon::STOP_WORDS;
use crate::transcript::{Party, Turn, sentences, words};

/// How many sentences of the caller a summary repeats.
const CALLER_SENTENCES: usize = 2;

/// How many sentences of the agent a summary repeats.
const AGENT_SENTENCES: usize = 1;

/// A repeated sentence is shortened to this many characters.
const LONGEST_SENTENCE: usize = 160;

/// Of a longer conversation only the last sentences are ranked.
const MOST_SENTENCES: usize = 600;

/// How much of a sentence's rank comes from others; the value of the paper.
const DAMPING: f64 = 0.85;

/// Ranks are good enough when none changes by more.
const PRECISION: f64 = 1e-4;

/// And are taken as they are after so many rounds.
const MOST_ROUNDS: usize = 50;

struct Sentence {
    party: Party,
    text: String,
    /// The words that carry meaning.
    words: BTreeSet<String>,
    is_greeting: bool,
}

/// A summary in a few sentences of the conversation itself, in their order: at most two of the
/// caller and one of the agent, whose greeting does not count. Greetings alone give `The caller
/// said nothing.`, an empty transcript `Nothing was said.`
#[must_use]
pub fn summarise(transcript: &[Turn<'_>]) -> String {
    let sentences = all_sentences(transcript);
    let ranks = ranks(&sentences);
    let mut chosen = best(&sentences, &ranks, Party::Caller, CALLER_SENTENCES);
    chosen.extend(best(&sentences, &ranks, Party::Agent, AGENT_SENTENCES));
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
        if last != Some(sentence.party) {
            summary.push_str(match sentence.party {
                Party::Caller => "Caller: ",
                Party::Agent => "Agent: ",
            });
        }
        summary.push_str(&shortened(&sentence.text));
        last = Some(sentence.party);
    }
    summary
}

fn all_sentences(transcript: &[Turn<'_>]) -> Vec<Sentence> {
    let mut all = Vec::new();
    let mut has_caller_spoken = false;
    for turn in transcript {
        has_caller_spoken |= turn.party == Party::Caller;
        let is_greeting = turn.party == Party::Agent && !has_caller_spoken;
        all.extend(sentences(turn.text).into_iter().map(|text| {
            let meaning = words(&text).filter(|word| !STOP_WORDS.contains(&word.as_str()));
            Sentence {
                party: turn.party,
                words: meaning.collect(),
                text,
                is_greeting,
            }
        }));
    }
    let surplus = all.len().saturating_sub(MOST_SENTENCES);
    all.split_off(surplus)
}

/// What a sentence and another have in common, measured against their lengths.
fn likeness(one: &Sentence, other: &Sentence) -> f64 {
    let shared = one.words.intersection(&other.words).count();
    if shared == 0 {
        return 0.0;
    }
    // One more than in the paper, so that sentences of one word can be alike.
    let length = |sentence: &Sentence| (1.0 + sentence.words.len() as f64).ln();
    shared as f64 / (length(one) + length(other))
}

/// The rank of each sentence.
fn ranks(sentences: &[Sentence]) -> Vec<f64> {
    let edges: Vec<Vec<(usize, f64)>> = sentences
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let others = sentences.iter().enumerate();
            let others = others.filter(|(other, _)| *other != index);
            let alike = others.map(|(other, sentence)| (other, likeness(one, sentence)));
            alike.filter(|(_, weight)| *weight > 0.0).collect()
        })
        .collect();
    let whole: Vec<f64> = edges
        .iter()
        .map(|edges| edges.iter().map(|(_, weight)| weight).sum())
        .collect();
    let mut ranks = vec![1.0; sentences.len()];
    for _ in 0..MOST_ROUNDS {
        let next: Vec<f64> = edges
            .iter()
            .map(|edges| {
                let given = edges.iter().map(|(other, weight)| {
                    let rank = ranks.get(*other).copied().unwrap_or(0.0);
                    let whole = whole.get(*other).copied().unwrap_or(1.0);
                    rank * weight / whole
                });
                (1.0 - DAMPING) + DAMPING * given.sum::<f64>()
            })
            .collect();
        let change = next.iter().zip(&ranks).map(|(new, old)| (new - old).abs());
        let is_settled = change.fold(0.0, f64::max) < PRECISION;
        ranks = next;
        if is_settled {
            break;
        }
    }
    ranks
}

/// The places of the party's highest sentences; of equal ones that with more words that carry
/// meaning, then the first. One without such words is chosen only when the party said nothing
/// else.
fn best(sentences: &[Sentence], ranks: &[f64], party: Party, count: usize) -> Vec<usize> {
    let mut ranked: Vec<(usize, usize, f64)> = sentences
        .iter()
        .zip(ranks)
        .enumerate()
        .filter(|(_, (sentence, _))| sentence.party == party && !sentence.is_greeting)
        .map(|(index, (sentence, rank))| (index, sentence.words.len(), *rank))
        .collect();
    ranked.sort_by(|(_, left_words, left), (_, right_words, right)| {
        let has_meaning = (*right_words > 0).cmp(&(*left_words > 0));
        let rank = right.total_cmp(left);
        has_meaning.then(rank).then(right_words.cmp(left_words))
    });
    let chosen = ranked.into_iter().take(count).enumerate();
    let chosen = chosen.filter(|(place, (_, words, _))| *place == 0 || *words > 0);
    chosen.map(|(_, (index, ..))| index).collect()
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn caller(text: &str) -> Turn<'_> {
        Turn::said(Party::Caller, text)
    }

    fn agent(text: &str) -> Turn<'_> {
        Turn::said(Party::Agent, text)
    }

    #[test]
    fn a_summary_repeats_both_sides_in_their_order() {
        let transcript = [
            agent("Hello, this is the support line. How can I help?"),
            caller("Hi. The number you have dialed is not in service."),
            agent("That means the number is not in service any more. Please check the number."),
            caller("Okay."),
        ];
        assert_eq!(
            summarise(&transcript),
            "Caller: The number you have dialed is not in service. \
             Agent: That means the number is not in service any more."
        );
    }

    #[test]
    fn what_much_is_said_about_ranks_highest() {
        let transcript = [
            agent("Hello."),
            caller("My dog barks a lot."),
            caller("My parcel from Berlin has not arrived."),
            agent("The parcel from Berlin is delayed."),
            caller("When will the parcel arrive?"),
        ];
        let summary = summarise(&transcript);
        assert!(!summary.contains("dog"), "{summary}");
        assert!(summary.contains("My parcel from Berlin"), "{summary}");
    }

    #[test]
    fn the_greeting_is_no_part_of_a_summary() {
        let transcript = [
            agent("Hello, circuits and numbers here."),
            caller("All circuits are busy."),
        ];
        assert_eq!(summarise(&transcript), "Caller: All circuits are busy.");
    }

    #[test]
    fn an_empty_conversation_says_so() {
        assert_eq!(summarise(&[]), "Nothing was said.");
        assert_eq!(summarise(&[agent("Hello?")]), "The caller said nothing.");
    }

    #[test]
    fn a_caller_who_says_little_is_still_repeated() {
        assert_eq!(
            summarise(&[agent("Hello?"), caller("Yes.")]),
            "Caller: Yes."
        );
    }

    #[test]
    fn a_long_sentence_is_shortened_at_a_word() {
        let long = "circuit ".repeat(30);
        let summary = summarise(&[caller(&long)]);
        assert!(summary.ends_with("circuit…"), "{summary}");
        assert!(summary.chars().count() < 180);
    }

    proptest! {
        #[test]
        fn a_summary_is_short_and_always_the_same(
            said in prop::collection::vec((any::<bool>(), ".{0,300}"), 0..30),
        ) {
            let transcript: Vec<Turn<'_>> = said
                .iter()
                .map(|(by_caller, text)| if *by_caller { caller(text) } else { agent(text) })
                .collect();
            let summary = summarise(&transcript);
            prop_assert!(!summary.is_empty());
            prop_assert!(summary.chars().count() < 3 * (LONGEST_SENTENCE + 12));
            prop_assert_eq!(summarise(&transcript), summary);
        }
    }
}
