//! Finds the piece of knowledge that fits a question best.
//!
//! Pieces are ranked by BM25 over stemmed words; how alike question and piece
//! look, by character trigrams, breaks ties and makes up for misheard words.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::PassageSource;

use super::knowledge::Piece;
use super::words::{Trigrams, content_stems, denied_stems, expected_words, words};

/// How soon repeating a word stops to count (k1 of BM25).
const SATURATION: f64 = 1.2;
/// How much a long piece is held against it (b of BM25).
const LENGTH_PENALTY: f64 = 0.6;
/// How much a word of a training row's question counts.
const QUESTION_WEIGHT: f64 = 2.0;
/// How much a word of a training row's answer counts: it says what the agent
/// says, not what a caller asks.
const ANSWER_WEIGHT: f64 = 0.5;
/// How much of its score a row keeps that answers the opposite of what the
/// caller says.
const CONTRADICTION: f64 = 0.25;
/// How much the look of the whole text counts beside its words.
const LOOK_WEIGHT: f64 = 0.3;
/// How much the words of the question before this one count.
const CONTEXT_WEIGHT: f64 = 0.15;
/// How much looking like a training row's question helps words to fit.
const LOOK_HELP: f64 = 0.25;
/// How much a word of the kind counts that the question asks for.
const EXPECTED_WEIGHT: f64 = 0.25;
/// From where on two words are taken for one that was misheard.
const MISHEARD: f64 = 0.5;
/// From where on a text is taken for a training row's question whatever its
/// words.
const SAME_QUESTION: f64 = 0.7;
/// The score that a second sentence of the answer must have against the best.
const ALONG: f64 = 0.6;

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a> {
    /// The words of the caller.
    pub(super) text: &'a str,
    /// What the caller said before that, which tells what `it` is.
    pub(super) context: &'a str,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// What is said, sentence by sentence.
    pub(super) spoken: Vec<String>,
    /// Where it comes from.
    pub(super) source: PassageSource,
    /// How much the question looks like the one that the piece answers, 0 to
    /// 1; 0 for a piece without a question.
    pub(super) look: f64,
}

/// Pieces of knowledge, ready to be searched.
pub(super) struct Index<'a> {
    entries: Vec<Entry<'a>>,
    /// In how many pieces each stem occurs, and what it looks like.
    known: BTreeMap<String, (usize, Trigrams)>,
    average_length: f64,
}

struct Entry<'a> {
    piece: &'a Piece,
    /// How often each stem occurs, weighted.
    stems: BTreeMap<String, f64>,
    length: f64,
}

/// One word of a question as the index knows it.
struct Term {
    stem: String,
    /// 1 for a word that is known, less for one that may have been misheard.
    certainty: f64,
    rarity: f64,
}

/// A question as it is compared with each piece.
struct Asked<'q> {
    denied: BTreeSet<String>,
    expected: &'static [&'static str],
    look: Trigrams,
    terms: &'q [Term],
    context: &'q [Term],
}

struct Scored<'a> {
    piece: &'a Piece,
    score: f64,
    /// The share of the question's words that the piece has, by their rarity.
    coverage: f64,
    look: f64,
}

impl<'a> Index<'a> {
    /// Takes up `pieces`.
    pub(super) fn new(pieces: &'a [Piece]) -> Self {
        let entries: Vec<Entry<'a>> = pieces.iter().map(Entry::new).collect();
        let mut known = BTreeMap::new();
        for stem in entries.iter().flat_map(|entry| entry.stems.keys()) {
            let look = || (0, Trigrams::of(stem));
            known.entry(stem.clone()).or_insert_with(look).0 += 1;
        }
        let total: f64 = entries.iter().map(|entry| entry.length).sum();
        let average_length = (total / entries.len().max(1) as f64).max(1.0);
        Self {
            entries,
            known,
            average_length,
        }
    }

    /// The answer to `query`; `None` if nothing fits.
    pub(super) fn find(&self, query: Query<'_>) -> Option<Found> {
        let terms = self.terms(query.text);
        let context = self.terms(query.context);
        let asked = Asked {
            denied: denied_stems(query.text),
            expected: expected_words(query.text),
            look: Trigrams::of(query.text),
            terms: &terms,
            context: &context,
        };
        let scored: Vec<Scored<'_>> = self
            .entries
            .iter()
            .map(|entry| self.score(entry, &asked))
            .collect();
        let fits = |scored: &&Scored<'_>| {
            let by_words = scored.coverage + LOOK_HELP * scored.look >= needed(terms.len());
            (scored.coverage > 0.0 && by_words) || scored.look >= SAME_QUESTION
        };
        // The earliest of equals: `max_by` gives the last one.
        let best = scored
            .iter()
            .filter(fits)
            .rev()
            .max_by(|one, two| one.score.total_cmp(&two.score))?;
        let along = scored.iter().filter(|other| {
            let of_it = other.piece.passage == best.piece.passage && other.coverage > 0.0;
            std::ptr::eq(*other, best) || (of_it && other.coverage >= best.coverage * ALONG)
        });
        Some(Found {
            spoken: along
                .flat_map(|other| other.piece.spoken.iter().cloned())
                .collect(),
            source: best.piece.source,
            look: best.look,
        })
    }

    /// The words of `text` that have content, each once.
    fn terms(&self, text: &str) -> Vec<Term> {
        let mut seen = BTreeSet::new();
        let stems = content_stems(text)
            .into_iter()
            .filter(|stem| seen.insert(stem.clone()));
        stems.map(|stem| self.term(stem)).collect()
    }

    fn term(&self, stem: String) -> Term {
        if let Some((occurrences, _)) = self.known.get(&stem) {
            return Term {
                rarity: self.rarity(*occurrences),
                stem,
                certainty: 1.0,
            };
        }
        let look = Trigrams::of(&stem);
        let alike = self
            .known
            .iter()
            .filter(|(known, (_, other))| {
                known.chars().count() > 3 && look.most_similarity(other) >= MISHEARD
            })
            .map(|(known, (occurrences, other))| (known, occurrences, look.similarity(other)))
            .filter(|(_, _, similarity)| *similarity >= MISHEARD)
            .max_by(|one, two| one.2.total_cmp(&two.2));
        match alike {
            Some((known, occurrences, certainty)) => Term {
                rarity: self.rarity(*occurrences),
                stem: known.clone(),
                certainty,
            },
            None => Term {
                rarity: self.rarity(1),
                stem,
                certainty: 0.0,
            },
        }
    }

    /// The inverse document frequency of BM25.
    fn rarity(&self, occurrences: usize) -> f64 {
        let (total, found) = (self.entries.len() as f64, occurrences as f64);
        (1.0 + (total - found + 0.5) / (found + 0.5)).ln()
    }

    fn score(&self, entry: &Entry<'a>, asked: &Asked<'_>) -> Scored<'a> {
        let possible: f64 = asked.terms.iter().map(|term| term.rarity).sum();
        let share = |sum: f64, of: f64| if of > 0.0 { sum / of } else { 0.0 };
        let covered = |term: &Term| {
            let often = entry.stems.get(&term.stem).copied().unwrap_or(0.0);
            term.certainty * term.rarity * often.min(1.0)
        };
        let coverage = share(asked.terms.iter().map(covered).sum(), possible);
        let words = share(
            self.relevance(entry, asked.terms),
            possible * (SATURATION + 1.0),
        );
        let before = share(
            self.relevance(entry, asked.context),
            asked.context.len() as f64 * 2.0,
        );
        let question = entry.piece.question.as_deref();
        let look = match (question, coverage > 0.0) {
            (Some(question), _) => asked.look.similarity(&Trigrams::of(question)),
            (None, true) => asked.look.similarity(&Trigrams::of(&entry.piece.written)),
            (None, false) => 0.0,
        };
        let kept = if entry.contradicts(&asked.denied) {
            CONTRADICTION
        } else {
            1.0
        };
        let expected = if entry.holds(asked.expected) {
            EXPECTED_WEIGHT
        } else {
            0.0
        };
        let words = words + CONTEXT_WEIGHT * before + expected;
        Scored {
            piece: entry.piece,
            score: kept * (weight(entry.piece.source) * words + LOOK_WEIGHT * look),
            coverage: kept * coverage,
            look: question.map_or(0.0, |_| kept * look),
        }
    }

    fn relevance(&self, entry: &Entry<'_>, terms: &[Term]) -> f64 {
        let length = 1.0 - LENGTH_PENALTY + LENGTH_PENALTY * entry.length / self.average_length;
        let of_term = |term: &Term| {
            let often = entry.stems.get(&term.stem).copied().unwrap_or(0.0);
            let saturated = often * (SATURATION + 1.0) / (often + SATURATION * length);
            term.certainty * term.rarity * saturated
        };
        terms.iter().map(of_term).sum()
    }
}

impl<'a> Entry<'a> {
    fn new(piece: &'a Piece) -> Self {
        let (question_weight, text_weight) = match (&piece.question, piece.source) {
            (Some(_), PassageSource::Training) => (QUESTION_WEIGHT, ANSWER_WEIGHT),
            _ => (1.0, 1.0),
        };
        let mut stems = BTreeMap::new();
        let mut add = |text: &str, weight: f64| {
            for stem in content_stems(text) {
                *stems.entry(stem).or_insert(0.0) += weight;
            }
        };
        add(
            piece.question.as_deref().unwrap_or_default(),
            question_weight,
        );
        add(&piece.written, text_weight);
        let length = stems.values().sum();
        Self {
            piece,
            stems,
            length,
        }
    }

    /// Whether the piece answers a statement of which the caller says the
    /// opposite.
    fn contradicts(&self, denied: &BTreeSet<String>) -> bool {
        let is_row = self.piece.source == PassageSource::Training && !denied.is_empty();
        let question = self
            .piece
            .question
            .as_deref()
            .filter(|text| is_row && !text.contains('?'));
        question.is_some_and(|statement| {
            let denied_too = denied_stems(statement);
            content_stems(statement)
                .iter()
                .any(|stem| denied.contains(stem) && !denied_too.contains(stem))
        })
    }

    fn holds(&self, expected: &[&str]) -> bool {
        !expected.is_empty()
            && words(&self.piece.written)
                .iter()
                .any(|word| expected.contains(&word.as_str()))
    }
}

/// The coverage that makes a piece fit a question of so many words: a long
/// question has more words that are beside the point.
fn needed(terms: usize) -> f64 {
    (0.9 / terms.max(1) as f64).clamp(0.15, 0.3)
}

/// Training rows are meant to be answered with; prompts are not.
fn weight(source: PassageSource) -> f64 {
    match source {
        PassageSource::Training => 1.2,
        PassageSource::Note | PassageSource::About => 1.0,
        PassageSource::Procedure => 0.8,
        PassageSource::Guideline | PassageSource::Prompt => 0.7,
    }
}

#[cfg(test)]
mod tests;
