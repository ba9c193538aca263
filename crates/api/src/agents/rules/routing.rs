//! `/agents/{agent_uuid}/routing-rules`.

use agent::{DestinationType, DetectionMode, RoutingRule};
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
use crate::exchange::{Change, Created, Envelope, Json, Object, Path, Text, Whole, created, ok};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(replace_all, create))
        .routes(routes!(update, delete))
}

/// The most routing rules that an agent has.
const RULES: usize = 100;

type Priority = Whole<-1_000_000, 1_000_000>;

/// A routing rule to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewRoutingRule {
    /// Whom the call is passed on to.
    department_name: Text<1, 200>,
    /// How it is known that the department is wanted; `intent` if not given.
    detection_mode: Option<DetectionMode>,
    /// What the other party says word for word, whatever its case and accents. Required by `exact`
    /// and `both`.
    trigger_keyword: Option<Text<0, 200>>,
    /// What people say who want the department, for a node without a language model; at most 100.
    #[schema(max_items = 100)]
    phrases: Option<Vec<Text<1, 5_000>>>,
    /// When the department is wanted, for the language model. Without it nothing but the keyword
    /// leads there.
    ai_prompt: Option<Text<0, 2_000>>,
    /// What is said before the call is passed on.
    say_before_transfer: Option<Text<0, 2_000>>,
    /// What kind of destination it is; `number` if not given.
    destination_type: Option<DestinationType>,
    /// A telephone number, or an extension of the telephone system that the call came through.
    destination: Option<Text<0, 64>>,
    /// The agent that goes on, where the destination is one.
    destination_agent_uuid: Option<Uuid>,
    /// Lower is tried first; one more than the highest so far if not given.
    #[schema(value_type = Option<Whole<-1_000_000, 1_000_000>>)]
    priority: Option<Priority>,
    /// Whether it applies; true if not given.
    is_active: Option<bool>,
}

/// All routing rules that the agent is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct RoutingRuleList {
    /// The rules; at most 100.
    #[schema(value_type = Vec<NewRoutingRule>, max_items = 100)]
    routing_rules: Vec<Object<NewRoutingRule>>,
}

/// What is to change of a routing rule. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct RoutingRuleChange {
    /// Whom the call is passed on to.
    department_name: Option<Text<1, 200>>,
    /// How it is known that the department is wanted.
    detection_mode: Option<DetectionMode>,
    /// What the other party says word for word.
    trigger_keyword: Option<Text<0, 200>>,
    /// What people say who want the department; at most 100.
    #[schema(max_items = 100)]
    phrases: Option<Vec<Text<1, 5_000>>>,
    /// When the department is wanted, for the language model.
    ai_prompt: Option<Text<0, 2_000>>,
    /// What is said before the call is passed on.
    say_before_transfer: Option<Text<0, 2_000>>,
    /// What kind of destination it is.
    destination_type: Option<DestinationType>,
    /// A telephone number, or an extension of the telephone system that the call came through.
    destination: Option<Text<0, 64>>,
    /// The agent that goes on; null takes it away.
    #[serde(default)]
    destination_agent_uuid: Change<Uuid>,
    /// Lower is tried first.
    #[schema(value_type = Option<Whole<-1_000_000, 1_000_000>>)]
    priority: Option<Priority>,
    /// Whether it applies.
    is_active: Option<bool>,
}

impl NewRoutingRule {
    /// The rule, whose fields have `prefix` before their names and which comes after `others`.
    fn rule(self, prefix: &str, others: &[RoutingRule]) -> Result<RoutingRule, ApiError> {
        let highest = others.iter().map(|rule| rule.priority).max();
        let next = highest.unwrap_or(0).saturating_add(1);
        let text = |text: Option<Text<0, 2_000>>| text.map(|text| text.0).unwrap_or_default();
        Ok(RoutingRule {
            uuid: Uuid::nil(),
            department_name: self.department_name.0,
            detection_mode: self.detection_mode.unwrap_or_default(),
            trigger_keyword: self.trigger_keyword.map(|text| text.0).unwrap_or_default(),
            phrases: texts(
                &format!("{prefix}phrases"),
                self.phrases.unwrap_or_default(),
            )?,
            ai_prompt: text(self.ai_prompt),
            say_before_transfer: text(self.say_before_transfer),
            destination_type: self.destination_type.unwrap_or_default(),
            destination: self.destination.map(|text| text.0).unwrap_or_default(),
            destination_agent_uuid: self.destination_agent_uuid,
            priority: self.priority.map_or(next, |priority| priority.0),
            is_active: self.is_active.unwrap_or(true),
        })
    }
}

impl RoutingRuleChange {
    fn apply(self, rule: &mut RoutingRule, phrases: Option<Vec<String>>) {
        if let Some(name) = self.department_name {
            rule.department_name = name.0;
        }
        if let Some(mode) = self.detection_mode {
            rule.detection_mode = mode;
        }
        if let Some(keyword) = self.trigger_keyword {
            rule.trigger_keyword = keyword.0;
        }
        if let Some(phrases) = phrases {
            rule.phrases = phrases;
        }
        if let Some(prompt) = self.ai_prompt {
            rule.ai_prompt = prompt.0;
        }
        if let Some(said) = self.say_before_transfer {
            rule.say_before_transfer = said.0;
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
        if let Some(priority) = self.priority {
            rule.priority = priority.0;
        }
        if let Some(active) = self.is_active {
            rule.is_active = active;
        }
    }
}

fn settle(
    state: &ApiState,
    caller: &Caller,
    prefix: &str,
    rule: &mut RoutingRule,
) -> Result<(), ApiError> {
    let agent = rule.destination_agent_uuid;
    let destination = (rule.destination_type, &mut rule.destination, agent);
    settle_destination(state, caller, prefix, destination)
}

/// Replaces all routing rules
///
/// Those that the agent has are dropped; the new ones get ids of their own.
#[utoipa::path(
    put, path = "/agents/{agent_uuid}/routing-rules", operation_id = "replace_routing_rules",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = RoutingRuleList, example = json!({
        "routing_rules": [{
            "department_name": "Sales", "detection_mode": "exact", "trigger_keyword": "sales",
            "destination": "+14155550199",
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
    Json(body): Json<RoutingRuleList>,
) -> Result<Envelope<Agent>, ApiError> {
    if body.routing_rules.len() > RULES {
        let expected = format!("at most {RULES} items");
        return Err(ApiError::invalid("routing_rules", expected));
    }
    let mut rules = Vec::new();
    for (place, new) in body.routing_rules.into_iter().enumerate() {
        let prefix = format!("routing_rules[{place}].");
        let mut rule = new.0.rule(&prefix, &rules)?;
        settle(&state, &caller, &prefix, &mut rule)?;
        rules.push(rule);
    }
    let agent = changed_agent(&state, &caller, &agent, |_| replace(&rules)).await?;
    Ok(ok("Routing rules replaced successfully", agent))
}

/// Adds a routing rule
///
/// In a call it passes the other party on: to a number or an extension by a transfer, to another
/// agent by having that one go on with the call.
#[utoipa::path(
    post, path = "/agents/{agent_uuid}/routing-rules", operation_id = "create_routing_rule",
    tag = "agents",
    security(("token" = ["agents:write"])),
    params(("agent_uuid" = Uuid, Path, description = "The agent.")),
    request_body(content = NewRoutingRule, example = json!({
        "department_name": "Billing", "detection_mode": "intent",
        "ai_prompt": "The caller asks about an invoice or a payment.",
        "phrases": ["I have a question about my invoice"],
        "say_before_transfer": "I am putting you through to billing.",
        "destination_type": "extension", "destination": "204",
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
    Json(body): Json<NewRoutingRule>,
) -> Result<Created<Agent>, ApiError> {
    let added = |agent: &agent::AgentDefinition| {
        let mut rule = body.rule("", &agent.routing_rules)?;
        settle(&state, &caller, "", &mut rule)?;
        add(agent, rule)
    };
    let agent = changed_agent(&state, &caller, &agent, added).await?;
    Ok(created("Routing rule added successfully", agent))
}

/// Changes a routing rule
#[utoipa::path(
    patch, path = "/agents/{agent_uuid}/routing-rules/{routing_rule_uuid}",
    operation_id = "update_routing_rule", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("routing_rule_uuid" = Uuid, Path, description = "The routing rule."),
    ),
    request_body(content = RoutingRuleChange, example = json!({ "is_active": false })),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `ROUTING_RULE_NOT_FOUND`: It has no such routing rule.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, rule)): Path<(String, String)>,
    Json(mut body): Json<RoutingRuleChange>,
) -> Result<Envelope<Agent>, ApiError> {
    let phrases = body.phrases.take();
    let phrases = phrases
        .map(|phrases| texts("phrases", phrases))
        .transpose()?;
    let mut settled = Ok(());
    let changed = |agent: &agent::AgentDefinition| {
        let change = |rule: &mut RoutingRule| {
            body.apply(rule, phrases);
            settled = settle(&state, &caller, "", rule);
        };
        let section = edit(agent, &rule, change)?;
        std::mem::replace(&mut settled, Ok(())).map(|()| section)
    };
    let agent = changed_agent(&state, &caller, &agent, changed).await?;
    Ok(ok("Routing rule updated successfully", agent))
}

/// Removes a routing rule
#[utoipa::path(
    delete, path = "/agents/{agent_uuid}/routing-rules/{routing_rule_uuid}",
    operation_id = "delete_routing_rule", tag = "agents",
    security(("token" = ["agents:write"])),
    params(
        ("agent_uuid" = Uuid, Path, description = "The agent."),
        ("routing_rule_uuid" = Uuid, Path, description = "The routing rule."),
    ),
    responses(
        (status = 200, description = "The agent as it is now.", body = Envelope<Agent>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent. \
            `ROUTING_RULE_NOT_FOUND`: It has no such routing rule.", body = ErrorBody),
        (status = 409, description = "`agent_is_file_managed`: This comes from a file in the \
            agents folder.", body = ErrorBody),
    ),
)]
async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    Path((agent, rule)): Path<(String, String)>,
) -> Result<Envelope<Agent>, ApiError> {
    let removed = |agent: &_| remove::<RoutingRule>(agent, &rule);
    let agent = changed_agent(&state, &caller, &agent, removed).await?;
    Ok(ok("Routing rule removed successfully", agent))
}
