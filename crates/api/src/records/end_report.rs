//! The body of `conversation.end_report`.

use agent::WebhookEvent;
use engine::CallReport;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::CallRecord;

use crate::calls::Links;
use crate::state::ApiState;

/// What the words of a conversation amount to.
pub(super) struct Outcome {
    pub(super) summary: String,
    pub(super) sentiment: &'static str,
}

/// The report. A call that was never answered also says why, in `sip_code` and `reason`.
pub(super) fn payload(
    state: &ApiState,
    call: &CallRecord,
    report: &CallReport,
    outcome: &Outcome,
    at: Timestamp,
) -> Value {
    let links = Links::of(state, call.id);
    let mut data = json!({
        "conversation_id": call.conversation,
        "agent_id": call.agent,
        "direction": call.direction,
        "participant": { "number": call.number, "name": call.contact_name },
        "duration_seconds": report.duration.as_secs_f64().round() as u64,
        "status": report.status.as_str(),
        "transcript_url": links.transcript,
        "recording_url": report.recording.is_some().then_some(links.recording),
        "sentiment": outcome.sentiment,
        "summary": outcome.summary,
    });
    if let (None, Some(fields)) = (report.answered_at, data.as_object_mut()) {
        fields.insert("sip_code".to_owned(), report.sip_code.into());
        fields.insert("reason".to_owned(), report.reason.clone().into());
    }
    json!({
        "event": WebhookEvent::ConversationEndReport.delivered_as(),
        "timestamp": to_the_second(at).to_string(),
        "data": data,
    })
}

fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
