//! What happens after a call: its summary, its evaluation, and who is told of them.
//!
//! With a language model that is done by a task of the node ([`run`]): the end of a call notes in
//! the store that its session is to be evaluated, a node claims it, and what comes of it is
//! written in one transaction with the messages that are owed of it. A crash in between has it
//! claimed again. Without a model a call is evaluated in the transaction of its end.

mod judging;
mod list;
mod runner;
mod settings;
mod telling;
mod view;

use std::sync::Arc;

use agent::AgentDefinition;
use llm::LanguageModel;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(crate) use judging::{
    Material, by_model, evaluator_of, evaluator_of_agent, evaluator_of_node, offline,
};
pub(crate) use runner::MOST_ATTEMPTS;
pub use runner::run;
pub(crate) use settings::{default_settings, session_timeout, settings_of};
pub(crate) use telling::{events, party_of};

/// Finds the language model that evaluates an agent's sessions.
pub trait Evaluators: Send + Sync {
    /// The model, or none if the agent has no language model: then nothing is sent anywhere.
    fn evaluator_of(&self, agent: &AgentDefinition) -> Option<Arc<dyn LanguageModel>>;
}

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show))
        .routes(routes!(settings::show_default, settings::set_default))
        .routes(routes!(settings::show, settings::set))
        .routes(routes!(settings::reassign))
}
