//! Judging without a language model: by counting words, and owning up to it.

use serde_json::Value;

use crate::analyser::Analyser;
use crate::judgement::{Block, Judgement};
use crate::lexicon::{EMOTIONS, HAS_NO_ANSWER, INTENTS, WANTS_A_PERSON};
use crate::sentiment::{Mood, Sentiment, mood, mood_of_caller};
use crate::settings::Settings;
use crate::transcript::{Party, Turn, has_caller_spoken, spaced, words};

/// More words of praise and blame make a sentiment surer, up to this.
const SUREST: u8 = 60;

/// How sure it is that nothing is there that no phrase of a list tells of.
const NOTHING_FOUND: u8 = 20;

/// How sure a phrase of a list makes.
const PHRASE_FOUND: u8 = 55;

/// A feeling changed when its second half differs from the first by more.
const CHANGED: f64 = 0.3;

const SILENT: &str = "The caller said nothing.";
const NO_WORDS: &str = "No word of praise or blame was found.";

/// Judges all that the settings switch on.
#[must_use]
pub fn judge(transcript: &[Turn<'_>], settings: &Settings) -> Judgement {
    let asked = Analyser::ALL.into_iter();
    let asked = asked.filter(|analyser| settings.judges(*analyser));
    if !has_caller_spoken(transcript) {
        return asked.map(|it| (it, Block::none(SILENT))).collect();
    }
    let said = Said::of(transcript);
    asked.map(|it| (it, one(it, &said, transcript))).collect()
}

/// What a conversation is judged by.
struct Said {
    mood: Mood,
    /// The caller's words, one blank between.
    caller: String,
    /// The agent's.
    agent: String,
}

impl Said {
    fn of(transcript: &[Turn<'_>]) -> Self {
        let all = |party| {
            let turns = transcript.iter().filter(|turn| turn.party == party);
            // A mark between turns, so that no phrase is made of two.
            turns
                .map(|turn| spaced(turn.text))
                .collect::<Vec<_>>()
                .join("|")
        };
        Self {
            mood: mood_of_caller(transcript),
            caller: all(Party::Caller),
            agent: all(Party::Agent),
        }
    }
}

fn one(analyser: Analyser, said: &Said, transcript: &[Turn<'_>]) -> Block {
    match analyser {
        Analyser::Sentiment => sentiment(said.mood),
        Analyser::Emotion => emotion(&said.caller),
        Analyser::SentimentStrength => strength(said.mood),
        Analyser::Intent => intent(&said.caller),
        Analyser::IntentLabels => intent_labels(&said.caller),
        Analyser::KnowledgeGap => phrase(
            &said.agent,
            HAS_NO_ANSWER,
            "The agent said that it has no answer.",
            "No phrase was found by which an agent says that it has no answer.",
        ),
        Analyser::HumanEscalation => phrase(
            &said.caller,
            WANTS_A_PERSON,
            "The caller asked for a person.",
            "No phrase was found by which callers ask for a person.",
        ),
        Analyser::ContextualSentiment => change(transcript),
        Analyser::Satisfaction => satisfaction(said.mood),
        Analyser::Success => {
            Block::none("Whether the conversation reached its aim takes a language model to judge.")
        }
    }
}

fn sentiment(mood: Mood) -> Block {
    let word = mood.sentiment().as_str();
    if mood.words == 0 {
        return Block::new(word, NOTHING_FOUND, NO_WORDS);
    }
    let reason = format!("{} of praise and blame were weighed.", counted(mood.words));
    Block::new(word, sureness(mood.words), reason)
}

fn strength(mood: Mood) -> Block {
    if mood.words == 0 {
        return Block::new("low", NOTHING_FOUND, NO_WORDS);
    }
    let word = match mood.score.abs() {
        score if score >= 0.6 => "high",
        score if score >= 0.3 => "medium",
        _ => "low",
    };
    let reason = "By how strong the words of praise and blame are.";
    Block::new(word, sureness(mood.words) / 2, reason)
}

fn satisfaction(mood: Mood) -> Block {
    if mood.words == 0 {
        return Block::none(NO_WORDS);
    }
    let score = (3.0 + 2.0 * mood.score).round().clamp(1.0, 5.0) as u8;
    Block::new(
        score,
        sureness(mood.words) / 2,
        "Derived from praise and blame alone; nobody asked the caller.",
    )
}

fn emotion(caller: &str) -> Block {
    let mut best: Option<(&str, usize)> = None;
    for (emotion, list) in EMOTIONS {
        let count = words(caller)
            .filter(|word| list.contains(&word.as_str()))
            .count();
        if count > best.map_or(0, |(_, most)| most) {
            best = Some((emotion, count));
        }
    }
    match best {
        Some((emotion, count)) => {
            let reason = format!("{} of it were found.", counted(count));
            Block::new(emotion, sureness(count) / 2, reason)
        }
        None => Block::new("neutral", NOTHING_FOUND, "No word of an emotion was found."),
    }
}

/// What callers ask for, the most frequent first.
fn wishes(caller: &str) -> Vec<(&'static str, usize)> {
    let found = INTENTS.iter().map(|(label, phrases)| {
        let count = phrases.iter().map(|phrase| caller.matches(phrase).count());
        (*label, count.sum::<usize>())
    });
    let mut found: Vec<_> = found.filter(|(_, count)| *count > 0).collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

fn intent(caller: &str) -> Block {
    match wishes(caller).first() {
        Some((label, count)) => {
            let reason = format!("{} of it were found.", counted(*count));
            Block::new(*label, sureness(*count) / 2, reason)
        }
        None => Block::none("No word was found that tells what the caller wanted."),
    }
}

fn intent_labels(caller: &str) -> Block {
    let labels: Vec<Value> = wishes(caller)
        .into_iter()
        .map(|(label, _)| Value::from(label))
        .collect();
    if labels.is_empty() {
        return Block::none("No word was found that tells what the caller wanted.");
    }
    let reason = "Words were found that go with these labels.";
    Block::new(labels, sureness(1) / 2, reason)
}

fn phrase(words: &str, phrases: &[&str], found: &str, missing: &str) -> Block {
    if phrases.iter().any(|phrase| words.contains(phrase)) {
        Block::new(true, PHRASE_FOUND, found)
    } else {
        Block::new(false, NOTHING_FOUND, missing)
    }
}

/// How the mood of the caller's second half differs from that of the first.
fn change(transcript: &[Turn<'_>]) -> Block {
    let of_caller = transcript.iter().filter(|turn| turn.party == Party::Caller);
    let turns: Vec<&str> = of_caller.map(|turn| turn.text).collect();
    let (first, second) = turns.split_at(turns.len() / 2);
    let [first, second] = [first, second].map(|half| mood(half.iter().copied()));
    let words = first.words + second.words;
    if words == 0 {
        return Block::new("steady", NOTHING_FOUND, NO_WORDS);
    }
    let word = match second.score - first.score {
        change if change > CHANGED => "improving",
        change if change < -CHANGED => "worsening",
        _ => "steady",
    };
    let of = |mood: Mood| match mood.sentiment() {
        Sentiment::Positive => "positive",
        Sentiment::Neutral => "neutral",
        Sentiment::Negative => "negative",
    };
    let reason = format!(
        "The first half of the caller's turns is {}, the second {}.",
        of(first),
        of(second)
    );
    Block::new(word, sureness(words) / 2, reason)
}

/// How sure so many words make.
fn sureness(words: usize) -> u8 {
    let found = u8::try_from(words.min(10)).unwrap_or(10);
    (30 + 6 * found).min(SUREST)
}

fn counted(words: usize) -> String {
    if words == 1 {
        "One word".to_owned()
    } else {
        format!("{words} words")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(said: &[(Party, &str)]) -> Judgement {
        let transcript: Vec<Turn<'_>> = said
            .iter()
            .map(|(party, text)| Turn::said(*party, text))
            .collect();
        judge(&transcript, &Settings::default())
    }

    #[test]
    fn an_angry_caller_who_wants_a_person_is_told_as_such() {
        let judged = judged(&[
            (Party::Agent, "Hello, how can I help?"),
            (Party::Caller, "You are great. I want to cancel my order."),
            (Party::Agent, "I do not know how to do that."),
            (
                Party::Caller,
                "That is ridiculous and unacceptable. I am angry. Let me talk to a real person.",
            ),
        ]);
        assert_eq!(judged.text(Analyser::Sentiment), Some("negative"));
        assert_eq!(judged.text(Analyser::Emotion), Some("anger"));
        assert_eq!(
            judged.text(Analyser::ContextualSentiment),
            Some("worsening")
        );
        assert_eq!(judged.flag(Analyser::HumanEscalation), Some(true));
        assert_eq!(judged.flag(Analyser::KnowledgeGap), Some(true));
        let labels = &judged.get(Analyser::IntentLabels).unwrap().value;
        let expected = ["cancellation", "complaint", "purchase"];
        assert_eq!(*labels, serde_json::json!(expected));
        let satisfaction = &judged.get(Analyser::Satisfaction).unwrap().value;
        assert!(satisfaction.as_u64().is_some_and(|score| score <= 3));
    }

    #[test]
    fn what_takes_a_model_is_null_and_says_so() {
        let judged = judged(&[(Party::Caller, "When do you open?")]);
        let success = judged.get(Analyser::Success).unwrap();
        assert_eq!((&success.value, success.confidence), (&Value::Null, 0));
        assert!(success.reason.contains("language model"));
        assert_eq!(judged.text(Analyser::Intent), Some("opening hours"));
    }

    #[test]
    fn nothing_is_sure_of_itself() {
        let judged = judged(&[(Party::Caller, "Great, great, great. I love it. Perfect.")]);
        for analyser in Analyser::ALL {
            assert!(judged.get(analyser).unwrap().confidence <= SUREST);
        }
    }

    #[test]
    fn a_silent_caller_is_not_judged() {
        let judged = judged(&[(Party::Agent, "Hello? I do not know.")]);
        for analyser in Analyser::ALL {
            assert_eq!(judged.get(analyser), Some(&Block::none(SILENT)));
        }
    }

    #[test]
    fn only_what_is_switched_on_is_judged() {
        let mut settings = Settings::default();
        if let Some(choice) = settings.text.get_mut(Analyser::Emotion.name()) {
            choice.enabled = false;
        }
        let judged = judge(&[Turn::said(Party::Caller, "I am happy.")], &settings);
        assert_eq!(judged.get(Analyser::Emotion), None);
        assert!(judged.get(Analyser::Sentiment).is_some());
        let json = judged.to_json();
        assert_eq!(json.len(), 10);
        assert_eq!(json["emotion"]["value"], Value::Null);
        assert!(
            json["emotion"]["reason"]
                .as_str()
                .unwrap()
                .contains("switched off")
        );
    }
}
