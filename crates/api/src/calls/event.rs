//! Events of a call as clients see them, live or put together again from what was stored.

use engine::{CallEvent, CallEventKind, CallId, CallReport, Direction, Speaker, TranscriptTurn};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{CallRecord, Message};

use super::list::status_from;
use super::view::Links;
use crate::state::ApiState;

/// The event's name and its JSON, links in place of files.
pub(super) fn view(state: &ApiState, event: &CallEvent) -> (String, Value) {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    let name = value
        .get("event")
        .and_then(Value::as_str)
        .unwrap_or("event")
        .to_owned();
    let (CallEventKind::Ended(report), Some(fields)) = (&event.kind, value.as_object_mut()) else {
        return (name, value);
    };
    let links = Links::of(state, event.call.0);
    let recording = report.recording.is_some().then_some(links.recording);
    fields.remove("recording");
    fields.insert("recording_url".to_owned(), recording.into());
    fields.insert("transcript_url".to_owned(), links.transcript.into());
    (name, value)
}

/// The events of a call that is over.
pub(super) fn of_stored(call: &CallRecord, messages: &[Message]) -> Vec<CallEvent> {
    let mut events = Vec::with_capacity(messages.len() + 4);
    let mut push = |at: Timestamp, kind: CallEventKind| {
        events.push(CallEvent {
            call: CallId(call.id),
            at,
            kind,
        });
    };
    push(call.created_at, started(call));
    if let Some(at) = call.ringing_at {
        push(at, CallEventKind::Ringing);
    }
    if let Some(at) = call.answered_at {
        push(at, CallEventKind::Answered);
    }
    let transcript: Vec<TranscriptTurn> = messages.iter().map(turn).collect();
    let origin = call.answered_at.unwrap_or(call.created_at);
    for turn in &transcript {
        let offset = SignedDuration::from_millis(i64::try_from(turn.end_ms).unwrap_or(0));
        let at = origin.saturating_add(offset).unwrap_or(origin);
        push(at, CallEventKind::Turn(turn.clone()));
    }
    if let (Some(at), Some(status)) = (call.ended_at, status_from(&call.status)) {
        push(
            at,
            CallEventKind::Ended(CallReport {
                status,
                sip_code: call.sip_code,
                reason: call.reason.clone().unwrap_or_default(),
                answered_at: call.answered_at,
                duration: call.duration,
                recording: call.recording.clone(),
                transcript,
                latencies: listed(&call.latencies),
                decisions: listed(&call.decisions),
                tries: listed(&call.tries),
                line: None,
            }),
        );
    }
    events
}

fn started(call: &CallRecord) -> CallEventKind {
    let direction = match call.direction.as_str() {
        "inbound" => Direction::Inbound,
        _ => Direction::Outbound,
    };
    CallEventKind::Started {
        direction,
        agent: call.agent,
        conversation: call.conversation,
        number: call.number.clone(),
    }
}

pub(crate) fn turn(message: &Message) -> TranscriptTurn {
    TranscriptTurn {
        speaker: match message.speaker.as_str() {
            "caller" => Speaker::Caller,
            _ => Speaker::Agent,
        },
        text: message.text.clone(),
        start_ms: message.start_ms,
        end_ms: message.end_ms,
        interrupted: message.interrupted,
    }
}

/// One of a call's lists, from how it is stored.
pub(crate) fn listed<T: DeserializeOwned>(entries: &[Value]) -> Vec<T> {
    let entries = entries.iter();
    entries
        .filter_map(|entry| serde_json::from_value(entry.clone()).ok())
        .collect()
}
