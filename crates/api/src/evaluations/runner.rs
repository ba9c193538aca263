//! The task that evaluates sessions by language models.

use std::time::Duration;

use jiff::Timestamp;
use store::{CallRecord, ClaimedEvaluation, OverdueReport, SessionOutcome, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::judging::{self, Material, Verdict};
use super::telling::Party;
use super::{settings_of, telling};
use crate::clock;
use crate::state::ApiState;
use crate::transcriptions;
use crate::webhooks::events::{self, EndReport};

/// How much longer than the model may take a session is held on to.
const MARGIN: Duration = Duration::from_secs(10);

/// After so many claims that came to nothing a session is evaluated without the model.
pub(crate) const MOST_ATTEMPTS: u32 = 3;

/// Overdue reports that are looked at at once.
const AT_ONCE: u32 = 50;

/// Evaluates sessions that are due until `shutdown` is cancelled. Those under way are given up then
/// and claimed again by whoever runs next, as after a crash.
pub async fn run(state: ApiState, shutdown: CancellationToken) {
    let wake = state.evaluation.clone();
    let mut work = JoinSet::new();
    loop {
        let now = clock::now();
        if let Err(error) = round(&state, &mut work, now).await {
            tracing::error!(%error, "sessions to evaluate can not be looked for");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(ended) = work.join_next() => finished(ended),
            () = wake.notified() => {}
            () = tokio::time::sleep(state.config.evaluation.poll_interval) => {}
        }
    }
}

fn finished(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an evaluation broke; it is made again when its claim runs out");
    }
}

async fn round(state: &ApiState, work: &mut JoinSet<()>, now: Timestamp) -> Result<(), StoreError> {
    for overdue in state.store.overdue_reports(AT_ONCE, now).await? {
        report(state, &overdue).await?;
    }
    let settings = &state.config.evaluation;
    let busy = u32::try_from(work.len()).unwrap_or(u32::MAX);
    let mut free = settings.parallel.max(1).saturating_sub(busy);
    if free == 0 {
        return Ok(());
    }
    let hold = settings.timeout.saturating_add(MARGIN);
    for claimed in state.store.claim_evaluations(free, hold, now).await? {
        let state = state.clone();
        free = free.saturating_sub(1);
        work.spawn(async move {
            if let Err(error) = evaluate(&state, &claimed).await {
                let session = claimed.session;
                tracing::error!(%session, %error, "an evaluation is not written down yet");
            }
        });
    }
    for _ in 0..free {
        let claimed = state
            .store
            .claim_transcription_evaluation(hold, now)
            .await?;
        let Some(claimed) = claimed else { break };
        let state = state.clone();
        work.spawn(async move {
            if let Err(error) = transcriptions::evaluate(&state, &claimed).await {
                let transcription = claimed.record.new.id;
                tracing::error!(%transcription, %error, "an evaluation is not written down yet");
            }
        });
    }
    Ok(())
}

async fn evaluate(state: &ApiState, claimed: &ClaimedEvaluation) -> Result<(), StoreError> {
    let store = state.store.in_workspace(&claimed.workspace);
    let Some((call, material)) = material(&store, claimed.call).await? else {
        return Ok(());
    };
    let verdict = match judging::evaluator_of(state, &call) {
        Some(_) if claimed.attempts >= MOST_ATTEMPTS => {
            let reason = "the language model was asked several times, without an answer";
            judging::offline(&material, Some(reason.to_owned()))
        }
        Some((model, purpose)) => {
            let timeout = state.config.evaluation.timeout;
            judging::by_model(&material, &*model, &purpose, timeout).await
        }
        None => judging::offline(&material, None),
    };
    let now = clock::now();
    let ended_at = call.ended_at.unwrap_or(now);
    let party = telling::party_of(&store, &call, ended_at).await?;
    let outcome = outcome(state, &call, party, &material, verdict, now);
    let owed = state
        .store
        .finish_evaluation(claimed, &outcome, now)
        .await?;
    events::wake(state, owed.unwrap_or(0));
    Ok(())
}

/// Reports the end of a call that can not wait any longer for its evaluation.
async fn report(state: &ApiState, overdue: &OverdueReport) -> Result<(), StoreError> {
    let store = state.store.in_workspace(&overdue.workspace);
    let Some((call, material)) = material(&store, overdue.call).await? else {
        return Ok(());
    };
    let now = clock::now();
    let verdict = judging::offline(&material, None);
    let outcome = outcome(state, &call, Party::default(), &material, verdict, now);
    let owed = state
        .store
        .owe_overdue_report(overdue, &outcome, now)
        .await?;
    events::wake(state, owed.unwrap_or(0));
    Ok(())
}

fn outcome(
    state: &ApiState,
    call: &CallRecord,
    party: Party,
    material: &Material,
    verdict: Verdict,
    now: Timestamp,
) -> SessionOutcome {
    let seconds = call.duration.as_secs_f64().round() as u64;
    let felt = verdict.sentiment.as_deref();
    let report = EndReport::stored(state, call, &verdict.summary, felt);
    let ended_at = call.ended_at.unwrap_or(call.updated_at);
    SessionOutcome {
        report: report.announcement(ended_at),
        events: telling::events(call, party, seconds, material, &verdict, now),
        summary: verdict.summary,
        sentiment: verdict.sentiment,
        evaluation: verdict.evaluation,
    }
}

async fn material(
    store: &store::Store,
    call: Option<Uuid>,
) -> Result<Option<(CallRecord, Material)>, StoreError> {
    let Some(call) = call else { return Ok(None) };
    let (Some(call), Some(session)) = (store.call(call).await?, store.session(call).await?) else {
        return Ok(None);
    };
    let settings = settings_of(store, call.agent).await?;
    let messages = store.messages(call.conversation).await?;
    let material = Material::of_stored(&call, &session, messages, settings);
    Ok(Some((call, material)))
}
