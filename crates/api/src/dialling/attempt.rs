//! One attempt: written down, then made.

use std::sync::Arc;

use engine::{CallId, PlaceCall, PlaceCallError};
use jiff::{SignedDuration, Timestamp};
use store::{Begin, BegunCall, Candidate, Decision, NewAttempt, Store, StoreError};
use uuid::Uuid;

use super::runner::Runner;
use super::work::{self, Kind, TaskData};
use crate::calls::{about_contact, new_call};
use crate::phone_numbers::{Refusal, give_back, leave};

/// How soon to look again whether an agent is still paused.
const PAUSED_FOR: SignedDuration = SignedDuration::from_secs(15);

/// What became of a task that was to be taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// An attempt is under way, or the task was closed.
    Made,
    /// It stays where it is for now.
    Left,
}

/// Makes an attempt on a task that may be taken up now.
pub(super) async fn make(
    runner: &mut Runner,
    store: &Store,
    candidate: &Candidate,
    kind: Kind,
    places: Option<u32>,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let is_call = kind == Kind::MakeCall;
    if is_call && (now < runner.full_until || !has_room(runner, store, now).await?) {
        return Ok(Taken::Left);
    }
    if is_call && is_paused(runner, store, candidate) {
        let decision = Decision::Wait {
            until: now.saturating_add(PAUSED_FOR).unwrap_or(Timestamp::MAX),
            reason: "its agent is paused".to_owned(),
        };
        store.decide(&candidate.task, &decision, now).await?;
        return Ok(Taken::Left);
    }
    let mut order = if is_call {
        match order(runner, store, candidate) {
            Ok(order) => Some(order),
            Err(reason) => return close(store, candidate, reason, now).await,
        }
    } else {
        None
    };
    if let Some(order) = &mut order {
        let contact = match candidate.task.contact {
            Some(contact) => store.contact(contact).await?,
            None => None,
        };
        order.about = about_contact(store, contact.as_ref(), order.about.take()).await?;
    }
    if let Some(order) = &mut order
        && let Err(refusal) = leave(store, order, now).await
    {
        return wait_or_close(runner, store, candidate, refusal, now).await;
    }
    let lease = SignedDuration::try_from(runner.state.config.dialling.lease);
    let lease = lease.unwrap_or(SignedDuration::MAX);
    let attempt = NewAttempt {
        id: Uuid::now_v7(),
        candidate,
        node: &runner.node,
        claimed_until: now.saturating_add(lease).unwrap_or(Timestamp::MAX),
        places,
        call: order.as_ref().map(|order| new_call(order, now)),
    };
    let begun = match store.begin_attempt(&attempt, now).await? {
        Begin::Begun(begun) => begun,
        Begin::Changed | Begin::NoPlace => {
            if let Some(order) = order.filter(|order| order.carrier.is_some()) {
                give_back(store, order.call.0).await;
            }
            return Ok(Taken::Left);
        }
    };
    let (task, attempt) = (candidate.task.id, attempt.id);
    let Some(order) = order else {
        tracing::info!(%task, %attempt, "an attempt begins");
        runner.working.push(attempt);
        let work = work::carry_out(
            runner.state.clone(),
            store.clone(),
            candidate.task.clone(),
            kind,
            attempt,
        );
        runner.work.spawn(work);
        return Ok(Taken::Made);
    };
    let call = order.call;
    let has_place = order.carrier.is_some();
    match runner.state.calls.place(order) {
        Ok(()) => {
            tracing::info!(%task, %attempt, %call, "a task places its call");
            Ok(Taken::Made)
        }
        Err(refusal) => {
            if has_place {
                give_back(store, call.0).await;
            }
            take_back(runner, store, candidate, attempt, begun, &refusal, now).await
        }
    }
}

/// Whether this node may have one more call from the queue under way.
async fn has_room(runner: &Runner, store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let load = runner.state.calls.load();
    if load.calls >= load.limit {
        return Ok(false);
    }
    let under_way = store.held_attempts(&runner.node, now).await?.len();
    let most = usize::try_from(runner.state.config.dialling.parallel).unwrap_or(usize::MAX);
    Ok(under_way < most)
}

fn is_paused(runner: &Runner, store: &Store, candidate: &Candidate) -> bool {
    let directory = &runner.state.directory;
    let agent = directory.get(store.workspace_id(), candidate.task.agent);
    agent.is_some_and(|agent| agent.definition.is_paused())
}

/// The call that a task makes.
fn order(runner: &Runner, store: &Store, candidate: &Candidate) -> Result<PlaceCall, &'static str> {
    let task = &candidate.task;
    let agent = runner.state.directory.get(store.workspace_id(), task.agent);
    let agent = agent.ok_or("its agent does not exist any more")?;
    let number = task.number.clone();
    let number = number.ok_or("it has no contact with a number")?;
    let data = TaskData::read(&task.task_data);
    Ok(PlaceCall {
        call: CallId::generate(),
        conversation: Uuid::now_v7(),
        agent: Arc::clone(&agent.definition),
        number,
        about: data.about.or_else(|| task.description.clone()),
        prompt: data.prompt.and_then(work::CallPromptData::into_prompt),
        first_message: data.first_message,
        carrier: None,
    })
}

/// What becomes of a task whose call can not leave by the number of its agent.
async fn wait_or_close(
    runner: &Runner,
    store: &Store,
    candidate: &Candidate,
    refusal: Refusal,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let reason = refusal.to_string();
    match refusal {
        Refusal::Store(error) => Err(error),
        Refusal::Disabled { .. } | Refusal::Destination { .. } => {
            close(store, candidate, &reason, now).await
        }
        Refusal::Busy { .. } => {
            let wait = SignedDuration::try_from(runner.state.config.dialling.poll_interval);
            let until = now.checked_add(wait.unwrap_or(SignedDuration::ZERO));
            let decision = Decision::Wait {
                until: until.unwrap_or(now),
                reason,
            };
            store.decide(&candidate.task, &decision, now).await?;
            Ok(Taken::Left)
        }
    }
}

/// A node that can not take the call is no failure of the task: the attempt counts for nothing.
async fn take_back(
    runner: &mut Runner,
    store: &Store,
    candidate: &Candidate,
    attempt: Uuid,
    begun: Option<BegunCall>,
    refusal: &PlaceCallError,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let task = candidate.task.id;
    tracing::warn!(%task, %refusal, "a task's call is put back");
    let wait = match refusal {
        PlaceCallError::Full { retry_after, .. }
        | PlaceCallError::NoMedia { retry_after, .. }
        | PlaceCallError::Draining { retry_after } => Some(*retry_after),
        PlaceCallError::NoTrunk { .. } => None,
    };
    let wait_or_none = wait.and_then(|wait| SignedDuration::try_from(wait).ok());
    let again = wait_or_none.and_then(|wait| now.checked_add(wait).ok());
    let again = again.unwrap_or(now);
    let reason = refusal.to_string();
    store
        .withdraw_attempt(attempt, begun, again, &reason, now)
        .await?;
    if wait.is_some() {
        runner.full_until = again;
        return Ok(Taken::Left);
    }
    let Some(task) = store.task(task).await? else {
        return Ok(Taken::Left);
    };
    let decision = Decision::Close {
        status: "failed",
        reason,
    };
    store.decide(&task, &decision, now).await?;
    Ok(Taken::Made)
}

async fn close(
    store: &Store,
    candidate: &Candidate,
    reason: &str,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let decision = Decision::Close {
        status: "failed",
        reason: reason.to_owned(),
    };
    store.decide(&candidate.task, &decision, now).await?;
    Ok(Taken::Made)
}
