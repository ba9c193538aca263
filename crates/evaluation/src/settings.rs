//! How conversations are evaluated: which analysers run, and what they are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analyser::Analyser;
use crate::measure::Measure;

/// What the success of a conversation is judged by, unless settings say otherwise.
const SUCCESS: &str = "The caller's request was answered or settled, or the agent reached what its \
                       prompt asks of it.";

/// What a summary is to be like, unless settings say otherwise.
const SUMMARY: &str = "Two or three sentences: what the caller wanted, what came of it, and what \
                       is still to be done.";

/// After how many minutes without a message a session is over, unless settings say otherwise.
const TIMEOUT_MINUTES: u32 = 30;

/// How the sessions of an agent or a workspace are evaluated.
///
/// What is stored of settings may be older than the program: what is missing is as by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether sessions are evaluated at all.
    pub is_active: bool,
    /// What a session is, and how it is summarised.
    pub sessionization: Sessionization,
    /// The ten analysers of words, by their names.
    pub text: BTreeMap<String, Choice>,
    /// The same for calls alone, and what is measured of a call's sound, by their names.
    pub voice: BTreeMap<String, Choice>,
}

/// What a session is, and how it is summarised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sessionization {
    /// `sliding_timeout`: a session is over when nobody has said anything for a while. A call is
    /// one session however it is.
    pub session_mode: String,
    /// For how long, in minutes.
    pub timeout_minutes: u32,
    /// The language of summaries and reasons, such as `en`; that of the conversation if empty.
    pub report_language: Option<String>,
    /// What a summary is to be like.
    pub summary_prompt: String,
}

/// Whether something is evaluated, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Whether it is.
    pub enabled: bool,
    /// What a language model is told of it.
    pub description: String,
    /// What success is; only where success is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

impl Settings {
    /// The names that `text` has.
    pub fn text_names() -> impl Iterator<Item = &'static str> {
        Analyser::ALL.into_iter().map(Analyser::name)
    }

    /// The names that `voice` has.
    pub fn voice_names() -> impl Iterator<Item = &'static str> {
        Self::text_names().chain(Measure::ALL.into_iter().map(Measure::name))
    }

    /// The settings with all choices that there are and no other.
    #[must_use]
    pub fn complete(mut self) -> Self {
        let defaults = Self::default();
        for (mine, whole) in [
            (&mut self.text, defaults.text),
            (&mut self.voice, defaults.voice),
        ] {
            let known = whole.into_iter().map(|(name, default)| {
                let choice = mine.remove(&name).unwrap_or(default);
                (name, choice)
            });
            *mine = known.collect();
        }
        self
    }

    /// Whether a call's words are judged so: only if neither `text` nor `voice` switches it off.
    #[must_use]
    pub fn judges(&self, analyser: Analyser) -> bool {
        let is_on = |choices: &BTreeMap<String, Choice>| {
            choices.get(analyser.name()).is_none_or(|it| it.enabled)
        };
        self.is_active && is_on(&self.text) && is_on(&self.voice)
    }

    /// Whether a call's sound is measured so.
    #[must_use]
    pub fn measures(&self, measure: Measure) -> bool {
        let choice = self.voice.get(measure.name());
        self.is_active && choice.is_none_or(|it| it.enabled)
    }

    /// What a language model is told that an analyser of a call judges.
    pub(crate) fn descriptions(&self, analyser: Analyser) -> impl Iterator<Item = &str> {
        let of = [
            self.text.get(analyser.name()),
            self.voice.get(analyser.name()),
        ];
        let of = of.into_iter().flatten().map(|it| it.description.trim());
        of.filter(|text| !text.is_empty())
    }

    /// What success is.
    pub(crate) fn success_prompt(&self) -> &str {
        let name = Analyser::Success.name();
        let own = [self.voice.get(name), self.text.get(name)];
        let mut own = own
            .into_iter()
            .flatten()
            .filter_map(|it| it.prompt.as_deref());
        own.find(|text| !text.trim().is_empty()).unwrap_or(SUCCESS)
    }
}

impl Default for Settings {
    fn default() -> Self {
        let text = Analyser::ALL.into_iter().map(|analyser| {
            let choice = Choice {
                description: analyser.description().to_owned(),
                prompt: (analyser == Analyser::Success).then(|| SUCCESS.to_owned()),
                ..Choice::default()
            };
            (analyser.name().to_owned(), choice)
        });
        let judged = Analyser::ALL.into_iter().map(|analyser| {
            let choice = Choice {
                prompt: (analyser == Analyser::Success).then(String::new),
                ..Choice::default()
            };
            (analyser.name().to_owned(), choice)
        });
        let measured = Measure::ALL.into_iter().map(|measure| {
            let choice = Choice {
                description: measure.description().to_owned(),
                ..Choice::default()
            };
            (measure.name().to_owned(), choice)
        });
        Self {
            is_active: true,
            sessionization: Sessionization::default(),
            text: text.collect(),
            voice: judged.chain(measured).collect(),
        }
    }
}

impl Default for Sessionization {
    fn default() -> Self {
        Self {
            session_mode: "sliding_timeout".to_owned(),
            timeout_minutes: TIMEOUT_MINUTES,
            report_language: None,
            summary_prompt: SUMMARY.to_owned(),
        }
    }
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            enabled: true,
            description: String::new(),
            prompt: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Side = fn(&mut Settings) -> &mut BTreeMap<String, Choice>;

    #[test]
    fn an_analyser_of_calls_is_off_if_either_side_is() {
        let sides: [Side; 2] = [
            |settings| &mut settings.text,
            |settings| &mut settings.voice,
        ];
        for side in sides {
            let mut settings = Settings::default();
            assert!(settings.judges(Analyser::Emotion));
            if let Some(choice) = side(&mut settings).get_mut("emotion_detection") {
                choice.enabled = false;
            }
            assert!(!settings.judges(Analyser::Emotion));
            assert!(settings.judges(Analyser::Sentiment));
        }
        let off = Settings {
            is_active: false,
            ..Settings::default()
        };
        assert!(!off.judges(Analyser::Sentiment));
        assert!(!off.measures(Measure::Level));
    }

    #[test]
    fn what_is_stored_is_completed_and_what_is_unknown_goes() {
        let stored = r#"{"text":{"emotion_detection":{"enabled":false},"moons":{}}}"#;
        let settings: Settings = serde_json::from_str(stored).unwrap();
        let settings = settings.complete();
        assert_eq!((settings.text.len(), settings.voice.len()), (10, 16));
        assert!(!settings.judges(Analyser::Emotion));
        assert_eq!(settings.clone().complete(), settings);
    }

    #[test]
    fn the_success_prompt_of_calls_goes_before_that_of_all() {
        let mut settings = Settings::default();
        assert_eq!(settings.success_prompt(), SUCCESS);
        let name = Analyser::Success.name();
        if let Some(choice) = settings.text.get_mut(name) {
            choice.prompt = Some("An appointment was made.".to_owned());
        }
        assert_eq!(settings.success_prompt(), "An appointment was made.");
        if let Some(choice) = settings.voice.get_mut(name) {
            choice.prompt = Some("A call back was agreed.".to_owned());
        }
        assert_eq!(settings.success_prompt(), "A call back was agreed.");
    }
}
