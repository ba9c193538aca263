//! What an answer's wait was made of.

use std::fmt::Write;

use crate::account::{Account, Item, Ledger, Speculation, Turn};
use crate::escape::Markup;
use crate::figure::{count, label, milliseconds};

/// Colours that the parts of waits are told apart by; the style sheet has as many.
const COLOURS: usize = 9;

/// What the waits of one call have in common.
#[derive(Debug)]
pub(super) struct Scale<'a> {
    /// The names of all parts, in order of appearance, which is that of their colours.
    names: Vec<&'a str>,
    /// The longest wait; its bar is as wide as there is room.
    longest_ms: f64,
}

impl<'a> Scale<'a> {
    /// The scale of a call.
    pub(super) fn of(account: &'a Account) -> Self {
        let ledgers = || account.turns.iter().filter_map(|turn| turn.ledger.as_ref());
        let mut names = Vec::new();
        for item in ledgers().flat_map(|ledger| &ledger.items) {
            if !names.contains(&item.name.as_str()) {
                names.push(&item.name);
            }
        }
        let waits = ledgers().map(|ledger| ledger.voiced_to_audible_ms);
        Self {
            names,
            longest_ms: waits.fold(0.0, f64::max),
        }
    }

    fn colour(&self, item: &Item) -> usize {
        let place = self.names.iter().position(|name| *name == item.name);
        place.unwrap_or(0) % COLOURS
    }
}

/// The wait before `turn`: a bar of its parts, and behind it the waterfall and the reasons.
pub(super) fn push(out: &mut String, turn: &Turn, ledger: &Ledger, scale: &Scale<'_>) {
    let slowest = ledger.voiced_to_audible_ms >= scale.longest_ms;
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<details class=\"wait\"{}><summary><span class=\"waited\">Waited <b>{}</b>{}, {} \
         once decided</span>",
        if slowest { " open" } else { "" },
        milliseconds(ledger.voiced_to_audible_ms),
        if slowest { " (longest)" } else { "" },
        milliseconds(ledger.decision_to_first_audio_ms),
    );
    push_stack(out, ledger, scale);
    out.push_str("</summary>\n");
    push_waterfall(out, turn, ledger, scale);
    if !ledger.evidence.is_empty() {
        out.push_str("<p class=\"evidence\" dir=\"auto\"><b>Taken as over:</b> ");
        for (place, evidence) in ledger.evidence.iter().enumerate() {
            let separator = if place > 0 { "; " } else { "" };
            let _ = write!(out, "{separator}{}", Markup(evidence));
        }
        out.push_str("</p>\n");
    }
    if let Some(speculation) = turn.speculation.filter(|one| one.tries > 0) {
        push_speculation(out, speculation);
    }
    out.push_str("</details>\n");
}

fn push_stack(out: &mut String, ledger: &Ledger, scale: &Scale<'_>) {
    out.push_str("<svg class=\"stack\" aria-hidden=\"true\">");
    let mut from = 0.0;
    for item in &ledger.items {
        let width = share(item.duration_ms, scale.longest_ms);
        let _ = write!(
            out,
            "<rect class=\"c{}\" x=\"{from:.2}%\" width=\"{width:.2}%\" height=\"100%\"/>",
            scale.colour(item),
        );
        from += width;
    }
    let width = share(ledger.unattributed_ms, scale.longest_ms);
    if width > 0.0 {
        let _ = write!(
            out,
            "<rect class=\"unknown\" x=\"{from:.2}%\" width=\"{width:.2}%\" height=\"100%\"/>"
        );
    }
    out.push_str("</svg>");
}

fn push_waterfall(out: &mut String, turn: &Turn, ledger: &Ledger, scale: &Scale<'_>) {
    let audible = turn.start_ms as f64;
    let starts = ledger.items.iter().map(|item| item.start_ms);
    let ends = ledger
        .items
        .iter()
        .map(|item| item.start_ms + item.duration_ms);
    let first = starts.fold(audible - ledger.voiced_to_audible_ms, f64::min);
    let last = ends.fold(audible, f64::max);
    let decided = share(
        audible - ledger.decision_to_first_audio_ms - first,
        last - first,
    );
    out.push_str("<ol class=\"waterfall\">\n");
    for item in &ledger.items {
        let from = share(item.start_ms - first, last - first);
        let width = share(item.duration_ms, last - first);
        let _ = writeln!(
            out,
            "<li data-play=\"{:.0}\"><span class=\"name\" dir=\"auto\">{}</span>\
             <svg aria-hidden=\"true\"><line x1=\"{decided:.2}%\" x2=\"{decided:.2}%\" \
             y2=\"100%\"/>\
             <rect class=\"c{}\" x=\"{from:.2}%\" width=\"{width:.2}%\" y=\"20%\" height=\"60%\" \
             rx=\"2\"/></svg><span class=\"ms\">{}</span></li>",
            item.start_ms.max(0.0),
            Markup(&label(&item.name)),
            scale.colour(item),
            milliseconds(item.duration_ms),
        );
    }
    let _ = writeln!(
        out,
        "<li class=\"sum\"><span class=\"name\">Unattributed</span><span class=\"note\">dotted: \
         the decision</span><span class=\"ms\">{}</span></li>\n</ol>",
        milliseconds(ledger.unattributed_ms),
    );
}

fn push_speculation(out: &mut String, speculation: Speculation) {
    let Speculation {
        tries,
        used,
        wasted,
        saved_ms,
        used_tokens,
        wasted_tokens,
    } = speculation;
    let spent = |tokens| match tokens {
        0 => String::new(),
        _ => format!(" ({})", count(tokens, "token", "tokens")),
    };
    let _ = write!(
        out,
        "<p class=\"speculation\"><b>Begun ahead:</b> {}, {used} used{}, {wasted} wasted{}",
        count(tries.into(), "try", "tries"),
        spent(used_tokens),
        spent(wasted_tokens),
    );
    let _ = writeln!(out, "; {} saved</p>", milliseconds(saved_ms as f64));
}

/// `part` as percent of `whole`, from 0 to 100.
fn share(part: f64, whole: f64) -> f64 {
    let percent = 100.0 * part / whole;
    if percent.is_finite() {
        percent.clamp(0.0, 100.0)
    } else {
        0.0
    }
}
