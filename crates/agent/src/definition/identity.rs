//! UUIDs of agents and of their parts.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use uuid::Uuid;

use super::AgentDefinition;

/// Gives every part that has none a UUID that follows from the agent's UUID,
/// the section, the part's text and how many parts say the same. Intents get
/// their keys too.
pub(super) fn assign(definition: &mut AgentDefinition) {
    definition.name_functions();
    let owner = definition.agent_uuid;
    assign_section(
        owner,
        "guideline",
        definition
            .guidelines
            .iter_mut()
            .map(|item| (&mut item.uuid, item.content.as_str())),
    );
    assign_section(
        owner,
        "note",
        definition
            .notes
            .iter_mut()
            .map(|item| (&mut item.uuid, item.content.as_str())),
    );
    assign_section(
        owner,
        "procedure",
        definition
            .procedures
            .iter_mut()
            .map(|item| (&mut item.uuid, item.name.as_str())),
    );
    assign_section(
        owner,
        "training",
        definition
            .training
            .iter_mut()
            .map(|item| (&mut item.uuid, item.content.as_str())),
    );
    assign_section(
        owner,
        "intent",
        definition
            .intents
            .iter_mut()
            .map(|item| (&mut item.intent_uuid, item.key.as_str())),
    );
    assign_section(
        owner,
        "routing rule",
        definition
            .routing_rules
            .iter_mut()
            .map(|item| (&mut item.uuid, item.department_name.as_str())),
    );
    assign_section(
        owner,
        "guard rule",
        definition
            .guard_rules
            .iter_mut()
            .map(|item| (&mut item.uuid, item.when_condition.as_str())),
    );
    assign_section(
        owner,
        "webhook",
        definition
            .webhooks
            .iter_mut()
            .map(|item| (&mut item.webhook_uuid, item.url.as_str())),
    );
}

fn assign_section<'a>(
    owner: Uuid,
    section: &str,
    parts: impl Iterator<Item = (&'a mut Uuid, &'a str)>,
) {
    let parts: Vec<_> = parts.collect();
    let mut taken: HashSet<Uuid> = parts.iter().map(|(uuid, _)| **uuid).collect();
    for (uuid, text) in parts {
        if !uuid.is_nil() {
            continue;
        }
        let free = (0u64..)
            .map(|copy| Uuid::new_v5(&owner, format!("{section}\n{copy}\n{text}").as_bytes()))
            .find(|candidate| !taken.contains(candidate))
            .expect("a section has fewer parts than there are numbers");
        taken.insert(free);
        *uuid = free;
    }
}

pub(super) fn read_uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    deserializer.deserialize_str(ReadUuid)
}

pub(super) fn read_optional_uuid<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Uuid>, D::Error> {
    deserializer.deserialize_option(ReadOptionalUuid)
}

struct ReadUuid;

impl Visitor<'_> for ReadUuid {
    type Value = Uuid;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a uuid such as `7d444840-9dc0-41d1-b245-5ffdce74fad2`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Uuid, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct ReadOptionalUuid;

impl<'de> Visitor<'de> for ReadOptionalUuid {
    type Value = Option<Uuid>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        ReadUuid.expecting(formatter)
    }

    fn visit_none<E: Error>(self) -> Result<Option<Uuid>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<Uuid>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Uuid>, D::Error> {
        read_uuid(deserializer).map(Some)
    }
}
