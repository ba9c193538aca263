//! Calls as clients see them.

use serde_json::{Value, json};
use store::CallRecord;
use uuid::Uuid;

use crate::state::ApiState;

/// Where the things that belong to a call are found.
pub(crate) struct Links {
    pub(crate) listen: String,
    pub(crate) recording: String,
    pub(crate) transcript: String,
    pub(crate) events: String,
}

impl Links {
    pub(crate) fn of(state: &ApiState, call: Uuid) -> Self {
        let link = |what: &str| state.link(&format!("calls/{call}/{what}"));
        Self {
            listen: link("listen"),
            recording: link("recording"),
            transcript: link("transcript"),
            events: link("events"),
        }
    }
}

/// A call as it stands in lists and by itself.
pub(super) fn call(state: &ApiState, call: &CallRecord) -> Value {
    let links = Links::of(state, call.id);
    let is_live = call.ended_at.is_none();
    json!({
        "uuid": call.id,
        "conversation_uuid": call.conversation,
        "contact_uuid": call.contact,
        "direction": call.direction,
        "status": call.status,
        "communication": "call",
        "provider": call.provider,
        "number": call.number,
        "participant": { "number": call.number, "name": call.contact_name },
        "duration": call.duration.as_secs_f64().round() as u64,
        "handled_by": "ai",
        "analysis": call.summary,
        "sentiment": call.sentiment,
        "agent": { "uuid": call.agent, "name": call.agent_name },
        "sip_code": call.sip_code,
        "reason": call.reason,
        "latencies": call.latencies,
        "listen_url": is_live.then_some(links.listen),
        "record_url": call.recording.is_some().then_some(links.recording),
        "transcript_url": links.transcript,
        "events_url": links.events,
        "timestamp": call.created_at,
        "ringing_at": call.ringing_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "created_at": call.created_at,
        "updated_at": call.updated_at,
    })
}
