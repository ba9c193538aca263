//! What is told of a mistake in the settings: where it is and what was expected, never the value,
//! which may be a secret.

/// A mistake in a file, from its text and what its reader says.
pub(super) fn in_file(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let expected = expectation(error.message());
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    match key(text.get(start..).unwrap_or_default(), at - start) {
        Some(key) => format!("line {line}, `{key}`: {expected}"),
        None => format!("line {line}: {expected}"),
    }
}

/// A mistake that is none of a setting, but in the file's writing.
pub(super) fn in_writing(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    format!("line {line} is no TOML: {}", first_line(error.message()))
}

/// What was expected, in the reader's words, without what was found.
pub(super) fn expectation(message: &str) -> String {
    let message = first_line(message);
    let expected = message.rsplit_once(", expected ").map(|(_, it)| it);
    if message.starts_with("missing field `") {
        return message.to_owned();
    }
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let name = rest.split('`').next().unwrap_or_default();
        let known = expected.unwrap_or("no setting");
        return format!("`{name}` is no setting, expected {known}");
    }
    let repeats_the_value = ["invalid type: ", "invalid value: ", "unknown variant `"];
    match expected {
        Some(expected) if repeats_the_value.iter().any(|it| message.starts_with(it)) => {
            format!("expected {expected}")
        }
        Some(_) | None => "the value cannot be used here".to_owned(),
    }
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// The key whose value stands at `at` in a line, or else the key that the line begins with.
fn key(line: &str, at: usize) -> Option<&str> {
    let own = |text: &str| {
        text.chars()
            .all(|it| it.is_alphanumeric() || "_-.".contains(it))
    };
    let before = line.get(..at)?.trim_end();
    let nearest = before.strip_suffix('=').and_then(|left| {
        let words = left.trim_end();
        words.rsplit(|it: char| !own(&it.to_string())).next()
    });
    let first = line.split('\n').next()?.split_once('=');
    nearest
        .or_else(|| first.map(|(key, _)| key.trim()).filter(|key| own(key)))
        .filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let error = toml::from_str::<crate::config::Config>(text).unwrap_err();
        in_file(text, &error)
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_by_line_and_key_alone() {
        let told = told("[llm]\nmodel = \"m\"\nkey = 271828\n");
        assert_eq!(told, "line 3, `key`: expected a string");
    }

    #[test]
    fn a_value_within_an_inline_table_is_named_by_its_own_key() {
        let told =
            told("[sip]\ntrunks = [{ name = \"a=b\", gateway = \"c\", password = 271828 }]\n");
        assert!(told.starts_with("line 2, `password`: "), "{told}");
        assert!(!told.contains("271828"), "{told}");
    }

    #[test]
    fn an_unknown_key_behind_a_secret_repeats_nothing_of_it() {
        let told = told("[sip]\ntrunks = [{ password = \"hunter2=hunter2\", nam = \"a\" }]\n");
        assert!(
            told.contains("`nam`") && !told.contains("hunter2"),
            "{told}"
        );
    }

    #[test]
    fn a_value_that_is_none_of_the_words_is_not_repeated() {
        let told = told("[log]\nformat = \"hunter2\"\n");
        assert_eq!(told, "line 2, `format`: expected `text` or `json`");
    }

    #[test]
    fn a_value_that_only_its_own_reader_understands_is_not_repeated() {
        let told = told("[calls]\nretry_after = \"hunter2\"\n");
        assert_eq!(told, "line 2, `retry_after`: the value cannot be used here");
    }

    #[test]
    fn a_mistake_in_the_writing_is_told_without_the_line() {
        let text = "[llm]\nkey = \"hunter2\n";
        let error = toml::from_str::<toml::Table>(text).unwrap_err();
        let told = in_writing(text, &error);
        assert!(
            told.contains("line 2") && !told.contains("hunter2"),
            "{told}"
        );
    }
}
