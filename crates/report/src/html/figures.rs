//! The figures of a call.

use std::fmt::Write;

use crate::account::{Account, Quantiles, Speaker};
use crate::figure::{count, milliseconds};

/// The waits as a table, and the counts.
pub(super) fn push(out: &mut String, account: &Account) {
    let answers = account.turns.iter().filter(|turn| turn.ledger.is_some());
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<section class=\"figures\"><h3>Latency <small>{}</small></h3>\n<table><thead><tr>\
         <th scope=\"col\"><span class=\"vh\">Wait</span></th><th scope=\"col\">p50</th>\
         <th scope=\"col\">p95</th><th scope=\"col\">p99</th><th scope=\"col\">max</th></tr>\
         </thead><tbody>\n",
        count(answers.count() as u64, "answer", "answers")
    );
    let latency = &account.latency;
    let rows = [
        (
            "Decision → first audio",
            "From the decision that the caller's turn is over to the agent's first audible sample",
            latency.decision_to_first_audio_ms,
        ),
        (
            "Voiced → audible",
            "From the caller's last voiced sample to the agent's first audible one",
            latency.voiced_to_audible_ms,
        ),
        (
            "Engine-added",
            "What the engine adds between its stages",
            latency.engine_added_ms,
        ),
    ];
    for (name, title, quantiles) in rows {
        let Quantiles { p50, p95, p99, max } = quantiles;
        let cells = [p50, p95, p99, max].map(|ms| {
            let figure = milliseconds(ms);
            let figure = figure.trim_end_matches(" ms");
            let none = quantiles == Quantiles::default();
            format!("<td>{}</td>", if none { "–" } else { figure })
        });
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\" title=\"{title}\">{name}</th>{}</tr>",
            cells.concat()
        );
    }
    out.push_str("</tbody></table><p class=\"unit\">in milliseconds</p>\n");
    push_counts(out, account);
    out.push_str("</section>\n");
}

fn push_counts(out: &mut String, account: &Account) {
    let of = |speaker| {
        let turns = account.turns.iter().filter(|turn| turn.speaker == speaker);
        turns.count() as u64
    };
    let interrupted = account.turns.iter().filter(|turn| turn.interrupted).count();
    let tiles = [
        ("Caller turns", of(Speaker::Caller), false),
        ("Agent turns", of(Speaker::Agent), false),
        ("Interrupted", interrupted as u64, false),
        ("False cut-offs", account.false_cutoffs, true),
        ("Missed turns", account.missed_turns, true),
    ];
    out.push_str("<dl class=\"tiles\">");
    for (name, number, fault) in tiles {
        let class = match (fault, number) {
            (true, 1..) => " class=\"bad\"",
            (true, 0) | (false, _) => "",
        };
        let _ = write!(out, "<div{class}><dt>{name}</dt><dd>{number}</dd></div>");
    }
    out.push_str("</dl>\n");
}
