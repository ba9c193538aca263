//! Conversations, sessions and messages as clients see them.

use jiff::Timestamp;
use serde::Serialize;
use store::{ContactName, ConversationRecord, MessageRecord, SessionRecord};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::calls::Links;
use crate::exchange::words;
use crate::state::ApiState;

words! {
    /// Whether a conversation goes on.
    pub(super) enum ConversationStatus {
        /// It goes on.
        Active = "Active",
        /// It is over.
        Closed = "Closed",
    }
}

words! {
    /// How a conversation is held, as lists are filtered by it.
    pub(super) enum ConversationChannel {
        /// By telephone.
        Call = "call",
        /// By short messages.
        Sms = "sms",
        /// By WhatsApp.
        WhatsApp = "whatsapp",
    }
}

words! {
    /// Whether a session goes on.
    pub(super) enum SessionStatus {
        /// It goes on.
        Active = "active",
        /// It is over.
        Closed = "closed",
    }
}

words! {
    /// Who said something.
    pub(super) enum MessageSender {
        /// The agent.
        Ai = "AI",
        /// A person who speaks for us.
        Human = "Human",
        /// The other party.
        Contact = "Contact",
    }
}

impl MessageSender {
    /// Who that is among the speakers of stored turns.
    pub(super) fn speakers(self) -> Vec<&'static str> {
        match self {
            Self::Ai => vec!["agent"],
            Self::Human => Vec::new(),
            Self::Contact => vec!["caller"],
        }
    }

    /// Who a speaker of a stored turn is.
    pub(super) fn of(speaker: &str) -> Self {
        if speaker == "caller" {
            Self::Contact
        } else {
            Self::Ai
        }
    }
}

/// The other party of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContactOfConversation {
    /// Identifies the contact.
    uuid: Uuid,
    /// First name.
    #[schema(required)]
    name: Option<String>,
    /// Surname.
    #[schema(required)]
    surname: Option<String>,
    /// E.164 number, or SIP user.
    #[schema(required)]
    phone_number: Option<String>,
    /// E-mail address.
    #[schema(required)]
    email: Option<String>,
}

impl From<ContactName> for ContactOfConversation {
    fn from(contact: ContactName) -> Self {
        Self {
            uuid: contact.id,
            name: contact.name,
            surname: contact.surname,
            phone_number: contact.number,
            email: contact.email,
        }
    }
}

/// A conversation between an agent and a contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "type": "Real",
    "status": "Closed",
    "responded_by": "AI",
    "is_simulation": false,
    "timestamp": "2026-03-29T10:00:00Z",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:46Z",
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "channel": "Call",
    "contact": {
        "uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
        "name": "Ada",
        "surname": null,
        "phone_number": "+14155550123",
        "email": null,
    },
    "session_uuids": ["0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34"],
    "campaign_uuid": null,
    "listing_uuid": null,
    "task_uuids": [],
    "call": {
        "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
        "duration": 42,
        "recording_url": "https://node.example/api/v1/calls/0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34/recording",
        "summary": "Caller: When do you open?",
        "timestamp": "2026-03-29T10:00:00Z",
    },
}))]
pub(super) struct Conversation {
    /// Identifies the conversation.
    uuid: Uuid,
    /// Always `Real`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: &'static str,
    /// Whether it goes on.
    status: ConversationStatus,
    /// Who speaks for us, always `AI`.
    #[schema(value_type = String)]
    responded_by: &'static str,
    /// Always false.
    is_simulation: bool,
    /// When it began.
    timestamp: Timestamp,
    /// When it began.
    created_at: Timestamp,
    /// When anything of it was last noted.
    updated_at: Timestamp,
    /// The agent.
    agent_uuid: Uuid,
    /// How it is held: `Call` or `WhatsApp`.
    #[schema(value_type = String)]
    channel: &'static str,
    /// The other party, if the number stands for somebody.
    #[schema(required)]
    contact: Option<ContactOfConversation>,
    /// Its sessions, in the order of their beginnings.
    session_uuids: Vec<Uuid>,
    /// The campaign that it was begun for.
    #[schema(required)]
    campaign_uuid: Option<Uuid>,
    /// The listing that made that campaign.
    #[schema(required)]
    listing_uuid: Option<Uuid>,
    /// The tasks that it was begun for.
    task_uuids: Vec<Uuid>,
    /// The call that it is held in; null where it is held in messages.
    #[schema(required)]
    call: Option<CallInConversation>,
}

/// The call of a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct CallInConversation {
    /// Identifies the call.
    uuid: Uuid,
    /// Seconds from answer to end.
    duration: u64,
    /// The recording, once there is one.
    #[schema(required)]
    recording_url: Option<String>,
    /// What the conversation came to, once it is over.
    #[schema(required)]
    summary: Option<String>,
    /// When the call began.
    timestamp: Timestamp,
}

/// A part of a conversation that was held without a long pause; a call is one, and messages are as
/// long as no pause is longer than `timeout_minutes` of the agent's evaluation settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "started_at": "2026-03-29T10:00:00Z",
    "ended_at": "2026-03-29T10:00:46Z",
    "last_activity_at": "2026-03-29T10:00:46Z",
    "evaluated_at": "2026-03-29T10:00:47Z",
    "summary": "Caller: When do you open?",
    "summary_generated_at": "2026-03-29T10:00:47Z",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:47Z",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "contact": null,
    "call_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "campaign_uuid": null,
    "listing_uuid": null,
    "task_uuids": [],
}))]
pub(super) struct Session {
    /// Identifies the session. That of a call has the call's UUID.
    uuid: Uuid,
    /// When it began.
    started_at: Timestamp,
    /// When it ended: of messages, with the last one, once nobody has written for long enough.
    #[schema(required)]
    ended_at: Option<Timestamp>,
    /// When anybody last said something, or the session ended.
    last_activity_at: Timestamp,
    /// When it was evaluated.
    #[schema(required)]
    evaluated_at: Option<Timestamp>,
    /// What it came to.
    #[schema(required)]
    summary: Option<String>,
    /// When the summary was made.
    #[schema(required)]
    summary_generated_at: Option<Timestamp>,
    /// When it began.
    created_at: Timestamp,
    /// When anything of it was last noted.
    updated_at: Timestamp,
    /// The conversation that it is a session of.
    conversation_uuid: Uuid,
    /// The agent.
    agent_uuid: Uuid,
    /// The other party, if the number stands for somebody.
    #[schema(required)]
    contact: Option<ContactOfConversation>,
    /// The call that it is held in.
    #[schema(required)]
    call_uuid: Option<Uuid>,
    /// The campaign that it was begun for.
    #[schema(required)]
    campaign_uuid: Option<Uuid>,
    /// The listing that made that campaign.
    #[schema(required)]
    listing_uuid: Option<Uuid>,
    /// The tasks that it was begun for, or that sent its messages.
    task_uuids: Vec<Uuid>,
}

/// One party's turn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "5b6e2c1a-0d5e-5c1f-9a57-0f6a1e0c7d21",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "session_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "sender": "Contact",
    "direction": "inbound",
    "message_type": "speech",
    "content": "When do you open?",
    "interrupted": false,
    "start_ms": 4120,
    "end_ms": 5300,
    "created_at": "2026-03-29T10:00:08.12Z",
}))]
pub(super) struct ConversationMessage {
    /// Identifies the message.
    uuid: Uuid,
    /// Its conversation.
    conversation_uuid: Uuid,
    /// The session that it was said in.
    #[schema(required)]
    session_uuid: Option<Uuid>,
    /// Who said it.
    sender: MessageSender,
    /// `inbound` from the contact, `outbound` to it.
    #[schema(value_type = String)]
    direction: &'static str,
    /// `speech`, or `template` for a WhatsApp template that was sent.
    message_type: String,
    /// The words: of the agent those that were played or sent, of the contact those that were
    /// understood.
    content: String,
    /// Whether the agent was cut short.
    interrupted: bool,
    /// Start of the speech, in milliseconds from the start of the recording; null of what is written.
    #[schema(required)]
    start_ms: Option<u64>,
    /// End of the speech, in milliseconds from the start of the recording; null of what is written.
    #[schema(required)]
    end_ms: Option<u64>,
    /// When it began to be said, or was sent.
    created_at: Timestamp,
}

pub(super) fn conversation(state: &ApiState, record: ConversationRecord) -> Conversation {
    let call = record.call.map(|call| CallInConversation {
        uuid: call.id,
        duration: call.duration.as_secs_f64().round() as u64,
        recording_url: call
            .is_recorded
            .then(|| Links::of(state, call.id).recording),
        summary: record.summary,
        timestamp: call.created_at,
    });
    Conversation {
        uuid: record.id,
        kind: "Real",
        status: match record.ended_at {
            None => ConversationStatus::Active,
            Some(_) => ConversationStatus::Closed,
        },
        responded_by: "AI",
        is_simulation: false,
        timestamp: record.started_at,
        created_at: record.started_at,
        updated_at: record.updated_at,
        agent_uuid: record.agent,
        channel: channel_label(&record.channel),
        contact: record.contact.map(Into::into),
        session_uuids: record.sessions,
        campaign_uuid: record.campaign,
        listing_uuid: record.listing,
        task_uuids: record.tasks,
        call,
    }
}

/// What a stored channel is called for people.
pub(crate) fn channel_label(channel: &str) -> &'static str {
    match channel {
        "whatsapp" => "WhatsApp",
        _ => "Call",
    }
}

pub(super) fn session(record: SessionRecord) -> Session {
    Session {
        uuid: record.id,
        started_at: record.started_at,
        ended_at: record.ended_at,
        last_activity_at: record.last_activity_at,
        evaluated_at: record.evaluated_at,
        summary: record.summary,
        summary_generated_at: record.summary_generated_at,
        created_at: record.started_at,
        updated_at: record.updated_at,
        conversation_uuid: record.conversation,
        agent_uuid: record.agent,
        contact: record.contact.map(Into::into),
        call_uuid: record.call,
        campaign_uuid: record.campaign,
        listing_uuid: record.listing,
        task_uuids: record.tasks,
    }
}

pub(super) fn message(record: MessageRecord) -> ConversationMessage {
    let sender = MessageSender::of(&record.message.speaker);
    let is_spoken = record.kind == "speech";
    ConversationMessage {
        uuid: record.id(),
        conversation_uuid: record.conversation,
        session_uuid: record.session,
        sender,
        direction: match sender {
            MessageSender::Contact => "inbound",
            MessageSender::Ai | MessageSender::Human => "outbound",
        },
        message_type: record.kind,
        content: record.message.text,
        interrupted: record.message.interrupted,
        start_ms: is_spoken.then_some(record.message.start_ms),
        end_ms: is_spoken.then_some(record.message.end_ms),
        created_at: record.created_at,
    }
}
