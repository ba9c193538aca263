//! What an agent knows and does, part by part: guidelines, notes, procedures and training rows.
//!
//! Every part has an id. A change of one part is a change of its whole section, stored while
//! nobody else changes an agent.

mod guidelines;
mod notes;
mod procedures;
mod training;

use agent::{AgentDefinition, Guideline, Note, Procedure, Training};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::parts::PartChange;
use crate::error::ApiError;
use crate::exchange::id;
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(guidelines::routes())
        .merge(notes::routes())
        .merge(procedures::routes())
        .merge(training::routes())
}

/// A part of an agent that has its like beside it.
pub(super) trait Part: Clone + Serialize {
    /// The field of the agent that holds all of them.
    const SECTION: &'static str;

    /// All of them.
    fn all(agent: &AgentDefinition) -> &[Self];

    /// Identifies this one.
    fn uuid(&self) -> Uuid;

    /// The answer where there is no such part.
    fn unknown() -> ApiError;
}

macro_rules! part {
    ($kind:ty, $section:ident, $code:literal, $message:literal) => {
        impl Part for $kind {
            const SECTION: &'static str = stringify!($section);

            fn all(agent: &AgentDefinition) -> &[Self] {
                &agent.$section
            }

            fn uuid(&self) -> Uuid {
                self.uuid
            }

            fn unknown() -> ApiError {
                ApiError::not_found($code, $message, "GET the agent lists all that it has.")
            }
        }
    };
}

part!(
    Guideline,
    guidelines,
    "GUIDELINE_NOT_FOUND",
    "The agent has no such guideline."
);
part!(Note, notes, "NOTE_NOT_FOUND", "The agent has no such note.");
part!(
    Procedure,
    procedures,
    "PROCEDURE_NOT_FOUND",
    "The agent has no such procedure."
);
part!(
    Training,
    training,
    "TRAINING_NOT_FOUND",
    "The agent has no such training row."
);

/// All parts of the section become these.
pub(super) fn replace<T: Part>(parts: &[T]) -> Result<PartChange, ApiError> {
    section(parts, String::new())
}

/// One more at the end.
pub(super) fn add<T: Part>(agent: &AgentDefinition, part: T) -> Result<PartChange, ApiError> {
    let mut parts = T::all(agent).to_vec();
    let place = parts.len();
    parts.push(part);
    section(&parts, format!("{}[{place}].", T::SECTION))
}

/// Changes the part with this id.
pub(super) fn edit<T: Part>(
    agent: &AgentDefinition,
    uuid: &str,
    edit: impl FnOnce(&mut T),
) -> Result<PartChange, ApiError> {
    let mut parts = T::all(agent).to_vec();
    let place = place::<T>(&parts, uuid)?;
    if let Some(part) = parts.get_mut(place) {
        edit(part);
    }
    section(&parts, format!("{}[{place}].", T::SECTION))
}

/// Takes the part with this id away.
pub(super) fn remove<T: Part>(agent: &AgentDefinition, uuid: &str) -> Result<PartChange, ApiError> {
    let mut parts = T::all(agent).to_vec();
    let place = place::<T>(&parts, uuid)?;
    parts.remove(place);
    section(&parts, String::new())
}

fn place<T: Part>(parts: &[T], uuid: &str) -> Result<usize, ApiError> {
    let uuid = id(uuid, T::unknown)?;
    let place = parts.iter().position(|part| part.uuid() == uuid);
    place.ok_or_else(T::unknown)
}

fn section<T: Part>(parts: &[T], prefix: String) -> Result<PartChange, ApiError> {
    let parts: Value =
        serde_json::to_value(parts).map_err(|error| ApiError::internal("read parts", &error))?;
    Ok(PartChange {
        changes: json!({ T::SECTION: parts }),
        prefix,
    })
}
