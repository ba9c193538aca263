//! The interface of everything that can think of an answer.

use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use outbound::UrlRefused;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tool by which a model ends the call once everything before was said. It
/// takes no arguments; see [`ReplyRequest::may_end_call`].
pub const END_CALL: &str = "end_call";

/// Something that can think of what an agent says next.
pub trait LanguageModel: Send + Sync {
    /// Starts to think of the answer to the last message of `request`.
    ///
    /// The parts arrive as they are thought; the texts, put together without
    /// anything between, are the reply. The stream ends after the last part or
    /// after the first error. Nothing happens before it is polled, and dropping
    /// it cancels the work at once, on the server too.
    fn reply(&self, request: ReplyRequest) -> ReplyStream;
}

/// The parts of one reply, in order.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<ReplyPart, ReplyError>> + Send>>;

/// One question to a language model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyRequest {
    /// Everything that the model has to know and heed, the knowledge included.
    pub system: String,
    /// The conversation so far, oldest first, as far as it was heard. The last
    /// message is the caller's, or the agent's with the answers of tools.
    pub messages: Vec<Message>,
    /// What the agent knows, piece by piece, for a responder that looks up
    /// rather than understands.
    pub knowledge: Vec<Passage>,
    /// What the agent may have done for the caller, beside ending the call.
    pub tools: Vec<Tool>,
    /// Whether the reply may end the call.
    pub may_end_call: bool,
    /// What to say before the call ends, where the model has no words of its
    /// own for it.
    pub goodbye: String,
}

/// One contribution to a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said; may be empty if tools were called.
    pub content: String,
    /// The tools that the agent called after saying it, and what they answered.
    pub calls: Vec<AnsweredCall>,
}

impl Message {
    /// What somebody said, without any tools.
    pub fn said(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            calls: Vec::new(),
        }
    }
}

/// Something that an agent can have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Names it to the model: 1 to 64 letters, digits, underscores and hyphens.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// Its arguments: a JSON schema of an object.
    pub parameters: Value,
    /// What callers say who want it, for a responder that does not understand.
    pub phrases: Vec<String>,
    /// In thousandths, how much of a phrase or of the description such a responder has to find in
    /// what a caller says. Without it, it looks for phrases by its own measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u16>,
}

/// A tool that a model wants to have used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// Its arguments: a JSON object.
    pub arguments: String,
    /// How sure the model is that the tool is meant, in thousandths, where it can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u16>,
}

impl ToolCall {
    /// The call that ends the call.
    pub fn end_call() -> Self {
        Self {
            name: END_CALL.to_owned(),
            arguments: "{}".to_owned(),
            confidence: None,
        }
    }

    /// Whether it ends the call.
    pub fn ends_call(&self) -> bool {
        self.name == END_CALL
    }
}

/// A call of a tool, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredCall {
    /// What was called.
    pub call: ToolCall,
    /// What the tool answered, for the model to read.
    pub answer: String,
}

/// A party of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// The person on the line.
    User,
    /// The agent.
    Assistant,
}

/// One piece of what an agent knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// What a caller may ask that this answers, if the piece comes as a
    /// question and an answer.
    pub question: Option<String>,
    /// The piece itself; the answer, if there is a question.
    pub text: String,
    /// Where the piece comes from.
    pub source: PassageSource,
}

/// Where in an agent's definition a piece of knowledge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PassageSource {
    /// A training row: an example of what callers say, with the answer.
    Training,
    /// A note: facts.
    Note,
    /// A guideline: how the agent is to behave.
    Guideline,
    /// A procedure: steps that the agent takes.
    Procedure,
    /// The agent's prompt or the call's.
    Prompt,
    /// What is known of the other party of this call.
    About,
}

/// One part of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplyPart {
    /// The next piece of what the agent says; not empty.
    Text(String),
    /// A tool is to be used: one of [`ReplyRequest::tools`], or [`END_CALL`],
    /// which is the last part. No text follows a call: what comes of it is to be
    /// asked with another request, whose last message holds the answers.
    Call(ToolCall),
}

/// Why there is no reply, or no more of it.
///
/// No message contains a key. Messages may contain what a server wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The server's address is not permitted; asking again is no use.
    #[error("the language-model server may not be reached: {0}")]
    Refused(#[from] UrlRefused),
    /// No connection came about.
    #[error("cannot connect to the language-model server: {0}")]
    Connect(String),
    /// The server answered with another status than success.
    #[error("the language-model server answered HTTP {status}: {message}")]
    Status {
        /// The status code, 300 to 599.
        status: u16,
        /// A short excerpt of the server's own explanation.
        message: String,
    },
    /// The first word took too long.
    #[error("the language-model server sent no word within {0:?}")]
    FirstTokenTimeout(Duration),
    /// The reply began and then stood still.
    #[error("the language-model server stopped in mid-reply for {0:?}")]
    Stalled(Duration),
    /// The connection broke.
    #[error("the connection to the language-model server broke: {0}")]
    ConnectionLost(String),
    /// The server reported a failure inside the reply.
    #[error("the language-model server failed in mid-reply: {0}")]
    Failed(String),
    /// What the server sent is not of the chat-completions interface, or holds
    /// no words.
    #[error("the language-model server sent no usable reply: {0}")]
    Protocol(String),
}

impl ReplyError {
    /// What happened, without anything that a server wrote, which may be what was asked of it or
    /// half a reply. It may be logged and stored where words may not.
    pub fn without_words(&self) -> String {
        match self {
            Self::Refused(_) => "the language-model server may not be reached".to_owned(),
            Self::Connect(_) => "there was no connection to the language model".to_owned(),
            Self::Status { status, .. } => {
                format!("the language-model server answered HTTP {status}")
            }
            Self::FirstTokenTimeout(_) | Self::Stalled(_) => {
                "the language model did not answer in time".to_owned()
            }
            Self::ConnectionLost(_) => "the connection to the language model broke".to_owned(),
            Self::Failed(_) => "the language-model server failed in mid-answer".to_owned(),
            Self::Protocol(_) => "the language-model server sent no usable answer".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_wrote_is_left_out_where_no_words_may_be() {
        let words = || "my pin is 4711".to_owned();
        let errors = [
            ReplyError::Connect(words()),
            ReplyError::Status {
                status: 429,
                message: words(),
            },
            ReplyError::FirstTokenTimeout(Duration::from_secs(1)),
            ReplyError::Stalled(Duration::from_secs(1)),
            ReplyError::ConnectionLost(words()),
            ReplyError::Failed(words()),
            ReplyError::Protocol(words()),
        ];
        for error in errors {
            let told = error.without_words();
            assert!(!told.is_empty() && !told.contains("4711"), "{told}");
        }
        let refused = ReplyError::Status {
            status: 429,
            message: words(),
        };
        assert!(refused.without_words().contains("HTTP 429"));
    }
}
