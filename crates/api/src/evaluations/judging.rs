//! From what is known of a call that is over to what it came to.

use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use engine::{CallReport, Speaker};
use evaluation::{Analyser, Judgement, Line, Party, Settings, Sound, Turn};
use futures_util::StreamExt as _;
use llm::{LanguageModel, Message, ReplyError, ReplyPart, ReplyRequest, Role};
use serde_json::{Map, Value};
use store::{CallRecord, NewEvaluation, SessionRecord, TranscribedSegment, WorkspaceId};
use uuid::Uuid;

use crate::state::ApiState;
use crate::webhooks::events;

/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Characters of what an agent was told that its evaluator is told too.
const LONGEST_PURPOSE: usize = 4_000;

/// What a call is judged by.
pub(crate) struct Material {
    turns: Vec<Said>,
    waits_ms: Vec<u64>,
    line: Option<Line>,
    is_answered: bool,
    /// Whether it is known who made which sound.
    is_measured: bool,
    settings: Settings,
}

struct Said {
    party: Party,
    text: String,
    start_ms: u64,
    end_ms: u64,
    interrupted: bool,
}

/// What a session came to.
pub(crate) struct Verdict {
    /// Its summary.
    pub(crate) summary: String,
    /// `positive`, `neutral` or `negative`, if that was judged.
    pub(crate) sentiment: Option<String>,
    /// Its evaluation, if it is evaluated at all.
    pub(crate) evaluation: Option<NewEvaluation>,
}

impl Material {
    /// What a call reports that just ended.
    pub(crate) fn of_report(report: &CallReport, settings: Settings) -> Self {
        let turns = report.transcript.iter().map(|turn| Said {
            party: match turn.speaker {
                Speaker::Agent => Party::Agent,
                Speaker::Caller => Party::Caller,
            },
            text: turn.text.clone(),
            start_ms: turn.start_ms,
            end_ms: turn.end_ms,
            interrupted: turn.interrupted,
        });
        let waits = report.latencies.iter();
        Self {
            turns: turns.collect(),
            waits_ms: waits.map(|answer| answer.voiced_to_audible_ms).collect(),
            line: report.line.map(|line| Line {
                packets_received: line.packets_received,
                packets_lost: line.packets_lost,
                packets_recovered: line.packets_recovered,
                caller_level_dbfs: line.caller_level_dbfs,
            }),
            is_answered: report.answered_at.is_some(),
            is_measured: true,
            settings,
        }
    }

    /// What is stored of a call.
    pub(crate) fn of_stored(
        call: &CallRecord,
        session: &SessionRecord,
        messages: Vec<store::Message>,
        settings: Settings,
    ) -> Self {
        let turns = messages.into_iter().map(|message| Said {
            party: match message.speaker.as_str() {
                "caller" => Party::Caller,
                _ => Party::Agent,
            },
            text: message.text,
            start_ms: message.start_ms,
            end_ms: message.end_ms,
            interrupted: message.interrupted,
        });
        let waits = call.latencies.iter();
        let waits = waits.filter_map(|latency| latency.get("voiced_to_audible_ms")?.as_u64());
        let line = session.line.clone();
        Self {
            turns: turns.collect(),
            waits_ms: waits.collect(),
            line: line.and_then(|line| serde_json::from_value(line).ok()),
            is_answered: call.answered_at.is_some(),
            is_measured: true,
            settings,
        }
    }

    /// What was written down of an audio file. Where nobody knows who speaks, it is the caller.
    pub(crate) fn of_transcription(segments: Vec<TranscribedSegment>, settings: Settings) -> Self {
        let is_measured = segments.iter().all(|segment| segment.speaker != "speaker");
        let turns = segments.into_iter().map(|segment| Said {
            party: match segment.speaker.as_str() {
                "agent" => Party::Agent,
                _ => Party::Caller,
            },
            text: segment.text,
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            interrupted: false,
        });
        Self {
            turns: turns.collect(),
            waits_ms: Vec::new(),
            line: None,
            is_answered: true,
            is_measured,
            settings,
        }
    }

    /// Whether there is anything that a language model could judge.
    pub(crate) fn is_worth_asking(&self) -> bool {
        let mut callers = self.turns.iter().filter(|turn| turn.party == Party::Caller);
        self.settings.is_active && callers.any(|turn| !turn.text.trim().is_empty())
    }

    fn turns(&self) -> Vec<Turn<'_>> {
        let turns = self.turns.iter().map(|turn| Turn {
            party: turn.party,
            text: &turn.text,
            start_ms: turn.start_ms,
            end_ms: turn.end_ms,
            interrupted: turn.interrupted,
        });
        turns.collect()
    }

    /// Who said what, in order.
    pub(super) fn said(&self) -> Vec<events::Said> {
        let turns = self.turns.iter().map(|turn| events::Said {
            speaker: match turn.party {
                Party::Agent => "agent",
                Party::Caller => "caller",
            }
            .to_owned(),
            text: turn.text.clone(),
        });
        turns.collect()
    }

    /// A call that nobody answered is not evaluated, and neither is one whose settings say so.
    fn verdict(
        &self,
        summary: String,
        judgement: &Judgement,
        source: &'static str,
        source_reason: Option<String>,
    ) -> Verdict {
        let turns = self.turns();
        let sound = Sound {
            transcript: &turns,
            waits_ms: &self.waits_ms,
            line: self.line,
        };
        let sentiment = judgement.text(Analyser::Sentiment).map(str::to_owned);
        let is_evaluated = self.is_answered && self.settings.is_active;
        let evaluation = is_evaluated.then(|| NewEvaluation {
            id: Uuid::now_v7(),
            source,
            source_reason,
            blocks: Value::Object(judgement.to_json()),
            voice: match self.is_measured {
                true => Value::Object(evaluation::measure(&sound, &self.settings)),
                false => Value::Object(Map::new()),
            },
            sentiment: sentiment.clone(),
            human_escalation: judgement.flag(Analyser::HumanEscalation),
            success: judgement.flag(Analyser::Success),
        });
        // A call in which nobody spoke is neutral to whoever is told of its end.
        let is_judged = self.settings.judges(Analyser::Sentiment);
        let sentiment = sentiment.or_else(|| is_judged.then(|| "neutral".to_owned()));
        Verdict {
            summary,
            sentiment,
            evaluation,
        }
    }
}

/// The language model that evaluates an agent's sessions, with what the agent was told.
pub(crate) fn evaluator_of(
    state: &ApiState,
    call: &CallRecord,
) -> Option<(Arc<dyn LanguageModel>, String)> {
    evaluator_of_agent(state, &call.workspace, call.agent)
}

/// The same by the agent's id.
pub(crate) fn evaluator_of_agent(
    state: &ApiState,
    workspace: &WorkspaceId,
    agent: Uuid,
) -> Option<(Arc<dyn LanguageModel>, String)> {
    let agent = state.directory.get(workspace, agent)?;
    let model = state.evaluators.as_ref()?.evaluator_of(&agent.definition)?;
    Some((model, purpose(&agent.definition)))
}

/// The language model of the node, which evaluates what no agent has to do with.
pub(crate) fn evaluator_of_node(state: &ApiState) -> Option<Arc<dyn LanguageModel>> {
    let evaluators = state.evaluators.as_ref()?;
    evaluators.evaluator_of(&AgentDefinition::default())
}

/// What the session came to, without a language model. `reason` says why it was not asked.
pub(crate) fn offline(material: &Material, reason: Option<String>) -> Verdict {
    let turns = material.turns();
    let judgement = evaluation::judge_offline(&turns, &material.settings);
    material.verdict(evaluation::summarise(&turns), &judgement, "offline", reason)
}

/// What the session came to by a language model, or without it if it fails.
pub(crate) async fn by_model(
    material: &Material,
    model: &dyn LanguageModel,
    purpose: &str,
    timeout: Duration,
) -> Verdict {
    let turns = material.turns();
    let question = evaluation::question(&turns, &material.settings, purpose);
    let request = ReplyRequest {
        system: question.system,
        messages: vec![Message::said(Role::User, question.transcript)],
        ..ReplyRequest::default()
    };
    let answer = match tokio::time::timeout(timeout, whole_reply(model, request)).await {
        Ok(Ok(answer)) => {
            evaluation::read_answer(&answer, &material.settings).map_err(|error| error.to_string())
        }
        Ok(Err(error)) => Err(error.without_words()),
        Err(_) => Err(format!("the language model took longer than {timeout:?}")),
    };
    match answer {
        Ok(answer) => material.verdict(answer.summary, &answer.judgement, "model", None),
        Err(reason) => {
            tracing::warn!(reason, "a session is evaluated without the language model");
            offline(material, Some(reason))
        }
    }
}

async fn whole_reply(
    model: &dyn LanguageModel,
    request: ReplyRequest,
) -> Result<String, ReplyError> {
    let mut reply = model.reply(request);
    let mut answer = String::new();
    while let Some(part) = reply.next().await {
        if let ReplyPart::Text(text) = part? {
            answer.push_str(&text);
        }
        if answer.len() > LONGEST_ANSWER {
            break;
        }
    }
    Ok(answer)
}

fn purpose(agent: &AgentDefinition) -> String {
    let told = [&agent.role, &agent.objective, &agent.custom_prompt];
    let told: Vec<&str> = told
        .into_iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    told.join("\n").chars().take(LONGEST_PURPOSE).collect()
}
