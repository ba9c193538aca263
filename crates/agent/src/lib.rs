//! What an agent is and what it knows in a conversation: its definition, the
//! folder of YAML files that definitions are read from, the prompt of one
//! call, the conversation so far, and its sentences for the synthesiser.
//!
//! The crate is sans-IO apart from [`load_folder`], which reads files. It
//! never reads a clock, never draws a random number, never talks to a
//! language model and knows nothing of audio, calls, HTTP or databases.
//!
//! Start reading at [`AgentDefinition`]; then [`prompt::assemble`], which
//! turns a definition into what a language model is given.

mod abilities;
mod conversation;
mod definition;
mod folder;
pub mod keyword;
mod locate;
pub mod prompt;
mod sentence;

pub use abilities::{Abilities, Voice};
pub use conversation::{Conversation, ConversationLimits, TurnIndex};
pub use definition::{
    AdvancedInterruption, AgentDefinition, AgentStatus, BookingFunction, CallBehavior, Channel,
    Compliance, Destination, DestinationType, DetectionMode, FreeObject, GuardAction, GuardRule,
    Guideline, Intent, IntentAction, IntentAgent, IntentParameter, IntentWebhook, Interaction,
    Interruption, InterruptionMode, InvalidField, Note, OPT_OUT, ParameterKind, Procedure,
    ProcedureStep, RoutingRule, SecretKey, Settings, SpeakingSpeed, ToolDefinition, Training,
    VoiceAdvanced, VoiceProfile, VoiceSettings, Webhook, WebhookEvent, opt_out_function,
};
pub use folder::{LoadAgentError, load_file, load_file_if, load_folder, load_folder_if};
pub use prompt::{Assembled, CallContext, CallPrompt, Direction};
pub use sentence::SentenceSplitter;
