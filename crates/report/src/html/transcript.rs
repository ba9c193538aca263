//! The words of a call.

use std::fmt::Write;

use super::ledger::{self, Scale};
use crate::account::{Account, Speaker, Turn};
use crate::escape::Markup;
use crate::figure::clock;
use crate::words::{self, Words};

/// All turns in order with their words and waits.
pub(super) fn push(out: &mut String, call: usize, account: &Account) {
    let scale = Scale::of(account);
    out.push_str(
        "<section class=\"transcript\"><div class=\"heading\"><h3>Transcript</h3>\
         <button type=\"button\" class=\"all-waits\" aria-pressed=\"false\" hidden>Open all waits\
         </button></div>\n",
    );
    if account.turns.is_empty() {
        out.push_str("<p class=\"empty\">Nobody said anything.</p>\n");
    }
    out.push_str("<ol>\n");
    for (number, turn) in (1..).zip(&account.turns) {
        push_turn(out, call, number, turn, &scale);
    }
    out.push_str("</ol></section>\n");
}

fn push_turn(out: &mut String, call: usize, number: usize, turn: &Turn, scale: &Scale<'_>) {
    let (class, who) = match turn.speaker {
        Speaker::Agent => ("agent", "Agent"),
        Speaker::Caller => ("caller", "Caller"),
    };
    let start = clock(turn.start_ms);
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<li class=\"turn {class}\" id=\"call-{call}-turn-{number}\" data-start=\"{}\" \
         data-end=\"{}\" data-play=\"{}\">\n<button type=\"button\" class=\"from\" \
         aria-label=\"Play from {start}\">{start}</button>\n<div class=\"body\"><p class=\"who\">\
         <b>{who}</b>",
        turn.start_ms, turn.end_ms, turn.start_ms,
    );
    let (words, heard) = words(turn);
    if turn.interrupted {
        out.push_str(" <span class=\"badge warn\">interrupted</span>");
    }
    if turn.false_cutoff {
        out.push_str(" <span class=\"badge warn\">cut the caller off</span>");
    }
    let _ = write!(
        out,
        "{heard}</p>\n<p class=\"words\" dir=\"auto\">{words}</p>\n"
    );
    if let Some(ledger) = &turn.ledger {
        ledger::push(out, turn, ledger, scale);
    }
    out.push_str("</div></li>\n");
}

/// The words of a turn with those marked that were not heard, and a note of how many were.
fn words(turn: &Turn) -> (String, String) {
    let unheard = |words| {
        format!(
            "<s class=\"unheard\"><span class=\"vh\">not heard: </span>{}</s>",
            Markup(words)
        )
    };
    match words::of(turn) {
        Words::All("") => ("<i>no words</i>".to_owned(), String::new()),
        Words::All(text) => (Markup(text).to_string(), String::new()),
        Words::Until {
            heard,
            unheard: rest,
        } => {
            let note = format!(
                " <span class=\"note\">{} of {} words heard</span>",
                words::number(heard),
                words::number(&turn.text),
            );
            (format!("{} {}", Markup(heard), unheard(rest)), note)
        }
        Words::Differing { heard, meant } => {
            let words = format!(
                "{}</p>\n<p class=\"meant\" dir=\"auto\"><b>Meant:</b> {}",
                Markup(heard),
                Markup(meant)
            );
            (words, String::new())
        }
    }
}
