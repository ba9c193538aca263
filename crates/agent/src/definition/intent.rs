//! Intents: what the other party may want, and who does it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use utoipa::ToSchema;
use uuid::Uuid;

use super::identity::read_uuid;
use super::{AgentDefinition, SecretKey, given};

/// The longest key, in characters: what language models take as the name of a function.
pub(crate) const LONGEST_KEY: usize = 64;

/// Something that the other party may want. The language model is offered every active one as a
/// function; who does what is wanted is its action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = IntentOfAgent)]
pub struct Intent {
    /// Identifies the intent; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub intent_uuid: Uuid,
    /// What it is called. Required, at most 200 characters.
    pub name: String,
    /// Names the function: a small letter or digit, then small letters, digits, `_` and `-`, at
    /// most 64 in all; each once among the agent's intents and tools. Made from the name where it
    /// is empty.
    pub key: String,
    /// When it is wanted. At most 2,000 characters.
    pub description: String,
    /// What the agent is to do or say once it is wanted. At most 2,000 characters.
    pub recommendation_actions: String,
    /// How much of its words a caller has to use, where no language model understands them; 0 to
    /// 1, default 0.7.
    pub confidence_threshold: f64,
    /// Whether the language model puts the reply of the webhook into words of its own. Otherwise
    /// it is spoken as it is. Default false.
    pub intent_llm_handle_by_response: bool,
    /// Whether it is offered; default true.
    pub is_active: bool,
    /// What has to be known for it; at most 32.
    pub parameters: Vec<IntentParameter>,
    /// The HTTP server that does it: the action that is deployed, if that is a webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<IntentWebhook>,
    /// The agent that goes on with the call: the action that is deployed, if that is another
    /// agent. Not together with a webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<IntentAgent>,
    /// An action that takes the place of the deployed one when it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<IntentAction>,
    /// When the API made it; not for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub created_at: Option<Timestamp>,
    /// When the API last changed it; not for files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
}

/// Something that has to be known before an intent can be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = IntentParameterOfAgent)]
pub struct IntentParameter {
    /// Its name: a letter, then letters, digits and `_`, at most 64 in all; each once.
    pub key: String,
    /// What it is where nothing is known of it; of its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What kind of value it is; default `string`.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// Whether the intent can not be done without it; default false.
    pub required: bool,
}

/// Kinds of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Text.
    #[default]
    String,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
}

impl ParameterKind {
    /// The word in definitions and JSON schemas.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
        }
    }

    /// Whether a value is of this kind.
    #[must_use]
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
        }
    }
}

/// An HTTP server that does what an intent stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = IntentWebhookOfAgent)]
pub struct IntentWebhook {
    /// An absolute http or https URL without user information. Required. Whether plain http and
    /// private addresses are permitted is decided where it is called.
    pub url: String,
    /// What the server knows the node by, 1 to 1,024 characters; never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<SecretKey>,
}

/// Another agent that goes on with the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schema(as = IntentAgentOfAgent)]
pub struct IntentAgent {
    /// The agent. Required; of the same workspace.
    #[serde(deserialize_with = "read_uuid")]
    pub agent_uuid: Uuid,
    /// What whoever set it calls the action; at most 200 characters. It changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_action_name: Option<String>,
}

/// What is done when an intent is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IntentActionOfAgent)]
pub enum IntentAction {
    /// An HTTP server is called.
    Webhook(IntentWebhook),
    /// Another agent goes on with the call.
    Agent(IntentAgent),
}

impl Intent {
    /// What is done when it is wanted: the action that is deployed.
    #[must_use]
    pub fn deployed(&self) -> Option<IntentAction> {
        let webhook = self.webhook.clone().map(IntentAction::Webhook);
        webhook.or_else(|| self.agent.clone().map(IntentAction::Agent))
    }

    /// Puts the draft in the place of the deployed action, and says whether there was one.
    pub fn publish(&mut self) -> bool {
        let (webhook, agent) = match self.draft.take() {
            None => return false,
            Some(IntentAction::Webhook(webhook)) => (Some(webhook), None),
            Some(IntentAction::Agent(agent)) => (None, Some(agent)),
        };
        self.webhook = webhook;
        self.agent = agent;
        true
    }

    /// The function that the language model is offered.
    fn function(&self, training: Vec<String>) -> llm::Tool {
        let mut description = self.name.trim().to_owned();
        if let Some(when) = given(&self.description) {
            description = format!("{description}. {when}");
        }
        if let Some(actions) = given(&self.recommendation_actions) {
            description = format!("{description} When it is used: {actions}");
        }
        let phrases = [self.name.trim().to_owned()].into_iter().chain(training);
        llm::Tool {
            name: self.key.clone(),
            description,
            parameters: self.schema(),
            phrases: phrases.collect(),
            threshold: Some((self.confidence_threshold * 1_000.0).round() as u16),
        }
    }

    /// What is spoken of a webhook's reply: the `message` of a JSON object, a JSON string, or text
    /// that is no JSON. `None` if nothing is, or if the language model puts it into words.
    #[must_use]
    pub fn words_of(&self, reply: &str) -> Option<String> {
        if self.intent_llm_handle_by_response {
            return None;
        }
        let words = match serde_json::from_str(reply) {
            Ok(Value::Object(mut fields)) => fields.remove("message")?,
            Ok(value) => value,
            Err(_) => Value::from(reply),
        };
        words.as_str().and_then(given).map(str::to_owned)
    }

    /// The JSON schema of its parameters.
    #[must_use]
    pub fn schema(&self) -> Value {
        let properties = self.parameters.iter().map(|parameter| {
            let mut schema = json!({ "type": parameter.kind.as_str() });
            if let Some(default) = &parameter.default {
                schema["default"] = default.clone();
            }
            (parameter.key.clone(), schema)
        });
        let properties: Map<String, Value> = properties.collect();
        let mandatory = self.parameters.iter().filter(|one| one.is_to_be_given());
        let mandatory: Vec<&str> = mandatory.map(|one| one.key.as_str()).collect();
        json!({ "type": "object", "properties": properties, "required": mandatory })
    }
}

impl IntentParameter {
    /// Whether the intent can not be done without it and nothing stands in for it.
    #[must_use]
    pub const fn is_to_be_given(&self) -> bool {
        self.required && self.default.is_none()
    }
}

impl Default for Intent {
    fn default() -> Self {
        Self {
            intent_uuid: Uuid::nil(),
            name: String::new(),
            key: String::new(),
            description: String::new(),
            recommendation_actions: String::new(),
            confidence_threshold: 0.7,
            intent_llm_handle_by_response: false,
            is_active: true,
            parameters: Vec::new(),
            webhook: None,
            agent: None,
            draft: None,
            created_at: None,
            updated_at: None,
        }
    }
}

impl AgentDefinition {
    /// Everything that the language model is offered: the tools, then the active intents, then
    /// what an agent books with that may.
    ///
    /// An intent's phrases are its name and the training rows whose `intent` is its key or name.
    #[must_use]
    pub fn functions(&self) -> Vec<llm::Tool> {
        let tools = self.tools.iter().map(Into::into);
        tools.chain(self.own_functions()).collect()
    }

    /// The active intents, and what an agent books with that may: what is offered where nothing
    /// does what the tools stand for.
    #[must_use]
    pub fn own_functions(&self) -> Vec<llm::Tool> {
        let active = self.intents.iter().filter(|intent| intent.is_active);
        let intents = active.map(|intent| intent.function(self.training_of(intent)));
        intents.chain(self.booking_functions()).collect()
    }

    /// The active intent that a function stands for.
    #[must_use]
    pub fn intent_of(&self, function: &str) -> Option<&Intent> {
        let mut intents = self.intents.iter();
        intents.find(|intent| intent.is_active && intent.key == function)
    }

    fn training_of(&self, intent: &Intent) -> Vec<String> {
        let is_meant = |word: &str| {
            let word = word.trim();
            word.eq_ignore_ascii_case(&intent.key)
                || word.to_lowercase() == intent.name.trim().to_lowercase()
        };
        let rows = self.training.iter();
        let meant = rows.filter(|row| row.intent.as_deref().is_some_and(is_meant));
        meant.map(|row| row.content.trim().to_owned()).collect()
    }

    /// Gives every intent that has none a key made from its name.
    pub(super) fn name_functions(&mut self) {
        let named = self.intents.iter().map(|intent| intent.key.clone());
        let tools = self.tools.iter().map(|tool| tool.name.clone());
        let mut taken: Vec<String> = named
            .chain(tools)
            .chain([llm::END_CALL.to_owned()])
            .collect();
        for intent in &mut self.intents {
            if intent.key.is_empty() {
                intent.key = free_key(&intent.name, &taken);
                taken.push(intent.key.clone());
            }
        }
    }
}

fn free_key(name: &str, taken: &[String]) -> String {
    let key = key_of(name);
    let numbered = (2u64..).map(|number| {
        let number = format!("_{number}");
        let cut: String = key.chars().take(LONGEST_KEY - number.len()).collect();
        format!("{cut}{number}")
    });
    std::iter::once(key.clone())
        .chain(numbered)
        .find(|key| !taken.contains(key))
        .expect("there are more numbers than keys")
}

/// The key of a name: its Latin letters without their marks, its digits, and `_` for all between.
fn key_of(name: &str) -> String {
    let mut key = String::new();
    for character in name.to_lowercase().nfkd() {
        match character {
            'ı' => key.push('i'),
            'ß' => key.push_str("ss"),
            'æ' => key.push_str("ae"),
            'ø' => key.push('o'),
            'ł' => key.push('l'),
            'đ' | 'ð' => key.push('d'),
            plain if plain.is_ascii_alphanumeric() => key.push(plain),
            '\'' | '\u{2019}' => {}
            mark if is_combining_mark(mark) => {}
            _ if key.is_empty() || key.ends_with('_') => {}
            _ => key.push('_'),
        }
    }
    key.truncate(LONGEST_KEY);
    match key.trim_end_matches('_') {
        "" => "intent".to_owned(),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests;
