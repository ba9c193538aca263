//! A schedule as it is shown.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::details::Details;
use crate::error::ApiError;

/// A calendar that appointments are made in.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "name": "Dr. Adams",
    "availability_type_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "type": "appointment",
    "color": "#2f80ed",
    "ai_agents": [],
    "human_agents": [],
    "custom_questions": [{
        "name": "First visit?", "type": "boolean", "required": true, "description": null,
    }],
    "created_at": "2026-11-28T10:00:00Z",
    "updated_at": "2026-11-28T10:00:00Z",
}))]
pub(super) struct Schedule {
    /// Identifies it.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// When it is open.
    availability_type_uuid: Uuid,
    #[serde(flatten)]
    details: Details,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

pub(super) fn view(stored: store::Schedule) -> Result<Schedule, ApiError> {
    Ok(Schedule {
        uuid: stored.id,
        name: stored.name,
        availability_type_uuid: stored.availability_type,
        details: Details::read(stored.details)?,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    })
}
