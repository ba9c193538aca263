//! Intents as clients see them.

use agent::{IntentAction, IntentParameter, IntentWebhook, ParameterKind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Found;
use crate::exchange::words;

/// What is shown of an intent beside what a client can change.
pub(super) const READ_ONLY: &[&str] = &["intent_uuid", "is_system", "created_at", "updated_at"];

words! {
    /// Whether an action is live.
    pub(super) enum IntentEventStatus {
        /// It waits to be published.
        Draft = "draft",
        /// It is live.
        Deployed = "deployed",
    }
}

/// What the other party may want, and who does it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Intent, example = json!({
    "intent_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "Book a table",
    "key": "book_a_table",
    "description": "The caller wants a table at the restaurant.",
    "recommendation_actions": "",
    "confidence_threshold": 0.7,
    "intent_llm_handle_by_response": false,
    "is_active": true,
    "is_system": false,
    "webhook": { "url": "https://example.com/book", "has_auth_token": true },
    "parameters": [{ "key": "guests", "default": null, "type": "integer", "required": true }],
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct IntentView {
    /// Identifies the intent.
    intent_uuid: Uuid,
    /// What it is called.
    name: String,
    /// Names the function that the language model is offered.
    key: String,
    /// When it is wanted.
    description: String,
    /// What the agent is to do or say once it is wanted.
    recommendation_actions: String,
    /// How much of its words a caller has to use, where no language model understands them.
    #[schema(minimum = 0, maximum = 1)]
    confidence_threshold: f64,
    /// Whether the language model puts the reply of the webhook into words of its own.
    intent_llm_handle_by_response: bool,
    /// Whether it is offered.
    is_active: bool,
    /// Always false: the node has no intents of its own.
    is_system: bool,
    /// The HTTP server that does it: the action that is live.
    #[schema(required)]
    webhook: Option<WebhookOfIntent>,
    /// What has to be known for it.
    parameters: Vec<ParameterView>,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// An HTTP server that does what is wanted, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntentWebhook)]
struct WebhookOfIntent {
    /// Where the request is sent.
    url: String,
    /// Whether it is sent a bearer token.
    has_auth_token: bool,
}

/// Something that has to be known before an intent can be done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntentParameter)]
struct ParameterView {
    /// Its name.
    key: String,
    /// What it is where nothing is known of it.
    #[schema(required, value_type = Option<Value>)]
    default: Option<Value>,
    /// What kind of value it is.
    #[serde(rename = "type")]
    kind: ParameterKind,
    /// Whether the intent can not be done without it.
    required: bool,
}

/// What is done when an intent is wanted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntentEvent, example = json!({
    "event_type": "webhook",
    "status": "draft",
    "app": null,
    "action": null,
    "app_connection_uuid": null,
    "config": { "webhook": { "url": "https://example.com/book", "has_auth_token": true } },
}))]
pub(super) struct EventView {
    /// What kind of action it is: `webhook` or `agent`.
    #[schema(value_type = String)]
    event_type: &'static str,
    /// Whether it is live.
    status: IntentEventStatus,
    /// Always null: this engine has no apps.
    #[schema(required, value_type = Option<Value>)]
    app: (),
    /// Always null: this engine has no apps.
    #[schema(required, value_type = Option<Value>)]
    action: (),
    /// Always null: this engine has no apps.
    #[schema(required)]
    app_connection_uuid: Option<Uuid>,
    /// What the action is set to.
    config: EventConfig,
}

/// What an action is set to: one of the two.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntentEventConfig)]
struct EventConfig {
    /// The HTTP server that is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    webhook: Option<WebhookOfIntent>,
    /// The agent that goes on with the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent: Option<AgentOfIntent>,
}

/// Another agent that goes on with the call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntentAgent)]
struct AgentOfIntent {
    /// The agent.
    agent_uuid: Uuid,
    /// How it goes on with it, always `call`.
    #[schema(value_type = String)]
    channel: &'static str,
    /// What whoever set it calls the action.
    #[schema(required)]
    channel_action_name: Option<String>,
}

impl IntentView {
    /// What a client that sends it back is compared with.
    pub(super) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl From<Found> for IntentView {
    fn from(found: Found) -> Self {
        let intent = found.intent;
        Self {
            intent_uuid: intent.intent_uuid,
            name: intent.name,
            key: intent.key,
            description: intent.description,
            recommendation_actions: intent.recommendation_actions,
            confidence_threshold: intent.confidence_threshold,
            intent_llm_handle_by_response: intent.intent_llm_handle_by_response,
            is_active: intent.is_active,
            is_system: false,
            webhook: intent.webhook.map(Into::into),
            parameters: intent.parameters.into_iter().map(Into::into).collect(),
            created_at: found.created_at,
            updated_at: found.updated_at,
        }
    }
}

impl From<IntentWebhook> for WebhookOfIntent {
    fn from(webhook: IntentWebhook) -> Self {
        Self {
            url: webhook.url,
            has_auth_token: webhook.auth_token.is_some(),
        }
    }
}

impl From<IntentParameter> for ParameterView {
    fn from(parameter: IntentParameter) -> Self {
        Self {
            key: parameter.key,
            default: parameter.default,
            kind: parameter.kind,
            required: parameter.required,
        }
    }
}

/// The draft of an intent's action, or the action that is live; `None` if there is neither.
pub(super) fn event(found: Found) -> Option<EventView> {
    let draft = found.intent.draft.clone();
    let (action, status) = match draft {
        Some(action) => (action, IntentEventStatus::Draft),
        None => (found.intent.deployed()?, IntentEventStatus::Deployed),
    };
    let (event_type, config) = match action {
        IntentAction::Webhook(webhook) => {
            let webhook = Some(webhook.into());
            let agent = None;
            ("webhook", EventConfig { webhook, agent })
        }
        IntentAction::Agent(other) => {
            let agent = Some(AgentOfIntent {
                agent_uuid: other.agent_uuid,
                channel: "call",
                channel_action_name: other.channel_action_name,
            });
            let webhook = None;
            ("agent", EventConfig { webhook, agent })
        }
    };
    Some(EventView {
        event_type,
        status,
        app: (),
        action: (),
        app_connection_uuid: None,
        config,
    })
}
