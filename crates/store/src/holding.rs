//! Calls are held on to by the node that carries them, so that no other one takes them for calls
//! that a crash cut short. Holding is the node's work: it is about the calls of all workspaces.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::calls::{CallRecord, select_calls};
use crate::columns::micros;
use crate::database::{Store, StoreError};

/// The node that a store writes for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) node: Uuid,
    lease: Duration,
}

impl Holder {
    /// Until when what is held at `now` is held.
    pub(crate) fn until(&self, now: Timestamp) -> Timestamp {
        let lease = SignedDuration::try_from(self.lease).unwrap_or(SignedDuration::MAX);
        now.saturating_add(lease).unwrap_or(Timestamp::MAX)
    }
}

impl Store {
    /// The same database for a node, which keeps its id over its restarts and holds on to the calls
    /// that it begins for `lease` at a time.
    #[must_use]
    pub fn on_node(&self, node: Uuid, lease: Duration) -> Self {
        Self {
            holder: Some(Holder { node, lease }),
            ..self.clone()
        }
    }

    /// How long a call of this node is held on to at a time; none of a store without a node.
    pub fn call_lease(&self) -> Option<Duration> {
        self.holder.map(|holder| holder.lease)
    }

    /// Holds on to all calls of this node that go on. Returns how many there are.
    pub async fn hold_calls(&self, now: Timestamp) -> Result<u64, StoreError> {
        let Some(holder) = self.holder else {
            return Ok(0);
        };
        let held =
            sqlx::query("UPDATE calls SET held_until = $1 WHERE node = $2 AND ended_at IS NULL")
                .bind(micros(holder.until(now)))
                .bind(holder.node.to_string())
                .execute(&self.writer)
                .await?;
        Ok(held.rows_affected())
    }

    /// Calls of all workspaces that have not ended and that no other node holds on to, oldest first.
    /// Right after a start these are the calls that this node was carrying when it died, and those
    /// of nodes that are gone.
    pub async fn unfinished_calls(&self, now: Timestamp) -> Result<Vec<CallRecord>, StoreError> {
        let calls = sqlx::query_as(select_calls!(
            "WHERE calls.ended_at IS NULL AND (calls.node IS NULL OR calls.node = $1
                 OR calls.held_until IS NULL OR calls.held_until <= $2)
             ORDER BY calls.created_at, calls.id"
        ))
        .bind(self.node())
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await?;
        Ok(calls)
    }

    /// Calls of all workspaces that have not ended and whose node is another one that has not held on
    /// to them for too long: it is gone. At most so many, oldest first.
    pub async fn abandoned_calls(
        &self,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let calls = sqlx::query_as(select_calls!(
            "WHERE calls.ended_at IS NULL AND calls.node <> $1 AND calls.held_until <= $2
             ORDER BY calls.created_at, calls.id LIMIT $3"
        ))
        .bind(self.node())
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        Ok(calls)
    }

    /// Empty without a node, as no node's id is.
    fn node(&self) -> String {
        self.holder
            .map_or_else(String::new, |it| it.node.to_string())
    }
}
