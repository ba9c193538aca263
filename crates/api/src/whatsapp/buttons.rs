//! What ends the URLs of a template's buttons.
//!
//! Meta: a button of type `URL` may have one place, at the end of its `url`. A message names the
//! button by its place among all buttons of the template, from 0.

use serde_json::{Map, Value, json};
use store::TemplateTerms;

use super::filling::{checked, component, parameter, places, plain};
use super::refusal::Refusal;

/// The buttons whose URLs have a place: their places among all buttons, from 0, and the parameters
/// that they are filled by, which count from 1.
pub(super) fn wanted(template: &TemplateTerms) -> impl Iterator<Item = (usize, String)> {
    let buttons = component(&template.components, "BUTTONS");
    let buttons = buttons.and_then(|one| one["buttons"].as_array());
    let buttons = buttons.into_iter().flatten().enumerate();
    buttons.filter_map(|(index, button)| {
        let kind = button["type"].as_str().unwrap_or_default();
        let url = button["url"].as_str().unwrap_or_default();
        let is_wanted = kind.eq_ignore_ascii_case("URL") && !places(url).is_empty();
        is_wanted.then(|| (index, format!("button{}", index + 1)))
    })
}

/// The components of a message for them.
pub(super) fn components(
    template: &TemplateTerms,
    parameters: &Map<String, Value>,
) -> Result<Vec<Value>, Refusal> {
    let components = wanted(template).map(|(index, name)| {
        let field = format!("parameters.{name}");
        let value = parameters.get(&name);
        let value =
            value.ok_or_else(|| parameter(&field, "text for the end of this button's URL"))?;
        let text = plain(&field, value)?;
        let text = checked(&field, &text)?;
        if text.contains(char::is_whitespace) {
            return Err(parameter(&field, "the end of a URL, without blanks"));
        }
        Ok(json!({
            "type": "button",
            "sub_type": "url",
            "index": index.to_string(),
            "parameters": [{ "type": "text", "text": text }],
        }))
    });
    components.collect()
}
