//! Examples where an operation gives none, put together from those of its schemas.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// How deep schemas may lie within each other; one that contains itself ends there.
const DEEPEST: usize = 12;

/// Gives each JSON body of the document that has no example one.
pub(super) fn add(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned();
    let schemas = Schemas(schemas.unwrap_or_default());
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flatten();
    for operation in items.filter_map(|(_, item)| item.as_object_mut()).flatten() {
        let operation = operation.1;
        if let Some(body) = operation.get_mut("requestBody") {
            complete(body, &schemas);
        }
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (_, response) in responses.into_iter().flatten() {
            complete(response, &schemas);
        }
    }
}

fn complete(body: &mut Value, schemas: &Schemas) {
    let content = body.pointer_mut("/content/application~1json");
    let Some(content) = content.and_then(Value::as_object_mut) else {
        return;
    };
    if content.contains_key("example") || content.contains_key("examples") {
        return;
    }
    if let Some(schema) = content.get("schema") {
        let example = schemas.example(schema, 0);
        content.insert("example".to_owned(), example);
    }
}

struct Schemas(Value);

impl Schemas {
    fn example(&self, schema: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        let given = schema
            .get("example")
            .or_else(|| schema.pointer("/examples/0"));
        if let Some(given) = given {
            return given.clone();
        }
        let named = schema.get("$ref").and_then(Value::as_str);
        if let Some(name) = named.and_then(|name| name.strip_prefix(SCHEMAS)) {
            let meant = self.0.get(name).unwrap_or(&Value::Null);
            return self.example(meant, depth + 1);
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            let choices = schema.get(choice).and_then(Value::as_array);
            let mut choices = choices.into_iter().flatten();
            if let Some(first) = choices.find(|choice| choice["type"] != "null") {
                return self.example(first, depth + 1);
            }
        }
        if let Some(first) = schema.pointer("/enum/0") {
            return first.clone();
        }
        self.of_type(schema, depth)
    }

    fn of_type(&self, schema: &Value, depth: usize) -> Value {
        let kind = schema.get("type").and_then(|kind| match kind.as_array() {
            Some(kinds) => kinds.iter().find_map(Value::as_str),
            None => kind.as_str(),
        });
        match kind {
            Some("array") => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                json!([self.example(items, depth + 1)])
            }
            Some("boolean") => true.into(),
            Some("integer") => whole(schema).into(),
            Some("number") => 1.0.into(),
            Some("string") => text(schema).into(),
            Some("object") | None => self.object(schema, depth),
            Some(_) => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten();
        let fields: Map<String, Value> = fields
            .map(|(name, field)| (name.clone(), self.example(field, depth + 1)))
            .collect();
        Value::Object(fields)
    }
}

fn whole(schema: &Value) -> i64 {
    let least = schema.get("minimum").and_then(Value::as_f64);
    least.map_or(1, |least| (least as i64).max(1))
}

fn text(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
        Some("date-time") => "2026-03-29T10:00:00Z",
        Some("date") => "2026-03-29",
        Some("uri") => "https://example.com/",
        Some("email") => "ann@example.com",
        Some(_) | None => "text",
    }
}
