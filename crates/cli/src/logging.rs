//! Log lines to standard error, in colours only where somebody looks.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. Signalling libraries print whole messages, credentials included, at INFO, so
/// they are kept to warnings whatever the filter says.
pub(crate) fn start(settings: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|error| format!("log.filter = \"{}\": {error}", settings.filter))?;
    let directive = sip::LOG_DIRECTIVE
        .parse()
        .map_err(|error| format!("log directive {}: {error}", sip::LOG_DIRECTIVE))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.add_directive(directive))
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr);
    let started = match settings.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| format!("logging cannot start: {error}"))
}
