//! A request as it is shown.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use store::Store;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::exchange::words;
use crate::schedules::appointments::{self, Appointment};

words! {
    /// What became of a request.
    pub(super) enum AppointmentRequestStatus {
        /// Nothing yet.
        Pending = "pending",
        /// It was done as asked.
        Approved = "approved",
        /// It was not done.
        Rejected = "rejected",
        /// It was withdrawn.
        Cancelled = "cancelled",
    }
}

words! {
    /// What is asked for.
    pub(super) enum AppointmentRequestType {
        /// A new appointment.
        Create = "create",
        /// That an appointment be moved.
        Reschedule = "reschedule",
        /// That an appointment be cancelled.
        Cancel = "cancel",
    }
}

/// An appointment that someone proposes, or whose change they ask for.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7,
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "type": "create",
    "title": "Check-up",
    "description": null,
    "start_time": "2026-12-01T09:00:00Z",
    "end_time": "2026-12-01T09:30:00Z",
    "status": "pending",
    "notes": null,
    "approval_note": null,
    "rejection_reason": null,
    "approved_at": null,
    "rejected_at": null,
    "schedule_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "schedule": { "id": "0198c5a2-5c00-7000-8000-0242ac120002", "name": "Dr. Adams" },
    "appointment_uuid": null,
    "appointment": null,
    "contact": {
        "id": "0198c5a2-5c00-7000-8000-0242ac120003",
        "uuid": "0198c5a2-5c00-7000-8000-0242ac120003",
        "name": "Ada",
        "surname": null,
        "email": "ada@example.com",
        "phone_number": "+14155550123",
    },
    "created_at": "2026-11-28T10:00:00Z",
    "updated_at": "2026-11-28T10:00:00Z",
}))]
pub(super) struct AppointmentRequest {
    /// Which request of the workspace it is, from 1.
    id: u64,
    /// Identifies it.
    uuid: Uuid,
    /// What is asked for.
    #[schema(value_type = AppointmentRequestType)]
    r#type: &'static str,
    /// What the appointment is called.
    title: String,
    /// What it is about.
    #[schema(required)]
    description: Option<String>,
    /// When it is to begin.
    start_time: Timestamp,
    /// When it is to end.
    end_time: Timestamp,
    /// What became of the request.
    #[schema(value_type = AppointmentRequestStatus)]
    status: String,
    /// Notes for those who decide.
    #[schema(required)]
    notes: Option<String>,
    /// What was said when it was approved.
    #[schema(required)]
    approval_note: Option<String>,
    /// Why it was rejected.
    #[schema(required)]
    rejection_reason: Option<String>,
    /// When it was approved.
    #[schema(required)]
    approved_at: Option<Timestamp>,
    /// When it was rejected.
    #[schema(required)]
    rejected_at: Option<Timestamp>,
    /// The schedule.
    schedule_uuid: Uuid,
    /// The same, with its name.
    schedule: RequestSchedule,
    /// The appointment that it became or is about.
    #[schema(required)]
    appointment_uuid: Option<Uuid>,
    /// The same, as it is now; null once it is deleted.
    #[schema(required)]
    appointment: Option<Appointment>,
    /// Who asks.
    contact: RequestContact,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// The schedule that a request is for.
#[derive(Serialize, ToSchema)]
struct RequestSchedule {
    /// Identifies it.
    id: Uuid,
    /// What it is called.
    name: String,
}

/// Who asks, as they said it.
#[derive(Serialize, ToSchema)]
struct RequestContact {
    /// The same as `uuid`.
    #[schema(required)]
    id: Option<Uuid>,
    /// The contact, if they are one.
    #[schema(required)]
    uuid: Option<Uuid>,
    /// First name, or the whole one.
    #[schema(required)]
    name: Option<String>,
    /// Family name.
    #[schema(required)]
    surname: Option<String>,
    /// Address for electronic mail.
    #[schema(required)]
    email: Option<String>,
    /// Telephone number.
    #[schema(required)]
    phone_number: Option<String>,
}

/// One request as it is shown.
pub(super) async fn view(
    store: &Store,
    stored: store::AppointmentRequest,
) -> Result<AppointmentRequest, ApiError> {
    let mut views = views(store, vec![stored]).await?;
    let one = views.pop();
    one.ok_or_else(|| ApiError::internal("show a request", &"nothing was made of it"))
}

/// Requests as they are shown.
pub(super) async fn views(
    store: &Store,
    stored: Vec<store::AppointmentRequest>,
) -> Result<Vec<AppointmentRequest>, ApiError> {
    let internal = |error| ApiError::internal("show requests", &error);
    let of = |request: &store::AppointmentRequest| request.asked.schedule;
    let schedules: BTreeSet<Uuid> = stored.iter().map(of).collect();
    let schedules: Vec<Uuid> = schedules.into_iter().collect();
    let names = store.schedule_names(&schedules).await.map_err(internal)?;
    let booked = stored
        .iter()
        .filter_map(|request| request.asked.appointment);
    let booked: Vec<Uuid> = booked.collect();
    let booked = store.appointments_of(&booked).await.map_err(internal)?;
    let booked: HashMap<Uuid, _> = booked.into_iter().map(|one| (one.id, one)).collect();
    let stored = stored.into_iter();
    Ok(stored
        .map(|request| {
            let name = names.get(&request.asked.schedule).cloned();
            let appointment = request.asked.appointment;
            let appointment = appointment.and_then(|id| booked.get(&id)).cloned();
            shown(request, name.unwrap_or_default(), appointment)
        })
        .collect())
}

fn shown(
    stored: store::AppointmentRequest,
    schedule: String,
    appointment: Option<store::Appointment>,
) -> AppointmentRequest {
    let asked = stored.asked;
    AppointmentRequest {
        id: stored.number,
        uuid: asked.id,
        r#type: asked.kind.as_str(),
        title: asked.title,
        description: asked.description,
        start_time: asked.start,
        end_time: asked.end,
        status: stored.status,
        notes: asked.notes,
        approval_note: stored.approval_note,
        rejection_reason: stored.rejection_reason,
        approved_at: stored.approved_at,
        rejected_at: stored.rejected_at,
        schedule_uuid: asked.schedule,
        schedule: RequestSchedule {
            id: asked.schedule,
            name: schedule,
        },
        appointment_uuid: asked.appointment,
        appointment: appointment.map(appointments::view),
        contact: RequestContact {
            id: asked.contact,
            uuid: asked.contact,
            name: asked.party.name,
            surname: asked.party.surname,
            email: asked.party.email,
            phone_number: asked.party.number,
        },
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}
