//! Uses of tools on their way into the store.

use engine::{ForwardOutcome, ToolOutcome};
use jiff::Timestamp;
use store::{CallRecord, NewToolCall, Store, StoreError, ToolAnswer};
use uuid::Uuid;

use crate::state::ApiState;
use crate::webhooks::events::IntentCall;

/// How a tool is used.
pub(super) struct Used<'a> {
    /// Which use of a tool in its call it is.
    pub(super) number: u32,
    pub(super) tool: &'a str,
    /// A JSON object.
    pub(super) arguments: &'a str,
    /// How sure the model was, in thousandths.
    pub(super) confidence: Option<u16>,
}

/// Notes that a tool is used, and owes `intent.call` if an intent of the agent is behind it.
/// Returns how many messages are owed.
pub(super) async fn called(
    state: &ApiState,
    store: &Store,
    record: &CallRecord,
    used: Used<'_>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let Used {
        number,
        tool,
        arguments,
        confidence,
    } = used;
    let agent = state.directory.get(&record.workspace, agent_of(record));
    let intent = agent.as_ref().and_then(|it| it.definition.intent_of(tool));
    let told = intent.map(|intent| {
        let call = IntentCall {
            conversation_id: record.conversation,
            call_id: Some(record.id),
            agent_id: record.agent,
            intent_uuid: intent.intent_uuid,
            key: intent.key.clone(),
            name: intent.name.clone(),
            parameters: serde_json::from_str(arguments).unwrap_or_default(),
            confidence: confidence.map(|thousandths| f64::from(thousandths) / 1_000.0),
        };
        call.announcement(at)
    });
    let used = NewToolCall {
        call: record.id,
        number,
        conversation: record.conversation,
        tool: tool.to_owned(),
        intent: intent.map(|intent| (intent.intent_uuid, intent.name.clone())),
        arguments: arguments.to_owned(),
        at,
    };
    store.note_tool_call(&used, told.as_slice()).await
}

/// Who has the tools of the call: its agent, or the one that it was passed on to.
fn agent_of(record: &CallRecord) -> Uuid {
    let forwarding = record.forwarding.as_ref();
    let taken = forwarding.filter(|it| it.outcome == ForwardOutcome::Completed.as_str());
    let other = taken.and_then(|forwarding| forwarding.to.parse().ok());
    other.unwrap_or(record.agent)
}

/// Notes what a tool answered.
pub(super) async fn answered(
    store: &Store,
    record: &CallRecord,
    number: u32,
    outcome: ToolOutcome,
    (text, spoken): (&str, bool),
    took_ms: u64,
) -> Result<(), StoreError> {
    let answer = ToolAnswer {
        call: record.id,
        number,
        status: outcome.as_str(),
        text: text.to_owned(),
        spoken,
        took_ms,
    };
    store.note_tool_answer(&answer).await
}
