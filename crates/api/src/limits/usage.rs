//! Requests per key and month: counted in memory, written down now and then.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use store::{KeyUsage, Plan, Store, StoreError, WorkspaceId};
use uuid::Uuid;

use super::Standing;
use crate::caller::Caller;
use crate::clock::Now;

/// How long what was read of a key holds: its plan may change, and other nodes count too.
const FRESH: Duration = Duration::from_secs(60);
/// How long a key that nobody uses is remembered.
const IDLE: Duration = Duration::from_secs(300);

/// What keys have used.
#[derive(Debug, Default)]
pub(super) struct Usage {
    accounts: Mutex<HashMap<Uuid, Account>>,
    /// Held while accounts and the store exchange figures, so that none is missed or seen twice.
    exchange: tokio::sync::Mutex<()>,
}

/// What is known of one key.
#[derive(Debug)]
struct Account {
    workspace: WorkspaceId,
    plan: Plan,
    month: String,
    /// Requests of the month, those included that are not written down yet.
    used: u64,
    /// Requests that are not written down yet, by month.
    pending: HashMap<String, u64>,
    read_at: Duration,
    used_at: Duration,
}

impl Usage {
    /// Counts a request; how its key stands to `quota`, if that limits it. A request that is one
    /// too many is not counted.
    pub(super) async fn count(
        &self,
        caller: &Caller,
        quota: u64,
        now: Now,
    ) -> Result<Result<Option<Standing>, Standing>, StoreError> {
        let month = month(now.wall);
        if let Some(counted) = self.count_known(caller.account, &month, quota, now) {
            return Ok(counted);
        }
        self.read(caller, &month, now).await?;
        let counted = self.count_known(caller.account, &month, quota, now);
        Ok(counted.unwrap_or(Ok(None)))
    }

    fn count_known(
        &self,
        key: Uuid,
        month: &str,
        quota: u64,
        now: Now,
    ) -> Option<Result<Option<Standing>, Standing>> {
        let mut accounts = self.lock();
        let account = accounts.get_mut(&key)?;
        let is_fresh = now.running.saturating_sub(account.read_at) < FRESH;
        if account.month != month || !is_fresh {
            return None;
        }
        account.used_at = now.running;
        let is_limited = quota > 0 && account.plan == Plan::Free;
        if is_limited && account.used >= quota {
            return Some(Err(standing(quota, account.used, now.wall)));
        }
        account.used += 1;
        *account.pending.entry(month.to_owned()).or_default() += 1;
        Some(Ok(
            is_limited.then(|| standing(quota, account.used, now.wall))
        ))
    }

    async fn read(&self, caller: &Caller, month: &str, now: Now) -> Result<(), StoreError> {
        let _exchange = self.exchange.lock().await;
        let workspace = caller.store.workspace(&caller.workspace).await?;
        let written = caller.store.usage(caller.account, month).await?;
        let mut accounts = self.lock();
        let account = accounts.entry(caller.account).or_insert_with(|| Account {
            workspace: caller.workspace.clone(),
            plan: Plan::Free,
            month: String::new(),
            used: 0,
            pending: HashMap::new(),
            read_at: now.running,
            used_at: now.running,
        });
        account.plan = workspace.map_or(Plan::Free, |workspace| workspace.plan);
        account.month = month.to_owned();
        account.used = written + account.pending.get(month).copied().unwrap_or(0);
        account.read_at = now.running;
        Ok(())
    }

    /// Writes down what was counted. What can not be written waits for the next time.
    pub(super) async fn write_down(&self, store: &Store, now: Now) {
        let _exchange = self.exchange.lock().await;
        let counted = self.take_pending();
        if counted.is_empty() {
            self.forget_the_idle(now);
            return;
        }
        if let Err(error) = store.add_usage(&counted).await {
            tracing::error!(%error, "the usage of keys can not be written down yet");
            self.give_back(counted);
        }
    }

    fn take_pending(&self) -> Vec<KeyUsage> {
        let mut accounts = self.lock();
        let mut counted = Vec::new();
        for (key, account) in accounts.iter_mut() {
            for (month, requests) in account.pending.drain() {
                counted.push(KeyUsage {
                    workspace: account.workspace.clone(),
                    key: *key,
                    month,
                    requests,
                });
            }
        }
        counted
    }

    fn give_back(&self, counted: Vec<KeyUsage>) {
        let mut accounts = self.lock();
        for one in counted {
            if let Some(account) = accounts.get_mut(&one.key) {
                *account.pending.entry(one.month).or_default() += one.requests;
            }
        }
    }

    fn forget_the_idle(&self, now: Now) {
        self.lock().retain(|_, account| {
            let idle = now.running.saturating_sub(account.used_at);
            idle < IDLE || !account.pending.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn standing(quota: u64, used: u64, now: Timestamp) -> Standing {
    Standing {
        limit: quota,
        remaining: quota.saturating_sub(used),
        reset: until_next_month(now),
    }
}

/// The month of UTC, such as `2026-03`.
fn month(now: Timestamp) -> String {
    now.to_zoned_datetime(TimeZone::UTC)
        .strftime("%Y-%m")
        .to_string()
}

fn until_next_month(now: Timestamp) -> Duration {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let next = today.last_of_month().tomorrow();
    let next = next.and_then(|first: Date| first.to_zoned_datetime(TimeZone::UTC));
    next.map_or(Duration::ZERO, |next| {
        Duration::try_from(next.timestamp().duration_since(now)).unwrap_or(Duration::ZERO)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_those_of_utc() {
        assert_eq!(month(at("2026-03-31T23:59:59.999Z")), "2026-03");
        assert_eq!(month(at("2026-04-01T00:00:00+02:00")), "2026-03");
        assert_eq!(month(at("2026-04-01T00:00:00Z")), "2026-04");
    }

    #[test]
    fn the_next_month_begins_where_this_one_ends() {
        let last = until_next_month(at("2026-12-31T23:59:58.5Z"));
        assert_eq!(last, Duration::from_millis(1_500));
        let first = until_next_month(at("2028-02-01T00:00:00Z"));
        assert_eq!(first, Duration::from_secs(29 * 24 * 60 * 60));
    }
}
