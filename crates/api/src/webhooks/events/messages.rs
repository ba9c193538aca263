//! What webhooks are told of messages that are written, not spoken.

use agent::WebhookEvent;
use jiff::Timestamp;
use serde::Serialize;
use store::Announcement;
use uuid::Uuid;

use super::announcement;
use super::calls::Participant;

/// The data of `conversation.status`: a session of messages began or is over.
#[derive(Debug, Serialize)]
pub(crate) struct SessionStatus<'a> {
    conversation_id: Uuid,
    /// None: it is no call.
    call_id: Option<Uuid>,
    agent_id: Uuid,
    direction: &'static str,
    participant: Participant<'a>,
    status: &'static str,
}

/// The data of `conversation.update`: a message was sent.
#[derive(Debug, Serialize)]
pub(crate) struct MessageUpdate<'a> {
    conversation_id: Uuid,
    /// None: it is no call.
    call_id: Option<Uuid>,
    agent_id: Uuid,
    message: Written<'a>,
}

/// A message; what is not spoken has no place in a recording.
#[derive(Debug, Serialize)]
struct Written<'a> {
    speaker: &'static str,
    text: &'a str,
    start_ms: Option<u64>,
    end_ms: Option<u64>,
    interrupted: bool,
}

impl<'a> SessionStatus<'a> {
    /// `status` is `active` or `closed`.
    pub(crate) fn new(
        conversation: Uuid,
        agent: Uuid,
        participant: Participant<'a>,
        status: &'static str,
    ) -> Self {
        Self {
            conversation_id: conversation,
            call_id: None,
            agent_id: agent,
            direction: "outbound",
            participant,
            status,
        }
    }

    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        announcement(WebhookEvent::ConversationStatus, at, self)
    }
}

impl<'a> MessageUpdate<'a> {
    /// Of what an agent wrote.
    pub(crate) fn new(conversation: Uuid, agent: Uuid, text: &'a str) -> Self {
        Self {
            conversation_id: conversation,
            call_id: None,
            agent_id: agent,
            message: Written {
                speaker: "agent",
                text,
                start_ms: None,
                end_ms: None,
                interrupted: false,
            },
        }
    }

    pub(crate) fn announcement(&self, at: Timestamp) -> Announcement {
        announcement(WebhookEvent::ConversationUpdate, at, self)
    }
}
