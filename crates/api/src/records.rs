//! What calls leave behind: their steps, their turns, and the report that is owed at their end.

mod ending;
mod owners;
mod tools;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::{
    CallEvent, CallEventKind, CallId, CallReport, CallStatus, Destination, Direction, Forwarded,
    TranscriptTurn,
};
use jiff::Timestamp;
use recordings::Reader;
use serde::Serialize;
use serde_json::Value;
use store::{CallRecord, Forwarding, Message, NewCall, Progress, Store, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::owners::Owners;
use crate::calls::{listed, turn_from};
use crate::clock;
use crate::config::ApiConfig;
use crate::contacts::contact_of_caller;
use crate::state::ApiState;
use crate::webhooks::events::{self, StatusChange, Update};

/// What a caller is called who hides who they are (RFC 3323 §4.1.1.3).
pub(crate) const ANONYMOUS: &str = "anonymous";

/// Calls of nodes that are gone which are ended at once.
const AT_ONCE: u32 = 50;

/// Writes down every event, in order, until the engine is gone and all its events are written.
///
/// What can not be written, for example because the disk is full, is tried again for as long as
/// the node runs, and the node is not ready meanwhile. What happens in calls waits with them: a
/// call keeps its place in the node until its end is taken here, so that a store that stays away
/// fills the node instead of its memory. Only when `last_try` is cancelled is an event given up
/// after one more failure. An event that contradicts what is stored is given up at once.
pub async fn run(
    state: ApiState,
    mut events: mpsc::Receiver<CallEvent>,
    last_try: CancellationToken,
) {
    let mut lost = 0_u64;
    let mut owners = Owners::default();
    while let Some(event) = events.recv().await {
        if !keep(&state, &mut owners, &event, &last_try).await {
            lost += 1;
        }
        if matches!(event.kind, CallEventKind::Ended(_)) {
            owners.forget(event.call);
        }
    }
    if lost > 0 {
        tracing::error!(events = lost, "what happened in calls was not all written");
    }
}

/// Writes one event down, however long that takes; whether it is written.
async fn keep(
    state: &ApiState,
    owners: &mut Owners,
    event: &CallEvent,
    last_try: &CancellationToken,
) -> bool {
    let mut wait = state.config.first_record_retry;
    loop {
        let Err(error) = write(state, owners, event).await else {
            if state.records_fail.swap(false, Ordering::AcqRel) {
                tracing::info!("what happens in calls can be written again");
            }
            return true;
        };
        let call = event.call;
        if error.is_final() {
            tracing::error!(%call, %error, "an event can never be written and is given up");
            return false;
        }
        if last_try.is_cancelled() {
            tracing::error!(%call, %error, "an event is given up");
            return false;
        }
        tracing::error!(%call, %error, ?wait, "an event can not be written yet");
        state.records_fail.store(true, Ordering::Release);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = last_try.cancelled() => {}
        }
        wait = (wait * 2).min(state.config.longest_record_retry);
    }
}

/// Ends the calls that the node was carrying when it died, and those of other nodes that have held on
/// to them for too long ago: as failed, with what was written of them by then, and with the report
/// that is owed. Returns how many there were.
///
/// To be called before the engine takes calls.
pub async fn close_interrupted(state: &ApiState) -> Result<usize, StoreError> {
    let calls = state.store.unfinished_calls(clock::now()).await?;
    for call in &calls {
        close_one(state, call).await?;
    }
    Ok(calls.len())
}

/// Holds on to the calls of this node until `shutdown` is cancelled, which is to be after the last of
/// them, and ends the calls of nodes that are gone.
pub async fn hold(state: ApiState, shutdown: CancellationToken) {
    let Some(lease) = state.store.call_lease() else {
        return shutdown.cancelled().await;
    };
    loop {
        let now = clock::now();
        if let Err(error) = state.store.hold_calls(now).await {
            tracing::error!(%error, "calls can not be held on to");
        } else if let Err(error) = close_abandoned(&state, now).await {
            tracing::error!(%error, "calls of nodes that are gone can not be closed");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(lease / 4) => {}
        }
    }
}

/// Ends the calls of other nodes that nobody has held on to for too long. Returns how many there were.
pub async fn close_abandoned(state: &ApiState, now: Timestamp) -> Result<usize, StoreError> {
    let calls = state.store.abandoned_calls(AT_ONCE, now).await?;
    for call in &calls {
        close_one(state, call).await?;
    }
    Ok(calls.len())
}

/// Ends a call whose node is gone.
pub(crate) async fn close_one(state: &ApiState, call: &CallRecord) -> Result<(), StoreError> {
    let store = state.store.in_workspace(&call.workspace);
    let messages = store.messages(call.conversation).await?;
    let report = interrupted(state, call, &messages).await;
    ending::write(state, call, &report, call.updated_at).await?;
    tracing::warn!(call = %call.id, "a call that a stop of the node cut short is closed");
    Ok(())
}

async fn write(state: &ApiState, owners: &mut Owners, event: &CallEvent) -> Result<(), StoreError> {
    let (call, at) = (event.call, event.at);
    if let CallEventKind::Started {
        direction: Direction::Inbound,
        agent,
        conversation,
        number,
    } = &event.kind
    {
        let store = owners.begin(&state.store, call, *agent).await?;
        return begin_inbound(state, &store, event, *agent, *conversation, number).await;
    }
    let Some(store) = owners.store_of(&state.store, call).await? else {
        tracing::warn!(%call, "an event of a call that is not written down");
        return Ok(());
    };
    if let Some(progress) = progress(&event.kind) {
        return store.note_progress(call.0, Some(&progress), at).await;
    }
    let Some(record) = known(&store, call).await? else {
        return Ok(());
    };
    let told = |status| [StatusChange::live(&record, status).announcement(at)];
    let owed = match &event.kind {
        // Whoever asked for the call has written it down.
        CallEventKind::Started { .. } => {
            let told = told(CallStatus::Initiated);
            store.announce(record.conversation, &told, at).await?
        }
        CallEventKind::Ringing => {
            let status = CallStatus::Ringing;
            store
                .note_ringing(call.0, status.as_str(), &told(status), at)
                .await?
        }
        CallEventKind::Answered => {
            let status = CallStatus::InProgress;
            store
                .note_answered(call.0, status.as_str(), &told(status), at)
                .await?
        }
        CallEventKind::Turn(turn) => {
            let told = [Update::new(&record, turn).announcement(at)];
            store
                .append_message(record.conversation, &ending::message(turn), &told, at)
                .await?
        }
        CallEventKind::ToolCalled {
            name,
            arguments,
            number: Some(number),
            confidence,
        } => {
            store.note_progress(call.0, None, at).await?;
            let used = tools::Used {
                number: *number,
                tool: name,
                arguments,
                confidence: *confidence,
            };
            tools::called(state, &store, &record, used, at).await?
        }
        CallEventKind::ToolAnswered {
            number,
            outcome,
            answer,
            spoken,
            took_ms,
            ..
        } => {
            store.note_progress(call.0, None, at).await?;
            let said = (answer.as_str(), *spoken);
            tools::answered(&store, &record, *number, *outcome, said, *took_ms).await?;
            0
        }
        // A tool without a number ends the call or fires a rule, which is told beside it.
        CallEventKind::Latency(_)
        | CallEventKind::Decision(_)
        | CallEventKind::Tried(_)
        | CallEventKind::ToolCalled { number: None, .. }
        | CallEventKind::Unspoken { .. }
        | CallEventKind::Muted { .. }
        | CallEventKind::RuleFired { .. }
        | CallEventKind::Forwarding { .. } => {
            store.note_progress(call.0, None, at).await?;
            0
        }
        CallEventKind::Forwarded(forwarded) => {
            store
                .note_forwarding(call.0, &forwarding(forwarded), at)
                .await?;
            0
        }
        CallEventKind::Ended(report) => {
            ending::write(state, &record, report, at).await?;
            0
        }
    };
    events::wake(state, owed);
    Ok(())
}

/// What an event adds to one of the call's lists, if it does.
fn progress(kind: &CallEventKind) -> Option<Progress> {
    fn entry(of: &impl Serialize) -> Value {
        serde_json::to_value(of).unwrap_or_default()
    }
    if let CallEventKind::Latency(latency) = kind {
        Some(Progress::Latency(entry(latency)))
    } else if let CallEventKind::Decision(decision) = kind {
        Some(Progress::Decision(entry(decision)))
    } else if let CallEventKind::Tried(tried) = kind {
        Some(Progress::Try(entry(tried)))
    } else {
        None
    }
}

/// A try to pass a call on, as it is stored.
fn forwarding(forwarded: &Forwarded) -> Forwarding {
    let to = match &forwarded.to {
        Destination::Number(to) | Destination::Extension(to) => to.clone(),
        Destination::Agent(agent) => agent.to_string(),
    };
    Forwarding {
        to,
        outcome: forwarded.outcome.as_str().to_owned(),
        sip_code: forwarded.sip_code,
    }
}

async fn begin_inbound(
    state: &ApiState,
    store: &Store,
    event: &CallEvent,
    agent: Uuid,
    conversation: Uuid,
    number: &str,
) -> Result<(), StoreError> {
    let has_contact = !number.is_empty() && !number.eq_ignore_ascii_case(ANONYMOUS);
    let contact = if has_contact {
        contact_of_caller(store, &state.numbers, number).await?
    } else {
        None
    };
    let known = contact.as_ref().and_then(|it| it.details.number.as_deref());
    let call = NewCall {
        id: event.call.0,
        conversation,
        agent,
        direction: Direction::Inbound.as_str(),
        number: known.unwrap_or(number).to_owned(),
        has_contact,
        provider: "sip",
        status: CallStatus::Initiated.as_str(),
        at: event.at,
    };
    let name = contact.as_ref().and_then(|it| it.details.name.as_deref());
    let told = [StatusChange::begun(&call, name).announcement(event.at)];
    store.begin_announced_call(&call, &told).await?;
    state.outbox.notify_one();
    Ok(())
}

async fn known(store: &Store, call: CallId) -> Result<Option<CallRecord>, StoreError> {
    let record = store.call(call.0).await?;
    if record.is_none() {
        tracing::warn!(%call, "an event of a call that is not written down");
    }
    Ok(record)
}

async fn interrupted(state: &ApiState, call: &CallRecord, messages: &[Message]) -> CallReport {
    let recording = recorded(&state.config, call.id).await;
    let transcript: Vec<TranscriptTurn> = messages.iter().map(turn_from).collect();
    CallReport {
        status: CallStatus::Failed,
        sip_code: None,
        reason: "the node stopped while the call was under way".to_owned(),
        answered_at: call.answered_at,
        duration: call
            .answered_at
            .map_or(Duration::ZERO, |at| between(at, call.updated_at)),
        recording,
        transcript,
        latencies: listed(&call.latencies),
        decisions: listed(&call.decisions),
        tries: listed(&call.tries),
        line: None,
    }
}

/// The recording that a crash left behind, if it is more than the beginning of one.
async fn recorded(config: &ApiConfig, call: Uuid) -> Option<PathBuf> {
    let files = recordings::paths(&config.recordings, &call.to_string());
    let keys = config.keys.clone();
    let look = move || {
        files
            .into_iter()
            .find(|file| Reader::open(file, &keys).is_ok_and(|recording| recording.has_sound()))
    };
    tokio::task::spawn_blocking(look).await.ok().flatten()
}

fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}
