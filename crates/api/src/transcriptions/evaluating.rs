//! What a transcription came to, by the language model of its `qa_agent_uuid` or of the node, or
//! without one.

use std::sync::Arc;

use llm::LanguageModel;
use serde_json::Value;
use store::{ClaimedTranscriptionEvaluation, NewEvaluation, StoreError};

use crate::clock;
use crate::evaluations::{
    self, MOST_ATTEMPTS, Material, default_settings, evaluator_of_agent, evaluator_of_node,
    settings_of,
};
use crate::state::ApiState;

/// Evaluates what was written down, and stores what it came to.
pub(crate) async fn evaluate(
    state: &ApiState,
    claimed: &ClaimedTranscriptionEvaluation,
) -> Result<(), StoreError> {
    let store = state.store.in_workspace(&claimed.workspace);
    let new = &claimed.record.new;
    let settings = match new.qa_agent {
        Some(agent) => settings_of(&store, agent).await?,
        None => default_settings(&store).await?,
    };
    let segments = store.transcribed_segments(new.id).await?;
    let material = Material::of_transcription(segments, settings);
    let evaluator = evaluator(state, claimed).filter(|_| material.is_worth_asking());
    let verdict = match evaluator {
        Some(_) if claimed.attempts >= MOST_ATTEMPTS => {
            let reason = "the language model was asked several times, without an answer";
            evaluations::offline(&material, Some(reason.to_owned()))
        }
        Some((model, purpose)) => {
            let timeout = state.config.evaluation.timeout;
            evaluations::by_model(&material, &*model, &purpose, timeout).await
        }
        None => evaluations::offline(&material, None),
    };
    let now = clock::now();
    let evaluation = verdict
        .evaluation
        .map(|evaluation| view(evaluation, verdict.summary, now));
    state
        .store
        .finish_transcription_evaluation(claimed, evaluation.as_ref(), now)
        .await?;
    Ok(())
}

/// The model, and what the conversation was for.
fn evaluator(
    state: &ApiState,
    claimed: &ClaimedTranscriptionEvaluation,
) -> Option<(Arc<dyn LanguageModel>, String)> {
    let new = &claimed.record.new;
    if let Some(agent) = new.qa_agent {
        return evaluator_of_agent(state, &claimed.workspace, agent);
    }
    let purpose = new.possible_conversation.clone().unwrap_or_default();
    Some((evaluator_of_node(state)?, purpose))
}

/// As clients see it: the blocks by their names, with what is said of all of them.
fn view(evaluation: NewEvaluation, summary: String, now: jiff::Timestamp) -> Value {
    let mut view = evaluation.blocks.as_object().cloned().unwrap_or_default();
    view.insert("voice".to_owned(), evaluation.voice);
    view.insert("summary".to_owned(), summary.into());
    view.insert("source".to_owned(), evaluation.source.into());
    let reason = evaluation.source_reason.map_or(Value::Null, Value::from);
    view.insert("source_reason".to_owned(), reason);
    view.insert("evaluated_at".to_owned(), now.to_string().into());
    Value::Object(view)
}
