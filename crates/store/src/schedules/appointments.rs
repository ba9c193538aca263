//! Appointments.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use super::placing::{self, LONGEST_APPOINTMENT, NoRoom, PlaceError, Room, Span};
use crate::columns::{json, micros, optional_uuid, time, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::workspaces::WorkspaceId;

/// The status of an appointment that does not stand.
pub(crate) const CANCELLED: &str = "cancelled";

/// An appointment in a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Appointment {
    /// Its id.
    pub id: Uuid,
    /// The schedule that it is in.
    pub schedule: Uuid,
    /// What can be changed of it.
    pub fields: AppointmentFields,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What can be changed of an appointment.
#[derive(Clone, Debug, PartialEq)]
pub struct AppointmentFields {
    /// With whom it is.
    pub contact: Option<Uuid>,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends; at most [`LONGEST_APPOINTMENT`] later.
    pub end: Timestamp,
    /// The status word of the API; one that is `cancelled` does not stand.
    pub status: String,
    /// Notes for those who keep the schedule.
    pub notes: Option<String>,
    /// Answers to the questions of the schedule: a JSON object.
    pub custom_answers: Value,
    /// Why it was cancelled.
    pub cancellation_reason: Option<String>,
}

/// Which appointments to list; absent parts match all of them.
#[derive(Clone, Debug, Default)]
pub struct AppointmentFilter {
    /// Those of a contact.
    pub contact: Option<Uuid>,
    /// Those in a schedule.
    pub schedule: Option<Uuid>,
    /// Those with this status.
    pub status: Option<&'static str>,
    /// Those that begin at this moment or later.
    pub from: Option<Timestamp>,
    /// Those that begin before this moment.
    pub until: Option<Timestamp>,
}

/// Why an appointment is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAppointmentError<E> {
    /// There is none.
    #[error("there is no such appointment")]
    Unknown,
    /// The change was refused by the one who was to make it.
    #[error("the change was refused")]
    Refused(E),
    /// There is no room for what it would become: these fields.
    #[error("{0}")]
    NoRoom(NoRoom, Box<Appointment>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// The appointments that match, earliest first; at most `limit`.
    pub async fn appointments(
        &self,
        filter: &AppointmentFilter,
        limit: u32,
    ) -> Result<Vec<Appointment>, StoreError> {
        let mut filter = Filter::of(&self.workspace, "workspace_id")
            .equal("contact_id", filter.contact)
            .equal("schedule_id", filter.schedule)
            .equal("status", filter.status)
            .from("start_time", filter.from)
            .before("start_time", filter.until);
        let limit = filter.place(i64::from(limit));
        let statement = format!(
            "SELECT * FROM appointments WHERE {} ORDER BY start_time, id LIMIT {limit}",
            filter.conditions()
        );
        let appointments = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(appointments)
    }

    /// The appointment with this id.
    pub async fn appointment(&self, id: Uuid) -> Result<Option<Appointment>, StoreError> {
        let appointment =
            sqlx::query_as("SELECT * FROM appointments WHERE id = $1 AND workspace_id = $2")
                .bind(id.to_string())
                .bind(self.workspace.as_str())
                .fetch_optional(&self.readers)
                .await?;
        Ok(appointment)
    }

    /// Those of these appointments that there still are.
    pub async fn appointments_of(&self, ids: &[Uuid]) -> Result<Vec<Appointment>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let filter = Filter::of(&self.workspace, "workspace_id").any_of("id", ids.iter().copied());
        let statement = format!("SELECT * FROM appointments WHERE {}", filter.conditions());
        let appointments = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(appointments)
    }

    /// The last appointment with a contact that was made within a span.
    pub async fn appointment_made(
        &self,
        contact: Uuid,
        (from, until): Span,
    ) -> Result<Option<Appointment>, StoreError> {
        let appointment = sqlx::query_as(
            "SELECT * FROM appointments WHERE contact_id = $1 AND workspace_id = $2
             AND created_at >= $3 AND created_at <= $4 ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(contact.to_string())
        .bind(self.workspace.as_str())
        .bind(micros(from))
        .bind(micros(until))
        .fetch_optional(&self.readers)
        .await?;
        Ok(appointment)
    }

    /// When appointments of a schedule that stand are, of those that are partly within a span; the
    /// appointment `except` does not count.
    pub async fn booked(
        &self,
        schedule: Uuid,
        (from, until): Span,
        except: Option<Uuid>,
    ) -> Result<Vec<Span>, StoreError> {
        let earliest = from
            .checked_sub(LONGEST_APPOINTMENT)
            .unwrap_or(Timestamp::MIN);
        let rows = sqlx::query(
            "SELECT start_time, end_time FROM appointments
             WHERE schedule_id = $1 AND workspace_id = $2 AND start_time >= $3 AND start_time < $4
             AND end_time > $5 AND status <> 'cancelled' AND id <> $6 ORDER BY start_time",
        )
        .bind(schedule.to_string())
        .bind(self.workspace.as_str())
        .bind(micros(earliest))
        .bind(micros(until))
        .bind(micros(from))
        .bind(except.unwrap_or_default().to_string())
        .fetch_all(&self.readers)
        .await?;
        let spans = rows
            .iter()
            .map(|row| Ok((time(row, "start_time")?, time(row, "end_time")?)));
        let spans: Result<Vec<Span>, sqlx::Error> = spans.collect();
        Ok(spans?)
    }

    /// Makes an appointment where there is room for it.
    pub async fn insert_appointment(
        &self,
        id: Uuid,
        schedule: Uuid,
        fields: &AppointmentFields,
        room: Room,
        now: Timestamp,
    ) -> Result<Appointment, PlaceError> {
        let mut write = self.write().await?;
        if super::find(&mut write, &self.workspace, schedule)
            .await?
            .is_none()
        {
            return Err(NoRoom::UnknownSchedule.into());
        }
        let made = insert(&mut write, &self.workspace, id, schedule, fields, room, now).await?;
        write.commit().await?;
        Ok(made)
    }

    /// Changes an appointment to what `change` makes of it. Where it moves or comes to stand
    /// again, there has to be room for it.
    pub async fn change_appointment<E: Send>(
        &self,
        id: Uuid,
        change: impl FnOnce(&Appointment) -> Result<AppointmentFields, E> + Send,
        room: Room,
        now: Timestamp,
    ) -> Result<Appointment, ChangeAppointmentError<E>> {
        let mut write = self.write().await?;
        let before = find(&mut write, &self.workspace, id).await?;
        let before = before.ok_or(ChangeAppointmentError::Unknown)?;
        let fields = change(&before).map_err(ChangeAppointmentError::Refused)?;
        let after = update(&mut write, &self.workspace, &before, &fields, room, now).await;
        let after = after.map_err(|error| match error {
            PlaceError::NoRoom(reason) => {
                let wished = Appointment { fields, ..before };
                ChangeAppointmentError::NoRoom(reason, Box::new(wished))
            }
            PlaceError::Store(error) => ChangeAppointmentError::Store(error),
        })?;
        write.commit().await.map_err(StoreError)?;
        Ok(after)
    }

    /// Deletes an appointment; requests that name it stay. Returns what there was.
    pub async fn delete_appointment(&self, id: Uuid) -> Result<Option<Appointment>, StoreError> {
        let mut write = self.write().await?;
        let deleted = sqlx::query_as(
            "DELETE FROM appointments WHERE id = $1 AND workspace_id = $2 RETURNING *",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&mut *write)
        .await?;
        write.commit().await?;
        Ok(deleted)
    }
}

/// Makes an appointment in a schedule that exists.
pub(crate) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
    schedule: Uuid,
    fields: &AppointmentFields,
    room: Room,
    now: Timestamp,
) -> Result<Appointment, PlaceError> {
    placing::require_contact(write, workspace, fields.contact).await?;
    if fields.status != CANCELLED {
        let span = (fields.start, fields.end);
        placing::check(write, schedule, span, None, room).await?;
    }
    let made = sqlx::query_as(
        "INSERT INTO appointments
         (id, workspace_id, schedule_id, contact_id, title, description, start_time, end_time,
          status, notes, custom_answers, cancellation_reason, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) RETURNING *",
    )
    .bind(id.to_string())
    .bind(workspace.as_str())
    .bind(schedule.to_string())
    .bind(fields.contact.map(|contact| contact.to_string()))
    .bind(&fields.title)
    .bind(fields.description.as_deref())
    .bind(micros(fields.start))
    .bind(micros(fields.end))
    .bind(&fields.status)
    .bind(fields.notes.as_deref())
    .bind(fields.custom_answers.to_string())
    .bind(fields.cancellation_reason.as_deref())
    .bind(micros(now))
    .fetch_one(write)
    .await?;
    Ok(made)
}

/// Changes an appointment.
pub(crate) async fn update(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    before: &Appointment,
    fields: &AppointmentFields,
    room: Room,
    now: Timestamp,
) -> Result<Appointment, PlaceError> {
    if fields.contact != before.fields.contact {
        placing::require_contact(write, workspace, fields.contact).await?;
    }
    let span = |of: &AppointmentFields| (of.start, of.end);
    let has_moved = span(fields) != span(&before.fields);
    let is_new = has_moved || before.fields.status == CANCELLED;
    if is_new && fields.status != CANCELLED {
        placing::check(write, before.schedule, span(fields), Some(before.id), room).await?;
    }
    let after = sqlx::query_as(
        "UPDATE appointments
         SET contact_id = $1, title = $2, description = $3, start_time = $4, end_time = $5,
             status = $6, notes = $7, custom_answers = $8, cancellation_reason = $9,
             updated_at = $10
         WHERE id = $11 AND workspace_id = $12 RETURNING *",
    )
    .bind(fields.contact.map(|contact| contact.to_string()))
    .bind(&fields.title)
    .bind(fields.description.as_deref())
    .bind(micros(fields.start))
    .bind(micros(fields.end))
    .bind(&fields.status)
    .bind(fields.notes.as_deref())
    .bind(fields.custom_answers.to_string())
    .bind(fields.cancellation_reason.as_deref())
    .bind(micros(now))
    .bind(before.id.to_string())
    .bind(workspace.as_str())
    .fetch_one(write)
    .await?;
    Ok(after)
}

/// The appointment with this id, as the transaction sees it.
pub(crate) async fn find(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<Appointment>, StoreError> {
    let found = sqlx::query_as("SELECT * FROM appointments WHERE id = $1 AND workspace_id = $2")
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(write)
        .await?;
    Ok(found)
}

impl FromRow<'_, AnyRow> for Appointment {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: uuid(row, "id")?,
            schedule: uuid(row, "schedule_id")?,
            fields: AppointmentFields {
                contact: optional_uuid(row, "contact_id")?,
                title: row.try_get("title")?,
                description: row.try_get("description")?,
                start: time(row, "start_time")?,
                end: time(row, "end_time")?,
                status: row.try_get("status")?,
                notes: row.try_get("notes")?,
                custom_answers: json(row, "custom_answers")?,
                cancellation_reason: row.try_get("cancellation_reason")?,
            },
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
