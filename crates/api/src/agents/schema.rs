//! What the document says of agents: their definition, as it is sent and as it is shown.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use agent::AgentDefinition;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::channels::AgentChannels;
use crate::schedules::booking::Booking;
use crate::webhooks::Webhook;

/// An agent as it is shown: its definition, its webhooks, and when it was made and changed.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Agent(pub(crate) Value);

/// What an agent can be made of.
pub(crate) struct NewAgent;

/// What can be changed of an agent.
pub(crate) struct AgentChange;

type Named = Vec<(String, RefOr<Schema>)>;

/// What is shown of an agent beside its definition.
pub(super) const SHOWN: &[&str] = &["channels", "source", "created_at", "updated_at"];

/// What of a definition is not shown where there is nothing of it.
const SHOWN_IF_ANY: &[&str] = &["slug", "tools"];

// Dozens of operations refer to these three, and each has them made again.
impl PartialSchema for Agent {
    fn schema() -> RefOr<Schema> {
        static MADE: LazyLock<RefOr<Schema>> = LazyLock::new(Agent::make_schema);
        MADE.clone()
    }
}

impl Agent {
    fn make_schema() -> RefOr<Schema> {
        let mut schema = definition();
        for (name, shown) in shown() {
            schema["properties"][name] = shown;
        }
        schema["properties"]["webhooks"] = json!({
            "type": "array",
            "description": "Who is told about its conversations.",
            "items": { "$ref": "#/components/schemas/Webhook" },
        });
        schema["properties"]["appointments"] = written_out::<Booking>();
        let names = schema["properties"].as_object().into_iter().flatten();
        let is_always_shown = |name: &&String| !SHOWN_IF_ANY.contains(&name.as_str());
        let required = names.map(|(name, _)| name).filter(is_always_shown);
        schema["required"] = required.cloned().collect();
        schema["example"] = example();
        schema["description"] = "Who takes and places calls.".into();
        read(schema)
    }
}

impl ToSchema for Agent {
    fn name() -> Cow<'static, str> {
        "Agent".into()
    }

    fn schemas(schemas: &mut Named) {
        schemas.push((Webhook::name().into(), Webhook::schema()));
        Webhook::schemas(schemas);
    }
}

impl PartialSchema for NewAgent {
    fn schema() -> RefOr<Schema> {
        static MADE: LazyLock<RefOr<Schema>> = LazyLock::new(NewAgent::make_schema);
        MADE.clone()
    }
}

impl NewAgent {
    fn make_schema() -> RefOr<Schema> {
        let mut schema = definition();
        permit_nulls(&mut schema);
        schema["properties"]["appointments"] = booking_or_null();
        // The node gives ids.
        if let Some(fields) = schema["properties"].as_object_mut() {
            fields.remove("agent_uuid");
        }
        schema["properties"]["name"] = json!({
            "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S",
            "description": "What the agent calls itself.",
        });
        schema["properties"]["tools"] = no_tools();
        schema["required"] = json!(["name"]);
        schema["description"] = "An agent to be made. Null stands for the default.".into();
        read(schema)
    }
}

impl ToSchema for NewAgent {
    fn name() -> Cow<'static, str> {
        "NewAgent".into()
    }
}

impl PartialSchema for AgentChange {
    fn schema() -> RefOr<Schema> {
        static MADE: LazyLock<RefOr<Schema>> = LazyLock::new(AgentChange::make_schema);
        MADE.clone()
    }
}

impl AgentChange {
    fn make_schema() -> RefOr<Schema> {
        let mut schema = definition();
        permit_nulls(&mut schema);
        schema["properties"]["appointments"] = booking_or_null();
        for (name, shown) in shown() {
            schema["properties"][name] = shown;
        }
        schema["properties"]["name"] = json!({
            "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S",
            "description": "What the agent calls itself.",
        });
        schema["properties"]["tools"] = no_tools();
        schema["description"] =
            "What is to change of an agent. Null goes back to the default.".into();
        read(schema)
    }
}

impl ToSchema for AgentChange {
    fn name() -> Cow<'static, str> {
        "AgentChange".into()
    }
}

fn example() -> Value {
    let said = json!({ "name": "Support", "role": "support assistant" });
    let definition = AgentDefinition::from_json(said).unwrap_or_default();
    let id = Uuid::from_u128(0x0198_c5a2_5c00_7000_8000_0242_ac12_0002);
    let mut example = definition.identified(id).public_view();
    example["channels"] = json!({ "call": { "bound": false, "numbers": [] } });
    example["appointments"] = json!({
        "enabled": false, "random_assignment": false, "schedule_assignments": [],
    });
    example["source"] = "api".into();
    for name in ["created_at", "updated_at"] {
        example[name] = "2026-03-29T10:00:00Z".into();
    }
    example
}

/// How an agent books, as it is sent with the agent.
fn booking_or_null() -> Value {
    json!({
        "anyOf": [written_out::<Booking>(), { "type": "null" }],
        "description": "How the agent books. All of it is replaced.",
    })
}

/// What a client may send for the tools of files.
fn no_tools() -> Value {
    json!({
        "type": ["array", "null"], "items": {}, "maxItems": 0,
        "description": "None: what callers may want are intents.",
    })
}

fn shown() -> impl Iterator<Item = (&'static str, Value)> {
    SHOWN.iter().map(|name| {
        let schema = match *name {
            "channels" => {
                let mut schema = written_out::<AgentChannels>();
                schema["readOnly"] = true.into();
                schema
            }
            "source" => json!({
                "type": "string", "enum": ["file", "api"], "readOnly": true,
                "description": "Where the agent comes from: a file of the node, or this API.",
            }),
            "created_at" => json!({
                "type": "string", "format": "date-time", "readOnly": true,
                "description": "When it was made.",
            }),
            _ => json!({
                "type": "string", "format": "date-time", "readOnly": true,
                "description": "When it last changed.",
            }),
        };
        (*name, schema)
    })
}

/// The schema of a definition, with everything written out that it refers to. Intents are a family
/// of their own.
fn definition() -> Value {
    let mut schema = written_out::<AgentDefinition>();
    if let Some(fields) = schema["properties"].as_object_mut() {
        fields.remove("intents");
    }
    schema
}

/// The schema of a type, with everything written out that it refers to.
pub(super) fn written_out<T: ToSchema>() -> Value {
    let mut named = Named::new();
    T::schemas(&mut named);
    let named = named
        .into_iter()
        .filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?)))
        .collect();
    let mut schema = serde_json::to_value(T::schema()).unwrap_or_default();
    write_out(&mut schema, &named);
    schema
}

fn write_out(schema: &mut Value, named: &HashMap<String, Value>) {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let meant = reference
        .and_then(|reference| reference.rsplit('/').next())
        .and_then(|name| named.get(name))
        .cloned();
    if let Some(mut meant) = meant {
        if let Some(description) = schema.get("description") {
            meant["description"] = description.clone();
        }
        *schema = meant;
    }
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| write_out(item, named)),
        Value::Object(fields) => fields.values_mut().for_each(|it| write_out(it, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Null stands for the default, but not within the entries of an array.
pub(super) fn permit_nulls(schema: &mut Value) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flatten().map(|(_, field)| field) {
        permit_nulls(field);
        let with_null = json!({ "anyOf": [field.take(), { "type": "null" }] });
        *field = with_null;
    }
}

pub(super) fn read(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema).unwrap_or_else(|_| ObjectBuilder::new().into())
}
