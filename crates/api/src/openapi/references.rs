//! Schemas that are written out where a name would do, and names where the thing itself would.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Puts small values, such as texts with their lengths, in place of references to them, and
/// references in place of objects that the document has already.
pub(super) fn tidy(document: &mut Value) {
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let mut small = Map::new();
    let mut named = Map::new();
    for (name, schema) in std::mem::take(schemas) {
        let kept = if is_small(&schema) {
            &mut small
        } else {
            &mut named
        };
        kept.insert(name, schema);
    }
    *schemas = named;
    // A small one may be made of others.
    for _ in 0..3 {
        write_out(document, &small);
    }
    drop_empty_defaults(document);
    refer(document);
    drop_nulls(document);
    name_formats(document);
}

/// A text that may not be empty is not empty where it is left out.
fn drop_empty_defaults(value: &mut Value) {
    let may_be_empty = value.get("minLength").and_then(Value::as_u64).unwrap_or(0) == 0;
    if !may_be_empty
        && let Some(schema) = value.as_object_mut()
        && schema.get("default").is_some_and(|text| text == "")
    {
        schema.remove("default");
    }
    each_child(value, drop_empty_defaults);
}

/// A parameter or a body that may be left out is never null.
fn drop_nulls(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flatten();
    for (_, operation) in items.filter_map(|(_, item)| item.as_object_mut()).flatten() {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            drop_null(&mut parameter["schema"]);
        }
        let kinds = operation.get_mut("requestBody");
        let kinds = kinds.and_then(|body| body.get_mut("content")?.as_object_mut());
        for (_, kind) in kinds.into_iter().flatten() {
            drop_null(&mut kind["schema"]);
        }
    }
}

fn drop_null(schema: &mut Value) {
    if let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != "null");
        if let [only] = choices.as_mut_slice() {
            *schema = only.take();
        }
    }
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_mut_slice() {
            schema["type"] = only.take();
        }
    }
}

/// What is called `…_uuid` is a UUID, also where a schema is put together from others and says
/// no more than that it is text.
fn name_formats(value: &mut Value) {
    let properties = value.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if name.ends_with("_uuid") {
            name_format(property);
        }
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(name_formats),
        Value::Array(items) => items.iter_mut().for_each(name_formats),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn name_format(schema: &mut Value) {
    if let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        choices.iter_mut().for_each(name_format);
    } else if let Some(schema) = schema.as_object_mut()
        && schema.get("type").is_some_and(|kind| kind == "string")
        && !["format", "maxLength"]
            .iter()
            .any(|said| schema.contains_key(*said))
    {
        schema.insert("format".to_owned(), json!("uuid"));
    }
}

/// Whether it is no object and no enum: those have names of their own.
fn is_small(schema: &Value) -> bool {
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        return choices.iter().any(|choice| choice["type"] == "null");
    }
    let kind = schema.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind != "object") && schema.get("enum").is_none()
}

fn write_out(value: &mut Value, small: &Map<String, Value>) {
    let name = value.get("$ref").and_then(Value::as_str);
    let meant = name
        .and_then(|name| name.strip_prefix(SCHEMAS))
        .and_then(|name| small.get(name))
        .cloned();
    if let (Some(Value::Object(mut meant)), Value::Object(reference)) = (meant, &mut *value) {
        reference.remove("$ref");
        meant.append(reference);
        *reference = meant;
    }
    each_child(value, |child| write_out(child, small));
}

fn refer(document: &mut Value) {
    let schemas = document.pointer("/components/schemas");
    let schemas = schemas.and_then(Value::as_object).into_iter().flatten();
    let names: HashMap<String, String> = schemas
        .filter(|(_, schema)| schema.get("properties").is_some())
        .map(|(name, schema)| (schema.to_string(), format!("{SCHEMAS}{name}")))
        .collect();
    let named = document.pointer_mut("/components/schemas");
    for schema in named.and_then(Value::as_object_mut).into_iter().flatten() {
        each_child(schema.1, |child| replace(child, &names));
    }
    if let Some(paths) = document.get_mut("paths") {
        replace(paths, &names);
    }
}

fn replace(value: &mut Value, names: &HashMap<String, String>) {
    if value.get("properties").is_some()
        && let Some(name) = names.get(&value.to_string())
    {
        *value = json!({ "$ref": name });
        return;
    }
    each_child(value, |child| replace(child, names));
}

fn each_child(value: &mut Value, visit: impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(visit),
        Value::Object(fields) => fields.values_mut().for_each(visit),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
