//! `/agents/{agent_uuid}/guard-rules`.

use agent::{Channel, DestinationType, GuardAction, GuardRule};
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{settle_destination, texts};
use crate::agents::knowledge::{add, edit, remove, replace};
use crate::agents::parts::changed_agent;
use crate::agents::schema::Agent;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Change, Created, Envelope, Json, Object, Path, Text, created, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(replace_all, create))
        .routes(routes!(update, delete))
}

/// The most guard rules that an agent has.
const RULES: usize = 100;

/// A guard rule to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewGuardRule {
    /// What the rule is called.
    name: Option<Text<0, 200>>,
    /// When it applies, for the language model.
    when_condition: Text<1, 2_000>,
    /// What people say when it applies, for a node without a language model; at most 100.
    #[schema(max_items = 100)]
    example_phrases: Option<Vec<Text<1, 5_000>>>,
    /// What is done then.
    then_action: GuardAction,
    /// Where it applies, each once; on the phone alone if not given.
    #[schema(min_items = 1, max_items = 4)]
    selected_channels: Option<Vec<Channel>>,
    /// What is said before the call is passed on.
    say_before_forwarding: Option<Text<0, 2_000>>,
    /// What is said before the call ends; what the agent always says if not given.
    say_before_end: Option<Text<0, 2_000>>,
    /// What kind of destination a call is passed on to; `number` if not given.
    destination_type: Option<DestinationType>,
    /// A telephone number, or an extension of the telephone system that the call came through.
    destination: Option<Text<0, 64>>,
    /// The agent that goes on, where the destination is one.
    destination_agent_uuid: Option<Uuid>,
    /// Whether it applies; true if not given.
    is_active: Option<bool>,
    /// Whether it came with the agent; for people who look after the agent.
    is_default: Option<bool>,
}

/// All guard rules that the agent is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct GuardRuleList {
    /// The rules, the first that applies counts; at most 100.
    #[schema(value_type = Vec<NewGuardRule>, max_items = 100)]
    guard_rules: Vec<Object<NewGuardRule>>,
}

/// What is to change of a guard rule. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct GuardRuleChange {
    /// What the rule is called.
    name: Option<Text<0, 200>>,
    /// When it applies, for the language model.
    when_condition: Option<Text<1, 2_000>>,
    /// What people say when it applies; at most 100.
    #[schema(max_items = 100)]
    example_phrases: Option<Vec<Text<1, 5_000>>>,
    /// What is done then.
    then_action: Option<GuardAction>,
    /// Where it applies, each once.
    #[schema(min_items = 1, max_items = 4)]
    selected_channels: Option<Vec<Channel>>,
    /// What is said before the call is passed on.
    say_before_forwarding: Option<Text<0, 2_000>>,
    /// What is said before the call ends.
    say_before_end: Option<Text<0, 2_000>>,
    /// What kind of destination a call is passed on to.
    destination_type: Option<DestinationType>,
    /// A telephone number, or an extension of the telephone system that the call came through.
    destination: Option<Text<0, 64>>,
    /// The agent that goes on; null takes it away.
    #[serde(default)]
    destination_agent_uuid: Change<Uuid>,
    /// Whether it applies.
    is_active: Option<bool>,
    /// Whether it came with the agent.
    is_default: Option<bool>,
}

impl NewGuardRule {
    /// The rule, whose fields have `prefix` before their names.
    fn rule(self, prefix: &str) -> Result<GuardRule, ApiError> {
        let text = |text: Option<Text<0, 2_000>>| text.map(|text| text.0).unwrap_or_default();
        let phrases = self.example_phrases.unwrap_or_default();
        Ok(GuardRule {
            uuid: Uuid::nil(),
            name: self.name.map(|text| text.0).unwrap_or_default(),
            when_condition: self.when_condition.0,
            example_phrases: texts(&format!("{prefix}example_phrases"), phrases)?,
            then_action: self.then_action,
            selected_channels: self
                .selected_channels
                .unwrap_or_else(|| vec![Channel::Phone]),
            say_before_forwarding: text(self.say_before_forwarding),
            say_before_end: text(self.say_before_end),
            destination_type: self.destination_type.unwrap_or_default(),
            destination: self.destination.map(|text| text.0).unwrap_or_default(),
            destination_agent_uuid: self.destination_agent_uuid,
            is_active: self.is_active.unwrap_or(true),
            is_default: self.is_default.unwrap_or(false),
        })
    }
}

impl GuardRuleChange {
    fn apply(self, rule: &mut GuardRule, phrases: Option<Vec<String>>) {
        if let Some(name) = self.name {
            rule.name = name.0;
        }
        if let Some(condition) = self.when_condition {
            rule.when_condition = condition.0;
        }
        if let Some(phrases) = phrases {
            rule.example_phrases = phrases;
        }
        if let Some(action) = self.then_action {
            rule.then_action = action;
        }
        if let Some(channels) = self.selected_channels {
            rule.selected_channels = channels;
        }
        if let Some(said) = self.say_before_forwarding {
            rule.say_before_forwarding = said.0;
        }
        if let Some(said) = self.say_before_end {
            rule.say_before_end = said.0;
        }
        if let Some(kind) = self.destination_type {
            rule.destination_type = kind;
        }
        if let Some(destination) = self.destination {
            rule.destination = destination.0;
        }
        rule.destination_agent_uuid = self
            .destination_agent_uuid
            .apply(rule.destination_agent_uuid);
        if let Some(active) = self.is_active {
            rule.is_active = active;
        }
        if let Some(default) = self.is_default {
            rule.is_default = default;
        }
    }
}

fn settle(
    state: &ApiState,
    caller: &Caller,
    prefix: &str,
    rule: &mut GuardRule,
) -> Result<(), ApiError> {
    if rule.then_action == GuardAction::EndConversation {
        return Ok(());
    }
    let agent = rule.destination_agent_uuid;
    let destination = (rule.destination_type, &mut rule.destination, agent);
    settle_destination(state, caller, prefix, destination)
}

/// Replaces all guard rules
///
/// Those that the agent has are dropped; the new ones get ids of their own.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/guard-rules", operation_id = "replace_guard_rules",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = GuardRuleList, example = json!({
        "guard_rules": [{
            "name": "Abuse", "when_condition": "The caller insults or threatens.",
            "then_action": "end_conversation", "say_before_end": "I am ending this call now.",
        }],
    })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn replace_all(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<GuardRuleList>,
) -> Result<Envelope<Agent>, ApiError> {
    if body.guard_rules.len() > RULES {
        let expected = format!("at most {RULES} items");
        return Err(ApiError::invalid("guard_rules", expected));
    }
    let mut rules = Vec::new();
    for (place, new) in body.guard_rules.into_iter().enumerate() {
        let prefix = format!("guard_rules[{place}].");
        let mut rule = new.0.rule(&prefix)?;
        settle(&state, &caller, &prefix, &mut rule)?;
        rules.push(rule);
    }
    let agent = changed_agent(&state, &caller, &agent, |_| replace(&rules)).await?;
    Ok(ok("Guard rules replaced successfully", agent))
}

/// Adds a guard rule
///
/// In a call it ends the conversation, or passes the other party on, as soon as its condition is
/// met.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/guard-rules", operation_id = "create_guard_rule",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewGuardRule, example = json!({
        "name": "Emergency", "when_condition": "Somebody is in danger.",
        "example_phrases": ["There is a fire"], "then_action": "forward",
        "say_before_forwarding": "I am putting you through at once.",
        "destination": "+14155550199",
    })),
    responses(
        (status = 201, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Path(agent): Path<String>,
    Json(body): Json<NewGuardRule>,
) -> Result<Created<Agent>, ApiError> {
    let added = |agent: &agent::AgentDefinition| {
        let mut rule = body.rule("")?;
        settle(&state, &caller, "", &mut rule)?;
        add(agent, rule)
    };
    let agent = changed_agent(&state, &caller, &agent, added).await?;
    Ok(created("Guard rule added successfully", agent))
}

/// Changes a guard rule
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}/guard-rules/{guard_rule_uuid}",
    operation_id = "update_guard_rule", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("guard_rule_uuid" = Uuid, Path, description = "The guard rule."),
    ),
    request_body(content = GuardRuleChange, example = json!({ "is_active": false })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `GUARD_RULE_NOT_FOUND`: It has no such guard rule.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, rule)): Path<(String, String)>,
    Json(mut body): Json<GuardRuleChange>,
) -> Result<Envelope<Agent>, ApiError> {
    let phrases = body.example_phrases.take();
    let phrases = phrases
        .map(|phrases| texts("example_phrases", phrases))
        .transpose()?;
    let mut settled = Ok(());
    let changed = |agent: &agent::AgentDefinition| {
        let change = |rule: &mut GuardRule| {
            body.apply(rule, phrases);
            settled = settle(&state, &caller, "", rule);
        };
        let section = edit(agent, &rule, change)?;
        std::mem::replace(&mut settled, Ok(())).map(|()| section)
    };
    let agent = changed_agent(&state, &caller, &agent, changed).await?;
    Ok(ok("Guard rule updated successfully", agent))
}

/// Removes a guard rule
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/guard-rules/{guard_rule_uuid}",
    operation_id = "delete_guard_rule", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("guard_rule_uuid" = Uuid, Path, description = "The guard rule."),
    ),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `GUARD_RULE_NOT_FOUND`: It has no such guard rule.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, rule)): Path<(String, String)>,
) -> Result<Envelope<Agent>, ApiError> {
    let removed = |agent: &_| remove::<GuardRule>(agent, &rule);
    let agent = changed_agent(&state, &caller, &agent, removed).await?;
    Ok(ok("Guard rule removed successfully", agent))
}
