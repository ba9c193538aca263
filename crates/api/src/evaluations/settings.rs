//! `/evaluate/default` and `/agents/{agent_uuid}/evaluate`: how sessions are evaluated.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use evaluation::{Choice, Settings};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Store, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::agents::find;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Change, Envelope, Json, Object, Path, Text, Whole, ok, words};
use crate::state::ApiState;

words! {
    /// What a session of messages is.
    enum SessionMode {
        /// It is over when nobody has written anything for `timeout_minutes`.
        SlidingTimeout = "sliding_timeout",
    }
}

/// How sessions are evaluated.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "agent_uuid": null,
    "is_default": true,
    "is_active": true,
    "source": "default",
    "sessionization": {
        "session_mode": "sliding_timeout",
        "timeout_minutes": 30,
        "report_language": "en",
        "summary_prompt": "Two or three sentences.",
    },
    "text": {
        "sentiment_analyzer": { "enabled": true, "description": "How the caller felt." },
        "success_evaluation_prompt": {
            "enabled": true, "description": "Whether the aim was reached.",
            "prompt": "An appointment was made.",
        },
    },
    "voice": { "talk_ratio": { "enabled": true, "description": "Who spoke how much." } },
}))]
pub(super) struct EvaluateSettings {
    /// The agent; null for those of the workspace.
    #[schema(required)]
    agent_uuid: Option<Uuid>,
    /// Whether these are the workspace's: an agent without its own has them.
    is_default: bool,
    /// Whether sessions are evaluated at all. Without it nothing is sent to a language model after
    /// a call, and its summary is made offline.
    is_active: bool,
    /// Whose they are: `agent` or `default`.
    #[schema(value_type = String)]
    source: &'static str,
    /// What a session is, and how it is summarised.
    sessionization: Sessionization,
    /// The ten analysers of words, by their names.
    text: BTreeMap<String, AnalyserSettings>,
    /// The same for calls alone, and what is measured of a call's sound, by their names.
    voice: BTreeMap<String, AnalyserSettings>,
}

/// What a session is, and how it is summarised.
#[derive(Serialize, ToSchema)]
struct Sessionization {
    /// What a session of messages is. A call is always one session.
    #[schema(value_type = SessionMode)]
    session_mode: String,
    /// After how many minutes without a message a session is over.
    timeout_minutes: u32,
    /// The language of summaries and reasons by a language model, as a tag such as `en`; null for
    /// that of the conversation.
    #[schema(required)]
    report_language: Option<String>,
    /// What a language model is told of summaries.
    summary_prompt: String,
}

/// Whether something is evaluated, and how.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "enabled": true, "description": "How the caller felt." }))]
struct AnalyserSettings {
    /// Whether it is.
    enabled: bool,
    /// What a language model is told of it.
    description: String,
    /// What success is; of `success_evaluation_prompt` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    prompt: Option<String>,
}

/// Settings that change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct EvaluateSettingsChange {
    /// Whether sessions are evaluated at all.
    is_active: Option<bool>,
    /// What a session is, and how it is summarised.
    #[schema(value_type = Option<SessionizationChange>)]
    sessionization: Option<Object<SessionizationChange>>,
    /// Analysers of words, by their names.
    #[schema(value_type = Option<BTreeMap<String, AnalyserChange>>)]
    text: Option<BTreeMap<String, Object<AnalyserChange>>>,
    /// The same for calls alone, and what is measured of a call's sound, by their names.
    #[schema(value_type = Option<BTreeMap<String, AnalyserChange>>)]
    voice: Option<BTreeMap<String, Object<AnalyserChange>>>,
}

/// How sessions are summarised; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct SessionizationChange {
    /// What a session of messages is.
    session_mode: Option<SessionMode>,
    /// After how many minutes without a message a session is over.
    timeout_minutes: Option<Whole<1, 10_080>>,
    /// The language of summaries and reasons by a language model; null for that of the
    /// conversation.
    #[serde(default)]
    report_language: Change<Text<2, 35>>,
    /// What a language model is told of summaries.
    summary_prompt: Option<Text<1, 4_000>>,
}

/// Whether something is evaluated, and how; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct AnalyserChange {
    /// Whether it is.
    enabled: Option<bool>,
    /// What a language model is told of it.
    description: Option<Text<0, 1_000>>,
    /// What success is; of `success_evaluation_prompt` alone.
    prompt: Option<Text<0, 4_000>>,
}

/// How the workspace's sessions are evaluated
///
/// The settings of all agents that have none of their own.
#[utoipa::path(
    get, path = "/evaluate/default", operation_id = "show_evaluate_default", tag = "evaluations",
    security(("token" = ["evaluations:read"])),
    responses((status = 200, description = "The settings.", body = Envelope<EvaluateSettings>)),
)]
pub(super) async fn show_default(caller: Caller) -> Result<Envelope<EvaluateSettings>, ApiError> {
    let stored = caller.store.evaluate_settings(None).await;
    let stored = stored.map_err(|error| ApiError::internal("read settings", &error))?;
    let view = view(read(stored), None, true);
    Ok(ok("Evaluation settings retrieved successfully", view))
}

/// Changes how the workspace's sessions are evaluated
///
/// What is left out stays.
#[utoipa::path(
    put, path = "/evaluate/default", operation_id = "set_evaluate_default", tag = "evaluations",
    security(("token" = ["evaluations:write"])),
    request_body(content = EvaluateSettingsChange, example = json!({
        "sessionization": { "report_language": "en" },
        "text": { "emotion_detection": { "enabled": false } },
    })),
    responses(
        (status = 200, description = "The settings as they are now.",
            body = Envelope<EvaluateSettings>),
    ),
)]
pub(super) async fn set_default(
    caller: Caller,
    Json(body): Json<EvaluateSettingsChange>,
) -> Result<Envelope<EvaluateSettings>, ApiError> {
    let changed = change(&caller, None, body).await?;
    let view = view(changed, None, true);
    Ok(ok("Evaluation settings updated successfully", view))
}

/// How an agent's sessions are evaluated
///
/// Its own settings, or those of the workspace.
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/evaluate", operation_id = "show_agent_evaluate",
    tag = "evaluations", security(("token" = ["evaluations:read"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "The settings.", body = Envelope<EvaluateSettings>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
pub(super) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<EvaluateSettings>, ApiError> {
    let agent = find(&state, &caller, &agent)?.definition.agent_uuid;
    let view = of_agent(&caller, agent).await?;
    Ok(ok("Evaluation settings retrieved successfully", view))
}

/// Changes how an agent's sessions are evaluated
///
/// The agent has settings of its own from then on, which begin as those of the workspace. What is
/// left out stays.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/evaluate", operation_id = "set_agent_evaluate",
    tag = "evaluations", security(("token" = ["evaluations:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = EvaluateSettingsChange, example = json!({
        "is_active": true,
        "text": { "success_evaluation_prompt": { "prompt": "An appointment was made." } },
        "voice": { "silences": { "enabled": false } },
    })),
    responses(
        (status = 200, description = "The settings as they are now.",
            body = Envelope<EvaluateSettings>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
pub(super) async fn set(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<EvaluateSettingsChange>,
) -> Result<Envelope<EvaluateSettings>, ApiError> {
    let agent = find(&state, &caller, &agent)?.definition.agent_uuid;
    let changed = change(&caller, Some(agent), body).await?;
    let view = view(changed, Some(agent), false);
    Ok(ok("Evaluation settings updated successfully", view))
}

/// Gives an agent the workspace's evaluation settings
///
/// Its own are forgotten; it has those of the workspace, as they are and as they will be.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/evaluate/reassign", operation_id = "reassign_agent_evaluate",
    tag = "evaluations", security(("token" = ["evaluations:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    responses(
        (status = 200, description = "The settings as they are now.",
            body = Envelope<EvaluateSettings>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
    ),
)]
pub(super) async fn reassign(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
) -> Result<Envelope<EvaluateSettings>, ApiError> {
    let agent = find(&state, &caller, &agent)?.definition.agent_uuid;
    let forgotten = caller
        .store
        .forget_evaluate_settings(agent, clock::now())
        .await;
    forgotten.map_err(|error| ApiError::internal("forget settings", &error))?;
    let view = of_agent(&caller, agent).await?;
    Ok(ok("Evaluation settings reassigned successfully", view))
}

/// How this agent's sessions are evaluated.
pub(crate) async fn settings_of(store: &Store, agent: Uuid) -> Result<Settings, StoreError> {
    if let Some(own) = store.evaluate_settings(Some(agent)).await? {
        return Ok(read(Some(own)));
    }
    default_settings(store).await
}

/// How is evaluated what no agent has to do with.
pub(crate) async fn default_settings(store: &Store) -> Result<Settings, StoreError> {
    Ok(read(store.evaluate_settings(None).await?))
}

/// After how long without a message a session of an agent's messages is over.
pub(crate) async fn session_timeout(store: &Store, agent: Uuid) -> Result<Duration, StoreError> {
    let settings = settings_of(store, agent).await?;
    let minutes = settings.sessionization.timeout_minutes;
    Ok(Duration::from_secs(u64::from(minutes) * 60))
}

async fn of_agent(caller: &Caller, agent: Uuid) -> Result<EvaluateSettings, ApiError> {
    let failed = |error: StoreError| ApiError::internal("read settings", &error);
    let own = caller.store.evaluate_settings(Some(agent)).await;
    if let Some(own) = own.map_err(failed)? {
        return Ok(view(read(Some(own)), Some(agent), false));
    }
    let default = caller.store.evaluate_settings(None).await;
    Ok(view(read(default.map_err(failed)?), Some(agent), true))
}

async fn change(
    caller: &Caller,
    agent: Option<Uuid>,
    body: EvaluateSettingsChange,
) -> Result<Settings, ApiError> {
    check(&body)?;
    let changed = caller
        .store
        .change_evaluate_settings(agent, clock::now(), |own, default| {
            let mut settings = read(own.or(default));
            apply(body, &mut settings);
            serde_json::to_value(settings).unwrap_or_default()
        })
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change settings", &error))?;
    Ok(read(Some(changed)))
}

/// Only analysers that there are have settings, and only success has a prompt.
fn check(body: &EvaluateSettingsChange) -> Result<(), ApiError> {
    let text: Vec<&str> = Settings::text_names().collect();
    let voice: Vec<&str> = Settings::voice_names().collect();
    let defaults = Settings::default();
    for (field, sent, known, defaults) in [
        ("text", &body.text, text, defaults.text),
        ("voice", &body.voice, voice, defaults.voice),
    ] {
        for (name, Object(change)) in sent.iter().flatten() {
            let Some(default) = defaults.get(name) else {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                return Err(ApiError::unknown_field(
                    format!("{field}.{name}"),
                    &known.join(", "),
                ));
            };
            if change.prompt.is_some() && default.prompt.is_none() {
                return Err(ApiError::unknown_field(
                    format!("{field}.{name}.prompt"),
                    "`enabled`, `description`",
                ));
            }
        }
    }
    Ok(())
}

fn apply(body: EvaluateSettingsChange, settings: &mut Settings) {
    settings.is_active = body.is_active.unwrap_or(settings.is_active);
    if let Some(Object(change)) = body.sessionization {
        let sessions = &mut settings.sessionization;
        if let Some(mode) = change.session_mode {
            mode.as_str().clone_into(&mut sessions.session_mode);
        }
        if let Some(minutes) = change.timeout_minutes {
            sessions.timeout_minutes = u32::try_from(minutes.0).unwrap_or(u32::MAX);
        }
        let language = change.report_language.map(|language| language.0);
        sessions.report_language = language.apply(sessions.report_language.take());
        if let Some(prompt) = change.summary_prompt {
            sessions.summary_prompt = prompt.0;
        }
    }
    for (choices, changes) in [
        (&mut settings.text, body.text),
        (&mut settings.voice, body.voice),
    ] {
        for (name, Object(change)) in changes.into_iter().flatten() {
            let Some(choice) = choices.get_mut(&name) else {
                continue;
            };
            choice.enabled = change.enabled.unwrap_or(choice.enabled);
            if let Some(description) = change.description {
                choice.description = description.0;
            }
            if let Some(prompt) = change.prompt {
                choice.prompt = Some(prompt.0);
            }
        }
    }
}

/// What is stored, or what holds without it.
fn read(stored: Option<Value>) -> Settings {
    let Some(stored) = stored else {
        return Settings::default();
    };
    let settings: Result<Settings, _> = serde_json::from_value(stored);
    settings.map_or_else(
        |error| {
            tracing::error!(%error, "stored evaluation settings can not be read");
            Settings::default()
        },
        Settings::complete,
    )
}

fn view(settings: Settings, agent: Option<Uuid>, is_default: bool) -> EvaluateSettings {
    let choices = |choices: BTreeMap<String, Choice>| {
        let choices = choices.into_iter().map(|(name, choice)| {
            let shown = AnalyserSettings {
                enabled: choice.enabled,
                description: choice.description,
                prompt: choice.prompt,
            };
            (name, shown)
        });
        choices.collect()
    };
    EvaluateSettings {
        agent_uuid: agent,
        is_default,
        is_active: settings.is_active,
        source: if is_default { "default" } else { "agent" },
        sessionization: Sessionization {
            session_mode: settings.sessionization.session_mode,
            timeout_minutes: settings.sessionization.timeout_minutes,
            report_language: settings.sessionization.report_language,
            summary_prompt: settings.sessionization.summary_prompt,
        },
        text: choices(settings.text),
        voice: choices(settings.voice),
    }
}
