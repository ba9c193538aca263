//! What changes with another agent.

use std::fmt::Write;

use crate::account::Account;
use crate::change::Part;
use crate::escape::Markup;
use crate::figure::{clock, count, milliseconds};

/// Both calls side by side, exchange by exchange; nothing if there is one call.
pub(super) fn push(out: &mut String, account: &Account) {
    let Some(changes) = &account.changes else {
        return;
    };
    let changed = changes.exchanges.iter().filter(|one| one.changed).count();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "<section class=\"changes\"><h3>Changes <small>{} of {}</small></h3>\n\
         <table><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Call</th>\
         <th scope=\"col\">This agent</th></tr></thead><tbody>",
        changed,
        count(changes.exchanges.len() as u64, "exchange", "exchanges"),
    );
    for exchange in &changes.exchanges {
        let class = if exchange.changed { "changed" } else { "same" };
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"><th scope=\"row\">{}</th>{}{}</tr>",
            clock(exchange.start_ms),
            cell(exchange.old.as_ref()),
            cell(exchange.new.as_ref()),
        );
    }
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\">End</th><td dir=\"auto\">{}</td><td dir=\"auto\">{}</td></tr>\
         </tbody></table>",
        Markup(&changes.old_end),
        Markup(&changes.new_end),
    );
    for source in &changes.reused {
        let _ = writeln!(
            out,
            "<p class=\"detail\">{} of {} {} from the bundle, others: {}</p>",
            source.kept,
            source.all,
            Markup(&source.what),
            Markup(&source.others),
        );
    }
    out.push_str("</section>\n");
}

fn cell(part: Option<&Part>) -> String {
    let Some(part) = part else {
        return "<td>–</td>".to_owned();
    };
    let mut cell = "<td>".to_owned();
    for (speaker, words) in [("Caller", &part.caller), ("Agent", &part.agent)] {
        if !words.is_empty() {
            let _ = write!(
                cell,
                "<p dir=\"auto\"><small>{speaker}</small> {}</p>",
                Markup(words)
            );
        }
    }
    let waited = part
        .voiced_to_audible_ms
        .map(|ms| format!("heard after {}", milliseconds(ms)));
    let interrupted = part.interrupted.then(|| "interrupted".to_owned());
    let notes: Vec<String> = waited.into_iter().chain(interrupted).collect();
    if !notes.is_empty() {
        let _ = write!(cell, "<p class=\"detail\">{}</p>", notes.join("; "));
    }
    cell.push_str("</td>");
    cell
}
