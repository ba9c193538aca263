//! `/agents/{agent_uuid}/appointments`: in which schedules an agent books, and by which rules.

pub(super) mod settings;

use std::collections::HashSet;
use std::sync::Arc;

use agent::AgentDefinition;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use self::settings::Booking;
use self::settings::{Assignment, MOST_ASSIGNMENTS};
use super::objects;
use crate::agents;
use crate::caller::Caller;
use crate::clock;
use crate::directory::KnownAgent;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Path, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(show, replace))
}

/// How an agent books.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "agent_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "enabled": true,
    "random_assignment": false,
    "schedule_assignments": [{
        "schedule_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
        "name": "Check-ups",
        "description": null,
        "slot_rules": {
            "offer_slots_from": "3_hours",
            "book_slots_from": "0_min",
            "max_appointments_per_day": 8,
            "conflict_resolution_enabled": true,
            "alternative_slots_count": 3,
            "suggestion_priority": "closest",
            "prefer_same_day": true,
            "prefer_same_time_slot": false,
            "include_same_week": true,
        },
        "rescheduling": {
            "policy": "allowed",
            "minor_change_hours": null,
            "minor_change_same_day": false,
            "minor_change_same_week": false,
            "minor_change_same_slot": false,
            "min_rescheduling_notice": "3_hours",
        },
        "cancellation": {
            "min_cancellation_notice": "1_day",
            "ai_can_cancel": true,
            "require_cancellation_reason": false,
            "cancellation_fee_policy": null,
        },
        "questions": {
            "inherit_from_schedule": true,
            "custom_questions": [{
                "name": "First visit?", "type": "boolean", "required": true, "description": null,
            }],
        },
        "approval": {
            "require_approval": false,
            "approval_threshold": null,
            "approval_for_create": false,
            "approval_for_reschedule": false,
            "approval_for_cancel": false,
            "approval_for_notes": false,
            "notify_calendar_owner": false,
            "notify_admins": false,
            "expected_response_time": null,
        },
    }],
    "updated_at": "2026-11-28T10:00:00Z",
}))]
struct AgentBooking {
    /// The agent.
    agent_uuid: Uuid,
    /// Whether it books at all.
    enabled: bool,
    /// Which of several schedules that are free gets an appointment: any, or the first in order.
    random_assignment: bool,
    /// The schedules that it books in.
    schedule_assignments: Vec<Assignment>,
    /// When it last changed; null if it never did.
    #[schema(required)]
    updated_at: Option<Timestamp>,
}

/// How an agent books
///
/// An agent of which nothing was ever said books if its definition says so, in the schedules that
/// name it among their `ai_agents`.
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/appointments", operation_id = "show_agent_booking",
    tag = "appointments",
    security(("token" = ["agents:read"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "How it books.", body = Envelope<AgentBooking>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<AgentBooking>, ApiError> {
    let agent = agents::find(&state, &caller, &agent)?;
    let (booking, updated_at) = current(&caller, &agent.definition).await?;
    Ok(ok(
        "Agent appointments retrieved successfully",
        view(agent.definition.agent_uuid, booking, updated_at),
    ))
}

/// Sets how an agent books
///
/// All of it is replaced; what is left out is as described. Each schedule can be assigned once.
/// `enabled` and `random_assignment` are the agent's `appointment_scheduling_enabled` and
/// `appointment_scheduling_randomly`: whichever was set last counts. Calls that are up keep what they
/// began with.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/appointments", operation_id = "replace_agent_booking",
    tag = "appointments",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = Booking, example = json!({
        "enabled": true,
        "schedule_assignments": [{
            "schedule_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
            "name": "Check-ups",
            "slot_rules": { "offer_slots_from": "3_hours", "max_appointments_per_day": 8 },
            "rescheduling": { "policy": "allowed", "min_rescheduling_notice": "3_hours" },
            "cancellation": { "min_cancellation_notice": "1_day", "ai_can_cancel": true },
        }],
    })),
    responses(
        (status = 200, description = "How it books now.", body = Envelope<AgentBooking>),
        (status = 404, description = "`AGENT_NOT_FOUND` or `SCHEDULE_NOT_FOUND`: There is no such \
            agent or schedule.", body = ErrorBody),
    ),
)]
async fn replace(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<Value>,
) -> Result<Envelope<AgentBooking>, ApiError> {
    let (_change, known) = agents::find_to_change(&state, &caller, &agent).await?;
    let agent = known.definition.agent_uuid;
    let booking = read(&caller, body).await?;
    let (stored, _) = put(&state, &caller, &known, &booking, clock::now()).await?;
    Ok(ok(
        "Agent appointments updated successfully",
        stored_view(agent, stored)?,
    ))
}

/// How an agent books, as a client sent it, if that can be.
pub(crate) async fn read(caller: &Caller, sent: Value) -> Result<Booking, ApiError> {
    let booking: Booking = objects(sent)?;
    check(caller, &booking).await?;
    Ok(booking)
}

/// Has an agent book like that from now on, and gives the agent that does.
pub(crate) async fn put(
    state: &ApiState,
    caller: &Caller,
    agent: &KnownAgent,
    booking: &Booking,
    now: Timestamp,
) -> Result<(store::AgentBooking, Arc<KnownAgent>), ApiError> {
    let settings = serde_json::to_value(booking)
        .map_err(|error| ApiError::internal("write how an agent books", &error))?;
    let id = agent.definition.agent_uuid;
    let stored = caller.store.put_agent_booking(id, &settings, now).await;
    let stored = stored.map_err(|error| ApiError::internal("store how an agent books", &error))?;
    let stored = stored.ok_or_else(agents::unknown_agent)?;
    let agent = state.directory.put(agent.that_books(&stored));
    Ok((stored, agent))
}

/// How an agent books, as it is shown with the agent.
pub(crate) async fn block(
    caller: &Caller,
    definition: &AgentDefinition,
) -> Result<Value, ApiError> {
    let (booking, _) = current(caller, definition).await?;
    serde_json::to_value(booking)
        .map_err(|error| ApiError::internal("show how an agent books", &error))
}

/// How an agent books, and since when, if that was ever said apart from its definition.
async fn current(
    caller: &Caller,
    definition: &AgentDefinition,
) -> Result<(Booking, Option<Timestamp>), ApiError> {
    let stored = caller.store.agent_booking(definition.agent_uuid).await;
    let stored = stored.map_err(|error| ApiError::internal("find how an agent books", &error))?;
    let Some(stored) = stored else {
        let booking = Booking {
            enabled: definition.appointment_scheduling_enabled,
            random_assignment: definition.appointment_scheduling_randomly,
            schedule_assignments: Vec::new(),
        };
        return Ok((booking, None));
    };
    let booking = serde_json::from_value(stored.settings)
        .map_err(|error| ApiError::internal("read how an agent books", &error))?;
    Ok((booking, Some(stored.updated_at)))
}

async fn check(caller: &Caller, booking: &Booking) -> Result<(), ApiError> {
    let assignments = &booking.schedule_assignments;
    if assignments.len() > MOST_ASSIGNMENTS {
        let expected = format!("at most {MOST_ASSIGNMENTS} schedules");
        return Err(ApiError::invalid("schedule_assignments", expected));
    }
    let mut seen = HashSet::new();
    for (index, assignment) in assignments.iter().enumerate() {
        if !seen.insert(assignment.schedule_uuid) {
            let field = format!("schedule_assignments[{index}].schedule_uuid");
            return Err(ApiError::invalid(field, "a schedule that is assigned once"));
        }
        assignment.check(index)?;
        let found = caller.store.schedule(assignment.schedule_uuid).await;
        let found = found.map_err(|error| ApiError::internal("find a schedule", &error))?;
        found.ok_or_else(super::schedule::unknown)?;
    }
    Ok(())
}

fn stored_view(agent: Uuid, stored: store::AgentBooking) -> Result<AgentBooking, ApiError> {
    let booking = serde_json::from_value(stored.settings)
        .map_err(|error| ApiError::internal("read how an agent books", &error))?;
    Ok(view(agent, booking, Some(stored.updated_at)))
}

fn view(agent: Uuid, booking: Booking, updated_at: Option<Timestamp>) -> AgentBooking {
    AgentBooking {
        agent_uuid: agent,
        enabled: booking.enabled,
        random_assignment: booking.random_assignment,
        schedule_assignments: booking.schedule_assignments,
        updated_at,
    }
}
