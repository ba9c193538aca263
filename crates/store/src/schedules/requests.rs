//! Requests: appointments that someone proposes, or whose change they ask for, until a person
//! agrees or not.

pub(crate) mod deciding;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use super::placing::{self, NoRoom, PlaceError};
use crate::columns::{micros, optional_time, optional_uuid, time, unreadable, unsigned, uuid};
use crate::contacts::{self, Person};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::workspaces::WorkspaceId;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A new appointment.
    Create,
    /// That an appointment be moved.
    Reschedule,
    /// That an appointment be cancelled.
    Cancel,
}

impl RequestKind {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Reschedule => "reschedule",
            Self::Cancel => "cancel",
        }
    }

    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        match row.try_get("kind")? {
            "create" => Ok(Self::Create),
            "reschedule" => Ok(Self::Reschedule),
            "cancel" => Ok(Self::Cancel),
            other => {
                let reason = std::io::Error::other(format!("{other:?} is no kind of request"));
                Err(unreadable("kind", reason))
            }
        }
    }
}

/// A request to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAppointmentRequest {
    /// Its id.
    pub id: Uuid,
    /// What is asked for.
    pub kind: RequestKind,
    /// In which schedule.
    pub schedule: Uuid,
    /// With whom.
    pub contact: Option<Uuid>,
    /// What those who ask say of themselves. Who is no contact yet and tells a number or an
    /// address becomes one.
    pub party: Person,
    /// Which appointment is to be moved or cancelled.
    pub appointment: Option<Uuid>,
    /// What the appointment is called.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// When it is to begin.
    pub start: Timestamp,
    /// When it is to end.
    pub end: Timestamp,
    /// Notes for those who decide.
    pub notes: Option<String>,
}

/// A stored request.
#[derive(Clone, Debug, PartialEq)]
pub struct AppointmentRequest {
    /// What is asked for.
    pub asked: NewAppointmentRequest,
    /// Which request of its workspace it is, from 1.
    pub number: u64,
    /// `pending`, `approved`, `rejected` or `cancelled`.
    pub status: String,
    /// What was said when it was approved.
    pub approval_note: Option<String>,
    /// Why it was rejected.
    pub rejection_reason: Option<String>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When it was rejected.
    pub rejected_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which requests to list; absent parts match all of them.
#[derive(Clone, Debug, Default)]
pub struct AppointmentRequestFilter {
    /// Those with this status.
    pub status: Option<&'static str>,
    /// Those in a schedule.
    pub schedule: Option<Uuid>,
    /// Those for this moment or later.
    pub from: Option<Timestamp>,
    /// Those for earlier than this moment.
    pub until: Option<Timestamp>,
}

impl Store {
    /// The requests that match, by the time that they ask for; at most `limit`.
    pub async fn appointment_requests(
        &self,
        filter: &AppointmentRequestFilter,
        limit: u32,
    ) -> Result<Vec<AppointmentRequest>, StoreError> {
        let mut filter = Filter::of(&self.workspace, "workspace_id")
            .equal("status", filter.status)
            .equal("schedule_id", filter.schedule)
            .from("start_time", filter.from)
            .before("start_time", filter.until);
        let limit = filter.place(i64::from(limit));
        let statement = format!(
            "SELECT * FROM appointment_requests WHERE {} ORDER BY start_time, id LIMIT {limit}",
            filter.conditions()
        );
        let requests = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(requests)
    }

    /// The request with this id.
    pub async fn appointment_request(
        &self,
        id: Uuid,
    ) -> Result<Option<AppointmentRequest>, StoreError> {
        let request = sqlx::query_as(
            "SELECT * FROM appointment_requests WHERE id = $1 AND workspace_id = $2",
        )
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(request)
    }

    /// Stores a request. Whether there is room for it is seen when it is approved.
    pub async fn insert_appointment_request(
        &self,
        new: &NewAppointmentRequest,
        now: Timestamp,
    ) -> Result<AppointmentRequest, PlaceError> {
        let mut write = self.write().await?;
        if super::find(&mut write, &self.workspace, new.schedule)
            .await?
            .is_none()
        {
            return Err(NoRoom::UnknownSchedule.into());
        }
        let contact = match new.contact {
            None if new.party.number.is_some() || new.party.email.is_some() => {
                let made =
                    contacts::find_or_create_person(&mut write, &self.workspace, &new.party, now);
                Some(made.await?)
            }
            contact => contact,
        };
        placing::require_contact(&mut write, &self.workspace, contact).await?;
        let made = sqlx::query_as(
            "INSERT INTO appointment_requests
             (id, workspace_id, number, kind, schedule_id, contact_id, appointment_id, title,
              description, start_time, end_time, status, notes, created_at, updated_at,
              contact_name, contact_surname, contact_email, contact_phone)
             VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM appointment_requests
                              WHERE workspace_id = $2),
                     $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12, $12,
                     $13, $14, $15, $16)
             RETURNING *",
        )
        .bind(new.id.to_string())
        .bind(self.workspace.as_str())
        .bind(new.kind.as_str())
        .bind(new.schedule.to_string())
        .bind(contact.map(|id| id.to_string()))
        .bind(new.appointment.map(|id| id.to_string()))
        .bind(&new.title)
        .bind(new.description.as_deref())
        .bind(micros(new.start))
        .bind(micros(new.end))
        .bind(new.notes.as_deref())
        .bind(micros(now))
        .bind(new.party.name.as_deref())
        .bind(new.party.surname.as_deref())
        .bind(new.party.email.as_deref())
        .bind(new.party.number.as_deref())
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(made)
    }
}

async fn find(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<AppointmentRequest>, StoreError> {
    let found =
        sqlx::query_as("SELECT * FROM appointment_requests WHERE id = $1 AND workspace_id = $2")
            .bind(id.to_string())
            .bind(workspace.as_str())
            .fetch_optional(write)
            .await?;
    Ok(found)
}

impl FromRow<'_, AnyRow> for AppointmentRequest {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            asked: NewAppointmentRequest {
                id: uuid(row, "id")?,
                kind: RequestKind::read(row)?,
                schedule: uuid(row, "schedule_id")?,
                contact: optional_uuid(row, "contact_id")?,
                party: Person {
                    number: row.try_get("contact_phone")?,
                    email: row.try_get("contact_email")?,
                    name: row.try_get("contact_name")?,
                    surname: row.try_get("contact_surname")?,
                },
                appointment: optional_uuid(row, "appointment_id")?,
                title: row.try_get("title")?,
                description: row.try_get("description")?,
                start: time(row, "start_time")?,
                end: time(row, "end_time")?,
                notes: row.try_get("notes")?,
            },
            number: unsigned(row, "number")?,
            status: row.try_get("status")?,
            approval_note: row.try_get("approval_note")?,
            rejection_reason: row.try_get("rejection_reason")?,
            approved_at: optional_time(row, "approved_at")?,
            rejected_at: optional_time(row, "rejected_at")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
