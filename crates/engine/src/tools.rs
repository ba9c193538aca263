//! Where the engine ends and the tools begin that an agent has used for a caller.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use agent::AgentDefinition;
use llm::ToolCall;

use crate::event::CallId;

/// What a tool answers, for the model to read.
pub type ToolAnswer = Pin<Box<dyn Future<Output = String> + Send>>;

/// Uses the tools of one call.
pub trait ToolRunner: Send + Sync {
    /// Uses a tool. What goes wrong is told in the answer too: the model has to go on from there.
    ///
    /// The call waits for the answer for as long as
    /// [`Patience::longest_tool`](crate::Patience::longest_tool); what takes longer is dropped when
    /// the call ends.
    fn run(&self, call: ToolCall) -> ToolAnswer;
}

/// Finds who uses the tools of a call.
pub trait ToolDirectory: Send + Sync {
    /// Who does so in the call `call` of `agent`.
    fn runner_for(&self, agent: &AgentDefinition, call: CallId) -> Arc<dyn ToolRunner>;
}

/// For nodes that have no tools: every call of one is answered with that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoTools;

impl ToolDirectory for NoTools {
    fn runner_for(&self, _: &AgentDefinition, _: CallId) -> Arc<dyn ToolRunner> {
        Arc::new(Self)
    }
}

impl ToolRunner for NoTools {
    fn run(&self, call: ToolCall) -> ToolAnswer {
        let answer = format!("There is nobody here to use the tool `{}`.", call.name);
        Box::pin(std::future::ready(answer))
    }
}
