//! What routing rules and guard rules are checked for.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Checked, ITEM, MESSAGE, PHRASES, SHORT, count, distinct, required, text};
use crate::definition::{
    AgentDefinition, DestinationType, GuardAction, GuardRule, InvalidField, RoutingRule,
};

const RULES: usize = 100;
const EXTENSION: usize = 64;

pub(super) fn rules(definition: &AgentDefinition) -> Checked {
    let routing = &definition.routing_rules;
    count("routing_rules", routing.len(), RULES)?;
    for (index, rule) in routing.iter().enumerate() {
        routing_rule(rule, definition.agent_uuid, &|field| {
            format!("routing_rules[{index}].{field}")
        })?;
    }
    let uuids = routing.iter().map(|rule| rule.uuid);
    distinct("routing_rules", "uuid", uuids)?;
    let guards = &definition.guard_rules;
    count("guard_rules", guards.len(), RULES)?;
    for (index, rule) in guards.iter().enumerate() {
        guard_rule(rule, definition.agent_uuid, &|field| {
            format!("guard_rules[{index}].{field}")
        })?;
    }
    let uuids = guards.iter().map(|rule| rule.uuid);
    distinct("guard_rules", "uuid", uuids)
}

fn routing_rule(rule: &RoutingRule, agent: Uuid, at: &dyn Fn(&str) -> String) -> Checked {
    required(at("department_name"), &rule.department_name, SHORT)?;
    text(at("trigger_keyword"), &rule.trigger_keyword, SHORT)?;
    let is_word = crate::keyword::has_words(&rule.trigger_keyword);
    if rule.detection_mode.by_keyword() && !is_word {
        let expected = "a word or a few, for `exact` and `both`";
        return Err(InvalidField::new(at("trigger_keyword"), expected));
    }
    phrases(&at("phrases"), &rule.phrases)?;
    text(at("ai_prompt"), &rule.ai_prompt, MESSAGE)?;
    let said = &rule.say_before_transfer;
    text(at("say_before_transfer"), said, MESSAGE)?;
    text(at("destination"), &rule.destination, EXTENSION)?;
    destination(
        (
            rule.destination_type,
            &rule.destination,
            rule.destination_agent_uuid,
        ),
        agent,
        at,
    )
}

fn guard_rule(rule: &GuardRule, agent: Uuid, at: &dyn Fn(&str) -> String) -> Checked {
    text(at("name"), &rule.name, SHORT)?;
    required(at("when_condition"), &rule.when_condition, MESSAGE)?;
    phrases(&at("example_phrases"), &rule.example_phrases)?;
    let channels = &rule.selected_channels;
    let mut seen = HashSet::new();
    if channels.is_empty() || !channels.iter().all(|channel| seen.insert(channel)) {
        let expected = "one channel or more, each once";
        return Err(InvalidField::new(at("selected_channels"), expected));
    }
    let forwarding = &rule.say_before_forwarding;
    text(at("say_before_forwarding"), forwarding, MESSAGE)?;
    text(at("say_before_end"), &rule.say_before_end, MESSAGE)?;
    text(at("destination"), &rule.destination, EXTENSION)?;
    match rule.then_action {
        GuardAction::EndConversation => Ok(()),
        GuardAction::Forward => destination(
            (
                rule.destination_type,
                &rule.destination,
                rule.destination_agent_uuid,
            ),
            agent,
            at,
        ),
    }
}

fn phrases(field: &str, phrases: &[String]) -> Checked {
    count(field, phrases.len(), PHRASES)?;
    for (index, phrase) in phrases.iter().enumerate() {
        required(format!("{field}[{index}]"), phrase, ITEM)?;
    }
    Ok(())
}

fn destination(
    (kind, destination, other): (DestinationType, &str, Option<Uuid>),
    agent: Uuid,
    at: &dyn Fn(&str) -> String,
) -> Checked {
    match kind {
        DestinationType::Number if is_number(destination) => Ok(()),
        DestinationType::Number => Err(InvalidField::new(
            at("destination"),
            "a telephone number in E.164 form, such as `+14155550123`",
        )),
        DestinationType::Extension if is_extension(destination) => Ok(()),
        DestinationType::Extension => Err(InvalidField::new(
            at("destination"),
            format!("an extension: 1 to {EXTENSION} letters, digits and -_.!~*+#$"),
        )),
        DestinationType::Agent => match other {
            Some(other) if !other.is_nil() && other != agent => Ok(()),
            Some(_) | None => Err(InvalidField::new(
                at("destination_agent_uuid"),
                "the uuid of another agent",
            )),
        },
    }
}

/// Whether the text is a number in E.164 form.
fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether the text can be the user of a SIP address.
fn is_extension(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*+#$".contains(&byte);
    (1..=EXTENSION).contains(&text.len()) && text.bytes().all(plain)
}
