//! The end of a call on its way into the store.

use engine::{CallReport, Speaker, TranscriptTurn};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use store::{CallCost, CallEnd, CallRecord, Evaluating, Message, StoreError};

use crate::clock;
use crate::evaluations::{self, Material, evaluator_of, offline, settings_of};
use crate::state::ApiState;
use crate::webhooks::events::{self, EndReport, StatusChange};

/// Ends the call in the store, owes what webhooks are told of it and wakes the delivery. If a
/// language model is to evaluate the call, the report of its end waits for that. A call that is
/// over already stays as it is.
pub(super) async fn write(
    state: &ApiState,
    call: &CallRecord,
    report: &CallReport,
    at: Timestamp,
) -> Result<(), StoreError> {
    let store = state.store.in_workspace(&call.workspace);
    let now = clock::now();
    let material = Material::of_report(report, settings_of(&store, call.agent).await?);
    let is_awaited = material.is_worth_asking() && evaluator_of(state, call).is_some();
    let mut told = vec![StatusChange::over(call, report).announcement(at)];
    let (mut summary, mut sentiment) = (None, None);
    let evaluation = if is_awaited {
        let wait = SignedDuration::try_from(state.config.evaluation.report_wait);
        let by = now.saturating_add(wait.unwrap_or(SignedDuration::MAX));
        Evaluating::Awaited {
            report_by: by.unwrap_or(Timestamp::MAX),
        }
    } else {
        let verdict = offline(&material, None);
        let felt = verdict.sentiment.as_deref();
        let ended = EndReport::new(state, call, report, &verdict.summary, felt);
        told.push(ended.announcement(at));
        let seconds = report.duration.as_secs_f64().round() as u64;
        let party = evaluations::party_of(&store, call, at).await?;
        let events = evaluations::events(call, party, seconds, &material, &verdict, now);
        told.extend(events);
        (summary, sentiment) = (Some(verdict.summary), verdict.sentiment);
        verdict
            .evaluation
            .map_or(Evaluating::Never, Evaluating::Done)
    };
    let end = CallEnd {
        call: call.id,
        conversation: call.conversation,
        agent: call.agent,
        status: report.status.as_str(),
        sip_code: report.sip_code,
        reason: report.reason.clone(),
        answered_at: report.answered_at,
        ended_at: at,
        duration: report.duration,
        recording: report.recording.clone(),
        transcript: report.transcript.iter().map(message).collect(),
        latencies: listed(&report.latencies),
        decisions: listed(&report.decisions),
        tries: listed(&report.tries),
        summary,
        sentiment,
        cost: cost(state, call, report),
        line: report.line.and_then(|line| serde_json::to_value(line).ok()),
        evaluation,
    };
    let ended = store.end_call(&end, &told, now).await?;
    state.dialling.notify_one();
    if is_awaited {
        state.evaluation.notify_one();
    }
    match ended {
        Some(owed) => events::wake(state, owed),
        None => tracing::warn!(call = %call.id, "a second end of a call is ignored"),
    }
    Ok(())
}

/// What a call costs by the operator's price list of now. It is kept, so that another list changes
/// nothing of calls that are over.
fn cost(state: &ApiState, call: &CallRecord, report: &CallReport) -> Option<CallCost> {
    if call.direction != "outbound" {
        return None;
    }
    let prices = &state.config.prices;
    let rate = prices.rate_of(&call.number)?;
    Some(CallCost {
        micros: rate.cost(report.answered_at.map(|_| report.duration)),
        currency: prices.currency().to_owned(),
    })
}

pub(super) fn message(turn: &TranscriptTurn) -> Message {
    let speaker = match turn.speaker {
        Speaker::Agent => "agent",
        Speaker::Caller => "caller",
    };
    Message {
        speaker: speaker.to_owned(),
        text: turn.text.clone(),
        start_ms: turn.start_ms,
        end_ms: turn.end_ms,
        interrupted: turn.interrupted,
    }
}

/// Entries of one of a call's lists, as they are stored.
fn listed(entries: &[impl Serialize]) -> Vec<Value> {
    let entries = entries.iter();
    entries
        .filter_map(|entry| serde_json::to_value(entry).ok())
        .collect()
}
