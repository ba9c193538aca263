//! The part of a server's error that is worth reading, without any key.

use serde_json::Value;

use secret::Secret;

/// The longest excerpt, in characters.
const MAX_EXCERPT: usize = 200;

/// How much of a key counts as the key.
const TELLTALE: usize = 6;

/// A short, single-line excerpt of the body of an error answer.
pub(super) fn of_body(body: &str, key: Option<&Secret>) -> String {
    let explained = serde_json::from_str::<Value>(body)
        .ok()
        .and_then(|json| explanation(&json));
    let text = explained.unwrap_or_else(|| without_tags(body));
    let text = of_text(&text, key);
    if text.is_empty() {
        "(no explanation)".to_owned()
    } else {
        text
    }
}

/// `text` on one line, cut to a readable length, with the key masked.
pub(super) fn of_text(text: &str, key: Option<&Secret>) -> String {
    let key = key.map_or("", Secret::expose).trim();
    let text = if key.is_empty() {
        text.to_owned()
    } else {
        text.replace(key, "***")
    };
    let telltale: String = key.chars().take(TELLTALE).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty()).map(|word| {
        let masked = telltale.chars().count() == TELLTALE && word.contains(&telltale);
        if masked { "***" } else { word }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The sentence for people in an error object, in the forms that servers use.
pub(super) fn explanation(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Array(entries) => entries.iter().find_map(explanation),
        Value::Object(fields) => ["error", "message", "detail", "msg"]
            .into_iter()
            .filter_map(|name| fields.get(name))
            .find_map(explanation),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Text of an HTML page, roughly; any other text as it is.
fn without_tags(body: &str) -> String {
    if !body.trim_start().starts_with('<') {
        return body.to_owned();
    }
    let after_tags = body.split('<').filter_map(|piece| piece.split_once('>'));
    after_tags
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanation_is_found_in_every_form_of_error() {
        for body in [
            r#"{"error":{"message":"model not found","type":"x","code":404}}"#,
            r#"{"error":"model not found"}"#,
            r#"{"object":"error","message":"model not found"}"#,
            r#"{"detail":"model not found"}"#,
            r#"{"detail":[{"loc":["body"],"msg":"model not found"}]}"#,
            r#"[{"error":{"code":404,"message":"model not found"}}]"#,
            "<html><body><h1>model</h1>not found</body></html>",
            "  model\r\n\tnot found ",
        ] {
            assert_eq!(of_body(body, None), "model not found", "{body}");
        }
    }

    #[test]
    fn a_long_or_empty_body_gives_a_short_text() {
        assert_eq!(of_body("", None), "(no explanation)");
        assert_eq!(of_body("{}", None), "{}");
        assert_eq!(
            of_body(&"é".repeat(5_000), None).chars().count(),
            MAX_EXCERPT + 1
        );
    }

    #[test]
    fn the_key_is_masked_whole_and_in_part() {
        let key = Secret::new("sk-abcdefghijk");
        let text = of_text(
            "bad key:sk-abcdefghijk, that is sk-abc*******ijk",
            Some(&key),
        );
        assert_eq!(text, "bad key:***, that is ***");
    }

    #[test]
    fn a_short_key_masks_nothing_but_itself() {
        assert_eq!(
            of_text("no key at all", Some(&Secret::new("key"))),
            "no *** at all"
        );
        for empty in ["", " "] {
            assert_eq!(of_text("no key", Some(&Secret::new(empty))), "no key");
        }
    }
}
