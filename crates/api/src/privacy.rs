//! What a node does for people's privacy while nobody asks: it forgets what is older than a
//! workspace keeps it, and deletes files of people that were erased.
//!
//! Files go before the notes of them: what a crash interrupts is done again, and a file that is
//! gone already counts as deleted.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use store::{Store, StoreError};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::state::ApiState;
use crate::transcriptions;

/// How often it is looked for what is too old.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Rows that are handled at once, so that nobody else waits long.
const AT_ONCE: u32 = 200;

/// Looks for what is to be forgotten, at once and then every hour, until `shutdown` is cancelled.
pub async fn run(state: ApiState, shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sweep(&state, state.clock.now().wall) => {}
        }
    }
}

/// Forgets all that is too old at `now`, in every workspace, and finishes erasures.
pub async fn sweep(state: &ApiState, now: Timestamp) {
    delete_erased_files(state, now).await;
    transcriptions::sweep_folder(state).await;
    let workspaces = match state.store.workspaces().await {
        Ok(workspaces) => workspaces,
        Err(error) => {
            tracing::error!(%error, "what is too old can not be looked for");
            return;
        }
    };
    for workspace in workspaces {
        let store = state.store.in_workspace(&workspace.id);
        if let Err(error) = forget_old(state, &store, now).await {
            tracing::error!(workspace = %workspace.id, %error, "what is too old is not forgotten");
        }
    }
}

/// Deletes the files of people that were erased. What can not be deleted stays to be tried again.
pub(crate) async fn delete_erased_files(state: &ApiState, now: Timestamp) {
    let mut after = None;
    loop {
        let calls = match state.store.erased_calls(after, AT_ONCE).await {
            Ok(calls) => calls,
            Err(error) => {
                tracing::error!(%error, "the files of erased people can not be looked for");
                return;
            }
        };
        let Some(last) = calls.last() else { return };
        after = Some((last.erasure, last.call));
        for call in &calls {
            if let Err(error) = delete_files(state, call.call, call.recording.as_deref()).await {
                tracing::error!(call = %call.call, %error, "a file of an erased person stays");
                continue;
            }
            if let Err(error) = state.store.settle_erased_call(call, now).await {
                tracing::error!(call = %call.call, %error, "an erasure is not noted");
            }
        }
    }
}

/// Deletes all that may be heard of a call. `recording` is the file that the call names; one that a
/// crash cut short may have files that it does not name.
async fn delete_files(state: &ApiState, call: Uuid, recording: Option<&Path>) -> io::Result<()> {
    if let Some(recording) = recording {
        delete(recording).await?;
    }
    // Of an erased person, transcriptions are among the calls.
    if !transcriptions::delete_files(state, call).await {
        return Err(io::Error::other("the audio of a transcription stays"));
    }
    let name = call.to_string();
    for file in recordings::paths(&state.config.recordings, &name) {
        delete(&file).await?;
    }
    if let Some(bundles) = &state.config.bundles {
        delete(&bundles.join(&name).with_extension("mihu")).await?;
    }
    Ok(())
}

async fn forget_old(state: &ApiState, store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let retention = store.retention().await?;
    if let Some(end) = retention.recordings_end(now) {
        forget_recordings(state, store, end).await?;
    }
    if let Some(end) = retention.transcripts_end(now) {
        while store.forget_transcripts(end, AT_ONCE).await? == AT_ONCE as usize {}
    }
    transcriptions::forget_old(state, store, retention, now).await
}

async fn forget_recordings(
    state: &ApiState,
    store: &Store,
    end: Timestamp,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let old = store.recordings_before(end, after, AT_ONCE).await?;
        let Some(last) = old.last() else {
            return Ok(());
        };
        after = Some(last.call);
        for recording in &old {
            match delete_files(state, recording.call, Some(&recording.file)).await {
                Ok(()) => store.forget_recording(recording.call).await?,
                Err(error) => {
                    tracing::error!(call = %recording.call, %error, "an old recording stays");
                }
            }
        }
    }
}

/// A file that is not there is deleted.
async fn delete(file: &Path) -> io::Result<()> {
    match tokio::fs::remove_file(file).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
