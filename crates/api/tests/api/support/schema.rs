//! Checks JSON against the schemas of the document, as far as the document uses JSON Schema.

use serde_json::{Map, Value, json};

/// What of `value` is not as the `schema` of the `document` says; empty if all is.
pub(crate) fn problems(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "$", &mut found);
    found
}

/// The operations of the document: path, method and what it says.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((path.clone(), method.to_uppercase(), operation.clone()));
        }
    }
    found
}

/// What a reference means, or the thing itself.
pub(crate) fn resolve<'a>(document: &'a Value, thing: &'a Value) -> &'a Value {
    match thing.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            let meant = document.pointer(pointer);
            meant.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => thing,
    }
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolve(document, schema);
    let fits = |schema: &Value| problems(document, schema, value).is_empty();
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array)
        && choices.iter().filter(|choice| fits(choice)).count() != 1
    {
        found.push(format!("{at}: {value} is not just one of {choices:?}"));
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array)
        && !choices.iter().any(fits)
    {
        found.push(format!("{at}: {value} is none of {choices:?}"));
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        match joined(document, parts) {
            Some(whole) => check(document, &whole, value, at, found),
            None => parts
                .iter()
                .for_each(|part| check(document, part, value, at, found)),
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        found.push(format!("{at}: {value} is none of {words:?}"));
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind)) {
        found.push(format!("{at}: {value} is no {kinds:?}"));
    }
    if let Some(fields) = value.as_object() {
        check_fields(document, schema, fields, at, found);
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            check(document, schema, item, &format!("{at}[{index}]"), found);
        }
    }
}

/// An object that is described in parts, as one: a field is documented if a part names it.
fn joined(document: &Value, parts: &[Value]) -> Option<Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for part in parts.iter().map(|part| resolve(document, part)) {
        properties.extend(part.get("properties")?.as_object()?.clone());
        let names = part.get("required").and_then(Value::as_array);
        required.extend(names.into_iter().flatten().cloned());
    }
    Some(json!({ "type": "object", "properties": properties, "required": required }))
}

fn check_fields(
    document: &Value,
    schema: &Value,
    fields: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    for (name, value) in fields {
        match properties.get(name) {
            Some(property) => check(document, property, value, &format!("{at}.{name}"), found),
            None if schema
                .get("additionalProperties")
                .is_some_and(|it| it != false) => {}
            // Stricter than the document: an answer shows nothing that is not documented.
            None => found.push(format!("{at}.{name} is not documented")),
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => false,
    }
}
