//! Who is told about an agent's conversations.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::identity::read_uuid;

/// A subscription to events of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = WebhookOfAgent)]
pub struct Webhook {
    /// Identifies the webhook; nil until assigned. Also read under the name
    /// `uuid`.
    #[serde(
        alias = "uuid",
        deserialize_with = "read_uuid",
        skip_serializing_if = "Uuid::is_nil"
    )]
    pub webhook_uuid: Uuid,
    /// An absolute http or https URL without user information. Required.
    /// Whether plain http and private addresses are permitted is decided where
    /// the event is sent.
    pub url: String,
    /// Which events it wants; at least one.
    pub events: Vec<WebhookEvent>,
    /// What the deliveries are signed with, 1 to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<SecretKey>,
    /// Whether anything is sent; default true.
    pub is_active: bool,
}

impl Webhook {
    /// Whether the event is to be sent here.
    #[must_use]
    pub fn wants(&self, event: WebhookEvent) -> bool {
        self.is_active && self.events.contains(&event)
    }

    /// The webhook as the API shows it, without the secret.
    #[must_use]
    pub fn public_view(&self) -> Value {
        json!({
            "webhook_uuid": self.webhook_uuid,
            "url": self.url,
            "events": self.events,
            "is_active": self.is_active,
            "has_secret": self.secret_key.is_some(),
        })
    }
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            webhook_uuid: Uuid::nil(),
            url: String::new(),
            events: Vec::new(),
            secret_key: None,
            is_active: true,
        }
    }
}

/// What a webhook can be told. Subscriptions use the names with underscores,
/// deliveries those of [`WebhookEvent::delivered_as`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// A conversation's status changed.
    ConversationStatus,
    /// A conversation is over.
    ConversationEndReport,
    /// Something was said.
    ConversationUpdate,
    /// A call was evaluated by its sound.
    VoiceEvaluation,
    /// A conversation was evaluated by its words.
    TextEvaluation,
    /// An intent was triggered.
    IntentCall,
}

impl WebhookEvent {
    /// The event's name in a subscription, such as `conversation_end_report`.
    #[must_use]
    pub fn subscribed_as(self) -> &'static str {
        match self {
            Self::ConversationStatus => "conversation_status",
            Self::ConversationEndReport => "conversation_end_report",
            Self::ConversationUpdate => "conversation_update",
            Self::VoiceEvaluation => "voice_evaluation",
            Self::TextEvaluation => "text_evaluation",
            Self::IntentCall => "intent_call",
        }
    }

    /// The event's name in a delivered payload, such as
    /// `conversation.end_report`.
    #[must_use]
    pub fn delivered_as(self) -> &'static str {
        match self {
            Self::ConversationStatus => "conversation.status",
            Self::ConversationEndReport => "conversation.end_report",
            Self::ConversationUpdate => "conversation.update",
            Self::VoiceEvaluation => "evaluation.voice",
            Self::TextEvaluation => "evaluation.text",
            Self::IntentCall => "intent.call",
        }
    }
}

/// A signing secret. `Debug` hides it; serialising writes it, for the
/// database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct SecretKey(String);

impl SecretKey {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for signing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(hidden)")
    }
}
