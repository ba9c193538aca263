//! The mind of an agent: what to say next, streamed while it is thought.
//!
//! [`LanguageModel`] is the interface. Two things stand behind it:
//! [`OpenAi`] speaks to any server with the chat-completions interface of
//! OpenAI, and [`Offline`] answers from the agent's own definition without any
//! server or key. `Offline` is not a language model: it finds the passage that
//! fits best and reads it out.
//!
//! This crate knows nothing of audio, calls or turns. It never assembles a
//! prompt, never keeps a conversation between two requests, and never writes
//! a spoken word or a key into the log. Start reading at [`LanguageModel`].

mod model;
mod offline;
mod openai;

pub use model::{
    AnsweredCall, END_CALL, LanguageModel, Message, Passage, PassageSource, ReplyError, ReplyPart,
    ReplyRequest, ReplyStream, Role, Tool, ToolCall,
};
pub use offline::Offline;
pub use openai::{OpenAi, OpenAiConfig, OpenAiConfigError};
pub use secret::Secret;
