//! Which language model answers for which agent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent::AgentDefinition;
use api::evaluations::Evaluators;
use engine::ModelDirectory;
use llm::{
    LanguageModel, Offline, OpenAi, OpenAiConfig, OpenAiConfigError, ReplyError, ReplyRequest,
    ReplyStream, Secret,
};
use outbound::Guard;

use crate::config::Llm;

/// Agents' own servers that are remembered with their open connections; beyond it all are
/// forgotten and made anew.
const REMEMBERED: usize = 256;

/// The node's language models: one for all agents, and one for each server that an agent names.
pub(crate) struct Models {
    settings: Llm,
    default: Arc<dyn LanguageModel>,
    own: Mutex<HashMap<String, Arc<dyn LanguageModel>>>,
}

impl Models {
    /// The models that the settings name; without a URL the offline responder answers.
    pub(crate) fn new(settings: Llm) -> Result<Self, OpenAiConfigError> {
        let default: Arc<dyn LanguageModel> = if settings.url.is_empty() {
            Arc::new(Offline::new())
        } else {
            // The operator's own server may be anywhere.
            Arc::new(OpenAi::new(
                settings.server(&settings.url, Guard::WITH_PRIVATE),
            )?)
        };
        Ok(Self {
            settings,
            default,
            own: Mutex::new(HashMap::new()),
        })
    }

    fn own(&self, url: &str) -> Result<Arc<dyn LanguageModel>, OpenAiConfigError> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = own.get(url) {
            return Ok(Arc::clone(model));
        }
        let guard = Guard {
            allow_private: self.settings.allow_private,
        };
        let model: Arc<dyn LanguageModel> =
            Arc::new(OpenAi::new(self.settings.server(url, guard))?);
        if own.len() >= REMEMBERED {
            own.clear();
        }
        own.insert(url.to_owned(), Arc::clone(&model));
        Ok(model)
    }
}

impl Models {
    /// Why the server that `agent` names cannot be asked, as far as that is known beforehand.
    pub(crate) fn check(&self, agent: &AgentDefinition) -> Result<(), OpenAiConfigError> {
        if agent.custom_llm_url.is_empty() {
            return Ok(());
        }
        self.own(&agent.custom_llm_url).map(drop)
    }
}

/// The models that judge calls that are over: the same servers, asked in another manner.
pub(crate) struct Judges(Models);

impl Judges {
    /// Judges behind the servers of `settings`, who answer with at most so many tokens and take
    /// their time.
    pub(crate) fn new(
        settings: &Llm,
        max_tokens: u32,
        timeout: Duration,
    ) -> Result<Self, OpenAiConfigError> {
        Models::new(Llm {
            temperature: 0.0,
            max_tokens,
            first_token_timeout: timeout,
            idle_timeout: timeout,
            end_call_tool: false,
            ..settings.clone()
        })
        .map(Self)
    }
}

impl Evaluators for Judges {
    fn evaluator_of(&self, agent: &AgentDefinition) -> Option<Arc<dyn LanguageModel>> {
        let is_offline = self.0.settings.url.is_empty() && agent.custom_llm_url.is_empty();
        (!is_offline).then(|| self.0.model_for(agent))
    }
}

impl ModelDirectory for Models {
    fn model_for(&self, agent: &AgentDefinition) -> Arc<dyn LanguageModel> {
        if agent.custom_llm_url.is_empty() {
            return Arc::clone(&self.default);
        }
        self.own(&agent.custom_llm_url).unwrap_or_else(|error| {
            tracing::error!(agent = %agent.agent_uuid, %error, "custom_llm_url is of no use");
            Arc::new(Unusable(error.to_string()))
        })
    }
}

/// Stands for a server that must not be asked: what a caller says to an agent with a server of
/// its own goes nowhere else.
struct Unusable(String);

impl LanguageModel for Unusable {
    fn reply(&self, _: ReplyRequest) -> ReplyStream {
        let error = ReplyError::Connect(self.0.clone());
        Box::pin(futures_util::stream::once(std::future::ready(Err(error))))
    }
}

impl Llm {
    fn server(&self, url: &str, guard: Guard) -> OpenAiConfig {
        // The operator's key is for the operator's server alone.
        let own = url == self.url;
        OpenAiConfig {
            key: (own && !self.key.expose().is_empty()).then(|| Secret::new(self.key.expose())),
            connect_timeout: self.connect_timeout,
            first_token_timeout: self.first_token_timeout,
            idle_timeout: self.idle_timeout,
            temperature: Some(self.temperature),
            max_tokens: Some(self.max_tokens),
            end_call_tool: self.end_call_tool,
            guard,
            ..OpenAiConfig::new(url, &self.model)
        }
    }
}
