//! Attempts that are held on to while they live, and ended when their node is gone.

use jiff::{SignedDuration, Timestamp};
use store::{OpenAttempt, StoreError};

use std::sync::atomic::Ordering;

use super::runner::Runner;
use super::work::UNKNOWN;
use crate::records;
use crate::state::ApiState;

/// Holds on to the attempts of this node that are alive, and ends the calls of those that nobody
/// wants any more. One that is not alive runs out.
pub(super) async fn renew(runner: &Runner, now: Timestamp) -> Result<(), StoreError> {
    let state = &runner.state;
    let lease = SignedDuration::try_from(state.config.dialling.lease);
    let until = now
        .saturating_add(lease.unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX);
    for held in state.store.held_attempts(&runner.node, now).await? {
        let is_alive = match held.call {
            Some(call) => {
                if !held.is_wanted {
                    state.calls.hang_up(engine::CallId(call), None);
                }
                state.calls.subscribe(engine::CallId(call)).is_some()
            }
            None => runner.working.contains(&held.id),
        };
        if is_alive && !state.store.renew_attempt(held.id, until, now).await? {
            tracing::error!(attempt = %held.id, "the claim of an attempt ran out while it was made");
            if let Some(call) = held.call {
                state.calls.hang_up(engine::CallId(call), None);
            }
        }
    }
    Ok(())
}

/// Ends the attempts that nobody holds on to any more.
pub(super) async fn end_abandoned(state: &ApiState, now: Timestamp) -> Result<(), StoreError> {
    // Ends of this node's own calls may only not be written yet.
    if state.records_fail.load(Ordering::Acquire) {
        return Ok(());
    }
    for attempt in state.store.abandoned_attempts(now).await? {
        end(state, &attempt, now).await?;
        tracing::warn!(attempt = %attempt.id, "an attempt whose node is gone is ended");
    }
    Ok(())
}

async fn end(state: &ApiState, attempt: &OpenAttempt, now: Timestamp) -> Result<(), StoreError> {
    const GONE: &str = "the node stopped while the attempt was under way";
    let store = state.store.in_workspace(&attempt.workspace);
    let call = match attempt.call {
        Some(call) => store.call(call).await?,
        None => None,
    };
    let (outcome, reason) = match &call {
        Some(call) if call.ended_at.is_none() => {
            return records::close_one(state, call).await;
        }
        Some(call) => (call.status.as_str(), call.reason.as_deref().unwrap_or(GONE)),
        None if store.has_sent_message(attempt.id).await? => (UNKNOWN, GONE),
        None => ("failed", GONE),
    };
    store.end_attempt(attempt.id, outcome, reason, now).await
}
