//! The agents of replayed calls. What one asks for and a replay cannot give is refused, so that no
//! call passes for that agent's.

use std::path::Path;
use std::sync::Arc;

use agent::{AgentDefinition, InvalidField, LoadAgentError, VoiceProfile};
use speech::FliteConfig;

use crate::models::Models;

/// Reads an agent's file, if what it names can be had.
pub(super) fn load(file: &Path, models: &Models) -> Result<Arc<AgentDefinition>, LoadAgentError> {
    let agent = agent::load_file_if(file, |agent| {
        check_voice(&agent.voice().voice_profile)?;
        models.check(agent).map_err(|error| InvalidField {
            field: "custom_llm_url".to_owned(),
            expected: format!("a server that can be asked, but {error}"),
        })
    });
    agent.map(Arc::new)
}

fn check_voice(profile: &VoiceProfile) -> Result<(), InvalidField> {
    let named = [
        ("voice_uuid", &profile.voice_uuid),
        ("voice_name", &profile.voice_name),
    ];
    let only = FliteConfig::VOICE;
    let mut unknown = named
        .iter()
        .filter(|(_, name)| !name.is_empty() && !name.eq_ignore_ascii_case(only));
    unknown.next().map_or(Ok(()), |(field, _)| {
        Err(InvalidField {
            field: format!("settings.voice.voice_profile.{field}"),
            expected: format!("`{only}`, the only voice that there is, or nothing"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(uuid: &str, name: &str) -> Result<(), String> {
        let profile = VoiceProfile {
            voice_uuid: uuid.to_owned(),
            voice_name: name.to_owned(),
            ..VoiceProfile::default()
        };
        check_voice(&profile).map_err(|error| error.field)
    }

    #[test]
    fn the_only_voice_may_be_named_or_left_out() {
        assert_eq!(checked("", ""), Ok(()));
        assert_eq!(checked("rms", "RMS"), Ok(()));
    }

    #[test]
    fn another_voice_is_refused_by_the_field_that_names_it() {
        let field = |name: &str| Err(format!("settings.voice.voice_profile.{name}"));
        assert_eq!(checked("", "Rachel"), field("voice_name"));
        assert_eq!(checked("21m00", ""), field("voice_uuid"));
    }
}
