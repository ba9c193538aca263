//! Rules of spoken conversations: when a call is passed on to somebody else, and when it is ended.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::given;
use super::identity::{read_optional_uuid, read_uuid};

/// Passes a call on to a department that the other party asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = RoutingRuleOfAgent)]
pub struct RoutingRule {
    /// Identifies the rule; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub uuid: Uuid,
    /// Whom the call is passed on to. Required, at most 200 characters.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub department_name: String,
    /// How it is known that the department is wanted; default `intent`.
    pub detection_mode: DetectionMode,
    /// What the other party says word for word, whatever its case and accents. Required by `exact`
    /// and `both`.
    #[schema(max_length = 200)]
    pub trigger_keyword: String,
    /// What people say who want the department, for a node without a language model; at most 100.
    #[schema(max_items = 100)]
    pub phrases: Vec<String>,
    /// When the department is wanted, for the language model. Without it nothing but the keyword
    /// leads there.
    #[schema(max_length = 2000)]
    pub ai_prompt: String,
    /// What is said before the call is passed on.
    #[schema(max_length = 2000)]
    pub say_before_transfer: String,
    /// What kind of destination it is; default `number`.
    pub destination_type: DestinationType,
    /// An E.164 number, or an extension of the telephone system that the call came through.
    #[schema(max_length = 64)]
    pub destination: String,
    /// The agent that goes on, where the destination is one.
    #[serde(deserialize_with = "read_optional_uuid")]
    pub destination_agent_uuid: Option<Uuid>,
    /// Lower is tried first; equal ones keep their places. Default 0.
    pub priority: i64,
    /// Whether it applies; default true.
    pub is_active: bool,
}

/// Ends a conversation that goes wrong, or passes it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = GuardRuleOfAgent)]
pub struct GuardRule {
    /// Identifies the rule; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub uuid: Uuid,
    /// What the rule is called; at most 200 characters.
    #[schema(max_length = 200)]
    pub name: String,
    /// When it applies, for the language model. Required.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub when_condition: String,
    /// What people say when it applies, for a node without a language model; at most 100.
    #[schema(max_items = 100)]
    pub example_phrases: Vec<String>,
    /// What is done then; default `end_conversation`.
    pub then_action: GuardAction,
    /// Where it applies; by default on the phone alone.
    #[schema(min_items = 1, max_items = 4)]
    pub selected_channels: Vec<Channel>,
    /// What is said before the call is passed on.
    #[schema(max_length = 2000)]
    pub say_before_forwarding: String,
    /// What is said before the call ends; without it, what the agent always says.
    #[schema(max_length = 2000)]
    pub say_before_end: String,
    /// What kind of destination it is passed on to; default `number`.
    pub destination_type: DestinationType,
    /// An E.164 number, or an extension of the telephone system that the call came through.
    #[schema(max_length = 64)]
    pub destination: String,
    /// The agent that goes on, where the destination is one.
    #[serde(deserialize_with = "read_optional_uuid")]
    pub destination_agent_uuid: Option<Uuid>,
    /// Whether it applies; default true.
    pub is_active: bool,
    /// Whether it came with the agent; for people who look after the agent.
    pub is_default: bool,
}

/// How a department is known to be wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DetectionMode {
    /// By a keyword.
    Exact,
    /// By what the other party means.
    #[default]
    Intent,
    /// By either.
    Both,
}

/// Kinds of destinations of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationType {
    /// A telephone number.
    #[default]
    Number,
    /// An extension of the telephone system that the call came through.
    Extension,
    /// Another agent.
    Agent,
}

/// What a guard does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// Passes the call on.
    Forward,
    /// Ends it.
    #[default]
    EndConversation,
}

/// Where conversations are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Telephone calls.
    Phone,
    /// Instagram.
    Instagram,
    /// WhatsApp.
    Whatsapp,
    /// Facebook Messenger.
    FacebookMessenger,
}

/// Where a call goes that is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A telephone number, in E.164 form.
    Number(&'a str),
    /// An extension of the telephone system that the call came through.
    Extension(&'a str),
    /// Another agent.
    Agent(Uuid),
}

impl DetectionMode {
    /// Whether a keyword counts.
    #[must_use]
    pub const fn by_keyword(self) -> bool {
        matches!(self, Self::Exact | Self::Both)
    }

    /// Whether the meaning counts.
    #[must_use]
    pub const fn by_intent(self) -> bool {
        matches!(self, Self::Intent | Self::Both)
    }
}

impl RoutingRule {
    /// Where the call goes; `None` where the rule does not say.
    #[must_use]
    pub fn goes_to(&self) -> Option<Destination<'_>> {
        goes_to(
            self.destination_type,
            &self.destination,
            self.destination_agent_uuid,
        )
    }
}

impl GuardRule {
    /// Where the call goes that is passed on; `None` where the rule does not say.
    #[must_use]
    pub fn goes_to(&self) -> Option<Destination<'_>> {
        goes_to(
            self.destination_type,
            &self.destination,
            self.destination_agent_uuid,
        )
    }
}

fn goes_to(kind: DestinationType, text: &str, agent: Option<Uuid>) -> Option<Destination<'_>> {
    match kind {
        DestinationType::Number => given(text).map(Destination::Number),
        DestinationType::Extension => given(text).map(Destination::Extension),
        DestinationType::Agent => agent.map(Destination::Agent),
    }
}

impl Default for RoutingRule {
    fn default() -> Self {
        Self {
            uuid: Uuid::nil(),
            department_name: String::new(),
            detection_mode: DetectionMode::default(),
            trigger_keyword: String::new(),
            phrases: Vec::new(),
            ai_prompt: String::new(),
            say_before_transfer: String::new(),
            destination_type: DestinationType::default(),
            destination: String::new(),
            destination_agent_uuid: None,
            priority: 0,
            is_active: true,
        }
    }
}

impl Default for GuardRule {
    fn default() -> Self {
        Self {
            uuid: Uuid::nil(),
            name: String::new(),
            when_condition: String::new(),
            example_phrases: Vec::new(),
            then_action: GuardAction::default(),
            selected_channels: vec![Channel::Phone],
            say_before_forwarding: String::new(),
            say_before_end: String::new(),
            destination_type: DestinationType::default(),
            destination: String::new(),
            destination_agent_uuid: None,
            is_active: true,
            is_default: false,
        }
    }
}
