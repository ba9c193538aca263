//! The tools of live calls: an agent's intents, and the appointments that it books.

use std::sync::Arc;

use agent::{AgentDefinition, BookingFunction};
use engine::{CallId, ToolAnswer, ToolDirectory, ToolRunner};
use llm::ToolCall;
use store::Store;

use crate::intents::IntentTools;
use crate::number::{NumberRules, UnknownCountry};
use crate::schedules::{Desk, Visit};

/// Does what agents call functions for.
///
/// A call has the functions that its agent had when it was answered.
#[derive(Clone, Debug)]
pub struct CallTools {
    intents: IntentTools,
    desk: Desk,
}

impl CallTools {
    /// Intents are done by `intents`, appointments are booked in `store`, whichever workspace that
    /// is in. Numbers that callers say without a country code are read as ones of
    /// `default_country`.
    ///
    /// # Errors
    ///
    /// [`UnknownCountry`] when that is none.
    pub fn new(
        intents: IntentTools,
        store: Store,
        default_country: Option<&str>,
    ) -> Result<Self, UnknownCountry> {
        let numbers = NumberRules::new(default_country)?;
        Ok(Self {
            intents,
            desk: Desk::new(store, numbers),
        })
    }
}

impl ToolDirectory for CallTools {
    fn runner_for(&self, agent: &AgentDefinition, call: CallId) -> Arc<dyn ToolRunner> {
        let all = BookingFunction::ALL.into_iter();
        let functions = all.filter(|one| agent.booking_function(one.name()).is_some());
        Arc::new(OfCall {
            intents: self.intents.runner_for(agent, call),
            desk: self.desk.clone(),
            functions: functions.collect(),
            visit: Visit {
                agent: agent.agent_uuid,
                call,
                is_random: agent.appointment_scheduling_randomly,
            },
        })
    }
}

/// The functions of one call.
struct OfCall {
    intents: Arc<dyn ToolRunner>,
    desk: Desk,
    functions: Vec<BookingFunction>,
    visit: Visit,
}

impl ToolRunner for OfCall {
    fn run(&self, call: ToolCall) -> ToolAnswer {
        let mut functions = self.functions.iter();
        let Some(function) = functions.find(|one| one.name() == call.name).copied() else {
            return self.intents.run(call);
        };
        let (desk, visit) = (self.desk.clone(), self.visit);
        Box::pin(async move { desk.serve(visit, function, &call.arguments).await })
    }
}
