use std::fmt;

use serde::{Deserialize, Serialize};

use super::Config;

/// What is shown in place of a secret.
const MASK: &str = "***";

/// A setting that no log shows. Unlike a `Secret` it is written whole where settings are
/// laid over each other; [`Config::masked`] is what may be printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    fn mask(&mut self) {
        if !self.0.is_empty() {
            MASK.clone_into(&mut self.0);
        }
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Config {
    /// The settings with every secret masked, to be shown.
    pub(crate) fn masked(&self) -> Self {
        let mut shown = self.clone();
        shown.llm.key.mask();
        shown.store.database_url.mask();
        shown.otlp.headers.mask();
        shown.calls.recordings_key.mask();
        for key in &mut shown.calls.former_recordings_keys {
            key.mask();
        }
        for trunk in &mut shown.sip.trunks {
            trunk.password.mask();
        }
        shown
    }
}
