//! What a node can do for its agents, so that a definition that asks for more is refused instead of
//! passing for one that gets it.

use crate::definition::{AgentDefinition, InvalidField, VoiceProfile};

/// What a node can do for its agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// The voices that can speak. Callers are understood in their languages.
    pub voices: Vec<Voice>,
}

/// A voice that can speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// What `voice_uuid` and `voice_name` call it; case does not count.
    pub name: String,
    /// Its language as a BCP 47 tag.
    pub language: String,
}

impl Abilities {
    /// Whether an agent asks for nothing that the node can not do; the first field that does is
    /// named.
    pub fn check(&self, agent: &AgentDefinition) -> Result<(), InvalidField> {
        let mut problems = self.problems(agent).into_iter();
        problems.next().map_or(Ok(()), Err)
    }

    /// Every field by which an agent asks for what the node can not do.
    #[must_use]
    pub fn problems(&self, agent: &AgentDefinition) -> Vec<InvalidField> {
        let mut problems = Vec::new();
        let spoken = |tag: &str| self.voices.iter().any(|voice| speaks(voice, primary(tag)));
        if !spoken(&agent.language) {
            let tags = self.voices.iter().map(|voice| primary(&voice.language));
            let expected = format!("a language that this node speaks: {}", listed(tags));
            problems.push(InvalidField::new("language", expected));
        }
        self.voice(&agent.voice().voice_profile, &mut problems);
        problems.extend(inert(agent));
        problems
    }

    fn voice(&self, profile: &VoiceProfile, problems: &mut Vec<InvalidField>) {
        let mut refuse = |field: &str, expected: String| {
            let field = format!("settings.voice.voice_profile.{field}");
            problems.push(InvalidField::new(field, expected));
        };
        let mut meant: Vec<&Voice> = self.voices.iter().collect();
        for (field, name) in [
            ("voice_uuid", &profile.voice_uuid),
            ("voice_name", &profile.voice_name),
        ] {
            if name.is_empty() {
                continue;
            }
            meant.retain(|voice| voice.name.eq_ignore_ascii_case(name));
            if meant.is_empty() {
                let names = self.voices.iter().map(|voice| voice.name.as_str());
                let expected = format!("nothing, or a voice of this node: {}", listed(names));
                refuse(field, expected);
                return;
            }
        }
        let tag = &profile.language;
        if !tag.is_empty() && !meant.iter().any(|voice| speaks(voice, tag)) {
            let tags = meant.iter().map(|voice| voice.language.as_str());
            let expected = format!("nothing, or the language of the voice: {}", listed(tags));
            refuse("language", expected);
        }
    }
}

/// Fields that are set and that nothing acts on, wherever the agent is.
fn inert(agent: &AgentDefinition) -> impl Iterator<Item = InvalidField> {
    let settings = &agent.settings;
    let voice = &settings.voice;
    [
        (
            voice.compliance.eu_gdpr_compliance,
            "settings.voice.compliance.eu_gdpr_compliance",
            "false: nothing acts on it; how long things are kept is the workspace's to set, and \
             contacts are erased one by one",
        ),
        (
            !voice.normalizers.is_empty(),
            "settings.voice.normalizers",
            "an empty object: nothing rewrites what is spoken",
        ),
        (
            !settings.text.is_empty(),
            "settings.text",
            "an empty object: agents answer calls alone",
        ),
        (
            !settings.memorize.is_empty(),
            "settings.memorize",
            "an empty object: what is known of contacts is kept with them",
        ),
        (
            !settings.evaluation.is_empty(),
            "settings.evaluation",
            "an empty object: PUT /agents/{agent_uuid}/evaluate says how calls are evaluated",
        ),
    ]
    .into_iter()
    .filter(|(is_set, ..)| *is_set)
    .map(|(_, field, expected)| InvalidField::new(field, expected))
}

/// Whether a tag is the voice's own or the beginning of it: `en` and `en-US` are both spoken by a
/// voice of `en-US`.
fn speaks(voice: &Voice, tag: &str) -> bool {
    let mut own = voice.language.split('-');
    tag.split('-')
        .all(|part| own.next().is_some_and(|own| own.eq_ignore_ascii_case(part)))
}

/// The language alone.
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.dedup();
    if names.is_empty() {
        return "it has none".to_owned();
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn node() -> Abilities {
        let voice = |name: &str, language: &str| Voice {
            name: name.to_owned(),
            language: language.to_owned(),
        };
        Abilities {
            voices: vec![voice("rms", "en-US"), voice("amy", "en-GB")],
        }
    }

    fn refused(definition: Value) -> Option<(String, String)> {
        let agent = AgentDefinition::from_json(definition).unwrap();
        let problem = node().check(&agent).err();
        problem.map(|problem| (problem.field, problem.expected))
    }

    fn of_profile(profile: Value) -> Option<String> {
        let voice = json!({ "voice_profile": profile });
        let refused = refused(json!({ "name": "Maya", "settings": { "voice": voice } }));
        let prefix = "settings.voice.voice_profile.";
        refused.map(|(field, _)| field.trim_start_matches(prefix).to_owned())
    }

    #[test]
    fn a_voice_of_the_node_may_be_named_or_left_out() {
        assert_eq!(of_profile(json!({})), None);
        assert_eq!(of_profile(json!({ "voice_uuid": "rms" })), None);
        assert_eq!(of_profile(json!({ "voice_name": "RMS" })), None);
    }

    #[test]
    fn another_voice_is_refused_by_the_field_that_names_it() {
        let refused = |profile| of_profile(profile).unwrap();
        assert_eq!(refused(json!({ "voice_name": "Rachel" })), "voice_name");
        assert_eq!(refused(json!({ "voice_uuid": "21m00" })), "voice_uuid");
        let both = json!({ "voice_uuid": "rms", "voice_name": "amy" });
        assert_eq!(refused(both), "voice_name");
    }

    #[test]
    fn who_names_a_voice_that_there_is_not_is_told_those_that_there_are() {
        let profile = json!({ "voice_profile": { "voice_name": "Rachel" } });
        let agent = json!({ "name": "Maya", "settings": { "voice": profile } });
        let (_, expected) = refused(agent).unwrap();
        assert_eq!(expected, "nothing, or a voice of this node: `rms`, `amy`");
    }

    #[test]
    fn a_voice_speaks_its_own_language_alone() {
        assert_eq!(of_profile(json!({ "language": "en" })), None);
        assert_eq!(of_profile(json!({ "language": "en-gb" })), None);
        let wrong = json!({ "voice_name": "rms", "language": "en-GB" });
        assert_eq!(of_profile(wrong).as_deref(), Some("language"));
        let french = of_profile(json!({ "language": "fr" }));
        assert_eq!(french.as_deref(), Some("language"));
    }

    #[test]
    fn an_agent_speaks_a_language_of_the_nodes_voices() {
        let agent = |language: &str| json!({ "name": "Maya", "language": language });
        assert_eq!(refused(agent("en-AU")), None);
        let (field, expected) = refused(agent("tr")).unwrap();
        assert_eq!(field, "language");
        assert_eq!(expected, "a language that this node speaks: `en`");
    }

    #[test]
    fn what_nothing_acts_on_is_refused() {
        for (settings, field) in [
            (json!({ "text": { "tone": "dry" } }), "text"),
            (json!({ "memorize": { "name": true } }), "memorize"),
            (json!({ "evaluation": { "is_active": true } }), "evaluation"),
            (
                json!({ "voice": { "normalizers": { "outbound": true } } }),
                "voice.normalizers",
            ),
            (
                json!({ "voice": { "compliance": { "eu_gdpr_compliance": true } } }),
                "voice.compliance.eu_gdpr_compliance",
            ),
        ] {
            let refused = refused(json!({ "name": "Maya", "settings": settings }));
            assert_eq!(refused.unwrap().0, format!("settings.{field}"));
        }
        let sealed = json!({ "voice": { "compliance": { "hipaa_compliance": true } } });
        assert_eq!(refused(json!({ "name": "Maya", "settings": sealed })), None);
    }
}
