//! What a node does for its API beside answering: it writes down the usage of keys and forgets
//! the answers of old requests, OAuth tokens that are over, and sessions of messages after which
//! nobody wrote any more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::state::ApiState;
use crate::{idempotency, oauth, whatsapp};

/// How often usage is written down; a crash forgets at most this much of it.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
/// How often old requests are forgotten.
const FORGET_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

/// Keeps up until `shutdown` is cancelled, which is to be after the last request: then what was
/// counted is written down once more.
pub async fn run(state: ApiState, shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(WRITE_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forgotten = Timestamp::UNIX_EPOCH;
    loop {
        let now = state.clock.now();
        state.limits.write_down(&state.store, now).await;
        if shutdown.is_cancelled() {
            return;
        }
        end_sessions(&state, now.wall).await;
        if now.wall.duration_since(forgotten) > FORGET_INTERVAL {
            forgotten = now.wall;
            idempotency::forget(&state, now.wall).await;
            oauth::forget(&state, now.wall).await;
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = tick.tick() => {}
        }
    }
}

/// Ends the sessions of messages, in all workspaces, in which nobody wrote for too long by `now`.
pub async fn end_sessions(state: &ApiState, now: Timestamp) {
    whatsapp::end_overdue_sessions(state, now).await;
}
