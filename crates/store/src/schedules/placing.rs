//! Where an appointment may be: apart from every other one of its schedule that stands.

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::columns::micros;
use crate::database::StoreError;
use crate::workspaces::WorkspaceId;

/// The longest that an appointment can be.
pub const LONGEST_APPOINTMENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A span of time: from the first instant to before the second.
pub type Span = (Timestamp, Timestamp);

/// What an appointment of a schedule needs beside its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What lies between two appointments at least.
    pub gap: SignedDuration,
    /// How many appointments may begin within a span.
    pub limit: Option<(Span, u32)>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// There is no such schedule.
    #[error("there is no such schedule")]
    UnknownSchedule,
    /// There is no such contact.
    #[error("there is no such contact")]
    UnknownContact,
    /// Another appointment is there, or too near.
    #[error("another appointment is there, or too near")]
    Clash,
    /// As many appointments as are allowed begin in that span.
    #[error("as many appointments begin then as are allowed")]
    Full,
}

/// Whether an appointment is placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// There is no room for it.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PlaceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError(error))
    }
}

/// Refuses a time for which a schedule has no room; the appointment `except` does not count.
pub(crate) async fn check(
    write: &mut AnyConnection,
    schedule: Uuid,
    (start, end): Span,
    except: Option<Uuid>,
    room: Room,
) -> Result<(), PlaceError> {
    let except = except.unwrap_or_default().to_string();
    let gap = room.gap.as_micros();
    let gap = i64::try_from(gap).unwrap_or_default();
    // One that begins earlier than that has ended.
    let earliest =
        micros(start) - gap - i64::try_from(LONGEST_APPOINTMENT.as_micros()).unwrap_or(i64::MAX);
    let clash: Option<String> = sqlx::query_scalar(
        "SELECT id FROM appointments
         WHERE schedule_id = $1 AND start_time >= $2 AND start_time < $3 AND end_time > $4
         AND status <> 'cancelled' AND id <> $5 LIMIT 1",
    )
    .bind(schedule.to_string())
    .bind(earliest)
    .bind(micros(end) + gap)
    .bind(micros(start) - gap)
    .bind(&except)
    .fetch_optional(&mut *write)
    .await?;
    if clash.is_some() {
        return Err(NoRoom::Clash.into());
    }
    let Some(((from, until), limit)) = room.limit else {
        return Ok(());
    };
    let begun: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM appointments
         WHERE schedule_id = $1 AND start_time >= $2 AND start_time < $3
         AND status <> 'cancelled' AND id <> $4",
    )
    .bind(schedule.to_string())
    .bind(micros(from))
    .bind(micros(until))
    .bind(&except)
    .fetch_one(write)
    .await?;
    if begun >= i64::from(limit) {
        return Err(NoRoom::Full.into());
    }
    Ok(())
}

/// Refuses a contact that does not exist.
pub(crate) async fn require_contact(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    contact: Option<Uuid>,
) -> Result<(), PlaceError> {
    let Some(contact) = contact else {
        return Ok(());
    };
    let found: Option<String> =
        sqlx::query_scalar("SELECT id FROM contacts WHERE id = $1 AND workspace_id = $2")
            .bind(contact.to_string())
            .bind(workspace.as_str())
            .fetch_optional(write)
            .await?;
    found
        .map(|_| ())
        .ok_or_else(|| NoRoom::UnknownContact.into())
}
