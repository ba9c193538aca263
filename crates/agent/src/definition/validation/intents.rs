//! What intents are checked for.

use std::collections::HashSet;

use super::{Checked, MESSAGE, SHORT, count, distinct, required, text, web_address};
use crate::definition::intent::LONGEST_KEY;
use crate::definition::{
    AgentDefinition, Intent, IntentAction, IntentAgent, IntentWebhook, InvalidField,
};

const INTENTS: usize = 64;
const PARAMETERS: usize = 32;
const TOKEN: usize = 1_024;

pub(super) fn intents(definition: &AgentDefinition) -> Checked {
    count("intents", definition.intents.len(), INTENTS)?;
    let tools = definition.tools.iter().map(|tool| tool.name.as_str());
    let mut taken: HashSet<&str> = tools.chain([llm::END_CALL]).collect();
    for (index, intent) in definition.intents.iter().enumerate() {
        let at = |field: &str| format!("intents[{index}].{field}");
        required(at("name"), &intent.name, SHORT)?;
        let is_free = is_key(&intent.key) && taken.insert(&intent.key);
        if !intent.key.is_empty() && !is_free {
            return Err(InvalidField::new(
                at("key"),
                format!(
                    "a small letter or digit, then small letters, digits, `_` and `-`, at most \
                     {LONGEST_KEY} in all; one that no other intent or tool of the agent has"
                ),
            ));
        }
        text(at("description"), &intent.description, MESSAGE)?;
        let actions = &intent.recommendation_actions;
        text(at("recommendation_actions"), actions, MESSAGE)?;
        let threshold = intent.confidence_threshold;
        super::number(at("confidence_threshold"), threshold, 0.0..=1.0)?;
        parameters(intent, &at("parameters"))?;
        if let Some(known) = &intent.webhook {
            webhook(&at("webhook"), known)?;
        }
        if let Some(known) = &intent.agent {
            if intent.webhook.is_some() {
                let expected = "nothing beside a webhook: an intent has one action";
                return Err(InvalidField::new(at("agent"), expected));
            }
            colleague(&at("agent"), known, definition)?;
        }
        match &intent.draft {
            None => {}
            Some(IntentAction::Webhook(drafted)) => webhook(&at("draft.webhook"), drafted)?,
            Some(IntentAction::Agent(drafted)) => {
                colleague(&at("draft.agent"), drafted, definition)?;
            }
        }
    }
    let uuids = definition.intents.iter().map(|intent| intent.intent_uuid);
    distinct("intents", "intent_uuid", uuids)?;
    steps(definition)
}

/// What steps of procedures name is an intent of the agent.
fn steps(definition: &AgentDefinition) -> Checked {
    let intents = definition.intents.iter();
    let known: HashSet<_> = intents.map(|intent| intent.intent_uuid).collect();
    for (index, procedure) in definition.procedures.iter().enumerate() {
        for (step, content) in procedure.steps.iter().enumerate() {
            let named = content.intent_uuid;
            if named.is_some_and(|uuid| uuid.is_nil() || !known.contains(&uuid)) {
                let field = format!("procedures[{index}].steps[{step}].intent_uuid");
                return Err(InvalidField::new(
                    field,
                    "the uuid of an intent of the agent",
                ));
            }
        }
    }
    Ok(())
}

fn parameters(intent: &Intent, field: &str) -> Checked {
    count(field, intent.parameters.len(), PARAMETERS)?;
    let mut keys = HashSet::new();
    for (index, parameter) in intent.parameters.iter().enumerate() {
        if !is_parameter(&parameter.key) || !keys.insert(&parameter.key) {
            return Err(InvalidField::new(
                format!("{field}[{index}].key"),
                format!(
                    "a letter, then letters, digits and `_`, at most {LONGEST_KEY} in all; one \
                     that no other parameter has"
                ),
            ));
        }
        let (kind, default) = (parameter.kind, parameter.default.as_ref());
        if default.is_some_and(|value| !kind.takes(value)) {
            let expected = format!("a value of the type `{}`", kind.as_str());
            return Err(InvalidField::new(
                format!("{field}[{index}].default"),
                expected,
            ));
        }
    }
    Ok(())
}

fn webhook(field: &str, webhook: &IntentWebhook) -> Checked {
    web_address(format!("{field}.url"), &webhook.url)?;
    match &webhook.auth_token {
        None => Ok(()),
        Some(token) => {
            let is_visible = token.expose().bytes().all(|byte| byte.is_ascii_graphic());
            if !is_visible || !(1..=TOKEN).contains(&token.expose().len()) {
                return Err(InvalidField::new(
                    format!("{field}.auth_token"),
                    format!("1 to {TOKEN} visible ASCII characters, no spaces"),
                ));
            }
            Ok(())
        }
    }
}

fn colleague(field: &str, other: &IntentAgent, definition: &AgentDefinition) -> Checked {
    let uuid = other.agent_uuid;
    if uuid.is_nil() || uuid == definition.agent_uuid {
        let field = format!("{field}.agent_uuid");
        return Err(InvalidField::new(field, "the uuid of another agent"));
    }
    let name = other.channel_action_name.as_deref().unwrap_or_default();
    text(format!("{field}.channel_action_name"), name, SHORT)
}

fn is_key(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= LONGEST_KEY
        && text.bytes().next().is_some_and(plain)
        && text
            .bytes()
            .all(|byte| plain(byte) || matches!(byte, b'_' | b'-'))
}

fn is_parameter(text: &str) -> bool {
    text.len() <= LONGEST_KEY
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
