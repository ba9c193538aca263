//! What an agent may have done for the other party.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::FreeObject;

/// Something that the agent may have done while it talks. Scenarios of replays
/// answer it; a node offers [intents](super::Intent) instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct ToolDefinition {
    /// Names the tool to the language model: 1 to 64 letters, digits,
    /// underscores and hyphens; each name once, and not `end_call`, which every
    /// agent has. Required.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    pub name: String,
    /// What it does and when to use it. Required, at most 2,000 characters.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub description: String,
    /// Its arguments: a JSON schema of an object; by default there are none.
    #[schema(value_type = Object)]
    pub parameters: FreeObject,
    /// What people say who want it, for a node without a language model; at
    /// most 100.
    #[schema(max_items = 100)]
    pub phrases: Vec<String>,
}

impl Default for ToolDefinition {
    fn default() -> Self {
        let none = json!({ "type": "object", "properties": {} });
        Self {
            name: String::new(),
            description: String::new(),
            parameters: none.as_object().cloned().unwrap_or_default(),
            phrases: Vec::new(),
        }
    }
}

impl From<&ToolDefinition> for llm::Tool {
    fn from(tool: &ToolDefinition) -> Self {
        Self {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: Value::Object(tool.parameters.clone()),
            phrases: tool.phrases.clone(),
            threshold: None,
        }
    }
}
