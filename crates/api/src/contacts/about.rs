//! What a model is told of whom it talks to.

use serde_json::Value;
use store::{Contact, ContactField};

/// Characters that all of it has at most, so that a prompt stays short.
const LONGEST: usize = 2_000;

/// What the workspace knows of the contact, a line for each; nothing if it knows nothing. `said`
/// is what somebody says of them for this call, and comes first.
pub(crate) fn about(
    said: Option<String>,
    contact: Option<&Contact>,
    fields: &[ContactField],
) -> Option<String> {
    let known = contact
        .map(|contact| lines(contact, fields))
        .unwrap_or_default();
    let known: String = known.join("\n").chars().take(LONGEST).collect();
    match (said, known.is_empty()) {
        (said, true) => said,
        (None, false) => Some(known),
        (Some(said), false) => Some(format!("{said}\n{known}")),
    }
}

fn lines(contact: &Contact, fields: &[ContactField]) -> Vec<String> {
    let details = &contact.details;
    let names = [&details.name, &details.surname];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    let mut lines = Vec::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{name}: {}.", value.replace(['\n', '\r'], " ")));
        }
    };
    add("Name", &names.join(" "));
    add(
        "Language",
        details.primary_language.as_deref().unwrap_or_default(),
    );
    add("Time zone", details.timezone.as_deref().unwrap_or_default());
    for field in fields {
        let value = contact.values.get(&field.id);
        add(&field.name, &value.map(words).unwrap_or_default());
    }
    lines
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use store::ContactDetails;
    use uuid::Uuid;

    use super::*;

    fn ann() -> Contact {
        Contact {
            id: Uuid::nil(),
            details: ContactDetails {
                name: Some("Ann".to_owned()),
                surname: Some("Lee".to_owned()),
                primary_language: Some("en".to_owned()),
                ..ContactDetails::default()
            },
            tags: Vec::new(),
            values: BTreeMap::from([(Uuid::from_u128(1), true.into())]),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn field(id: u128, name: &str) -> ContactField {
        ContactField {
            id: Uuid::from_u128(id),
            key: name.to_lowercase(),
            name: name.to_owned(),
            kind: "boolean".to_owned(),
            options: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_is_known_follows_what_is_said() {
        let fields = [field(1, "Member"), field(2, "Insured")];
        let told = about(
            Some("Waits for a parcel.".to_owned()),
            Some(&ann()),
            &fields,
        );
        let expected = "Waits for a parcel.\nName: Ann Lee.\nLanguage: en.\nMember: yes.";
        assert_eq!(told.as_deref(), Some(expected));
    }

    #[test]
    fn nobody_known_adds_nothing() {
        let blank = Contact {
            details: ContactDetails::default(),
            values: BTreeMap::new(),
            ..ann()
        };
        assert_eq!(about(None, Some(&blank), &[]), None);
        assert_eq!(about(None, None, &[]), None);
        let said = Some("Calls often.".to_owned());
        assert_eq!(about(said.clone(), Some(&blank), &[]), said);
    }

    #[test]
    fn a_value_stays_on_its_line_and_within_the_limit() {
        let mut long = ann();
        long.details.name = Some(format!("A\nB{}", "x".repeat(3_000)));
        let told = about(None, Some(&long), &[]).unwrap_or_default();
        assert!(told.starts_with("Name: A Bx"), "{told}");
        assert_eq!(told.chars().count(), LONGEST);
    }
}
