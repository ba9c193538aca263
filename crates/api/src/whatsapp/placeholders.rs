//! `{{contact.name}}` and `{{custom.plan}}` in the values of a template's places.

use serde_json::Value;
use store::{Contact, ContactField};

/// What is known of the one that a message goes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) contact: Option<&'a Contact>,
    pub(super) fields: &'a [ContactField],
}

impl Known<'_> {
    /// The text with what is known in place of what it names; an error names what is not known.
    pub(super) fn fill(self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                break;
            };
            let name = name.trim();
            let value = self.value(name);
            let value = value.filter(|value| !value.is_empty()).ok_or(name)?;
            filled.push_str(before);
            filled.push_str(&value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(self, name: &str) -> Option<String> {
        let contact = self.contact?;
        if let Some(key) = name.strip_prefix("custom.") {
            let field = self.fields.iter().find(|field| field.key == key)?;
            return match contact.values.get(&field.id)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(is) => Some(if *is { "yes" } else { "no" }.to_owned()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            };
        }
        let details = &contact.details;
        match name.strip_prefix("contact.")? {
            "name" => details.name.clone(),
            "surname" => details.surname.clone(),
            "full_name" => {
                let names = [&details.name, &details.surname];
                let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
                Some(names.join(" "))
            }
            "email" => details.email.clone(),
            "phone_number" => details.number.clone(),
            "country_code" => details.country_code.clone(),
            "primary_language" => details.primary_language.clone(),
            "timezone" => details.timezone.clone(),
            _ => None,
        }
    }
}

/// The names in a text that nothing is ever known of.
pub(super) fn unknown_name(text: &str) -> Option<&str> {
    const NAMES: [&str; 8] = [
        "name",
        "surname",
        "full_name",
        "email",
        "phone_number",
        "country_code",
        "primary_language",
        "timezone",
    ];
    let names = text.split("{{").skip(1);
    let mut names = names.filter_map(|after| after.split_once("}}").map(|(name, _)| name.trim()));
    names.find(|name| {
        let is_contact = name
            .strip_prefix("contact.")
            .is_some_and(|name| NAMES.contains(&name));
        !is_contact && !name.starts_with("custom.")
    })
}
