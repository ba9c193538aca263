//! What is different between two accounts of one caller.

use crate::account::{Account, Speaker, Turn};
use crate::change::{Changes, Exchange, Part};

/// Turns of the caller that lie this close to each other, in milliseconds, are the same.
const SAME: u64 = 300;

/// Compares `new` with `old`, turn by turn: the caller's turns are taken to be the same where they
/// were said at the same time, and the agent's belong to the caller's turn before them. The caller
/// is thus the measure of time in both.
///
/// What was answered from the bundle is left for the caller of this function to say.
pub fn diff(old: &Account, new: &Account) -> Changes {
    let mut old_ones = exchanges(old).into_iter().peekable();
    let mut new_ones = exchanges(new).into_iter().peekable();
    let mut aligned = Vec::new();
    loop {
        let order = match (old_ones.peek(), new_ones.peek()) {
            (None, None) => break,
            (Some(_), None) => Order::Old,
            (None, Some(_)) => Order::New,
            (Some(old), Some(new)) => old.order(new),
        };
        let old = (order != Order::New).then(|| old_ones.next()).flatten();
        let new = (order != Order::Old).then(|| new_ones.next()).flatten();
        let start = old.as_ref().or(new.as_ref()).map_or(0, |one| one.start);
        aligned.push(Exchange::new(
            start,
            old.map(|one| one.part),
            new.map(|one| one.part),
        ));
    }
    Changes {
        old_end: old.end.clone(),
        new_end: new.end.clone(),
        exchanges: aligned,
        ..Changes::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The old one stands alone.
    Old,
    Same,
    New,
}

/// A turn of the caller, if one begins it, and what the agent said after it.
struct Span {
    start: u64,
    /// When the caller spoke; `None` for what the agent says first.
    caller: Option<(u64, u64)>,
    part: Part,
}

impl Span {
    fn order(&self, new: &Self) -> Order {
        match (self.caller, new.caller) {
            (None, None) => Order::Same,
            (None, Some(_)) => Order::Old,
            (Some(_), None) => Order::New,
            (Some((start, end)), Some((other_start, other_end))) => {
                if end + SAME < other_start {
                    Order::Old
                } else if other_end + SAME < start {
                    Order::New
                } else {
                    Order::Same
                }
            }
        }
    }

    fn take(&mut self, turn: &Turn) {
        let words = match turn.speaker {
            Speaker::Caller => &mut self.part.caller,
            Speaker::Agent => &mut self.part.agent,
        };
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&turn.heard_text);
        if turn.speaker == Speaker::Agent {
            self.part.interrupted |= turn.interrupted;
            let waited = turn.ledger.as_ref();
            let waited = waited.map(|ledger| ledger.voiced_to_audible_ms);
            self.part.voiced_to_audible_ms = self.part.voiced_to_audible_ms.or(waited);
        }
    }
}

fn exchanges(account: &Account) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for turn in &account.turns {
        if turn.speaker == Speaker::Caller || spans.is_empty() {
            let caller = turn.speaker == Speaker::Caller;
            spans.push(Span {
                start: turn.start_ms,
                caller: caller.then_some((turn.start_ms, turn.end_ms)),
                part: Part::default(),
            });
        }
        if let Some(last) = spans.last_mut() {
            last.take(turn);
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(speaker: Speaker, start_ms: u64, text: &str) -> Turn {
        Turn {
            speaker,
            text: text.to_owned(),
            start_ms,
            end_ms: start_ms + 500,
            heard_text: text.to_owned(),
            interrupted: false,
            false_cutoff: false,
            ledger: None,
            speculation: None,
        }
    }

    fn account(turns: &[(Speaker, u64, &str)]) -> Account {
        let turns = turns.iter();
        Account {
            turns: turns
                .map(|(speaker, at, text)| turn(*speaker, *at, text))
                .collect(),
            ..Account::default()
        }
    }

    use Speaker::{Agent, Caller};

    #[test]
    fn an_answer_belongs_to_the_callers_turn_before_it_and_shows_if_it_changed() {
        let old = account(&[
            (Agent, 0, "Hello."),
            (Caller, 2_000, "Hi."),
            (Agent, 3_000, "Yes?"),
        ]);
        let new = account(&[
            (Agent, 0, "Hello."),
            (Caller, 2_100, "Hi."),
            (Agent, 3_000, "No."),
        ]);
        let changes = diff(&old, &new);
        let changed: Vec<bool> = changes.exchanges.iter().map(|one| one.changed).collect();
        assert_eq!(changed, [false, true]);
        let answer = &changes.exchanges[1];
        assert_eq!(answer.old.as_ref().unwrap().agent, "Yes?");
        assert_eq!(answer.new.as_ref().unwrap().agent, "No.");
        assert_eq!(answer.start_ms, 2_000);
    }

    #[test]
    fn a_turn_that_only_one_of_them_has_stands_alone_in_its_place() {
        let old = account(&[(Caller, 1_000, "One."), (Caller, 9_000, "Three.")]);
        let new = account(&[
            (Caller, 1_000, "One."),
            (Caller, 5_000, "Two."),
            (Caller, 9_000, "Three."),
        ]);
        let exchanges = diff(&old, &new).exchanges;
        assert_eq!(exchanges.len(), 3);
        assert_eq!(exchanges[1].old, None);
        assert_eq!(exchanges[1].new.as_ref().unwrap().caller, "Two.");
        assert!(exchanges[1].changed && !exchanges[2].changed);
    }

    #[test]
    fn a_greeting_that_is_new_comes_first() {
        let old = account(&[(Caller, 1_000, "One.")]);
        let new = account(&[(Agent, 0, "Hello."), (Caller, 1_000, "One.")]);
        let exchanges = diff(&old, &new).exchanges;
        assert_eq!(exchanges.len(), 2);
        assert_eq!(exchanges[0].new.as_ref().unwrap().agent, "Hello.");
    }

    #[test]
    fn nothing_is_different_between_an_account_and_itself() {
        let account = account(&[(Agent, 0, "Hello."), (Caller, 1_000, "One.")]);
        let exchanges = diff(&account, &account).exchanges;
        assert!(exchanges.iter().all(|one| !one.changed));
    }
}
