use super::Config;

/// What is shown in place of a secret.
const MASK: &str = "***";

impl Config {
    /// The settings with every secret masked, to be shown.
    pub(crate) fn masked(&self) -> Self {
        let mut shown = self.clone();
        mask(&mut shown.llm.key);
        mask(&mut shown.store.database_url);
        mask(&mut shown.otlp.headers);
        mask(&mut shown.calls.recordings_key);
        for key in &mut shown.calls.former_recordings_keys {
            mask(key);
        }
        for trunk in &mut shown.sip.trunks {
            mask(&mut trunk.password);
        }
        shown
    }
}

fn mask(secret: &mut String) {
    if !secret.is_empty() {
        *secret = MASK.to_owned();
    }
}
