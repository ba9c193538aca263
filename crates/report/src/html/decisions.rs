//! What was decided on each sound of the caller, and what was begun ahead of that.

use std::fmt::Write;

use crate::account::{Account, Decision, Try, Verdict};
use crate::escape::Markup;
use crate::figure::{clock, count, milliseconds};

/// Decisions and answers begun ahead in the order of their times; nothing if there were none.
pub(super) fn push(out: &mut String, account: &Account) {
    let (decisions, tries) = (&account.decisions, &account.tries);
    if decisions.is_empty() && tries.is_empty() {
        return;
    }
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "<section class=\"decisions\"><h3>Decisions <small>{}, {} begun ahead</small></h3>\n<ol>",
        count(decisions.len() as u64, "decision", "decisions"),
        count(tries.len() as u64, "answer", "answers"),
    );
    let decided = decisions.iter().map(|one| (one.at_ms, decision(one)));
    let tried = tries.iter().map(|one| (one.began_ms, attempt(one)));
    let mut lines: Vec<(u64, String)> = decided.chain(tried).collect();
    lines.sort_by_key(|(at, _)| *at);
    for (at, line) in lines {
        let time = clock(at);
        let _ = writeln!(
            out,
            "<li data-play=\"{at}\"><button type=\"button\" class=\"from\" \
             aria-label=\"Play from {time}\">{time}</button><div>{line}</div></li>",
        );
    }
    out.push_str("</ol></section>\n");
}

fn decision(decision: &Decision) -> String {
    let verdict = match decision.verdict {
        Verdict::TurnEnded => "<b>Turn over</b>",
        Verdict::Dismissed => "<b class=\"dismissed\">No turn</b>",
    };
    let after = decision.at_ms.saturating_sub(decision.end_ms);
    let mut line = format!(
        "<p>{verdict}, {} after the last sound</p>",
        milliseconds(after as f64)
    );
    if !decision.evidence.is_empty() {
        let reasons: Vec<String> = decision
            .evidence
            .iter()
            .map(|reason| Markup(reason).to_string())
            .collect();
        let _ = write!(
            line,
            "<p class=\"detail\" dir=\"auto\">{}</p>",
            reasons.join("; ")
        );
    }
    line
}

fn attempt(one: &Try) -> String {
    let tokens = count(one.tokens, "token", "tokens");
    if one.used {
        let saved = milliseconds(one.saved_ms as f64);
        format!("<p>Answer begun ahead: used, {saved} saved, {tokens}</p>")
    } else {
        format!("<p>Answer begun ahead: thrown away, {tokens}</p>")
    }
}
