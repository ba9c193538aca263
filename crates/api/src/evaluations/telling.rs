//! What webhooks are told of an evaluation.

use jiff::Timestamp;
use serde_json::{Map, Value};
use store::{Announcement, CallRecord, Contact, Store, StoreError};

use super::judging::{Material, Verdict};
use crate::webhooks::events::{ContactInfo, EvaluationKind, SessionEvaluation};

/// The contact of a call, if there is one.
pub(crate) async fn contact_of(
    store: &Store,
    call: &CallRecord,
) -> Result<Option<Contact>, StoreError> {
    match call.contact {
        Some(contact) => store.contact(contact).await,
        None => Ok(None),
    }
}

/// The events `evaluation.text`, and `evaluation.voice` if anything was measured; none of a session
/// that is not evaluated. `seconds` is how long the call took.
pub(crate) fn events(
    call: &CallRecord,
    contact: Option<&Contact>,
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
        contact_info: contact.map(|contact| ContactInfo {
            contact_uuid: contact.id,
            name: contact.details.name.clone(),
            surname: contact.details.surname.clone(),
            phone_number: contact.details.number.clone(),
            email: contact.details.email.clone(),
        }),
        conversation: material.said(),
        sentiment_analysis: fields(&evaluation.blocks),
        voice_analysis: Map::new(),
        call_end_analysis: Some(verdict.summary.clone()),
        source: evaluation.source.to_owned(),
        source_reason: evaluation.source_reason.clone(),
        fields: Map::new(),
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
