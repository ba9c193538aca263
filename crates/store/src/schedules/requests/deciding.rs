//! Deciding requests: what they ask for is done in the transaction that says so.

use jiff::Timestamp;
use serde_json::json;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{AppointmentRequest, NewAppointmentRequest, RequestKind, find};
use crate::columns::micros;
use crate::database::{Store, StoreError};
use crate::schedules::appointments::{self, AppointmentFields, CANCELLED};
use crate::schedules::placing::{NoRoom, PlaceError, Room};
use crate::workspaces::WorkspaceId;

/// What is decided of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestDecision {
    /// It is done as asked.
    Approve {
        /// The id of the appointment that it becomes, if it asks for one.
        appointment: Uuid,
        /// What is said to it.
        note: Option<String>,
        /// What the appointment needs.
        room: Room,
    },
    /// It is not done.
    Reject {
        /// Why.
        reason: Option<String>,
    },
    /// It is withdrawn.
    Cancel,
}

/// Why nothing is decided of a request.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is none.
    #[error("there is no such request")]
    Unknown,
    /// It has been decided already; this is its status.
    #[error("the request is {0} already")]
    Decided(String),
    /// What it asks for can not be done: the appointment that it is about is gone or cancelled.
    #[error("the appointment of the request is gone")]
    AppointmentGone,
    /// There is no room for what it asks for.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

impl From<StoreError> for DecideError {
    fn from(error: StoreError) -> Self {
        Self::Place(PlaceError::Store(error))
    }
}

impl From<sqlx::Error> for DecideError {
    fn from(error: sqlx::Error) -> Self {
        StoreError(error).into()
    }
}

impl Store {
    /// Decides a request that is pending, and does what it asks for if it is approved.
    pub async fn decide_appointment_request(
        &self,
        id: Uuid,
        decision: &RequestDecision,
        now: Timestamp,
    ) -> Result<AppointmentRequest, DecideError> {
        let mut write = self.write().await?;
        let request = find(&mut write, &self.workspace, id).await?;
        let request = request.ok_or(DecideError::Unknown)?;
        if request.status != "pending" {
            return Err(DecideError::Decided(request.status));
        }
        let mut appointment = request.asked.appointment;
        if let RequestDecision::Approve {
            appointment: made,
            room,
            ..
        } = decision
        {
            let asked = &request.asked;
            appointment =
                Some(fulfil(&mut write, &self.workspace, asked, *made, *room, now).await?);
        }
        let (status, note, reason) = match decision {
            RequestDecision::Approve { note, .. } => ("approved", note.as_deref(), None),
            RequestDecision::Reject { reason } => ("rejected", None, reason.as_deref()),
            RequestDecision::Cancel => ("cancelled", None, None),
        };
        let at = |is_it: bool| is_it.then_some(micros(now));
        let decided = sqlx::query_as(
            "UPDATE appointment_requests
             SET status = $1, approval_note = $2, rejection_reason = $3, approved_at = $4,
                 rejected_at = $5, appointment_id = $6, updated_at = $7
             WHERE id = $8 AND workspace_id = $9 RETURNING *",
        )
        .bind(status)
        .bind(note)
        .bind(reason)
        .bind(at(status == "approved"))
        .bind(at(status == "rejected"))
        .bind(appointment.map(|id| id.to_string()))
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(decided)
    }
}

/// Does what a request asks for; returns the appointment that it is about.
async fn fulfil(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    asked: &NewAppointmentRequest,
    made: Uuid,
    room: Room,
    now: Timestamp,
) -> Result<Uuid, DecideError> {
    let Some(about) = asked.appointment else {
        if asked.kind != RequestKind::Create {
            return Err(DecideError::AppointmentGone);
        }
        let fields = AppointmentFields {
            contact: asked.contact,
            title: asked.title.clone(),
            description: asked.description.clone(),
            start: asked.start,
            end: asked.end,
            status: "approved".to_owned(),
            notes: asked.notes.clone(),
            custom_answers: json!({}),
            cancellation_reason: None,
        };
        if crate::schedules::find(write, workspace, asked.schedule)
            .await?
            .is_none()
        {
            return Err(PlaceError::from(NoRoom::UnknownSchedule).into());
        }
        let made = appointments::insert(write, workspace, made, asked.schedule, &fields, room, now);
        return Ok(made.await?.id);
    };
    let before = appointments::find(write, workspace, about).await?;
    let before = before
        .filter(|before| before.fields.status != CANCELLED)
        .ok_or(DecideError::AppointmentGone)?;
    let mut fields = before.fields.clone();
    if asked.kind == RequestKind::Cancel {
        fields.status = CANCELLED.to_owned();
        fields.cancellation_reason = asked.notes.clone();
    } else {
        (fields.start, fields.end) = (asked.start, asked.end);
    }
    let after = appointments::update(write, workspace, &before, &fields, room, now).await?;
    Ok(after.id)
}
