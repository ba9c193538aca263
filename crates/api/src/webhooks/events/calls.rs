//! What webhooks are told of calls, as they happen and when they are over.

use agent::WebhookEvent;
use engine::dialogue::is_of_voicemail;
use engine::{CallReport, CallStatus, Speaker, TranscriptTurn};
use jiff::Timestamp;
use serde::Serialize;
use store::{Announcement, CallRecord};
use uuid::Uuid;

use super::announcement;
use crate::calls::Links;
use crate::state::ApiState;

/// The data of `conversation.status`: a call got another status.
#[derive(Debug, Serialize)]
pub(crate) struct StatusChange<'a> {
    pub(crate) conversation_id: Uuid,
    pub(crate) call_id: Uuid,
    pub(crate) agent_id: Uuid,
    pub(crate) direction: &'a str,
    pub(crate) participant: Participant<'a>,
    pub(crate) status: &'static str,
    #[serde(flatten)]
    ending: Option<Ending<'a>>,
}

/// The other party of a call.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Participant<'a> {
    pub(crate) number: &'a str,
    pub(crate) name: Option<&'a str>,
}

/// What a final status says more.
#[derive(Debug, Serialize)]
struct Ending<'a> {
    duration_seconds: u64,
    sip_code: Option<u16>,
    reason: &'a str,
}

/// The data of `conversation.update`: a party's turn is complete.
#[derive(Debug, Serialize)]
pub(crate) struct Update<'a> {
    conversation_id: Uuid,
    call_id: Uuid,
    agent_id: Uuid,
    message: Turn<'a>,
}

/// A turn, with its place in the recording.
#[derive(Debug, Serialize)]
struct Turn<'a> {
    speaker: Speaker,
    text: &'a str,
    start_ms: u64,
    end_ms: u64,
    interrupted: bool,
}

/// The data of `conversation.end_report`. A call that no person answered also says why.
#[derive(Debug, Serialize)]
pub(crate) struct EndReport<'a> {
    conversation_id: Uuid,
    agent_id: Uuid,
    direction: &'a str,
    participant: Participant<'a>,
    duration_seconds: u64,
    status: &'a str,
    transcript_url: String,
    recording_url: Option<String>,
    sentiment: Option<&'a str>,
    summary: &'a str,
    #[serde(flatten)]
    nobody: Option<Nobody<'a>>,
}

/// Why nobody was talked to: the call was never answered, or by a voicemail.
#[derive(Debug, Serialize)]
struct Nobody<'a> {
    sip_code: Option<u16>,
    reason: &'a str,
}

impl<'a> Nobody<'a> {
    /// Of a call that ended so, unless a person answered it.
    fn of(answered: bool, sip_code: Option<u16>, reason: &'a str) -> Option<Self> {
        let talked = answered && !is_of_voicemail(reason);
        (!talked).then_some(Self { sip_code, reason })
    }
}

impl<'a> StatusChange<'a> {
    /// A call that has just begun and is written down as such.
    pub(crate) fn begun(call: &'a store::NewCall, name: Option<&'a str>) -> Self {
        Self {
            conversation_id: call.conversation,
            call_id: call.id,
            agent_id: call.agent,
            direction: call.direction,
            participant: Participant {
                number: &call.number,
                name,
            },
            status: call.status,
            ending: None,
        }
    }

    /// A call that goes on.
    pub(crate) fn live(call: &'a CallRecord, status: CallStatus) -> Self {
        Self {
            conversation_id: call.conversation,
            call_id: call.id,
            agent_id: call.agent,
            direction: &call.direction,
            participant: participant(call),
            status: status.as_str(),
            ending: None,
        }
    }

    /// A call that is over.
    pub(crate) fn over(call: &'a CallRecord, report: &'a CallReport) -> Self {
        Self {
            ending: Some(Ending {
                duration_seconds: seconds(report),
                sip_code: report.sip_code,
                reason: &report.reason,
            }),
            ..Self::live(call, report.status)
        }
    }

    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        announcement(WebhookEvent::ConversationStatus, at, self)
    }
}

impl<'a> Update<'a> {
    pub(crate) fn new(call: &CallRecord, turn: &'a TranscriptTurn) -> Self {
        Self {
            conversation_id: call.conversation,
            call_id: call.id,
            agent_id: call.agent,
            message: Turn {
                speaker: turn.speaker,
                text: &turn.text,
                start_ms: turn.start_ms,
                end_ms: turn.end_ms,
                interrupted: turn.interrupted,
            },
        }
    }

    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        announcement(WebhookEvent::ConversationUpdate, at, self)
    }
}

impl<'a> EndReport<'a> {
    /// Of a call that just ended, with what the words of the conversation amount to.
    pub(crate) fn new(
        state: &ApiState,
        call: &'a CallRecord,
        report: &'a CallReport,
        summary: &'a str,
        sentiment: Option<&'a str>,
    ) -> Self {
        let links = Links::of(state, call.id);
        let answered = report.answered_at.is_some();
        let nobody = Nobody::of(answered, report.sip_code, &report.reason);
        Self {
            conversation_id: call.conversation,
            agent_id: call.agent,
            direction: &call.direction,
            participant: participant(call),
            duration_seconds: seconds(report),
            status: report.status.as_str(),
            transcript_url: links.transcript,
            recording_url: report.recording.is_some().then_some(links.recording),
            sentiment,
            summary,
            nobody,
        }
    }

    /// Of a call whose end is stored.
    pub(crate) fn stored(
        state: &ApiState,
        call: &'a CallRecord,
        summary: &'a str,
        sentiment: Option<&'a str>,
    ) -> Self {
        let links = Links::of(state, call.id);
        let reason = call.reason.as_deref().unwrap_or_default();
        let nobody = Nobody::of(call.answered_at.is_some(), call.sip_code, reason);
        Self {
            conversation_id: call.conversation,
            agent_id: call.agent,
            direction: &call.direction,
            participant: participant(call),
            duration_seconds: call.duration.as_secs_f64().round() as u64,
            status: &call.status,
            transcript_url: links.transcript,
            recording_url: call.recording.is_some().then_some(links.recording),
            sentiment,
            summary,
            nobody,
        }
    }

    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        announcement(WebhookEvent::ConversationEndReport, at, self)
    }
}

fn participant(call: &CallRecord) -> Participant<'_> {
    Participant {
        number: &call.number,
        name: call.contact_name.as_deref(),
    }
}

fn seconds(report: &CallReport) -> u64 {
    report.duration.as_secs_f64().round() as u64
}
