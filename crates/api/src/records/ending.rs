//! The end of a call on its way into the store.

use agent::summary::{self, Said};
use engine::{CallReport, Speaker, TranscriptTurn};
use jiff::Timestamp;
use llm::Role;
use store::{CallEnd, CallRecord, Message, StoreError};

use crate::clock;
use crate::state::ApiState;
use crate::webhooks::events::{self, EndReport, StatusChange};

/// Ends the call in the store, owes what webhooks are told of it and wakes the delivery. A call that is over
/// already stays as it is.
pub(super) async fn write(
    state: &ApiState,
    call: &CallRecord,
    report: &CallReport,
    at: Timestamp,
) -> Result<(), StoreError> {
    let said: Vec<Said<'_>> = report.transcript.iter().map(said).collect();
    let summary = summary::summarise(&said);
    let sentiment = summary::sentiment(&said).as_str();
    let told = [
        StatusChange::over(call, report).announcement(at),
        EndReport::new(state, call, report, &summary, sentiment).announcement(at),
    ];
    let latencies = report
        .latencies
        .iter()
        .filter_map(|one| serde_json::to_value(one).ok());
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
        latencies: latencies.collect(),
        summary: Some(summary),
        sentiment: Some(sentiment.to_owned()),
    };
    let store = state.store.in_workspace(&call.workspace);
    let ended = store.end_call(&end, &told, clock::now()).await?;
    state.dialling.notify_one();
    match ended {
        Some(owed) => events::wake(state, owed),
        None => tracing::warn!(call = %call.id, "a second end of a call is ignored"),
    }
    Ok(())
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

fn said(turn: &TranscriptTurn) -> Said<'_> {
    Said {
        role: match turn.speaker {
            Speaker::Agent => Role::Assistant,
            Speaker::Caller => Role::User,
        },
        text: &turn.text,
    }
}
