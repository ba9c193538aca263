use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use super::Config;

/// Variables that begin like settings but are none: they point tools at a binary or a checkout.
const NOT_SETTINGS: &[&str] = &["MIHU_CONFIG"];

const PREFIX: &str = "MIHU_";

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub(crate) enum LoadConfigError {
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: String },
    #[error("{variable}={value}: {error}")]
    Variable {
        variable: String,
        value: String,
        error: String,
    },
    #[error("{variable} is no setting of mihu; `mihu serve --print-config` shows all of them")]
    UnknownVariable { variable: String },
    #[error("the settings do not fit together: {0}")]
    Conflict(String),
}

impl Config {
    /// The settings of `file`, or the defaults without one, overridden by `variables`.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, LoadConfigError> {
        let config = match file {
            None => Self::default(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| LoadConfigError::Read {
                        path: path.to_owned(),
                        source,
                    })?;
                toml::from_str(&text).map_err(|error| LoadConfigError::File {
                    path: path.to_owned(),
                    error: error.to_string().trim_end().to_owned(),
                })?
            }
        };
        let config = config.overridden(variables)?;
        config.check()?;
        Ok(config)
    }

    fn overridden(
        self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, LoadConfigError> {
        let mut config = self;
        for (variable, value) in variables {
            if !variable.starts_with(PREFIX) || NOT_SETTINGS.contains(&variable.as_str()) {
                continue;
            }
            config = config.with(variable, value)?;
        }
        Ok(config)
    }

    fn with(self, variable: String, value: String) -> Result<Self, LoadConfigError> {
        let mut table =
            Table::try_from(&self).map_err(|error| LoadConfigError::Conflict(error.to_string()))?;
        let Some(setting) = find(&mut table, &variable[PREFIX.len()..].to_lowercase()) else {
            return Err(LoadConfigError::UnknownVariable { variable });
        };
        let fail = |error: String| LoadConfigError::Variable {
            variable: variable.clone(),
            value: if is_secret(&variable) {
                "***".to_owned()
            } else {
                value.clone()
            },
            error,
        };
        *setting = parse_like(setting, &value).map_err(&fail)?;
        table.try_into().map_err(|error: toml::de::Error| {
            fail(
                error
                    .message()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            )
        })
    }

    fn check(&self) -> Result<(), LoadConfigError> {
        let conflict = |text: &str| Err(LoadConfigError::Conflict(text.to_owned()));
        if self.media.port_min > self.media.port_max {
            return conflict("media.port_min must not be above media.port_max");
        }
        if self.calls.max == 0 {
            return conflict("calls.max must be at least 1");
        }
        if self.http.max_body_bytes < 1_024 {
            return conflict("http.max_body_bytes must be at least 1024");
        }
        Ok(())
    }
}

/// The setting that a variable names: `http_listen` is `listen` in `[http]`. Keys hold
/// underscores themselves, so tables are tried as prefixes.
fn find<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Value> {
    for (key, value) in table {
        if key == name {
            return Some(value);
        }
        let inner = name
            .strip_prefix(key.as_str())
            .and_then(|rest| rest.strip_prefix('_'));
        if let (Some(inner), Value::Table(nested)) = (inner, &mut *value) {
            return find(nested, inner);
        }
    }
    None
}

/// Reads `text` as a value of the same type as `current`.
fn parse_like(current: &Value, text: &str) -> Result<Value, String> {
    match current {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Integer(_) => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| "expected a whole number".to_owned()),
        Value::Float(_) => text
            .parse()
            .map(Value::Float)
            .map_err(|_| "expected a number".to_owned()),
        Value::Boolean(_) => text
            .parse()
            .map(Value::Boolean)
            .map_err(|_| "expected `true` or `false`".to_owned()),
        Value::Array(_) => array(text),
        Value::Table(_) | Value::Datetime(_) => {
            Err("this names a group of settings; name one of them".to_owned())
        }
    }
}

/// An array in TOML's own writing, or plain words between commas.
fn array(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[') {
        let document: Table = toml::from_str(&format!("value = {text}"))
            .map_err(|error| format!("expected a TOML array: {}", error.message()))?;
        return document
            .get("value")
            .cloned()
            .ok_or_else(|| "expected a TOML array".to_owned());
    }
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    Ok(Value::Array(
        words.map(|word| Value::String(word.to_owned())).collect(),
    ))
}

fn is_secret(variable: &str) -> bool {
    ["KEY", "PASSWORD", "TRUNKS"]
        .iter()
        .any(|word| variable.ends_with(word))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use super::*;

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, LoadConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        Config::load(Some(file.path()), variables)
    }

    #[test]
    fn a_file_and_variables_override_the_defaults_in_this_order() {
        let text = "[http]\nlisten = \"127.0.0.1:1\"\n[calls]\nmax = 7\n";
        let variables = [
            ("MIHU_HTTP_LISTEN", "127.0.0.1:2"),
            ("MIHU_DATA_DIR", "/tmp/x"),
        ];
        let config = load(text, &variables).unwrap();
        assert_eq!(config.http.listen.port(), 2);
        assert_eq!(config.calls.max, 7);
        assert_eq!(config.data_dir, PathBuf::from("/tmp/x"));
    }

    #[test]
    fn every_setting_can_be_given_as_a_variable() {
        fn leaves(prefix: &str, table: &Table, found: &mut Vec<(String, Value)>) {
            for (key, value) in table {
                let name = format!("{prefix}_{}", key.to_uppercase());
                match value.as_table() {
                    Some(nested) => leaves(&name, nested, found),
                    None => found.push((name, value.clone())),
                }
            }
        }
        let defaults = Table::try_from(Config::default()).unwrap();
        let mut found = Vec::new();
        leaves("MIHU", &defaults, &mut found);
        assert!(found.len() > 30);
        for (name, value) in found {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let loaded = Config::load(None, [(name.clone(), text)].into_iter());
            assert!(loaded.is_ok(), "{name}: {loaded:?}");
        }
    }

    #[test]
    fn trunks_can_be_given_as_a_variable() {
        let trunks = r#"[{ name = "carrier", gateway = "sip.example.com", password = "x" }]"#;
        let config = load("", &[("MIHU_SIP_TRUNKS", trunks)]).unwrap();
        assert_eq!(config.sip.trunks[0].gateway, "sip.example.com");
        assert_eq!(config.sip.trunks[0].prefixes, [""]);
    }

    #[test]
    fn durations_are_written_as_people_write_them() {
        let config = load("[calls]\ndrain_timeout = \"1m 30s\"\n", &[]).unwrap();
        assert_eq!(config.calls.drain_timeout, Duration::from_secs(90));
    }

    #[test]
    fn a_mistake_in_the_file_names_its_line() {
        let error = load("[http]\nlisten = \"127.0.0.1:8080\"\nlissten = 1\n", &[]).unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
        let error = load("[http\n", &[]).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    #[test]
    fn a_mistake_in_a_variable_names_the_variable() {
        let error = load("", &[("MIHU_CALLS_MAX", "many")]).unwrap_err();
        assert!(error.to_string().contains("MIHU_CALLS_MAX=many"), "{error}");
        let error = load("", &[("MIHU_HTTP_LISTEN", "nowhere")]).unwrap_err();
        assert!(
            error.to_string().contains("MIHU_HTTP_LISTEN=nowhere"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_variable_is_refused_by_name() {
        let error = load("", &[("MIHU_HTTP_LISSTEN", "x")]).unwrap_err();
        assert!(error.to_string().contains("MIHU_HTTP_LISSTEN"), "{error}");
    }

    #[test]
    fn secrets_are_masked_when_shown_and_when_wrong() {
        let trunks = r#"[{ name = "a", gateway = "b", password = "hunter2" }]"#;
        let variables = [("MIHU_LLM_KEY", "sk-secret"), ("MIHU_SIP_TRUNKS", trunks)];
        let config = load("", &variables).unwrap();
        let shown = toml::to_string(&config.masked()).unwrap();
        assert!(
            !shown.contains("sk-secret") && !shown.contains("hunter2"),
            "{shown}"
        );
        let error = load("", &[("MIHU_SIP_TRUNKS", "[{ password = \"hunter2\" }]")]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
