//! What a client sends of an intent.

use agent::{Intent, IntentParameter, IntentWebhook, ParameterKind, SecretKey};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::exchange::{Change, Object, Text};
use crate::state::ApiState;
use crate::webhooks::check_url;

/// The most parameters that an intent has.
const PARAMETERS: usize = 32;

/// An intent to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewIntent {
    /// What it is called.
    name: Text<1, 200>,
    /// Names the function that the language model is offered; made from the name if not given.
    /// Each once among the agent's intents and tools.
    #[schema(value_type = Option<String>, max_length = 64, pattern = "^[a-z0-9][a-z0-9_-]*$")]
    key: Option<Text<1, 64>>,
    /// When it is wanted.
    description: Option<Text<0, 2_000>>,
    /// What the agent is to do or say once it is wanted.
    recommendation_actions: Option<Text<0, 2_000>>,
    /// How much of its words a caller has to use, where no language model understands them; 0.7
    /// if not given.
    #[schema(minimum = 0, maximum = 1)]
    confidence_threshold: Option<f64>,
    /// Whether the language model puts the reply of the webhook into words of its own; false if
    /// not given: then it is spoken as it is.
    intent_llm_handle_by_response: Option<bool>,
    /// Whether it is offered; true if not given.
    is_active: Option<bool>,
    /// What has to be known for it; at most 32, each key once.
    #[schema(value_type = Option<Vec<NewIntentParameter>>, max_items = 32)]
    parameters: Option<Vec<Object<NewIntentParameter>>>,
    /// The HTTP server that does it, live at once.
    #[schema(value_type = Option<NewIntentWebhook>)]
    webhook: Option<Object<NewIntentWebhook>>,
}

/// What is to change of an intent. What is left out stays; what an answer shows beside these
/// fields may be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct IntentChange {
    /// What it is called.
    name: Option<Text<1, 200>>,
    /// Names the function that the language model is offered.
    #[schema(value_type = Option<String>, max_length = 64, pattern = "^[a-z0-9][a-z0-9_-]*$")]
    key: Option<Text<1, 64>>,
    /// When it is wanted.
    #[serde(default)]
    description: Change<Text<0, 2_000>>,
    /// What the agent is to do or say once it is wanted.
    #[serde(default)]
    recommendation_actions: Change<Text<0, 2_000>>,
    /// How much of its words a caller has to use, where no language model understands them.
    #[schema(minimum = 0, maximum = 1)]
    confidence_threshold: Option<f64>,
    /// Whether the language model puts the reply of the webhook into words of its own.
    intent_llm_handle_by_response: Option<bool>,
    /// Whether it is offered.
    is_active: Option<bool>,
    /// What has to be known for it, in place of what had to be; at most 32, each key once.
    #[schema(value_type = Option<Vec<NewIntentParameter>>, max_items = 32)]
    parameters: Option<Vec<Object<NewIntentParameter>>>,
    /// The HTTP server that does it, live at once; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<IntentWebhookChange>)]
    webhook: Change<Object<IntentWebhookChange>>,
}

/// Something that has to be known before an intent can be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewIntentParameter {
    /// Its name.
    #[schema(value_type = String, max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    key: Text<1, 64>,
    /// What it is where nothing is known of it; of its type.
    #[schema(value_type = Option<Value>)]
    default: Option<Value>,
    /// What kind of value it is; `string` if not given.
    #[serde(rename = "type")]
    kind: Option<ParameterKind>,
    /// Whether the intent can not be done without it; false if not given.
    required: Option<bool>,
}

/// An HTTP server that does what is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewIntentWebhook {
    /// Where the request is sent: https, on the public internet.
    #[schema(max_length = 2048, format = "uri")]
    pub(super) url: String,
    /// What it is sent as a bearer token, 1 to 1,024 visible characters; never shown.
    #[schema(value_type = Option<String>, max_length = 1024, pattern = "^[!-~]+$")]
    pub(super) auth_token: Option<Text<1, 1_024>>,
}

/// What is to change of the HTTP server that does what is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct IntentWebhookChange {
    /// Where the request is sent: https, on the public internet. Required where there is none.
    #[schema(max_length = 2048, format = "uri")]
    url: Option<String>,
    /// What it is sent as a bearer token; null takes it away.
    #[serde(default)]
    auth_token: Change<Text<1, 1_024>>,
}

impl NewIntent {
    /// The intent, under this id.
    pub(super) fn intent(self, state: &ApiState, uuid: Uuid) -> Result<Intent, ApiError> {
        let usual = Intent::default();
        let webhook = self.webhook.map(|webhook| webhook.0.webhook(state));
        Ok(Intent {
            intent_uuid: uuid,
            name: self.name.0,
            key: self.key.map(|key| key.0).unwrap_or_default(),
            description: self.description.map(|text| text.0).unwrap_or_default(),
            recommendation_actions: text_of(self.recommendation_actions),
            confidence_threshold: self
                .confidence_threshold
                .unwrap_or(usual.confidence_threshold),
            intent_llm_handle_by_response: self
                .intent_llm_handle_by_response
                .unwrap_or(usual.intent_llm_handle_by_response),
            is_active: self.is_active.unwrap_or(usual.is_active),
            parameters: parameters(self.parameters.unwrap_or_default())?,
            webhook: webhook.transpose()?,
            ..usual
        })
    }
}

impl IntentChange {
    /// Changes the intent.
    pub(super) fn apply(self, state: &ApiState, intent: &mut Intent) -> Result<(), ApiError> {
        if let Some(name) = self.name {
            intent.name = name.0;
        }
        if let Some(key) = self.key {
            intent.key = key.0;
        }
        let text = |change: Change<Text<0, 2_000>>, before: &mut String| {
            let before_it = Some(std::mem::take(before));
            *before = change
                .map(|text| text.0)
                .apply(before_it)
                .unwrap_or_default();
        };
        text(self.description, &mut intent.description);
        text(
            self.recommendation_actions,
            &mut intent.recommendation_actions,
        );
        if let Some(threshold) = self.confidence_threshold {
            intent.confidence_threshold = threshold;
        }
        if let Some(by_model) = self.intent_llm_handle_by_response {
            intent.intent_llm_handle_by_response = by_model;
        }
        if let Some(is_active) = self.is_active {
            intent.is_active = is_active;
        }
        if let Some(new) = self.parameters {
            intent.parameters = parameters(new)?;
        }
        match self.webhook {
            Change::Keep => {}
            Change::Clear => intent.webhook = None,
            Change::Set(change) => {
                intent.webhook = Some(change.0.apply(state, intent.webhook.take())?);
                intent.agent = None;
            }
        }
        Ok(())
    }
}

impl NewIntentWebhook {
    /// The webhook, if its address may be called.
    pub(super) fn webhook(self, state: &ApiState) -> Result<IntentWebhook, ApiError> {
        check_url(&state.config.webhooks, &self.url, "webhook.url")?;
        Ok(IntentWebhook {
            url: self.url,
            auth_token: self.auth_token.map(|token| SecretKey::new(token.0)),
        })
    }
}

impl IntentWebhookChange {
    fn apply(
        self,
        state: &ApiState,
        before: Option<IntentWebhook>,
    ) -> Result<IntentWebhook, ApiError> {
        let before = before.unwrap_or_default();
        let url = self.url.unwrap_or(before.url);
        if url.is_empty() {
            return Err(ApiError::missing("webhook.url"));
        }
        check_url(&state.config.webhooks, &url, "webhook.url")?;
        let token = self.auth_token.map(|token| SecretKey::new(token.0));
        Ok(IntentWebhook {
            url,
            auth_token: token.apply(before.auth_token),
        })
    }
}

fn parameters(new: Vec<Object<NewIntentParameter>>) -> Result<Vec<IntentParameter>, ApiError> {
    if new.len() > PARAMETERS {
        let expected = format!("at most {PARAMETERS} items");
        return Err(ApiError::invalid("parameters", expected));
    }
    let parameters = new.into_iter().map(|Object(new)| IntentParameter {
        key: new.key.0,
        default: new.default,
        kind: new.kind.unwrap_or_default(),
        required: new.required.unwrap_or_default(),
    });
    Ok(parameters.collect())
}

fn text_of(text: Option<Text<0, 2_000>>) -> String {
    text.map(|text| text.0).unwrap_or_default()
}
