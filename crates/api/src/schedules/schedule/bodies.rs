//! What is sent to make and to change a schedule.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::details::Question;
use crate::exchange::{Change, Object, Text};

/// A schedule to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewSchedule)]
pub(super) struct New {
    /// What it is called.
    pub(super) name: Text<1, 255>,
    /// When it is open.
    pub(super) availability_type_uuid: Uuid,
    /// What is kept in it; `appointment`.
    pub(super) r#type: Option<Text<1, 64>>,
    /// How it is shown, such as `#2f80ed`.
    pub(super) color: Option<Text<1, 32>>,
    /// The agents that keep it, which exist.
    #[schema(max_items = 50)]
    pub(super) ai_agents: Option<Vec<Uuid>>,
    /// The people who keep it, by whatever they are called.
    #[schema(max_items = 50)]
    pub(super) human_agents: Option<Vec<Text<1, 255>>>,
    /// What is asked before a booking.
    #[schema(max_items = 50, value_type = Option<Vec<Question>>)]
    pub(super) custom_questions: Option<Vec<Object<Question>>>,
}

/// What is to change of a schedule. What is left out stays; a list that is given replaces.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ScheduleChange)]
pub(super) struct Update {
    /// What it is called.
    pub(super) name: Option<Text<1, 255>>,
    /// When it is open.
    pub(super) availability_type_uuid: Option<Uuid>,
    /// What is kept in it.
    pub(super) r#type: Option<Text<1, 64>>,
    /// How it is shown, such as `#2f80ed`.
    #[serde(default)]
    pub(super) color: Change<Text<1, 32>>,
    /// The agents that keep it, which exist.
    #[schema(max_items = 50)]
    pub(super) ai_agents: Option<Vec<Uuid>>,
    /// The people who keep it, by whatever they are called.
    #[schema(max_items = 50)]
    pub(super) human_agents: Option<Vec<Text<1, 255>>>,
    /// What is asked before a booking.
    #[schema(max_items = 50, value_type = Option<Vec<Question>>)]
    pub(super) custom_questions: Option<Vec<Object<Question>>>,
}
