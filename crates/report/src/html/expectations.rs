//! What was expected of a call.

use std::fmt::Write;

use crate::account::Account;
use crate::escape::Markup;

/// The expectations with their marks, the unmet ones first; nothing if there are none.
pub(super) fn push(out: &mut String, account: &Account) {
    if account.expectations.is_empty() {
        return;
    }
    let met = account.expectations.iter().filter(|one| one.passed).count();
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "<section class=\"expectations\"><h3>Expectations <small>{met} of {} met</small>\
         </h3>\n<ul>",
        account.expectations.len()
    );
    let unmet = account.expectations.iter().filter(|one| !one.passed);
    for one in unmet.chain(account.expectations.iter().filter(|one| one.passed)) {
        let (class, sign, word, found) = if one.passed {
            ("met", "M4 12.5l5 5L20 6.5", "Met:", "")
        } else {
            ("unmet", "M6 6l12 12M18 6L6 18", "Not met:", "Found: ")
        };
        let _ = writeln!(
            out,
            "<li class=\"{class}\"><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">\
             <path d=\"{sign}\"/></svg><div><p dir=\"auto\"><span class=\"vh\">{word} \
             </span>{}</p>",
            Markup(&one.text)
        );
        if !one.detail.is_empty() {
            let _ = write!(
                out,
                "<p class=\"detail\" dir=\"auto\">{found}{}</p>",
                Markup(&one.detail)
            );
        }
        out.push_str("</div></li>\n");
    }
    out.push_str("</ul></section>\n");
}
