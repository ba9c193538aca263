//! Takes up transcriptions, on as many threads as the settings say, and reports their ends.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use transcription::Models;

use super::thread::Thread;
use super::{job, report};
use crate::clock;
use crate::state::ApiState;

/// The pause after a thread could not be started.
const PAUSE: Duration = Duration::from_secs(5);

/// Works on what is due until `shutdown` is cancelled; what is under way by then goes on with the
/// next start, here or elsewhere.
///
/// Nothing is lost and no utterance written down twice when the process dies: a claim runs out by
/// itself, and whoever claims next goes on after the last utterance that was written down.
pub async fn run(state: ApiState, models: Models, shutdown: CancellationToken) {
    let mut tasks = JoinSet::new();
    for number in 0..state.config.transcriptions.threads {
        tasks.spawn(work(
            state.clone(),
            models.clone(),
            number,
            shutdown.clone(),
        ));
    }
    tasks.spawn(tell(state, shutdown.clone()));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a worker on transcriptions broke");
        }
    }
    shutdown.cancelled().await;
}

async fn work(state: ApiState, models: Models, number: usize, shutdown: CancellationToken) {
    let settings = &state.config.transcriptions;
    let thread = loop {
        match Thread::start(models.clone(), number) {
            Ok(thread) => break thread,
            Err(error) => tracing::error!(%error, "a thread for transcriptions can not be started"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    };
    while !shutdown.is_cancelled() {
        let now = clock::now();
        let until = later(now, settings.lease);
        let storage = state.audio.id();
        let claimed = state.store.claim_transcription(storage, until, now).await;
        match claimed {
            Ok(Some(claimed)) => job::carry_out(&state, &thread, claimed, &shutdown).await,
            Ok(None) => wait(&state, &shutdown).await,
            Err(error) => {
                tracing::error!(%error, "transcriptions can not be taken up");
                wait(&state, &shutdown).await;
            }
        }
    }
    thread.end().await;
}

/// Reports what is owed.
async fn tell(state: ApiState, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if !report::deliver_next(&state).await {
            let poll = state.config.transcriptions.poll_interval;
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
    }
}

async fn wait(state: &ApiState, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = state.transcribing.notified() => {}
        () = tokio::time::sleep(state.config.transcriptions.poll_interval) => {}
    }
}

/// So much later, or the end of time.
pub(super) fn later(now: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}
