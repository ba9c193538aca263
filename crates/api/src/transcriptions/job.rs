//! One transcription that this node works on, from its claim to its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{ClaimedTranscription, Store, StoreError, TranscribedSegment, TranscriptionEnd};
use tokio_util::sync::CancellationToken;
use transcription::{Recording, Report, Segment, Speaker};

use super::fetching::fetch;
use super::forgetting::forget_unsealed;
use super::thread::{Thread, Told, Trouble};
use crate::clock;
use crate::state::ApiState;

/// Why the work on a transcription stopped.
enum Stop {
    /// It can not be done, now or ever.
    Trouble(Trouble),
    /// Somebody else has it, or nobody wants it any more.
    Lost,
}

/// Works on a transcription until it is over, the claim is lost or the node stops.
pub(super) async fn carry_out(
    state: &ApiState,
    thread: &Thread,
    job: ClaimedTranscription,
    shutdown: &CancellationToken,
) {
    let store = state.store.in_workspace(&job.workspace);
    let id = job.record.new.id;
    tracing::info!(transcription = %id, attempt = job.attempts, "a transcription begins");
    let given_up = Arc::new(AtomicBool::new(false));
    let working = work(state, &store, thread, &job, Arc::clone(&given_up));
    let ended = tokio::select! {
        ended = working => ended,
        () = lose(state, &store, &job) => Err(Stop::Lost),
        () = shutdown.cancelled() => {
            given_up.store(true, Ordering::Relaxed);
            // Whoever starts next goes on at once.
            end(&store, &job, TranscriptionEnd::Later { at: clock::now() }).await;
            return;
        }
    };
    given_up.store(true, Ordering::Relaxed);
    match ended {
        Ok(()) => {
            let wait = state.config.evaluation.report_wait;
            let report_by = super::runner::later(clock::now(), wait);
            if end(&store, &job, TranscriptionEnd::Completed { report_by }).await {
                forget_unsealed(state, &store, id).await;
            }
            state.evaluation.notify_one();
        }
        Err(Stop::Trouble(trouble)) => {
            let outcome = outcome(state, &job, trouble, clock::now());
            let is_over = !matches!(outcome, TranscriptionEnd::Later { .. });
            if end(&store, &job, outcome).await && is_over {
                forget_unsealed(state, &store, id).await;
            }
        }
        Err(Stop::Lost) => tracing::info!(transcription = %id, "a transcription is given up"),
    }
    state.transcribing.notify_one();
}

/// What follows from trouble: another try, unless there were enough that got nowhere.
fn outcome(
    state: &ApiState,
    job: &ClaimedTranscription,
    trouble: Trouble,
    now: Timestamp,
) -> TranscriptionEnd {
    let settings = &state.config.transcriptions;
    match trouble {
        Trouble::Passing(_) if job.attempts < settings.attempts => {
            let wait = SignedDuration::try_from(settings.retry_after);
            let wait = wait.unwrap_or(SignedDuration::MAX);
            TranscriptionEnd::Later {
                at: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
            }
        }
        Trouble::Final(error) | Trouble::Passing(error) => TranscriptionEnd::Failed { error },
    }
}

/// Writes down how the work ended. Whether that is so: the claim may have gone, or the store fail.
async fn end(store: &Store, job: &ClaimedTranscription, end: TranscriptionEnd) -> bool {
    let id = job.record.new.id;
    let ended = store
        .end_transcription(id, job.claim, &end, clock::now())
        .await;
    match &ended {
        Ok(true) => match end {
            TranscriptionEnd::Completed { .. } => {
                tracing::info!(transcription = %id, "a transcription is completed");
            }
            TranscriptionEnd::Failed { error } => {
                tracing::warn!(transcription = %id, error, "a transcription failed");
            }
            TranscriptionEnd::Later { at } => {
                tracing::info!(transcription = %id, %at, "a transcription goes on later");
            }
        },
        Ok(false) => tracing::info!(transcription = %id, "a transcription was taken away"),
        // The claim runs out, and the end is come to again.
        Err(error) => {
            tracing::error!(transcription = %id, %error, "the end can not be written down");
        }
    }
    ended.unwrap_or_default()
}

/// Holds on to the claim for as long as that works.
async fn lose(state: &ApiState, store: &Store, job: &ClaimedTranscription) {
    let lease = state.config.transcriptions.lease;
    loop {
        tokio::time::sleep(lease / 3).await;
        let until = super::runner::later(clock::now(), lease);
        let held = store
            .renew_transcription(job.record.new.id, job.claim, until)
            .await;
        match held {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::error!(%error, "a claim can not be renewed"),
        }
    }
}

async fn work(
    state: &ApiState,
    store: &Store,
    thread: &Thread,
    job: &ClaimedTranscription,
    given_up: Arc<AtomicBool>,
) -> Result<(), Stop> {
    let settings = &state.config.transcriptions;
    if job.attempts > settings.attempts {
        let why = format!("it was begun {} times and got nowhere", settings.attempts);
        return Err(Stop::Trouble(Trouble::Final(why)));
    }
    let recordings = gather(state, store, job).await?;
    let id = job.record.new.id;
    let mut heard_until: HashMap<Speaker, Duration> = HashMap::new();
    for segment in store.transcribed_segments(id).await? {
        let end = Duration::from_millis(segment.end_ms);
        let until = heard_until.entry(speaker(&segment.speaker)).or_default();
        *until = end.max(*until);
    }
    let longest = settings.longest;
    let mut told = thread
        .transcribe(recordings, heard_until, longest, given_up)
        .await;
    while let Some(told) = told.recv().await {
        let now = clock::now();
        let held = match told {
            Told::Report(Report::Heard(segment)) => {
                let segment = stored(segment);
                store
                    .note_transcribed_segment(id, job.claim, &segment, now)
                    .await?
            }
            Told::Report(Report::Progress(percent)) => {
                store
                    .note_transcription_progress(id, job.claim, percent, now)
                    .await?
            }
            Told::Ended(ended) => return ended.map_err(Stop::Trouble),
        };
        if !held {
            return Err(Stop::Lost);
        }
    }
    let why = "the thread for transcriptions has ended".to_owned();
    Err(Stop::Trouble(Trouble::Passing(why)))
}

/// The files of a transcription, fetched if they are not there.
async fn gather(
    state: &ApiState,
    store: &Store,
    job: &ClaimedTranscription,
) -> Result<Vec<Recording>, Stop> {
    let record = &job.record;
    let new = &record.new;
    let (voice, customer) = (
        state.audio.voice(new.id),
        state.audio.customer_voice(new.id),
    );
    if !record.has_voice {
        let url = new.voice_url.as_deref();
        let url = url.ok_or_else(|| {
            Stop::Trouble(Trouble::Final("its audio is not there any more".to_owned()))
        })?;
        fetch(state, "voice_url", url, &voice).await?;
    }
    if let Some(url) = &new.customer_voice_url
        && !record.has_customer_voice
    {
        fetch(state, "customer_voice_url", url, &customer).await?;
    }
    let has_customer = new.customer_voice_url.is_some();
    let noted = store.note_transcription_files(new.id, job.claim, true, has_customer);
    if !noted.await? {
        // Deleted meanwhile: what was fetched since has to go, too.
        super::delete_files(state, new.id).await;
        return Err(Stop::Lost);
    }
    let recording = |path, speaker| Recording { path, speaker };
    if has_customer {
        return Ok(vec![
            recording(voice, Some(Speaker::Agent)),
            recording(customer, Some(Speaker::Customer)),
        ]);
    }
    Ok(vec![recording(voice, None)])
}

const SPEAKERS: [(Speaker, &str); 3] = [
    (Speaker::Agent, "agent"),
    (Speaker::Customer, "customer"),
    (Speaker::Anyone, "speaker"),
];

fn speaker(word: &str) -> Speaker {
    let found = SPEAKERS.iter().find(|(_, name)| *name == word);
    found.map_or(Speaker::Anyone, |(speaker, _)| *speaker)
}

fn stored(segment: Segment) -> TranscribedSegment {
    let word = SPEAKERS.iter().find(|(one, _)| *one == segment.speaker);
    let millis = |at: Duration| u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
    TranscribedSegment {
        speaker: word.map_or("speaker", |(_, name)| name).to_owned(),
        start_ms: millis(segment.start),
        end_ms: millis(segment.end),
        text: segment.text,
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a transcription can not be written down");
        Self::Trouble(Trouble::Passing(
            "the node could not write it down".to_owned(),
        ))
    }
}
