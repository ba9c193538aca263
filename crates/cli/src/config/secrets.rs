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
