//! The tools of live calls: what an agent's intents have done, over HTTP or by another agent, and
//! that whom it has called opts out of further calls.

mod exchange;
mod opt_out;
mod parameters;

use std::sync::Arc;

use agent::{AgentDefinition, Intent, IntentAction};
use engine::{CallId, ToolAnswer, ToolDirectory, ToolOutcome, ToolReply, ToolRunner};
use llm::ToolCall;
use outbound::{BuildClientError, Client, ClientOptions, Guard};
use serde_json::json;
use store::Store;
use uuid::Uuid;

use crate::config::IntentSettings;

/// What is said of an intent that has no action and nothing to say.
const NOTED: &str = "That is noted.";

/// Does what the intents of agents stand for.
///
/// A call has the intents that its agent had when it was answered.
#[derive(Clone, Debug)]
pub struct IntentTools(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    client: Client,
    settings: IntentSettings,
}

impl IntentTools {
    /// Takes the parties of calls from `store`, whichever workspace that is in.
    ///
    /// # Errors
    ///
    /// [`BuildClientError`] when TLS cannot be set up at all.
    pub fn new(store: Store, settings: IntentSettings) -> Result<Self, BuildClientError> {
        let client = outbound::client(ClientOptions {
            guard: Guard {
                allow_private: settings.allow_private,
            },
            connect_timeout: settings.timeout,
            timeout: Some(settings.timeout),
            ..ClientOptions::default()
        })?;
        Ok(Self(Arc::new(Shared {
            store,
            client,
            settings,
        })))
    }
}

impl ToolDirectory for IntentTools {
    fn runner_for(&self, agent: &AgentDefinition, call: CallId) -> Arc<dyn ToolRunner> {
        let active = agent.intents.iter().filter(|intent| intent.is_active);
        Arc::new(OfCall {
            shared: Arc::clone(&self.0),
            agent: agent.agent_uuid,
            call,
            intents: active.cloned().collect(),
        })
    }
}

/// The intents of one call.
struct OfCall {
    shared: Arc<Shared>,
    agent: Uuid,
    call: CallId,
    intents: Vec<Intent>,
}

impl ToolRunner for OfCall {
    fn run(&self, call: ToolCall) -> ToolAnswer {
        let Some(intent) = self.intents.iter().find(|intent| intent.key == call.name) else {
            if call.name == agent::OPT_OUT {
                let (shared, live) = (Arc::clone(&self.shared), self.call);
                return Box::pin(async move { opt_out::opt_out(&shared, live).await });
            }
            let answer = format!("There is nobody here to use the tool `{}`.", call.name);
            let reply = ToolReply::told(answer, ToolOutcome::Failed);
            return Box::pin(std::future::ready(reply));
        };
        let intent = intent.clone();
        let (shared, agent, live) = (Arc::clone(&self.shared), self.agent, self.call);
        Box::pin(async move {
            let parameters = match parameters::read(&intent, &call.arguments) {
                Ok(parameters) => parameters,
                Err(needed) => return needed.reply(),
            };
            match intent.deployed() {
                None => noted(&intent),
                Some(IntentAction::Agent(other)) => ToolReply::passed_on(other.agent_uuid),
                Some(IntentAction::Webhook(webhook)) => {
                    let occasion = exchange::Occasion { agent, call: live };
                    let wanted = exchange::Wanted {
                        intent: &intent,
                        parameters,
                    };
                    let replied = exchange::exchange(&shared, &webhook, &occasion, wanted).await;
                    match replied {
                        Ok(body) => heard(&intent, body),
                        Err(error) => {
                            tracing::warn!(call = %live, intent = intent.key, %error,
                                "the webhook of an intent failed");
                            error.reply()
                        }
                    }
                }
            }
        })
    }
}

/// The reply of an intent that nobody does anything for.
fn noted(intent: &Intent) -> ToolReply {
    let actions = intent.recommendation_actions.trim();
    let told = if actions.is_empty() { NOTED } else { actions };
    ToolReply::told(told, ToolOutcome::Done)
}

/// What becomes of the body of a webhook's reply.
fn heard(intent: &Intent, body: String) -> ToolReply {
    if let Some(words) = intent.words_of(&body) {
        return ToolReply::spoken(words);
    }
    let told = if body.trim().is_empty() {
        json!({ "result": "Done." }).to_string()
    } else {
        body
    };
    ToolReply::told(told, ToolOutcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_spoken_unless_the_model_is_to_word_it() {
        let mut intent = Intent::default();
        let said = heard(&intent, r#"{"message":"It is booked."}"#.to_owned());
        assert_eq!(said, ToolReply::spoken("It is booked."));
        let told = heard(&intent, r#"{"id":7}"#.to_owned());
        assert_eq!(told, ToolReply::told(r#"{"id":7}"#, ToolOutcome::Done));
        let empty = heard(&intent, String::new());
        assert_eq!(
            empty,
            ToolReply::told(r#"{"result":"Done."}"#, ToolOutcome::Done)
        );
        intent.intent_llm_handle_by_response = true;
        let told = heard(&intent, "It is booked.".to_owned());
        assert_eq!(told, ToolReply::told("It is booked.", ToolOutcome::Done));
    }

    #[test]
    fn an_intent_without_an_action_tells_what_is_recommended() {
        let mut intent = Intent::default();
        assert_eq!(noted(&intent).text, NOTED);
        intent.recommendation_actions = "Offer the blue plan.".to_owned();
        assert_eq!(noted(&intent).text, "Offer the blue plan.");
    }
}
