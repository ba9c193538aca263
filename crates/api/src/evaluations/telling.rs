//! What webhooks are told of an evaluation.

use jiff::Timestamp;
use serde_json::{Map, Value};
use store::{Announcement, CallRecord, Store, StoreError};

use super::judging::{Material, Verdict};
use crate::webhooks::events::{
    AppointmentMade, ContactInfo, EvaluationKind, SessionEvaluation, to_the_second,
};

/// Whom a call was with.
#[derive(Default)]
pub(crate) struct Party {
    contact: Option<ContactInfo>,
    /// Values of the workspace's own fields, by their keys.
    fields: Map<String, Value>,
    /// The appointment with the contact that was made in the call.
    appointment: Option<AppointmentMade>,
}

/// The contact of a call that is over at `ended_at`, if there is one.
pub(crate) async fn party_of(
    store: &Store,
    call: &CallRecord,
    ended_at: Timestamp,
) -> Result<Party, StoreError> {
    let contact = match call.contact {
        Some(contact) => store.contact(contact).await?,
        None => None,
    };
    let Some(mut contact) = contact else {
        return Ok(Party::default());
    };
    let mut fields = Map::new();
    if !contact.values.is_empty() {
        for field in store.contact_fields().await? {
            if let Some(value) = contact.values.remove(&field.id) {
                fields.insert(field.key, value);
            }
        }
    }
    let info = ContactInfo {
        contact_uuid: contact.id,
        name: contact.details.name,
        surname: contact.details.surname,
        phone_number: contact.details.number,
        email: contact.details.email,
    };
    let made = store.appointment_made(info.contact_uuid, (call.created_at, ended_at));
    let appointment = made.await?.map(|made| AppointmentMade {
        uuid: made.id,
        schedule_uuid: made.schedule,
        title: made.fields.title,
        start_time: made.fields.start,
        end_time: made.fields.end,
        status: made.fields.status,
    });
    Ok(Party {
        contact: Some(info),
        fields,
        appointment,
    })
}

/// The events `evaluation.text`, and `evaluation.voice` if anything was measured; none of a session
/// that is not evaluated. `seconds` is how long the call took.
pub(crate) fn events(
    call: &CallRecord,
    party: Party,
    seconds: u64,
    material: &Material,
    verdict: &Verdict,
    at: Timestamp,
) -> Vec<Announcement> {
    let Some(evaluation) = &verdict.evaluation else {
        return Vec::new();
    };
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let measures = fields(&evaluation.voice);
    let is_measured = measures.values().any(|measure| !measure.is_null());
    let text = SessionEvaluation {
        session_evaluation_uuid: evaluation.id,
        session_uuid: call.id,
        conversation_uuid: call.conversation,
        call_id: Some(call.id),
        agent_id: call.agent,
        session_type: "call".to_owned(),
        duration: seconds,
        number: Some(call.number.clone()).filter(|number| !number.is_empty()),
        contact_info: party.contact,
        conversation: material.said(),
        sentiment_analysis: fields(&evaluation.blocks),
        voice_analysis: Map::new(),
        call_end_analysis: Some(verdict.summary.clone()),
        source: evaluation.source.to_owned(),
        source_reason: evaluation.source_reason.clone(),
        pipeline: None,
        pipeline_change: None,
        appointment: party.appointment,
        timestamp: to_the_second(at),
        fields: party.fields,
    };
    let mut told = vec![text.announcement(EvaluationKind::Text, at)];
    if is_measured {
        let voice = SessionEvaluation {
            voice_analysis: measures,
            ..text
        };
        told.push(voice.announcement(EvaluationKind::Voice, at));
    }
    told
}
