//! Where the engine ends and the tools begin that an agent has used for a caller.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use agent::AgentDefinition;
use llm::ToolCall;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::CallId;

/// What a tool comes to answer.
pub type ToolAnswer = Pin<Box<dyn Future<Output = ToolReply> + Send>>;

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolReply {
    /// The answer. What goes wrong is told in it too: the model has to go on from there.
    pub text: String,
    /// Whether it is spoken as it is, instead of being put into words by the model. Nothing but
    /// white space is told to the model in any case.
    pub is_spoken: bool,
    /// The agent that is to go on with the call, if it is to be passed on. Nothing is done with the
    /// answer then but to remember it.
    pub passes_to: Option<Uuid>,
    /// What came of it.
    pub outcome: ToolOutcome,
}

/// What came of the use of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It did what was wanted.
    Done,
    /// It was not used: something has to be known first.
    Incomplete,
    /// It could not do it.
    Failed,
    /// It did not answer in time, and may have done it or not.
    TimedOut,
}

impl ToolOutcome {
    /// The word used in events and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

impl ToolReply {
    /// An answer for the model to read.
    pub fn told(text: impl Into<String>, outcome: ToolOutcome) -> Self {
        Self {
            text: text.into(),
            is_spoken: false,
            passes_to: None,
            outcome,
        }
    }

    /// An answer that is spoken as it is.
    pub fn spoken(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_spoken: true,
            passes_to: None,
            outcome: ToolOutcome::Done,
        }
    }

    /// Has another agent go on with the call.
    pub fn passed_on(to: Uuid) -> Self {
        Self {
            text: "The caller is passed on to another agent.".to_owned(),
            is_spoken: false,
            passes_to: Some(to),
            outcome: ToolOutcome::Done,
        }
    }
}

/// Uses the tools of one call.
pub trait ToolRunner: Send + Sync {
    /// Uses a tool.
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
        let reply = ToolReply::told(answer, ToolOutcome::Failed);
        Box::pin(std::future::ready(reply))
    }
}
