//! The conversation so far, and how it shapes what is said next.

use crate::model::{AnsweredCall, Message, Role};

use super::intent::Intent;
use super::knowledge::Piece;
use super::sayings::OPENING;
use super::speakable::{sentences, shortened};
use super::words::{is_stop_word, words};

/// The conversation as far as it matters for the next answer.
pub(super) struct Talk<'a> {
    /// What the caller said since the agent spoke; `None` if nothing.
    pub(super) caller: Option<String>,
    /// What the caller said before that.
    pub(super) before: String,
    /// What the agent said, oldest first.
    pub(super) said: Vec<&'a str>,
    /// What tools answered of whom nothing was said yet.
    pub(super) answered: Option<&'a [AnsweredCall]>,
}

impl<'a> Talk<'a> {
    pub(super) fn of(messages: &'a [Message]) -> Self {
        let is_said = |message: &&Message| {
            message.role == Role::Assistant && !message.content.trim().is_empty()
        };
        let by_caller = |message: &&Message| message.role == Role::User;
        let since = messages.iter().rposition(|message| is_said(&message));
        let (earlier, latest) = messages.split_at(since.map_or(0, |last| last + 1));
        let caller = latest
            .iter()
            .filter(by_caller)
            .map(|message| message.content.trim());
        let caller: Vec<&str> = caller.collect();
        let before = earlier.iter().rfind(by_caller);
        let said = earlier.iter().filter(is_said);
        Self {
            caller: (!caller.is_empty()).then(|| caller.join(" ")),
            before: before
                .map(|message| message.content.clone())
                .unwrap_or_default(),
            said: said.map(|message| message.content.as_str()).collect(),
            answered: messages
                .last()
                .map(|message| message.calls.as_slice())
                .filter(|calls| !calls.is_empty()),
        }
    }

    fn last_said(&self) -> &'a str {
        self.said.last().copied().unwrap_or_default()
    }

    /// Whether the caller leaves: says so, or declines the offer of more help.
    pub(super) fn is_over(&self, intent: Intent) -> bool {
        let offered = words(self.last_said()).join(" ");
        let offered = OFFERS.iter().any(|offer| offered.contains(offer));
        match intent {
            Intent::Goodbye => true,
            Intent::Decline | Intent::Thanks => offered,
            Intent::Nothing
            | Intent::Accept
            | Intent::Acknowledge
            | Intent::Greeting
            | Intent::Presence
            | Intent::Wellbeing
            | Intent::Identity
            | Intent::Repeat
            | Intent::Wait
            | Intent::Matter => false,
        }
    }

    /// The first of `variants` that was not said just now.
    pub(super) fn fresh(&self, variants: [&str; 2]) -> Vec<String> {
        let [first, second] = variants.map(sentences);
        if says(self.last_said(), &first.join(" ")) {
            second
        } else {
            first
        }
    }

    /// `answer`, which says so itself if it was said just now.
    pub(super) fn unrepeated(&self, answer: Vec<String>) -> Vec<String> {
        let (lead, last) = without_lead(self.last_said());
        if !says(last, &answer.join(" ")) {
            return answer;
        }
        led_by(next_lead(lead), answer)
    }

    /// What was said last, once more.
    pub(super) fn again(&self) -> Vec<String> {
        let (lead, last) = without_lead(self.last_said());
        let last = shortened(sentences(last));
        if last.is_empty() {
            self.fresh(OPENING)
        } else {
            led_by(next_lead(lead), last)
        }
    }

    /// Asks back, each time in other words.
    pub(super) fn ask_back(&self, pieces: &[Piece]) -> Vec<String> {
        let asked = self.said.iter().filter_map(|said| {
            ASK_BACK
                .iter()
                .position(|(first, _)| says(said, first) || begins_with(said, first))
        });
        let asked: Vec<usize> = asked.collect();
        let next = match asked.last() {
            None => 0,
            Some(last) if last + 1 < ASK_BACK.len() => last + 1,
            Some(_) => 1,
        };
        let (first, second) = ASK_BACK[next];
        let examples_given = asked.iter().filter(|place| **place == EXAMPLE).count();
        let example = examples(pieces).cycle().nth(examples_given);
        let second = match example.filter(|_| next == EXAMPLE) {
            Some(example) => format!("You could ask me, for example: {example}"),
            None => second.to_owned(),
        };
        vec![first.to_owned(), second]
    }
}

/// Questions that have an answer, short enough to be said.
fn examples(pieces: &[Piece]) -> impl Iterator<Item = String> + Clone {
    let questions = pieces.iter().filter_map(|piece| piece.question.as_deref());
    let spoken = questions.filter_map(|question| sentences(question).into_iter().next());
    spoken.filter(|question| question.ends_with('?') && question.chars().count() <= 80)
}

/// Whether what was heard of the agent's words, which may have been cut short
/// by the caller, amounts to `answer`.
fn says(heard: &str, answer: &str) -> bool {
    let (heard, answer) = (words(heard), words(answer));
    let most = heard.len() * 5 >= answer.len() * 3;
    !heard.is_empty() && most && answer.starts_with(&heard)
}

fn begins_with(heard: &str, sentence: &str) -> bool {
    words(heard).starts_with(&words(sentence))
}

/// `sentences` with `lead` before the first one.
pub(super) fn led_by(lead: &str, mut sentences: Vec<String>) -> Vec<String> {
    if let Some(first) = sentences.first_mut().filter(|_| !lead.is_empty()) {
        let word = words(first).into_iter().next().unwrap_or_default();
        let of_self = ["i", "im", "ive", "id", "ill"].contains(&word.as_str());
        let keeps_capital = lead.ends_with(": ") || of_self || !is_stop_word(&word);
        let said = if keeps_capital {
            first.clone()
        } else {
            uncapitalised(first)
        };
        *first = format!("{lead}{said}");
    }
    sentences
}

/// The place of the lead that `said` begins with, and the rest.
fn without_lead(said: &str) -> (Option<usize>, &str) {
    let leads = LEADS.iter().enumerate();
    let found = leads.filter_map(|(place, lead)| Some((Some(place), said.strip_prefix(lead)?)));
    found.into_iter().next().unwrap_or((None, said))
}

fn next_lead(last: Option<usize>) -> &'static str {
    LEADS[last.map_or(0, |last| (last + 1) % LEADS.len())]
}

fn uncapitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// What an answer begins with that was given just before.
const LEADS: [&str; 3] = ["As I said, ", "Once more: ", "I can only repeat it: "];

/// What the agent asks when nothing fits: first sentence, second sentence.
const ASK_BACK: [(&str, &str); 4] = [
    (
        "I am not sure that I understood you.",
        "Could you say it in other words?",
    ),
    (
        "I did not find an answer to that.",
        "Could you tell me a little more about it?",
    ),
    (
        "I am sorry, I still cannot answer that.",
        "Is there something else you would like to know?",
    ),
    (
        "That is beyond what I know.",
        "Is there anything else I can help you with?",
    ),
];

/// The place in [`ASK_BACK`] where an example is of use.
const EXAMPLE: usize = 2;

/// How an agent asks whether the caller needs more.
const OFFERS: [&str; 7] = [
    "any more question",
    "any other question",
    "anything else",
    "anything more",
    "further question",
    "something else",
    "what else",
];
