use engine::{CallEvent, CallEventKind, Speaker};

use super::account::{Account, Evidence};
use crate::print;

/// One line for an event of the call, while it happens.
pub(super) fn event(event: &CallEvent) {
    match &event.kind {
        CallEventKind::Started { number, .. } => print(&format!("started    calling {number}")),
        CallEventKind::Ringing => print("ringing"),
        CallEventKind::Answered => print("answered"),
        CallEventKind::Turn(turn) => {
            let speaker = match turn.speaker {
                Speaker::Agent => "agent says ",
                Speaker::Caller => "caller says",
            };
            let cut = if turn.interrupted {
                " (interrupted)"
            } else {
                ""
            };
            print(&format!("{speaker}  {}{cut}", turn.text));
        }
        CallEventKind::Latency(latency) => print(&format!(
            "latency      {} ms after the caller's last sound: {} ms until the turn was taken to \
             be over, {} ms from there to the first sound",
            latency.voiced_to_audible_ms,
            latency.endpointing_ms,
            latency.decision_to_first_audio_ms
        )),
        CallEventKind::Decision(_) | CallEventKind::Tried(_) => {}
        CallEventKind::ToolCalled { name, .. } => print(&format!("tool       {name}")),
        CallEventKind::ToolAnswered { name, outcome, .. } => {
            print(&format!("tool       {name}: {}", outcome.as_str()));
        }
        CallEventKind::Unspoken { reason } => {
            print(&format!("unspoken   a sentence was left out: {reason}"));
        }
        CallEventKind::Muted { muted: true } => print("muted      the agent says nothing"),
        CallEventKind::Muted { muted: false } => print("unmuted    the agent may speak"),
        CallEventKind::RuleFired { name, .. } => print(&format!("rule       {name}")),
        CallEventKind::Forwarding { .. } => print("forwarding"),
        CallEventKind::Forwarded(forwarded) => {
            print(&format!("forwarded  {}", forwarded.outcome.as_str()));
        }
        CallEventKind::Ended(report) => {
            print(&format!(
                "ended      {}: {}",
                report.status.as_str(),
                report.reason
            ));
        }
    }
}

/// What is left of the call.
pub(super) fn summary(account: &Account, evidence: &Evidence) {
    print("");
    print("  turn  starts   lasts  latency  speaker  text");
    for (index, turn) in account.turns.iter().enumerate() {
        let latency = evidence
            .report
            .latencies
            .iter()
            .find(|latency| latency.turn == index);
        let latency = latency.map_or_else(String::new, |latency| {
            format!("{} ms", latency.voiced_to_audible_ms)
        });
        let speaker = match turn.speaker {
            Speaker::Agent => "agent",
            Speaker::Caller => "caller",
        };
        print(&format!(
            "  {index:>4}  {:>5.1} s {:>5.1} s {latency:>8}  {speaker:<7}  {}",
            turn.start_ms as f64 / 1_000.0,
            turn.end_ms.saturating_sub(turn.start_ms) as f64 / 1_000.0,
            turn.text
        ));
    }
    let decision = &account.latency.decision_to_first_audio_ms;
    let voiced = &account.latency.voiced_to_audible_ms;
    print("");
    print(&format!(
        "decision to first audio (node's ledger)       p50 {} ms, p95 {} ms, max {} ms",
        decision.p50, decision.p95, decision.max
    ));
    print(&format!(
        "last voiced to first audible (heard by phone) p50 {} ms, p95 {} ms, max {} ms",
        voiced.p50, voiced.p95, voiced.max
    ));
    print(&format!(
        "words wrong in the caller's transcript        {:.1} %",
        account.word_error_rate * 100.0
    ));
    match &evidence.webhook {
        None => print("webhook         none arrived"),
        Some(webhook) => print(&format!(
            "webhook         {} ({}), {}, signature {}",
            webhook.event,
            webhook.status,
            webhook.id,
            if webhook.signature_valid {
                "valid"
            } else {
                "NOT VALID"
            }
        )),
    }
    print(&format!("recording       {}", evidence.recording.display()));
    print(&format!(
        "transcript      {}",
        evidence.transcript.display()
    ));
    print(&format!(
        "heard by phone  {}",
        evidence.heard_by_phone.display()
    ));
}
