//! The message that Meta takes, made of a template and what stands in its places.
//!
//! Meta: "Sending messages with template", `components` of type `header` and `body`, whose
//! parameters are positional, or named where the template's `parameter_format` is `NAMED`, and
//! `button`, of sub-type `url`, with the end of its URL.

use serde_json::{Map, Value, json};
use store::TemplateTerms;

use super::buttons;
use super::header::{Header, HeaderType};
use super::refusal::Refusal;

/// Characters in one place at most.
const LONGEST: usize = 1_024;

/// The places in a text, `{{1}}` or `{{first_name}}`: numbers in their order, names as they come.
pub(super) fn places(text: &str) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for after in text.split("{{").skip(1) {
        let Some((name, _)) = after.split_once("}}") else {
            continue;
        };
        let name = name.trim().to_owned();
        if !name.is_empty() && !places.contains(&name) {
            places.push(name);
        }
    }
    let number = |place: &String| place.parse().unwrap_or(u32::MAX);
    places.sort_by_key(number);
    places
}

/// What is posted to `/{phone_number_id}/messages`.
pub(super) fn message(
    recipient: &str,
    template: &TemplateTerms,
    parameters: &Map<String, Value>,
    header: Option<&Header>,
) -> Result<Value, Refusal> {
    let mut components = Vec::new();
    components.extend(header_component(template, header)?);
    components.extend(body_component(template, parameters)?);
    components.extend(buttons::components(template, parameters)?);
    let mut filled = json!({
        "name": template.name,
        "language": { "code": template.language },
    });
    if !components.is_empty() {
        filled["components"] = components.into();
    }
    Ok(json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": recipient,
        "type": "template",
        "template": filled,
    }))
}

/// What the recipient reads: a text header, the body and the footer, with what stands in their
/// places.
pub(super) fn text(
    template: &TemplateTerms,
    parameters: &Map<String, Value>,
    header: Option<&Header>,
) -> Result<String, Refusal> {
    let part = |kind| {
        let text = component(&template.components, kind).and_then(|one| one["text"].as_str());
        text.unwrap_or_default().to_owned()
    };
    let mut above = part("HEADER");
    if let Some(text) = header.and_then(|header| header.text.as_deref()) {
        let values = places(&above).into_iter().map(|it| (it, text.to_owned()));
        above = filled(&above, &values.collect::<Vec<_>>());
    }
    let values = body_values(template, parameters)?;
    let body = filled(&part("BODY"), &values);
    let parts = [above, body, part("FOOTER")];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(parts.join("\n\n"))
}

/// The text with these values in its places.
fn filled(text: &str, values: &[(String, String)]) -> String {
    let mut parts = text.split("{{");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let place = part.split_once("}}");
        let value = place.and_then(|(name, _)| {
            let name = name.trim();
            values.iter().find(|(place, _)| place == name)
        });
        match (place, value) {
            (Some((_, rest)), Some((_, value))) => {
                whole.push_str(value);
                whole.push_str(rest);
            }
            _ => {
                whole.push_str("{{");
                whole.push_str(part);
            }
        }
    }
    whole
}

/// The component of a template with this type.
pub(super) fn component<'a>(components: &'a Value, kind: &str) -> Option<&'a Value> {
    let components = components.as_array()?;
    components.iter().find(|one| {
        let named = one["type"].as_str();
        named.is_some_and(|named| named.eq_ignore_ascii_case(kind))
    })
}

fn header_component(
    template: &TemplateTerms,
    header: Option<&Header>,
) -> Result<Option<Value>, Refusal> {
    let wanted = component(&template.components, "HEADER");
    let format = wanted.and_then(|header| header["format"].as_str());
    let text = wanted.and_then(|header| header["text"].as_str());
    let kind = match format.map(str::to_ascii_uppercase).as_deref() {
        Some("IMAGE") => HeaderType::Image,
        Some("VIDEO") => HeaderType::Video,
        Some("DOCUMENT") => HeaderType::Document,
        _ => match places(text.unwrap_or_default()).first() {
            Some(place) => return text_header(template, place, header).map(Some),
            None if header.is_some() => {
                return Err(parameter(
                    "header",
                    "nothing: the template's header has no place for it",
                ));
            }
            None => return Ok(None),
        },
    };
    let expected = format!("`type` `{}` with the `url` of one", kind.as_str());
    let url = header.filter(|header| header.kind == kind);
    let url = url.and_then(|header| header.url.as_deref());
    let url = url.ok_or_else(|| parameter("header", &expected))?;
    let kind = kind.as_str();
    Ok(Some(json!({
        "type": "header",
        "parameters": [{ "type": kind, kind: { "link": url } }],
    })))
}

fn text_header(
    template: &TemplateTerms,
    place: &str,
    header: Option<&Header>,
) -> Result<Value, Refusal> {
    let text = header.filter(|header| header.kind == HeaderType::Text);
    let text = text.and_then(|header| header.text.as_deref());
    let text =
        text.ok_or_else(|| parameter("header", "`type` `text` with the `text` for its place"))?;
    let text = checked("header.text", text)?;
    Ok(json!({ "type": "header", "parameters": [text_parameter(template, place, text)] }))
}

fn body_component(
    template: &TemplateTerms,
    parameters: &Map<String, Value>,
) -> Result<Option<Value>, Refusal> {
    let values = body_values(template, parameters)?;
    if values.is_empty() {
        return Ok(None);
    }
    let parameters = values
        .iter()
        .map(|(place, text)| text_parameter(template, place, text));
    let parameters: Vec<Value> = parameters.collect();
    Ok(Some(json!({ "type": "body", "parameters": parameters })))
}

/// The places of the body with what stands in them, in their order.
fn body_values(
    template: &TemplateTerms,
    parameters: &Map<String, Value>,
) -> Result<Vec<(String, String)>, Refusal> {
    let body = component(&template.components, "BODY");
    let text = body.and_then(|body| body["text"].as_str());
    let places = places(text.unwrap_or_default());
    let mut filled = Vec::new();
    let mut used = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let names = [place.clone(), format!("field{}", index + 1)];
        let found = names.iter().find_map(|name| parameters.get_key_value(name));
        let Some((name, value)) = found else {
            let [own, numbered] = &names;
            let field = if place.parse::<u32>().is_ok() {
                numbered
            } else {
                own
            };
            return Err(parameter(
                &format!("parameters.{field}"),
                "text for this place of the template",
            ));
        };
        used.push(name);
        let field = format!("parameters.{name}");
        let value = plain(&field, value)?;
        filled.push((place.clone(), checked(&field, &value)?.to_owned()));
    }
    let is_of_button = |name: &str| buttons::wanted(template).any(|(_, field)| field == name);
    let left_over = |name: &&String| !used.contains(name) && !is_of_button(name);
    if let Some(name) = parameters.keys().find(left_over) {
        let expected = format!(
            "only what the template has places for, which are {}",
            places.len() + buttons::wanted(template).count()
        );
        return Err(parameter(&format!("parameters.{name}"), &expected));
    }
    Ok(filled)
}

/// A value as the text that it stands for.
pub(super) fn plain(field: &str, value: &Value) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(parameter(field, "text or a number"))
        }
    }
}

fn text_parameter(template: &TemplateTerms, place: &str, text: &str) -> Value {
    if template.parameter_format == "NAMED" {
        json!({ "type": "text", "parameter_name": place, "text": text })
    } else {
        json!({ "type": "text", "text": text })
    }
}

pub(super) fn checked<'a>(field: &str, text: &'a str) -> Result<&'a str, Refusal> {
    let is_blank = text.trim().is_empty();
    if is_blank || text.chars().count() > LONGEST {
        return Err(parameter(field, "text of 1 to 1024 characters"));
    }
    Ok(text)
}

pub(super) fn parameter(field: &str, expected: &str) -> Refusal {
    Refusal::Parameter {
        field: field.to_owned(),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests;
