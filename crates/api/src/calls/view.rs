//! Calls as clients see them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::CallRecord;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::words;
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

/// A telephone call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "direction": "outbound",
    "status": "completed",
    "communication": "call",
    "provider": "sip",
    "number": "+14155550123",
    "participant": { "number": "+14155550123", "name": null },
    "duration": 42,
    "handled_by": "ai",
    "analysis": "The caller asked when the shop opens.",
    "sentiment": "positive",
    "agent": { "uuid": "0198c5a2-5c00-7000-8000-0242ac120002", "name": "Support" },
    "sip_code": null,
    "reason": "the far end hung up",
    "forwarding": null,
    "latencies": [],
    "decisions": [],
    "tries": [],
    "listen_url": null,
    "record_url": "https://node.example/api/v1/calls/0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34/recording",
    "transcript_url": "https://node.example/api/v1/calls/0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34/transcript",
    "events_url": "https://node.example/api/v1/calls/0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34/events",
    "timestamp": "2026-03-29T10:00:00Z",
    "ringing_at": "2026-03-29T10:00:01Z",
    "answered_at": "2026-03-29T10:00:04Z",
    "ended_at": "2026-03-29T10:00:46Z",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:46Z",
}))]
pub(super) struct Call {
    /// Identifies the call.
    uuid: Uuid,
    /// The conversation that is held in it.
    conversation_uuid: Uuid,
    /// The other party, if the number stands for somebody.
    #[schema(required)]
    contact_uuid: Option<Uuid>,
    /// Who called.
    #[schema(value_type = CallDirection)]
    direction: String,
    /// What has become of it.
    #[schema(value_type = CallStatusWord)]
    status: String,
    /// Always `call`.
    #[schema(value_type = String)]
    communication: &'static str,
    /// What carries it, `sip`.
    provider: String,
    /// The other party's E.164 number, or the SIP user of an inbound call.
    number: String,
    /// The other party.
    participant: Participant,
    /// Seconds from answer to end.
    duration: u64,
    /// Always `ai`.
    #[schema(value_type = String)]
    handled_by: &'static str,
    /// What the conversation came to, once the call is over.
    #[schema(required)]
    analysis: Option<String>,
    /// How it felt: `positive`, `neutral` or `negative`, once the call is over.
    #[schema(required)]
    sentiment: Option<String>,
    /// Who speaks for us.
    agent: AgentOfCall,
    /// The SIP status that ended it, if one did.
    #[schema(required)]
    sip_code: Option<u16>,
    /// Why it ended.
    #[schema(required)]
    reason: Option<String>,
    /// What came of passing it on, if that was tried.
    #[schema(required)]
    forwarding: Option<ForwardingOfCall>,
    /// How long each answer took, item by item.
    #[schema(value_type = Vec<Object>)]
    latencies: Vec<Value>,
    /// What was decided of each sound of the caller, and what that rests on.
    #[schema(value_type = Vec<Object>)]
    decisions: Vec<Value>,
    /// What became of each answer that was begun ahead of a decision.
    #[schema(value_type = Vec<Object>)]
    tries: Vec<Value>,
    /// The sound of a live call.
    #[schema(required)]
    listen_url: Option<String>,
    /// The recording of a call that is over.
    #[schema(required)]
    record_url: Option<String>,
    /// What was said.
    transcript_url: String,
    /// What happened and happens.
    events_url: String,
    /// When it began.
    timestamp: Timestamp,
    /// When the far end was first alerted.
    #[schema(required)]
    ringing_at: Option<Timestamp>,
    /// When it was answered.
    #[schema(required)]
    answered_at: Option<Timestamp>,
    /// When it ended.
    #[schema(required)]
    ended_at: Option<Timestamp>,
    /// When it began.
    created_at: Timestamp,
    /// When anything of it was last noted.
    updated_at: Timestamp,
}

/// The other party of a call.
#[derive(Debug, Serialize, ToSchema)]
struct Participant {
    /// E.164 number, or the SIP user of an inbound call.
    number: String,
    /// What they are called, if it is known.
    #[schema(required)]
    name: Option<String>,
}

/// The agent of a call.
#[derive(Debug, Serialize, ToSchema)]
struct AgentOfCall {
    /// Identifies the agent.
    uuid: Uuid,
    /// What it calls itself.
    name: String,
}

/// A try to pass a call on.
#[derive(Debug, Serialize, ToSchema)]
struct ForwardingOfCall {
    /// The number, the extension, or the UUID of the agent.
    to: String,
    /// What came of it.
    #[schema(value_type = ForwardOutcomeWord)]
    outcome: String,
    /// The SIP status that refused it, if one did.
    #[schema(required)]
    sip_code: Option<u16>,
}

words! {
    /// What came of passing a call on.
    pub(super) enum ForwardOutcomeWord {
        /// The destination has taken it.
        Completed = "completed",
        /// The far end agreed, and hung up before it said what came of it.
        Accepted = "accepted",
        /// The far end does not pass calls on, or not this one.
        Refused = "refused",
        /// The destination could not be had.
        Failed = "failed",
        /// The far end agreed, and nothing was heard of it in time.
        Unreported = "unreported",
    }
}

words! {
    /// Who called.
    pub(super) enum CallDirection {
        /// The other party.
        Inbound = "inbound",
        /// The node.
        Outbound = "outbound",
    }
}

words! {
    /// What has become of a call.
    pub(super) enum CallStatusWord {
        /// It is about to be placed, or has just come in.
        Initiated = "initiated",
        /// The far end is alerted.
        Ringing = "ringing",
        /// The parties speak.
        InProgress = "in-progress",
        /// They have spoken.
        Completed = "completed",
        /// They have spoken, and the other party was passed on.
        Forwarded = "forwarded",
        /// The far end is busy.
        Busy = "busy",
        /// The far end refused.
        Rejected = "rejected",
        /// Nobody answered.
        NoAnswer = "no-answer",
        /// There is nobody to be alerted.
        Unreachable = "unreachable",
        /// The far end's signalling did not answer.
        TimedOut = "timed-out",
        /// It was given up before anybody answered.
        Cancelled = "cancelled",
        /// Something broke.
        Failed = "failed",
    }
}

/// A call as it stands in lists and by itself.
pub(super) fn call(state: &ApiState, call: &CallRecord) -> Call {
    let links = Links::of(state, call.id);
    let is_live = call.ended_at.is_none();
    Call {
        uuid: call.id,
        conversation_uuid: call.conversation,
        contact_uuid: call.contact,
        direction: call.direction.clone(),
        status: call.status.clone(),
        communication: "call",
        provider: call.provider.clone(),
        number: call.number.clone(),
        participant: Participant {
            number: call.number.clone(),
            name: call.contact_name.clone(),
        },
        duration: call.duration.as_secs_f64().round() as u64,
        handled_by: "ai",
        analysis: call.summary.clone(),
        sentiment: call.sentiment.clone(),
        agent: AgentOfCall {
            uuid: call.agent,
            name: call.agent_name.clone(),
        },
        sip_code: call.sip_code,
        reason: call.reason.clone(),
        forwarding: call.forwarding.as_ref().map(|forwarding| ForwardingOfCall {
            to: forwarding.to.clone(),
            outcome: forwarding.outcome.clone(),
            sip_code: forwarding.sip_code,
        }),
        latencies: call.latencies.clone(),
        decisions: call.decisions.clone(),
        tries: call.tries.clone(),
        listen_url: is_live.then_some(links.listen),
        record_url: call.recording.is_some().then_some(links.recording),
        transcript_url: links.transcript,
        events_url: links.events,
        timestamp: call.created_at,
        ringing_at: call.ringing_at,
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        created_at: call.created_at,
        updated_at: call.updated_at,
    }
}

#[cfg(test)]
mod tests {
    use engine::{CallStatus, Direction, ForwardOutcome};

    use super::*;

    #[test]
    fn the_words_are_those_of_the_engine() {
        for word in CallStatusWord::ALL {
            let status: Result<CallStatus, _> = serde_json::from_value(word.as_str().into());
            assert!(status.is_ok_and(|status| status.as_str() == word.as_str()));
        }
        for word in ForwardOutcomeWord::ALL {
            let outcome: Result<ForwardOutcome, _> = serde_json::from_value(word.as_str().into());
            assert!(outcome.is_ok_and(|outcome| outcome.as_str() == word.as_str()));
        }
        for (word, direction) in [
            (CallDirection::Inbound, Direction::Inbound),
            (CallDirection::Outbound, Direction::Outbound),
        ] {
            assert_eq!(word.as_str(), direction.as_str());
        }
    }
}
