//! What webhooks are told: the body of each event, and how it is put into the outbox.
//!
//! A body is `{event, timestamp, data}`. Whoever stores what is to be told about owes the
//! [`Announcement`] in the same transaction.

mod calls;
mod messages;

use agent::WebhookEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::Announcement;
use uuid::Uuid;

pub(crate) use self::calls::{EndReport, Participant, StatusChange, Update};
pub(crate) use self::messages::{MessageUpdate, SessionStatus};
use crate::state::ApiState;

/// The data of `intent.call`: the agent recognised that an intent was meant.
#[derive(Clone, Debug, Serialize)]
pub struct IntentCall {
    /// The conversation.
    pub conversation_id: Uuid,
    /// The call in which it happened, if it was one.
    pub call_id: Option<Uuid>,
    /// The agent.
    pub agent_id: Uuid,
    /// Identifies the intent.
    pub intent_uuid: Uuid,
    /// The intent's key, as its agent has it.
    pub key: String,
    /// What the intent is called.
    pub name: String,
    /// The values that were found, by the names of the intent's parameters.
    pub parameters: Map<String, Value>,
    /// How sure the agent was, 0 to 1, where that is known.
    pub confidence: Option<f64>,
}

/// The data of `evaluation.text` and `evaluation.voice`: a session was evaluated.
#[derive(Clone, Debug, Serialize)]
pub struct SessionEvaluation {
    /// Identifies the evaluation.
    pub session_evaluation_uuid: Uuid,
    /// The session.
    pub session_uuid: Uuid,
    /// Its conversation.
    pub conversation_uuid: Uuid,
    /// Its call, if it was one.
    pub call_id: Option<Uuid>,
    /// The agent.
    pub agent_id: Uuid,
    /// How the session was held, such as `call`.
    pub session_type: String,
    /// How long it took, in seconds.
    pub duration: u64,
    /// The other party's number.
    pub number: Option<String>,
    /// The other party, if it is a contact.
    pub contact_info: Option<ContactInfo>,
    /// What was said, in order.
    pub conversation: Vec<Said>,
    /// The evaluation's blocks by their names, such as `sentiment`; each holds a `value`.
    pub sentiment_analysis: Map<String, Value>,
    /// What the sound of a call measured, by the names of the measures.
    pub voice_analysis: Map<String, Value>,
    /// What the conversation came to.
    pub call_end_analysis: Option<String>,
    /// By what it was evaluated: `model` or `offline`.
    pub source: String,
    /// Why it was not evaluated by the agent's language model, if it has one.
    pub source_reason: Option<String>,
    /// Where the contact stands in a pipeline; nothing, since there are none.
    pub pipeline: Option<Value>,
    /// Where the session moved it in a pipeline; nothing, as before.
    pub pipeline_change: Option<Value>,
    /// The appointment with the contact that was made while the session lasted, the last of them.
    pub appointment: Option<AppointmentMade>,
    /// When it was evaluated, to the second.
    pub timestamp: Timestamp,
    /// The contact's values of the workspace's own fields, by their keys.
    pub fields: Map<String, Value>,
}

/// An appointment that was made in a session.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentMade {
    /// Identifies the appointment.
    pub uuid: Uuid,
    /// The schedule that it is in.
    pub schedule_uuid: Uuid,
    /// What it is called.
    pub title: String,
    /// When it begins.
    pub start_time: Timestamp,
    /// When it ends.
    pub end_time: Timestamp,
    /// Whether it stands, such as `approved`.
    pub status: String,
}

/// Who was spoken with.
#[derive(Clone, Debug, Serialize)]
pub struct ContactInfo {
    /// Identifies the contact.
    pub contact_uuid: Uuid,
    /// First name.
    pub name: Option<String>,
    /// Surname.
    pub surname: Option<String>,
    /// E.164 number.
    pub phone_number: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// One party's turn.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// `agent` or `caller`.
    pub speaker: String,
    /// The words.
    pub text: String,
}

/// What a session was evaluated by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationKind {
    /// Its words.
    Text,
    /// Its sound.
    Voice,
}

impl IntentCall {
    /// As it is owed to webhooks. `at` is when it happened.
    pub fn announcement(&self, at: Timestamp) -> Announcement {
        announcement(WebhookEvent::IntentCall, at, self)
    }
}

impl SessionEvaluation {
    /// As it is owed to webhooks. `at` is when it was evaluated.
    pub fn announcement(&self, kind: EvaluationKind, at: Timestamp) -> Announcement {
        let event = match kind {
            EvaluationKind::Text => WebhookEvent::TextEvaluation,
            EvaluationKind::Voice => WebhookEvent::VoiceEvaluation,
        };
        announcement(event, at, self)
    }
}

/// Wakes the delivery if messages became owed.
pub(crate) fn wake(state: &ApiState, owed: u64) {
    if owed > 0 {
        state.outbox.notify_one();
    }
}

/// A moment without the parts of its second.
pub(crate) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// An event with its data as it is sent. Its time is kept to the second.
fn announcement(event: WebhookEvent, at: Timestamp, data: &impl Serialize) -> Announcement {
    let at = to_the_second(at);
    let body = json!({
        "event": event.delivered_as(),
        "timestamp": at.to_string(),
        "data": data,
    });
    Announcement {
        event: event.subscribed_as(),
        payload: body.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_is_told_with_what_was_found() {
        let called = IntentCall {
            conversation_id: Uuid::from_u128(1),
            call_id: None,
            agent_id: Uuid::from_u128(2),
            intent_uuid: Uuid::from_u128(3),
            key: "book_table".to_owned(),
            name: "Book a table".to_owned(),
            parameters: Map::from_iter([("guests".to_owned(), json!(4))]),
            confidence: Some(0.5),
        };
        let at = Timestamp::from_microsecond(1_700_000_000_250_000).unwrap();
        let told = called.announcement(at);
        assert_eq!(told.event, "intent_call");
        let body: Value = serde_json::from_str(&told.payload).unwrap();
        let expected = json!({
            "event": "intent.call",
            "timestamp": "2023-11-14T22:13:20Z",
            "data": {
                "conversation_id": "00000000-0000-0000-0000-000000000001",
                "call_id": null,
                "agent_id": "00000000-0000-0000-0000-000000000002",
                "intent_uuid": "00000000-0000-0000-0000-000000000003",
                "key": "book_table",
                "name": "Book a table",
                "parameters": { "guests": 4 },
                "confidence": 0.5,
            },
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn an_evaluation_is_told_under_the_name_of_its_kind() {
        let evaluation = SessionEvaluation {
            session_evaluation_uuid: Uuid::from_u128(1),
            session_uuid: Uuid::from_u128(2),
            conversation_uuid: Uuid::from_u128(3),
            call_id: Some(Uuid::from_u128(2)),
            agent_id: Uuid::from_u128(4),
            session_type: "call".to_owned(),
            duration: 62,
            number: None,
            contact_info: None,
            conversation: Vec::new(),
            sentiment_analysis: Map::new(),
            voice_analysis: Map::new(),
            call_end_analysis: None,
            source: "offline".to_owned(),
            source_reason: None,
            pipeline: None,
            pipeline_change: None,
            appointment: None,
            timestamp: Timestamp::UNIX_EPOCH,
            fields: Map::new(),
        };
        for (kind, subscribed, delivered) in [
            (EvaluationKind::Text, "text_evaluation", "evaluation.text"),
            (
                EvaluationKind::Voice,
                "voice_evaluation",
                "evaluation.voice",
            ),
        ] {
            let told = evaluation.announcement(kind, Timestamp::UNIX_EPOCH);
            let body: Value = serde_json::from_str(&told.payload).unwrap();
            assert_eq!(told.event, subscribed);
            assert_eq!(body["event"], delivered);
            assert_eq!(body["data"]["duration"], 62);
            assert_eq!(body["data"]["timestamp"], body["timestamp"]);
        }
    }
}
