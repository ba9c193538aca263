//! How somebody feels, by the words of praise and blame that they use.
//!
//! The rules are those of VADER (C. J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based
//! Model for Sentiment Analysis of Social Media Text", ICWSM 2014), the words a list of this
//! project's own: a word has a valence from -4 to 4; a negation among the three words before it
//! turns it around and weakens it; words such as "very" strengthen and "slightly" weaken it, the
//! less the further off; what follows "but" counts more than what comes before; exclamation marks
//! strengthen.

use serde::{Deserialize, Serialize};

use crate::lexicon::{BOOSTERS, NEGATIONS, valence};
use crate::transcript::{Party, Turn, sentences, words};

/// What a negation makes of a valence.
const NEGATED: f64 = -0.74;

/// A negation turns around, and a booster strengthens, words that follow it this closely.
const REACH: usize = 3;

/// How much of a booster's strength is left, by how many words it stands away.
const FADING: [f64; REACH] = [1.0, 0.95, 0.9];

/// What an exclamation mark adds, up to [`MOST_MARKS`] of them.
const MARK: f64 = 0.292;

/// Further exclamation marks add nothing.
const MOST_MARKS: usize = 4;

/// What sums are measured against, so that they lie between -1 and 1.
const SCALE: f64 = 15.0;

/// Praise and blame must outweigh each other by this much to count.
const DECIDED: f64 = 0.25;

/// How somebody feels, in one word.
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
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// How somebody feels, measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mood {
    /// From -1, nothing but blame, to 1, nothing but praise.
    pub score: f64,
    /// How many words it rests on.
    pub words: usize,
}

impl Mood {
    /// The mood in one word.
    #[must_use]
    pub fn sentiment(self) -> Sentiment {
        if self.score >= DECIDED {
            Sentiment::Positive
        } else if self.score <= -DECIDED {
            Sentiment::Negative
        } else {
            Sentiment::Neutral
        }
    }
}

/// How the caller felt, by the caller's words alone: the mean over all sentences that praise or
/// blame at all.
#[must_use]
pub fn mood_of_caller(transcript: &[Turn<'_>]) -> Mood {
    let of_caller = transcript.iter().filter(|turn| turn.party == Party::Caller);
    mood(of_caller.map(|turn| turn.text))
}

/// The mood of texts taken together.
pub(crate) fn mood<'a>(texts: impl Iterator<Item = &'a str>) -> Mood {
    let mut scores = Vec::new();
    let mut words = 0;
    for sentence in texts.flat_map(sentences) {
        let of_sentence = mood_of_sentence(&sentence);
        if of_sentence.words > 0 {
            scores.push(of_sentence.score);
            words += of_sentence.words;
        }
    }
    let score = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    Mood { score, words }
}

fn mood_of_sentence(sentence: &str) -> Mood {
    let mut valences = Vec::new();
    let mut contrast = None;
    for clause in sentence.split([',', ';', ':']) {
        let clause: Vec<String> = words(clause).collect();
        for (index, word) in clause.iter().enumerate() {
            if word == "but" {
                contrast = Some(valences.len());
                continue;
            }
            let plain = valence(word);
            if plain != 0.0 {
                valences.push(in_context(plain, &clause, index));
            }
        }
    }
    if let Some(turn) = contrast {
        for (index, valence) in valences.iter_mut().enumerate() {
            *valence *= if index < turn { 0.5 } else { 1.5 };
        }
    }
    let mut sum: f64 = valences.iter().sum();
    let marks = sentence.matches('!').count().min(MOST_MARKS) as f64;
    if sum != 0.0 {
        sum += sum.signum() * marks * MARK;
    }
    Mood {
        score: sum / (sum * sum + SCALE).sqrt(),
        words: valences.len(),
    }
}

/// The valence of a word after the words before it in its clause.
fn in_context(plain: f64, clause: &[String], index: usize) -> f64 {
    let mut valence = plain;
    let mut is_negated = false;
    let before = clause.get(..index).unwrap_or_default();
    for (word, left) in before.iter().rev().zip(FADING) {
        let boost = BOOSTERS.iter().find(|(booster, _)| booster == word);
        if let Some((_, boost)) = boost {
            valence += plain.signum() * boost * left;
        }
        is_negated |= NEGATIONS.contains(&word.as_str());
    }
    if is_negated {
        valence * NEGATED
    } else {
        valence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn felt(text: &str) -> Mood {
        mood_of_caller(&[Turn::said(Party::Caller, text)])
    }

    #[test]
    fn praise_is_positive_and_blame_negative() {
        assert_eq!(
            felt("That was great, thank you.").sentiment(),
            Sentiment::Positive
        );
        assert_eq!(
            felt("This is terrible and useless.").sentiment(),
            Sentiment::Negative
        );
    }

    #[test]
    fn politeness_and_announcements_are_neutral() {
        for text in [
            "Thanks, goodbye.",
            "Yes, that is fine.",
            "Your call cannot be completed as dialed. Please check the number and dial again.",
            "",
        ] {
            assert_eq!(felt(text).sentiment(), Sentiment::Neutral, "{text}");
        }
    }

    #[test]
    fn a_negation_turns_around_what_follows_it_closely() {
        assert_eq!(
            felt("This is not great at all.").sentiment(),
            Sentiment::Negative
        );
        assert_eq!(felt("I don’t love it.").sentiment(), Sentiment::Negative);
        assert!(felt("It is not bad.").score > 0.0);
        assert!(felt("No, that is great.").score > 0.0);
    }

    #[test]
    fn boosters_strengthen_and_weaken() {
        let plain = felt("It is bad.").score;
        assert!(felt("It is extremely bad.").score < plain);
        assert!(felt("It is slightly bad.").score > plain);
        assert!(felt("It is bad!").score < plain);
    }

    #[test]
    fn what_follows_but_counts_more() {
        assert!(felt("The agent was friendly but the service is terrible.").score < 0.0);
        assert!(felt("The service is terrible but the agent was wonderful.").score > 0.0);
    }

    #[test]
    fn the_agents_words_do_not_count() {
        let transcript = [
            Turn::said(Party::Agent, "Wonderful, excellent!"),
            Turn::said(Party::Caller, "All circuits are busy."),
        ];
        assert_eq!(mood_of_caller(&transcript), Mood::default());
    }

    #[test]
    fn the_words_of_sentiment_are_those_of_the_api() {
        for value in [Sentiment::Positive, Sentiment::Neutral, Sentiment::Negative] {
            assert_eq!(serde_json::to_value(value).unwrap(), value.as_str());
        }
    }
}
