//! What a node can do for its agents.

use agent::{Abilities, Voice};
use speech::FliteConfig;

/// What this build can do: it speaks with the voice that is in it.
pub(crate) fn of_node() -> Abilities {
    Abilities {
        voices: vec![Voice {
            name: FliteConfig::VOICE.to_owned(),
            language: FliteConfig::LANGUAGE.to_owned(),
        }],
    }
}
