//! An appointment as it is shown.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::words;

words! {
    /// What became of an appointment. All but a cancelled one stand: nothing else is booked at
    /// their time.
    pub(super) enum AppointmentStatus {
        /// It is not yet agreed to.
        Pending = "pending",
        /// It is agreed to.
        Approved = "approved",
        /// It does not take place.
        Cancelled = "cancelled",
        /// It took place.
        Completed = "completed",
        /// The contact did not come.
        NoShow = "no_show",
    }
}

/// An appointment in a schedule.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "schedule_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "contact_uuid": null,
    "title": "Check-up",
    "description": null,
    "start_time": "2026-12-01T09:00:00Z",
    "end_time": "2026-12-01T09:30:00Z",
    "status": "approved",
    "notes": "First visit",
    "custom_answers": {},
    "cancellation_reason": null,
    "created_at": "2026-11-28T10:00:00Z",
    "updated_at": "2026-11-28T10:00:00Z",
}))]
pub(in crate::schedules) struct Appointment {
    /// Identifies it.
    uuid: Uuid,
    /// The schedule that it is in.
    schedule_uuid: Uuid,
    /// With whom it is.
    #[schema(required)]
    contact_uuid: Option<Uuid>,
    /// What it is called.
    title: String,
    /// What it is about.
    #[schema(required)]
    description: Option<String>,
    /// When it begins.
    start_time: Timestamp,
    /// When it ends.
    end_time: Timestamp,
    /// What became of it.
    #[schema(value_type = AppointmentStatus)]
    status: String,
    /// Notes for those who keep the schedule.
    #[schema(required)]
    notes: Option<String>,
    /// Answers to the schedule's questions, by their names.
    #[schema(value_type = Object)]
    custom_answers: Value,
    /// Why it was cancelled.
    #[schema(required)]
    cancellation_reason: Option<String>,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

pub(in crate::schedules) fn view(stored: store::Appointment) -> Appointment {
    let fields = stored.fields;
    Appointment {
        uuid: stored.id,
        schedule_uuid: stored.schedule,
        contact_uuid: fields.contact,
        title: fields.title,
        description: fields.description,
        start_time: fields.start,
        end_time: fields.end,
        status: fields.status,
        notes: fields.notes,
        custom_answers: fields.custom_answers,
        cancellation_reason: fields.cancellation_reason,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    }
}
