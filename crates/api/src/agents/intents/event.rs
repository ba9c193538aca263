//! `/agents/{agent_uuid}/intents/{intent_uuid}/event`: the one action of an intent, as a draft and
//! as it is live.

use agent::{Intent, IntentAction, IntentAgent};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::NewIntentWebhook;
use super::view::{self, EventView};
use super::{changed, find};
use crate::agents::knowledge::{Part as _, edit};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Object, Path, Text, id, ok, words};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(show, set))
        .routes(routes!(publish))
}

words! {
    /// What kind of action an intent has.
    enum IntentEventType {
        /// An HTTP server is called.
        Webhook = "webhook",
        /// An app does it; refused, as this engine has none.
        App = "app",
        /// A scenario does it; refused, as this engine has none.
        Scenario = "scenario",
        /// Another agent goes on with the call.
        Agent = "agent",
    }
}

words! {
    /// How another agent goes on.
    enum IntentEventChannel {
        /// With the call.
        Call = "call",
        /// By WhatsApp; refused, as this engine has no agents there.
        WhatsApp = "whatsapp",
    }
}

/// The action that an intent is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewIntentEvent)]
struct NewEvent {
    /// What kind of action it is. `app` and `scenario` are refused.
    event_type: IntentEventType,
    /// The HTTP server that is called; required for `webhook`.
    #[schema(value_type = Option<NewIntentWebhook>)]
    webhook: Option<Object<NewIntentWebhook>>,
    /// Of an app.
    #[serde(rename = "app_uid")]
    _app: Option<Text<0, 200>>,
    /// Of an app.
    #[serde(rename = "action_key")]
    _action: Option<Text<0, 200>>,
    /// Of an app.
    #[serde(rename = "config")]
    #[schema(value_type = Option<Value>)]
    _config: Option<Value>,
    /// Of an app.
    #[serde(rename = "app_connection_uuid")]
    _connection: Option<Text<0, 200>>,
    /// Of a scenario.
    #[serde(rename = "flow_uuid")]
    _flow: Option<Text<0, 200>>,
    /// The agent that goes on with the call, another one of the workspace; required for `agent`.
    agent_uuid: Option<Uuid>,
    /// How it goes on; `call` if not given.
    channel: Option<IntentEventChannel>,
    /// What the action is called; kept as given.
    channel_action_name: Option<Text<0, 200>>,
}

impl NewEvent {
    fn action(self, state: &ApiState, caller: &Caller) -> Result<IntentAction, ApiError> {
        let details = match self.event_type {
            IntentEventType::Webhook => {
                let webhook = self.webhook.ok_or_else(|| ApiError::missing("webhook"))?;
                return Ok(IntentAction::Webhook(webhook.0.webhook(state)?));
            }
            IntentEventType::App => "This engine has no apps. Call an HTTP server with `webhook`.",
            IntentEventType::Scenario => {
                "This engine has no scenarios. Call an HTTP server with `webhook`."
            }
            IntentEventType::Agent if self.channel == Some(IntentEventChannel::WhatsApp) => {
                "This engine has no agents in WhatsApp. Leave `channel` out, or make it `call`."
            }
            IntentEventType::Agent => {
                let uuid = self.agent_uuid;
                let uuid = uuid.ok_or_else(|| ApiError::missing("agent_uuid"))?;
                if state.directory.get(&caller.workspace, uuid).is_none() {
                    let expected = "the uuid of another agent of the workspace";
                    return Err(ApiError::invalid("agent_uuid", expected));
                }
                return Ok(IntentAction::Agent(IntentAgent {
                    agent_uuid: uuid,
                    channel_action_name: self.channel_action_name.map(|name| name.0),
                }));
            }
        };
        Err(ApiError::unprocessable(
            "EVENT_TYPE_UNSUPPORTED",
            "event_type",
            "The intent can not have such an action.",
            details,
        ))
    }
}

/// The action of an intent
///
/// The draft, if there is one; else what is live.
#[utoipa::path(
    get, path = "/agents/{agent_uuid}/intents/{intent_uuid}/event",
    operation_id = "show_intent_event", tag = "agents",
    security(("token" = ["agents:read"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("intent_uuid" = Uuid, Path, description = "The intent."),
    ),
    responses(
        (status = 200, description = "The action.", body = Envelope<EventView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `INTENT_NOT_FOUND`: It has no such intent. `INTENT_EVENT_NOT_FOUND`: The intent has \
            no action.", body = ErrorBody),
    ),
)]
async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, intent)): Path<(String, String)>,
) -> Result<Envelope<EventView>, ApiError> {
    let found = find(&state, &caller, &agent, &intent)?;
    let event = view::event(found).ok_or_else(no_event)?;
    Ok(ok("Event retrieved successfully", event))
}

/// Sets the action of an intent
///
/// As a draft: what is live goes on until the draft is published.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/intents/{intent_uuid}/event",
    operation_id = "set_intent_event", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("intent_uuid" = Uuid, Path, description = "The intent."),
    ),
    request_body(content = NewEvent, example = json!({
        "event_type": "webhook", "webhook": { "url": "https://example.com/book" },
    })),
    responses(
        (status = 200, description = "The draft.", body = Envelope<EventView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `INTENT_NOT_FOUND`: It has no such intent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
        (status = 422, description = "`EVENT_TYPE_UNSUPPORTED`: This engine has no such actions.",
            body = ErrorBody),
    ),
)]
async fn set(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, intent)): Path<(String, String)>,
    Json(body): Json<NewEvent>,
) -> Result<Envelope<EventView>, ApiError> {
    let action = body.action(&state, &caller)?;
    let uuid = id(&intent, Intent::unknown)?;
    let found = changed(&state, &caller, &agent, uuid, |agent| {
        edit(agent, &intent, |known: &mut Intent| {
            known.draft = Some(action);
            known.updated_at = Some(clock::now());
        })
    })
    .await?;
    let event = view::event(found).ok_or_else(no_event)?;
    Ok(ok("Event set successfully", event))
}

/// Publishes the draft of an action
///
/// It takes the place of what was live, for calls that begin after this.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/intents/{intent_uuid}/event/publish",
    operation_id = "publish_intent_event", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("intent_uuid" = Uuid, Path, description = "The intent."),
    ),
    responses(
        (status = 200, description = "The action as it is live.", body = Envelope<EventView>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `INTENT_NOT_FOUND`: It has no such intent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder. `no_draft`: There is nothing to publish.", body = ErrorBody),
    ),
)]
async fn publish(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, intent)): Path<(String, String)>,
) -> Result<Envelope<EventView>, ApiError> {
    let uuid = id(&intent, Intent::unknown)?;
    let found = changed(&state, &caller, &agent, uuid, |agent| {
        let mut is_published = false;
        let part = edit(agent, &intent, |known: &mut Intent| {
            is_published = known.publish();
            known.updated_at = Some(clock::now());
        })?;
        is_published.then_some(part).ok_or_else(no_draft)
    })
    .await?;
    let event = view::event(found).ok_or_else(no_event)?;
    Ok(ok("Event published successfully", event))
}

fn no_event() -> ApiError {
    ApiError::not_found(
        "INTENT_EVENT_NOT_FOUND",
        "The intent has no action.",
        "PUT …/event sets one; until then the agent only notes that the intent was wanted.",
    )
}

fn no_draft() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "no_draft",
        "There is nothing to publish.",
        "PUT …/event sets a draft.",
    )
}
