//! The agents of replayed calls. What one asks for and a replay cannot give is refused, so that no
//! call passes for that agent's.

use std::path::Path;
use std::sync::Arc;

use agent::{AgentDefinition, InvalidField, LoadAgentError};

use crate::abilities;
use crate::models::Models;

/// Reads an agent's file, if what it names can be had.
pub(super) fn load(file: &Path, models: &Models) -> Result<Arc<AgentDefinition>, LoadAgentError> {
    let agent = agent::load_file_if(file, |agent| {
        abilities::of_node().check(agent)?;
        models.check(agent).map_err(|error| InvalidField {
            field: "custom_llm_url".to_owned(),
            expected: format!("a server that can be asked, but {error}"),
        })
    });
    agent.map(Arc::new)
}
