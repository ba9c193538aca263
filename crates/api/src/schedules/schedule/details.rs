//! What a schedule has beside its name and its hours.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::{Object, Text, words};
use crate::state::ApiState;

/// The most entries of each list of a schedule.
const MOST: usize = 50;

/// What a schedule has beside its name and its hours.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ScheduleDetails)]
pub(in crate::schedules) struct Details {
    /// What is kept in it.
    pub(super) r#type: String,
    /// How it is shown.
    #[schema(required)]
    pub(super) color: Option<String>,
    /// The agents that keep it.
    pub(in crate::schedules) ai_agents: Vec<Uuid>,
    /// The people who keep it, by whatever they are called.
    pub(in crate::schedules) human_agents: Vec<String>,
    /// What is asked before a booking.
    pub(in crate::schedules) custom_questions: Vec<Question>,
}

/// Something that is asked before a booking. Answers are in `custom_answers`, by this name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = CustomQuestion)]
pub(in crate::schedules) struct Question {
    /// The question, or a word for it.
    pub(in crate::schedules) name: Text<1, 255>,
    /// What the answer is; `text`.
    #[serde(default)]
    pub(in crate::schedules) r#type: AnswerType,
    /// Whether there is no booking without an answer; false.
    #[serde(default)]
    pub(in crate::schedules) required: bool,
    /// What is meant.
    #[serde(default)]
    pub(in crate::schedules) description: Option<Text<0, 1000>>,
}

words! {
    /// What an answer is.
    #[derive(Default)]
    pub(in crate::schedules) enum AnswerType {
        /// Words.
        #[default]
        Text = "text",
        /// A number.
        Number = "number",
        /// A day.
        Date = "date",
        /// Yes or no.
        Boolean = "boolean",
    }
}

/// The lists that are given: agents, people, questions.
pub(super) type Lists = (
    Option<Vec<Uuid>>,
    Option<Vec<Text<1, 255>>>,
    Option<Vec<Object<Question>>>,
);

impl Details {
    pub(in crate::schedules) fn read(stored: Value) -> Result<Self, ApiError> {
        serde_json::from_value(stored)
            .map_err(|error| ApiError::internal("read a schedule", &error))
    }

    pub(super) fn stored(&self) -> Result<Value, ApiError> {
        serde_json::to_value(self).map_err(|error| ApiError::internal("write a schedule", &error))
    }

    /// Replaces the lists that are given.
    pub(super) fn set(
        &mut self,
        state: &ApiState,
        caller: &Caller,
        (agents, people, questions): Lists,
    ) -> Result<(), ApiError> {
        if let Some(agents) = agents {
            check_length("ai_agents", agents.len())?;
            for (index, agent) in agents.iter().enumerate() {
                if state.directory.get(&caller.workspace, *agent).is_none() {
                    let field = format!("ai_agents[{index}]");
                    return Err(ApiError::invalid(field, "the UUID of an agent"));
                }
            }
            self.ai_agents = agents;
        }
        if let Some(people) = people {
            check_length("human_agents", people.len())?;
            self.human_agents = people.into_iter().map(|it| it.0).collect();
        }
        if let Some(questions) = questions {
            check_length("custom_questions", questions.len())?;
            self.custom_questions = questions.into_iter().map(|it| it.0).collect();
        }
        Ok(())
    }
}

fn check_length(field: &str, length: usize) -> Result<(), ApiError> {
    if length > MOST {
        return Err(ApiError::invalid(field, format!("at most {MOST} entries")));
    }
    Ok(())
}
