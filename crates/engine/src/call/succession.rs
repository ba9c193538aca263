//! Another agent that goes on with a call.

use std::sync::Arc;

use jiff::Timestamp;
use llm::LanguageModel;
use uuid::Uuid;

use super::Party;
use crate::event::CallId;
use crate::node::Node;
use crate::script::{Occasion, Script};
use crate::tools::ToolRunner;

/// Finds who goes on with a call.
pub(super) struct Succession<'a> {
    pub(super) node: &'a Node,
    pub(super) call: CallId,
    pub(super) party: &'a Party<'a>,
}

/// What another agent brings to the call.
pub(super) struct Successor {
    pub(super) script: Script,
    pub(super) model: Arc<dyn LanguageModel>,
    pub(super) tools: Arc<dyn ToolRunner>,
}

impl Succession<'_> {
    /// The agent of this id, ready to go on; `None` if the first agent has no such colleague.
    pub(super) fn successor(&self, wanted: Uuid) -> Option<Successor> {
        let first = self.party.agent.agent_uuid;
        let agent = self.node.colleague(first, wanted)?;
        let occasion = Occasion {
            direction: self.party.direction,
            number: self.party.number,
            about: self.party.about,
            prompt: None,
            first_message: None,
            local_time: agent.local_time(Timestamp::now()),
        };
        let providers = &self.node.providers;
        Some(Successor {
            script: Script::for_call(&agent, &occasion),
            model: providers.models.model_for(&agent),
            tools: providers.tools.runner_for(&agent, self.call),
        })
    }
}
