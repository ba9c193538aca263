//! Requests that must not be done twice: each is reserved before it is done, and its answer kept.

use jiff::Timestamp;
use sqlx::Row;
use uuid::Uuid;

use crate::columns::{micros, optional_uuid, time, uuid};
use crate::database::{Store, StoreError};

/// Rows that are forgotten in one transaction, so that nobody else waits long.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

/// A request that is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The reservation's id.
    pub id: Uuid,
    /// The id of what the request makes: the same for as long as the request was not done.
    pub work: Uuid,
    /// Whether it was reserved before by a process that died: what it makes may be there.
    pub is_taken_over: bool,
}

/// What became of a try to reserve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is to be done: whoever asked does it, then keeps its answer or gives the reservation back.
    Now(Reservation),
    /// It was done.
    Done {
        /// The reservation under which it was done.
        reservation: Uuid,
        /// Its answer, as it was kept.
        content: Vec<u8>,
    },
    /// It is being done.
    InUse,
    /// The key belongs to another request.
    Other,
}

/// How long reservations and answers hold.
#[derive(Clone, Copy, Debug)]
pub struct ReservationLimits {
    /// What was reserved before this moment and has no answer is taken over: its process died.
    pub abandoned_before: Timestamp,
    /// What was reserved before this moment is forgotten.
    pub forgotten_before: Timestamp,
}

impl Store {
    /// Reserves the request `request`, which its client calls `key`.
    pub async fn reserve_request(
        &self,
        key: &str,
        request: &str,
        limits: ReservationLimits,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        let mut write = self.write().await?;
        let row = sqlx::query("SELECT * FROM idempotency WHERE workspace_id = $1 AND key = $2")
            .bind(self.workspace.as_str())
            .bind(key)
            .fetch_optional(&mut *write)
            .await?;
        let mut begun = None;
        if let Some(row) = row {
            let reserved_at = time(&row, "reserved_at")?;
            let content: Option<Vec<u8>> = row.try_get("content")?;
            if reserved_at >= limits.forgotten_before {
                let same = row.try_get::<&str, _>("request")? == request;
                match content {
                    _ if !same => return Ok(Reserved::Other),
                    Some(content) => {
                        let reservation = uuid(&row, "reservation")?;
                        return Ok(Reserved::Done {
                            reservation,
                            content,
                        });
                    }
                    None if reserved_at >= limits.abandoned_before => return Ok(Reserved::InUse),
                    None => {
                        let work = optional_uuid(&row, "work_id")?;
                        begun = Some(work.map_or_else(|| uuid(&row, "reservation"), Ok)?);
                    }
                }
            }
        }
        let id = Uuid::now_v7();
        let reservation = Reservation {
            id,
            work: begun.unwrap_or(id),
            is_taken_over: begun.is_some(),
        };
        sqlx::query(
            "INSERT INTO idempotency (workspace_id, key, request, reservation, reserved_at, work_id)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (workspace_id, key) DO UPDATE SET
                 request = excluded.request, reservation = excluded.reservation,
                 reserved_at = excluded.reserved_at, work_id = excluded.work_id, content = NULL",
        )
        .bind(self.workspace.as_str())
        .bind(key)
        .bind(request)
        .bind(reservation.id.to_string())
        .bind(micros(now))
        .bind(reservation.work.to_string())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Reserved::Now(reservation))
    }

    /// Keeps the answer of a reserved request, unless the reservation was taken over.
    pub async fn keep_answer(&self, reservation: Uuid, content: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE idempotency SET content = $1 WHERE workspace_id = $2 AND reservation = $3",
        )
        .bind(content.to_vec())
        .bind(self.workspace.as_str())
        .bind(reservation.to_string())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Gives a reservation back: the request was not done, and may be tried again at once.
    pub async fn release_request(&self, reservation: Uuid) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotency WHERE workspace_id = $1 AND reservation = $2")
            .bind(self.workspace.as_str())
            .bind(reservation.to_string())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Forgets the requests of all workspaces that were reserved before this moment. Returns how
    /// many.
    pub async fn forget_requests(&self, reserved_before: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let mut write = self.write_for_all().await?;
            let old: Vec<String> = sqlx::query_scalar(
                "SELECT reservation FROM idempotency WHERE reserved_at < $1
                 ORDER BY reserved_at LIMIT $2",
            )
            .bind(micros(reserved_before))
            .bind(FORGOTTEN_AT_ONCE)
            .fetch_all(&mut *write)
            .await?;
            for reservation in &old {
                let gone = sqlx::query(
                    "DELETE FROM idempotency WHERE reservation = $1 AND reserved_at < $2",
                )
                .bind(reservation)
                .bind(micros(reserved_before))
                .execute(&mut *write)
                .await?;
                forgotten += gone.rows_affected();
            }
            write.commit().await?;
            if old.len() < FORGOTTEN_AT_ONCE as usize {
                return Ok(forgotten);
            }
        }
    }
}
