use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use toml::{Table, Value};

use super::{Config, mistake};

/// Variables that begin like settings but are none: they say where the settings are.
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
    #[error("{variable} holds bytes that are no UTF-8; settings are text")]
    NoText { variable: String },
    #[error("{variable} is no setting of mihu; `mihu serve --print-config` shows all of them")]
    UnknownVariable { variable: String },
    #[error("the settings do not fit together: {0}")]
    Conflict(String),
}

impl Config {
    /// The settings of `file`, or the defaults without one, overridden by `variables`.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, LoadConfigError> {
        let config = match file {
            None => Self::default(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| LoadConfigError::Read {
                        path: path.to_owned(),
                        source,
                    })?;
                read(&text).map_err(|error| LoadConfigError::File {
                    path: path.to_owned(),
                    error,
                })?
            }
        };
        let config = config.overridden(variables)?;
        config.check()?;
        Ok(config)
    }

    fn overridden(
        self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, LoadConfigError> {
        let mut config = self;
        for (variable, value) in variables {
            let variable = variable.to_string_lossy().into_owned();
            if !variable.starts_with(PREFIX) || NOT_SETTINGS.contains(&variable.as_str()) {
                continue;
            }
            let Ok(value) = value.into_string() else {
                return Err(LoadConfigError::NoText { variable });
            };
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
            if is_secret(&variable) {
                return fail(mistake::expectation(error.message()));
            }
            let message = error.message().lines().next();
            fail(message.unwrap_or_default().to_owned())
        })
    }

    fn check(&self) -> Result<(), LoadConfigError> {
        let conflict = |text: &str| Err(LoadConfigError::Conflict(text.to_owned()));
        if self.media.port_min > self.media.port_max {
            return conflict("media.port_min must not be above media.port_max");
        }
        if self.media.opus_complexity > 10 {
            return conflict("media.opus_complexity must be from 0 to 10");
        }
        if !(6_000..=510_000).contains(&self.media.opus_bitrate) {
            return conflict("media.opus_bitrate must be from 6000 to 510000");
        }
        if !(0.01..=1.0).contains(&self.media.max_busy) {
            return conflict("media.max_busy must be from 0.01 to 1");
        }
        if self.calls.max == 0 {
            return conflict("calls.max must be at least 1");
        }
        if self.keys()?.current().is_some() && self.calls.keep_bundles {
            return conflict(
                "calls.keep_bundles keeps in the clear what calls.recordings_key seals: choose one",
            );
        }
        if self.calls.most_bundles == 0 {
            return conflict("calls.most_bundles must be at least 1; keep_bundles keeps none");
        }
        if self.http.max_body_bytes < 1_024 {
            return conflict("http.max_body_bytes must be at least 1024");
        }
        let speech = &self.speech;
        if [
            speech.recogniser_queue,
            speech.voice_queue,
            speech.judge_queue,
        ]
        .contains(&0)
        {
            return conflict(
                "speech.recogniser_queue, speech.voice_queue and speech.judge_queue must be at \
                 least 1",
            );
        }
        if self.llm.max_tokens == 0 {
            return conflict("llm.max_tokens must be at least 1");
        }
        if self.evaluation.max_tokens == 0 {
            return conflict("evaluation.max_tokens must be at least 1");
        }
        if !(0.0..=2.0).contains(&self.llm.temperature) {
            return conflict("llm.temperature must be from 0 to 2");
        }
        let none = |(_, time): &(&str, Duration)| time.is_zero();
        if let Some((name, _)) = self.times_that_must_pass().into_iter().find(none) {
            return conflict(&format!("{name} must be longer than 0s"));
        }
        self.prices()?;
        self.check_trunks()
    }

    /// Times within which something has to happen: nothing happens in none.
    fn times_that_must_pass(&self) -> [(&'static str, Duration); 51] {
        [
            ("store.agents_refresh", self.store.agents_refresh),
            ("calls.retry_after", self.calls.retry_after),
            ("calls.lease", self.calls.lease),
            ("calls.longest_hold", self.calls.longest_hold),
            ("calls.longest_goodbye", self.calls.longest_goodbye),
            ("calls.longest_tool", self.calls.longest_tool),
            ("calls.voicemail_detection", self.calls.voicemail_detection),
            ("calls.voicemail_silence", self.calls.voicemail_silence),
            (
                "calls.longest_voicemail_greeting",
                self.calls.longest_voicemail_greeting,
            ),
            ("calls.longest_lookup", self.calls.longest_lookup),
            ("calls.keep_bundles_for", self.calls.keep_bundles_for),
            ("media.no_rtp_timeout", self.media.no_rtp_timeout),
            ("media.longest_wait", self.media.longest_wait),
            ("media.max_lateness", self.media.max_lateness),
            ("sip.ring_timeout", self.sip.ring_timeout),
            ("sip.gateway_timeout", self.sip.gateway_timeout),
            ("sip.transfer_timeout", self.sip.transfer_timeout),
            ("llm.connect_timeout", self.llm.connect_timeout),
            ("llm.first_token_timeout", self.llm.first_token_timeout),
            ("llm.idle_timeout", self.llm.idle_timeout),
            ("calls.first_record_retry", self.calls.first_record_retry),
            (
                "calls.longest_record_retry",
                self.calls.longest_record_retry,
            ),
            ("http.body_timeout", self.http.body_timeout),
            ("http.header_timeout", self.http.header_timeout),
            ("http.write_timeout", self.http.write_timeout),
            ("http.linger_idle", self.http.linger_idle),
            ("http.close_grace", self.http.close_grace),
            ("webhooks.first_retry", self.webhooks.first_retry),
            ("webhooks.longest_retry", self.webhooks.longest_retry),
            ("http.idempotency_keep", self.http.idempotency_keep),
            ("http.idempotency_takeover", self.http.idempotency_takeover),
            ("intents.timeout", self.intents.timeout),
            ("webhooks.timeout", self.webhooks.timeout),
            ("webhooks.retry_for", self.webhooks.retry_for),
            ("webhooks.first_pause", self.webhooks.first_pause),
            ("webhooks.longest_pause", self.webhooks.longest_pause),
            ("dialling.lease", self.dialling.lease),
            ("dialling.poll_interval", self.dialling.poll_interval),
            ("evaluation.timeout", self.evaluation.timeout),
            ("evaluation.report_wait", self.evaluation.report_wait),
            ("otlp.timeout", self.otlp.timeout),
            ("oauth.code_lifetime", self.oauth.code_lifetime),
            (
                "oauth.access_token_lifetime",
                self.oauth.access_token_lifetime,
            ),
            (
                "oauth.refresh_token_lifetime",
                self.oauth.refresh_token_lifetime,
            ),
            ("transcriptions.longest", self.transcriptions.longest),
            (
                "transcriptions.upload_timeout",
                self.transcriptions.upload_timeout,
            ),
            (
                "transcriptions.download_timeout",
                self.transcriptions.download_timeout,
            ),
            ("transcriptions.lease", self.transcriptions.lease),
            (
                "transcriptions.retry_after",
                self.transcriptions.retry_after,
            ),
            ("whatsapp.timeout", self.whatsapp.timeout),
            ("whatsapp.retry_after", self.whatsapp.retry_after),
        ]
    }

    fn check_trunks(&self) -> Result<(), LoadConfigError> {
        let mut names = HashSet::new();
        for trunk in &self.sip.trunks {
            let name = trunk.name.as_str();
            if name.is_empty() || trunk.gateway.is_empty() {
                let told = "every trunk in sip.trunks needs a name and a gateway".to_owned();
                return Err(LoadConfigError::Conflict(told));
            }
            if !names.insert(name) {
                let told = format!("two trunks in sip.trunks have the name {name}");
                return Err(LoadConfigError::Conflict(told));
            }
        }
        Ok(())
    }
}

/// Reads the text of a file; what is wrong with it repeats no value.
fn read(text: &str) -> Result<Config, String> {
    if let Err(error) = toml::from_str::<Table>(text) {
        return Err(mistake::in_writing(text, &error));
    }
    toml::from_str(text).map_err(|error| mistake::in_file(text, &error))
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
            .map_err(|_| "expected a TOML array, such as [\"a\", \"b\"]".to_owned())?;
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
    [
        "KEY",
        "KEYS",
        "PASSWORD",
        "TRUNKS",
        "DATABASE_URL",
        "HEADERS",
    ]
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
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
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
            let variable = (OsString::from(&name), OsString::from(text));
            let loaded = Config::load(None, [variable].into_iter());
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
        let variables = [
            ("MIHU_LLM_KEY", "sk-secret"),
            ("MIHU_SIP_TRUNKS", trunks),
            (
                "MIHU_STORE_DATABASE_URL",
                "postgres://mihu:swordfish@db/mihu",
            ),
            ("MIHU_OTLP_HEADERS", "authorization=Bearer opensesame"),
        ];
        let config = load("", &variables).unwrap();
        let shown = toml::to_string(&config.masked()).unwrap();
        for secret in ["sk-secret", "hunter2", "swordfish", "opensesame"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let error = load("", &[("MIHU_SIP_TRUNKS", "[{ password = \"hunter2\" }]")]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_variable_that_is_no_text_is_named() {
        use std::os::unix::ffi::OsStringExt;

        let bytes = || OsString::from_vec(vec![0x66, 0xff]);
        let others = [(bytes(), bytes()), ("PATH".into(), bytes())];
        assert!(Config::load(None, others.into_iter()).is_ok());
        let ours = [("MIHU_LLM_KEY".into(), bytes())];
        let error = Config::load(None, ours.into_iter())
            .unwrap_err()
            .to_string();
        assert!(error.contains("MIHU_LLM_KEY"), "{error}");
    }

    #[test]
    fn a_time_in_which_nothing_can_happen_is_refused_by_name() {
        for name in [
            "MIHU_MEDIA_NO_RTP_TIMEOUT",
            "MIHU_SIP_RING_TIMEOUT",
            "MIHU_CALLS_LONGEST_HOLD",
            "MIHU_CALLS_LONGEST_GOODBYE",
            "MIHU_LLM_IDLE_TIMEOUT",
            "MIHU_WEBHOOKS_TIMEOUT",
        ] {
            let error = load("", &[(name, "0s")]).unwrap_err().to_string();
            let setting = name
                .to_lowercase()
                .replacen("mihu_", "", 1)
                .replacen('_', ".", 1);
            assert!(error.contains(&setting), "{error}");
        }
        assert!(load("", &[("MIHU_CALLS_DRAIN_TIMEOUT", "0s")]).is_ok());
    }

    #[test]
    fn figures_of_which_none_would_work_are_refused() {
        for (name, value) in [
            ("MIHU_SPEECH_RECOGNISER_QUEUE", "0"),
            ("MIHU_SPEECH_VOICE_QUEUE", "0"),
            ("MIHU_SPEECH_JUDGE_QUEUE", "0"),
            ("MIHU_STORE_CONNECTIONS", "0"),
            ("MIHU_LLM_MAX_TOKENS", "0"),
            ("MIHU_LLM_TEMPERATURE", "-1"),
            ("MIHU_LLM_TEMPERATURE", "nan"),
        ] {
            assert!(load("", &[(name, value)]).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn trunks_have_names_of_their_own() {
        let one = r#"{ name = "a", gateway = "b" }"#;
        let error = load("", &[("MIHU_SIP_TRUNKS", &format!("[{one}, {one}]"))]).unwrap_err();
        assert!(error.to_string().contains("the name a"), "{error}");
        let nameless = r#"[{ name = "", gateway = "b" }]"#;
        assert!(load("", &[("MIHU_SIP_TRUNKS", nameless)]).is_err());
    }

    #[test]
    fn prices_are_read_exactly_and_must_make_sense() {
        let list = |price: &str, prefix: &str| {
            let text = format!(
                "[prices]\ncurrency = \"EUR\"\n[[prices.rates]]\ncountry_code = \"DE\"\n\
                 country_name = \"Germany\"\ndestination_prefix = \"{prefix}\"\n\
                 per_minute = \"{price}\"\n"
            );
            load(&text, &[])
        };
        let prices = list("0.0125", "49").unwrap().prices().unwrap();
        let rate = prices.rate_of("+49301").unwrap();
        assert_eq!((rate.per_minute, rate.increment_seconds), (12_500, 1));
        for (price, prefix) in [("cheap", "49"), ("0.0125", "+49")] {
            let error = list(price, prefix).unwrap_err().to_string();
            assert!(error.contains("prices"), "{error}");
        }
    }
}
