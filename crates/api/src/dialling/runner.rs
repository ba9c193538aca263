//! The round that the queue is gone through in, again and again.

use std::time::Duration;

use dialling::{Order, places};
use jiff::{SignedDuration, Timestamp};
use store::{DueTask, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt::{self, Taken};
use super::{decide, recovery};
use crate::clock;
use crate::state::ApiState;

/// Tasks that one look at the queue takes in.
const AT_ONCE: u32 = 50;

/// How long attempts that make no call may still take when the node stops.
const GRACE: Duration = Duration::from_secs(10);

/// What the runner of one node knows from one round to the next.
pub(super) struct Runner {
    pub(super) state: ApiState,
    /// Names this node among those of the database, anew at each start.
    pub(super) node: String,
    /// Attempts that make no call.
    pub(super) work: JoinSet<Uuid>,
    /// Those attempts by their ids.
    pub(super) working: Vec<Uuid>,
    /// Calls can not be placed before this.
    pub(super) full_until: Timestamp,
    renewed: Timestamp,
}

/// Takes up tasks at their time until `shutdown` is cancelled; calls that are placed by then live
/// on without it.
///
/// Nothing is lost or done twice when the process dies: an attempt is written down before it is
/// made, and one whose node is gone is ended when its claim runs out.
pub async fn run(state: ApiState, shutdown: CancellationToken) {
    if !state.config.dialling.enabled {
        shutdown.cancelled().await;
        return;
    }
    let wake = state.dialling.clone();
    let mut runner = Runner {
        state,
        node: Uuid::now_v7().to_string(),
        work: JoinSet::new(),
        working: Vec::new(),
        full_until: Timestamp::UNIX_EPOCH,
        renewed: Timestamp::UNIX_EPOCH,
    };
    loop {
        let now = clock::now();
        let is_more = runner.round(now).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the dialling queue can not be gone through");
            false
        });
        let wait = if is_more {
            Duration::ZERO
        } else {
            runner.pause(clock::now()).await
        };
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = runner.work.join_next() => runner.finished(ended),
            () = wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    let finishing = async { while runner.work.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finishing).await.is_err() {
        tracing::warn!("attempts that do not end are left to the next start");
    }
}

impl Runner {
    /// One look at all that may be due. Whether there is more to do at once.
    async fn round(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let store = self.state.store.clone();
        let lease = self.state.config.dialling.lease;
        let third = SignedDuration::try_from(lease / 3).unwrap_or(SignedDuration::ZERO);
        if now.duration_since(self.renewed) >= third {
            self.renewed = now;
            recovery::renew(self, now).await?;
            recovery::end_abandoned(&self.state, now).await?;
        }
        for due in store.tasks_without_verdict(AT_ONCE).await? {
            decide::verdict(&self.state, &due, clock::now()).await?;
        }
        let is_any_made = store.advance_campaigns(now).await?;
        if store.expire_tasks(now).await? > 0 {
            tracing::info!("tasks expired");
        }
        let load = self.state.calls.load();
        if load.draining || load.broken.is_some() {
            return Ok(false);
        }
        let taken = self.take_due(now).await? | self.take_from_pools(now).await?;
        Ok(taken || is_any_made)
    }

    async fn take_due(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let due = self.state.store.due_tasks(AT_ONCE, now).await?;
        let mut is_any_taken = false;
        for due in due {
            is_any_taken |= self.take(&due, None).await?;
        }
        Ok(is_any_taken)
    }

    async fn take_from_pools(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let mut is_any_taken = false;
        for pool in self.state.store.running_pools().await? {
            let order = match pool.kind.as_str() {
                "LIFO" => Order::Lifo,
                "Parallel" => Order::Parallel,
                _ => Order::Fifo,
            };
            let most = places(order, pool.max_parallel_items, 0);
            let free = places(order, pool.max_parallel_items, pool.under_way);
            if free == 0 {
                continue;
            }
            let due = self.state.store.due_in_pool(&pool, free, now).await?;
            for due in due {
                is_any_taken |= self.take(&due, Some(most)).await?;
            }
        }
        Ok(is_any_taken)
    }

    /// Looks at one due task. Whether anything became of it.
    async fn take(&mut self, due: &DueTask, places: Option<u32>) -> Result<bool, StoreError> {
        let now = clock::now();
        let store = self.state.store.in_workspace(&due.workspace);
        let Some(candidate) = store.candidate(due.id, decide::since(now)).await? else {
            return Ok(false);
        };
        match decide::next_step(&candidate, now) {
            decide::Step::Decide(decision) => store.decide(&candidate.task, &decision, now).await,
            decide::Step::Attempt(kind) => {
                let taken = attempt::make(self, &store, &candidate, kind, places, now).await?;
                Ok(taken == Taken::Made)
            }
        }
    }

    /// How long nothing is due, as far as is known.
    async fn pause(&self, now: Timestamp) -> Duration {
        let usual = self.state.config.dialling.poll_interval;
        match self.state.store.next_due(now).await {
            Ok(Some(next)) => Duration::try_from(next.duration_since(now))
                .unwrap_or(Duration::ZERO)
                .min(usual),
            Ok(None) => usual,
            Err(error) => {
                tracing::error!(%error, "the dialling queue can not be read");
                usual
            }
        }
    }

    fn finished(&mut self, ended: Result<Uuid, tokio::task::JoinError>) {
        match ended {
            Ok(attempt) => self.working.retain(|&one| one != attempt),
            Err(error) => {
                tracing::error!(%error, "an attempt broke; it is ended when its claim runs out");
                self.working.clear();
            }
        }
    }
}
