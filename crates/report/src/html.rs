//! Calls as a page to look at and listen to.

mod changes;
mod decisions;
mod expectations;
mod figures;
mod ledger;
mod peaks;
mod sound;
mod timeline;
mod transcript;

use std::fmt::Write;
use std::time::Duration;

use audio::SampleRate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::escape::Markup;
use crate::figure::{clock, count};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// A call with its audio.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What became of it.
    pub account: &'a Account,
    /// What the caller said, mono; the first sample is at the start of the call.
    pub caller: &'a [i16],
    /// What was played to the caller, mono; the first sample is at the start of the call.
    pub agent: &'a [i16],
    /// The rate of both sides.
    pub rate: SampleRate,
}

impl Call<'_> {
    /// How long the call lasted, its audio included.
    fn duration(&self) -> Duration {
        let samples = self.caller.len().max(self.agent.len());
        let audio = self.rate.duration_of(samples);
        audio.max(Duration::from_millis(self.account.duration_ms.max(1)))
    }
}

/// The calls as one HTML file that needs nothing else: style, script and audio are in it, and its
/// content security policy forbids everything that is not, the network above all.
///
/// The audio is stereo, the caller left and the agent right, in 8-bit μ-law at the calls' rate but
/// at most 16 kHz, or 8 kHz if the calls last more than 10 minutes together: 21 to 43 kB of page
/// for each second. Without scripts the page shows all but plays nothing.
pub fn html(calls: &[Call<'_>]) -> String {
    let highest = sound::highest_rate(calls.iter().map(Call::duration).sum());
    let mut out = String::new();
    push_head(&mut out, calls);
    push_banner(&mut out, calls);
    out.push_str("<div class=\"layout\">\n");
    if calls.len() > 1 {
        push_list(&mut out, calls);
    }
    out.push_str("<main id=\"main\">\n");
    for (number, call) in (1..).zip(calls) {
        push_call(&mut out, number, call, highest);
    }
    out.push_str("</main>\n</div>\n");
    out.push_str(PLAYER);
    // Writing to a string does not fail.
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

/// What plays; shown by the script.
const PLAYER: &str = "\
<footer class=\"player\" id=\"player\" hidden aria-label=\"Player\">
<button type=\"button\" id=\"toggle\" aria-label=\"Play\" aria-keyshortcuts=\"Space\">\
<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path class=\"play-sign\" d=\"M7 4.5v15l13-7.5z\"/>\
<path class=\"pause-sign\" d=\"M6 4.5h4v15H6zM14 4.5h4v15h-4z\"/></svg></button>
<output id=\"time\" aria-live=\"off\">0:00.0</output>
<input type=\"range\" id=\"seek\" min=\"0\" max=\"1\" value=\"0\" step=\"10\" \
aria-label=\"Position in the call\">
<select id=\"speed\" aria-label=\"Speed\"><option value=\"1\">1×</option>\
<option value=\"1.5\">1.5×</option><option value=\"2\">2×</option></select>
<p class=\"keys\"><kbd>Space</kbd> plays and pauses, <kbd>←</kbd> <kbd>→</kbd> seek 5 s</p>
</footer>
";

fn push_head(out: &mut String, calls: &[Call<'_>]) {
    let title = match calls {
        [call] => call.account.source.clone(),
        calls => count(calls.len() as u64, "call", "calls"),
    };
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; media-src blob:; img-src data:; \
         base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE)
    );
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{} – mihu replay</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n",
        Markup(&title)
    );
}

/// How a content security policy names an inline script or style.
fn digest(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

fn push_banner(out: &mut String, calls: &[Call<'_>]) {
    let expectations = || calls.iter().flat_map(|call| &call.account.expectations);
    let failed = expectations().filter(|one| !one.passed).count();
    let verdict = match (expectations().count(), failed) {
        (0, _) => String::new(),
        (all, 0) => {
            let all = count(all as u64, "expectation", "expectations");
            format!("<span class=\"badge good\">{all} met</span>")
        }
        (all, failed) => {
            format!("<span class=\"badge bad\">{failed} of {all} expectations not met</span>")
        }
    };
    let _ = write!(
        out,
        "<a class=\"skip\" href=\"#main\">Skip to the call</a>\n\
         <div class=\"banner\"><h1><span class=\"mark\" aria-hidden=\"true\"></span>mihu \
         <span>replay</span></h1><p>{}</p>{verdict}</div>\n",
        count(calls.len() as u64, "call", "calls"),
    );
}

fn push_list(out: &mut String, calls: &[Call<'_>]) {
    out.push_str("<nav aria-label=\"Calls\"><ol>\n");
    for (number, call) in (1..).zip(calls) {
        let account = call.account;
        let failed = account
            .expectations
            .iter()
            .filter(|one| !one.passed)
            .count();
        let state = match (account.expectations.len(), failed) {
            (0, _) => String::new(),
            (_, 0) => "<span class=\"good\">all met</span>".to_owned(),
            (_, failed) => format!("<span class=\"bad\">{failed} not met</span>"),
        };
        let _ = writeln!(
            out,
            "<li><a href=\"#call-{number}\"><bdi>{}</bdi><small><bdi>{}</bdi> · {} {state}</small>\
             </a></li>",
            Markup(&account.source),
            Markup(&account.agent),
            clock(account.duration_ms),
        );
    }
    out.push_str("</ol></nav>\n");
}

fn push_call(out: &mut String, number: usize, call: &Call<'_>, highest: SampleRate) {
    let account = call.account;
    let _ = write!(
        out,
        "<article class=\"call\" id=\"call-{number}\" data-duration=\"{}\" \
         aria-labelledby=\"call-{number}-title\">\n\
         <header><h2 id=\"call-{number}-title\" tabindex=\"-1\" dir=\"auto\">{}</h2>\n\
         <dl class=\"facts\"><div><dt>Agent</dt><dd dir=\"auto\">{}</dd></div>\
         <div><dt>Duration</dt><dd>{}</dd></div><div><dt>Seed</dt><dd>{}</dd></div>\
         <div><dt>Ended</dt><dd dir=\"auto\">{}</dd></div>{}</dl></header>\n",
        call.duration().as_millis(),
        Markup(&account.source),
        Markup(&account.agent),
        clock(account.duration_ms),
        account.seed,
        Markup(&account.end),
        realtime(account),
    );
    timeline::push(out, call);
    changes::push(out, account);
    out.push_str("<div class=\"columns\">\n<div class=\"aside\">\n");
    expectations::push(out, account);
    figures::push(out, account);
    decisions::push(out, account);
    out.push_str("</div>\n");
    transcript::push(out, number, account);
    out.push_str("</div>\n");
    if !(call.caller.is_empty() && call.agent.is_empty()) {
        let sound = sound::wav(call.caller, call.agent, call.rate, highest);
        let _ = writeln!(
            out,
            "<script type=\"text/plain\" class=\"sound\">{sound}</script>"
        );
    }
    out.push_str("</article>\n");
}

fn realtime(account: &Account) -> String {
    let Some(factor) = account.realtime_factor else {
        return String::new();
    };
    format!("<div><dt>Computed</dt><dd>{factor:.1}× real time</dd></div>")
}

#[cfg(test)]
mod tests;
