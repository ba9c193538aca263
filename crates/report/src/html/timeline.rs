//! Both sides of a call along its time.

use std::fmt::Write;
use std::time::Duration;

use super::{Call, peaks};
use crate::account::{Account, Span, Speaker};
use crate::figure::whole_seconds;

/// Distances of time marks that people are used to, in seconds.
const STEPS: [u64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
/// How many marks at most fit a narrow screen, and how many do once it is zoomed into.
const MARKS: [(&str, u64); 2] = [("coarse", 7), ("fine", 56)];

/// The waveforms, below each when there is speech in it and the turns, the waits of the answers,
/// and the time.
pub(super) fn push(out: &mut String, call: &Call<'_>) {
    let duration = call.duration();
    let columns = peaks::columns(duration);
    out.push_str(
        "<section class=\"timeline\"><div class=\"heading\"><h3>Timeline</h3><p class=\"legend\" \
         aria-hidden=\"true\"><span><i class=\"talk\"></i>speech</span><span><i></i>turn</span><span><i class=\"cut\"></i>interrupted</span>\
         <span><i class=\"gap\"></i>wait</span></p><div class=\"zoom\" hidden>\
         <button type=\"button\" class=\"out\" aria-label=\"Zoom out\">−</button>\
         <button type=\"button\" class=\"in\" aria-label=\"Zoom in\">+</button></div></div>\n\
         <div class=\"scroll\"><div class=\"track\" role=\"img\" aria-label=\"Waveforms, speech \
         and turns of both sides; the transcript below has the same turns\">\n",
    );
    let speech = &call.account.speech;
    for (speaker, class, name, samples, spans) in [
        (
            Speaker::Caller,
            "caller",
            "Caller",
            call.caller,
            &speech.caller,
        ),
        (Speaker::Agent, "agent", "Agent", call.agent, &speech.agent),
    ] {
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "<div class=\"side {class}\"><span class=\"side-name\">{name}</span>\
             <svg class=\"wave\" viewBox=\"0 0 {columns} {}\" preserveAspectRatio=\"none\">\
             <path d=\"{}\"/></svg>",
            peaks::HEIGHT,
            peaks::outline(samples, call.rate, duration, columns),
        );
        push_speech(out, spans, duration);
        push_turns(out, call.account, speaker, duration);
        out.push_str("</div>\n");
    }
    push_marks(out, duration);
    out.push_str("<div class=\"playhead\" hidden></div></div></div></section>\n");
}

/// Where a time of a call so long lies on its track, in percent.
fn percent(ms: f64, duration: Duration) -> f64 {
    100.0 * (ms / (duration.as_secs_f64() * 1_000.0)).clamp(0.0, 1.0)
}

/// When there is speech on one side, as bars.
fn push_speech(out: &mut String, spans: &[Span], duration: Duration) {
    let percent = |ms: u64| percent(ms as f64, duration);
    out.push_str("<svg class=\"speech\">");
    for span in spans {
        let _ = write!(
            out,
            "<rect class=\"talk\" data-play=\"{}\" x=\"{:.3}%\" width=\"{:.3}%\" \
             height=\"100%\"/>",
            span.start_ms,
            percent(span.start_ms),
            percent(span.end_ms) - percent(span.start_ms.min(span.end_ms)),
        );
    }
    out.push_str("</svg>");
}

/// One side's turns as bars, and for the agent the waits before them.
fn push_turns(out: &mut String, account: &Account, speaker: Speaker, duration: Duration) {
    let percent = |ms: f64| percent(ms, duration);
    out.push_str("<svg class=\"bars\">");
    for turn in account.turns.iter().filter(|turn| turn.speaker == speaker) {
        let start = turn.start_ms as f64;
        if let Some(ledger) = &turn.ledger {
            let from = start - ledger.voiced_to_audible_ms;
            let _ = write!(
                out,
                "<rect class=\"gap\" data-play=\"{:.0}\" x=\"{:.3}%\" width=\"{:.3}%\" y=\"35%\" \
                 height=\"30%\"/>",
                from.max(0.0),
                percent(from),
                percent(start) - percent(from),
            );
        }
        let class = if turn.interrupted { "bar cut" } else { "bar" };
        let _ = write!(
            out,
            "<rect class=\"{class}\" data-play=\"{}\" x=\"{:.3}%\" width=\"{:.3}%\" \
             height=\"100%\" rx=\"2\"/>",
            turn.start_ms,
            percent(start),
            percent(turn.end_ms as f64) - percent(start).min(percent(turn.end_ms as f64)),
        );
    }
    out.push_str("</svg>");
}

fn push_marks(out: &mut String, duration: Duration) {
    let seconds = duration.as_secs();
    out.push_str("<svg class=\"marks\">");
    for (class, most) in MARKS {
        let step = STEPS.into_iter().find(|step| seconds / step <= most);
        let step = step.unwrap_or(seconds / most);
        let _ = write!(out, "<g class=\"{class}\">");
        for second in (0..=seconds).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let at = 100.0 * second as f64 / duration.as_secs_f64();
            // The last one would stick out.
            if at > 96.0 {
                continue;
            }
            let _ = write!(
                out,
                "<line x1=\"{at:.3}%\" x2=\"{at:.3}%\" y2=\"5\"/><text x=\"{at:.3}%\" dx=\"3\" \
                 y=\"14\">{}</text>",
                whole_seconds(second * 1_000)
            );
        }
        out.push_str("</g>");
    }
    out.push_str("</svg>\n");
}
