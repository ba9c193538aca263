//! How the files of transcriptions go: with what they belong to, or when they are too old.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use store::{Retention, Store, StoreError};
use uuid::Uuid;

use crate::state::ApiState;

/// Rows that are handled at once.
const AT_ONCE: u32 = 200;
/// A file that belongs to nothing is left for so long: it may be about to belong to something.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes the files of a transcription. Whether all are gone.
pub(crate) async fn delete_files(state: &ApiState, transcription: Uuid) -> bool {
    let mut is_gone = true;
    let audio = &state.audio;
    for file in [
        audio.voice(transcription),
        audio.customer_voice(transcription),
    ] {
        match tokio::fs::remove_file(&file).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!(%transcription, %error, "the audio of a transcription stays");
                is_gone = false;
            }
        }
    }
    is_gone
}

/// Where recordings are sealed, nothing that was said stays on disk as plain audio: the audio of a
/// transcription, which nobody asks for again, goes with the end of the work.
pub(crate) async fn forget_unsealed(state: &ApiState, store: &Store, transcription: Uuid) {
    if !seals(state) || !delete_files(state, transcription).await {
        return;
    }
    if let Err(error) = store.forget_transcription_files(transcription).await {
        tracing::error!(%transcription, %error, "it can not be noted that audio is gone");
    }
}

fn seals(state: &ApiState) -> bool {
    state.config.keys.current().is_some()
}

/// Finishes what was discarded, and deletes files that belong to nothing.
pub(crate) async fn sweep_folder(state: &ApiState) {
    if let Err(error) = finish_discarded(state).await {
        tracing::error!(%error, "discarded transcriptions can not be looked for");
    }
    if let Err(error) = delete_orphans(state).await {
        tracing::error!(%error, "the folder of transcriptions can not be looked through");
    }
}

async fn finish_discarded(state: &ApiState) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let storage = state.audio.id();
        let found = state
            .store
            .discarded_transcriptions(storage, after, AT_ONCE);
        let found = found.await?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for discarded in &found {
            if delete_files(state, discarded.id).await {
                let store = state.store.in_workspace(&discarded.workspace);
                store.forget_transcription(discarded.id).await?;
            }
        }
    }
}

/// A crash leaves uploads that were not whole, and whole ones that were never written down.
async fn delete_orphans(state: &ApiState) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut files = tokio::fs::read_dir(state.audio.path()).await?;
    while let Some(entry) = files.next_entry().await? {
        let path = entry.path();
        let Some(id) = belongs_to(&path) else {
            continue;
        };
        let modified = entry.metadata().await?.modified()?;
        let age = SystemTime::now()
            .duration_since(modified)
            .unwrap_or_default();
        if age < YOUNG {
            continue;
        }
        let is_part = path
            .extension()
            .is_some_and(|extension| extension == "part");
        if is_part || !state.store.is_any_transcription(id).await? {
            tokio::fs::remove_file(&path).await?;
            tracing::info!(file = %id, "audio that belongs to no transcription was deleted");
        }
    }
    Ok(())
}

/// The id in the name of a file of audio.
fn belongs_to(path: &Path) -> Option<Uuid> {
    let kind = path.extension()?.to_str()?;
    let is_audio = matches!(kind, "voice" | "customer" | "part");
    let id = path.file_stem()?.to_str()?.parse().ok()?;
    is_audio.then_some(id)
}

/// Forgets what a workspace does not keep for so long.
pub(crate) async fn forget_old(
    state: &ApiState,
    store: &Store,
    retention: Retention,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(end) = retention.transcripts_end(now) {
        while store.forget_transcribed_words(end, AT_ONCE).await? == AT_ONCE as usize {}
    }
    // Where recordings are sealed, what ended is not kept at all: a crash may have come between.
    let kept_since = seals(state).then_some(now);
    let Some(end) = kept_since.or_else(|| retention.recordings_end(now)) else {
        return Ok(());
    };
    let mut after = None;
    loop {
        let storage = state.audio.id();
        let old = store.transcription_files_before(end, storage, after, AT_ONCE);
        let old = old.await?;
        let Some(&last) = old.last() else {
            return Ok(());
        };
        after = Some(last);
        for id in old {
            if delete_files(state, id).await {
                store.forget_transcription_files(id).await?;
            }
        }
    }
}
