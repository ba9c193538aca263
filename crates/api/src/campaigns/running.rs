//! What a campaign runs on, and starting, pausing and stopping it.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::CampaignTerms;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{Campaign, check_ready};
use super::{campaign_id, unknown_campaign};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Path, ok};
use crate::rules::{Rule, unknown_rule};
use crate::state::ApiState;

/// Pools for a campaign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct CampaignPools {
    /// The pools.
    #[schema(min_items = 1, max_items = 100)]
    pool_uuids: Vec<Uuid>,
}

/// What became of pools that were to be attached.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "campaign_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "pool_uuids": ["0198c5a2-6f0e-7c51-9d3a-1f6d6d1b2a34"],
    "pool_uuids_not_found": [],
    "tasks_created": 0,
}))]
pub(super) struct AttachedCampaignPools {
    /// The campaign.
    campaign_uuid: Uuid,
    /// All of its pools.
    pool_uuids: Vec<Uuid>,
    /// Those that do not exist.
    pool_uuids_not_found: Vec<Uuid>,
    /// Tasks that were made, if it is running.
    tasks_created: u64,
}

/// The rule for a campaign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct CampaignRuleChange {
    /// The rule.
    rule_uuid: Uuid,
}

/// A campaign and its rule.
#[derive(Serialize, ToSchema)]
pub(super) struct CampaignRule {
    /// The campaign.
    campaign_uuid: Uuid,
    /// The rule that it goes by now.
    rule: Rule,
}

/// Attaches pools to a campaign
///
/// Besides those that it has. A campaign that is `In Process` gets tasks for their contacts at
/// once.
#[utoipa::path(
    post, path = "/campaigns/{campaign_uuid}/pools", operation_id = "attach_campaign_pools",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    request_body(content = CampaignPools, example = json!({
        "pool_uuids": ["0198c5a2-6f0e-7c51-9d3a-1f6d6d1b2a34"],
    })),
    responses(
        (status = 200, description = "What became of them.",
            body = Envelope<AttachedCampaignPools>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`: There is no such campaign.",
            body = ErrorBody),
    ),
)]
pub(super) async fn attach_pools(
    State(state): State<ApiState>,
    caller: Caller,
    Path(campaign): Path<String>,
    Json(body): Json<CampaignPools>,
) -> Result<Envelope<AttachedCampaignPools>, ApiError> {
    let campaign = campaign_id(&campaign)?;
    if !(1..=100).contains(&body.pool_uuids.len()) {
        return Err(ApiError::invalid("pool_uuids", "1 to 100 pools"));
    }
    let store = &caller.store;
    let attached = store
        .attach_pools(campaign, &body.pool_uuids, clock::now())
        .await;
    let attached = attached.map_err(|error| ApiError::internal("attach pools", &error))?;
    let attached = attached.ok_or_else(unknown_campaign)?;
    let pools = store.campaign_pools(campaign).await;
    let pools = pools.map_err(|error| ApiError::internal("list pools", &error))?;
    state.dialling.notify_one();
    let attached = AttachedCampaignPools {
        campaign_uuid: campaign,
        pool_uuids: pools,
        pool_uuids_not_found: attached.not_found,
        tasks_created: attached.tasks,
    };
    Ok(ok("Pools attached successfully", attached))
}

/// Gives a campaign its rule
///
/// In place of the one that it has. What waits is decided anew by it.
#[utoipa::path(
    put, path = "/campaigns/{campaign_uuid}/rule", operation_id = "set_campaign_rule",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    request_body(content = CampaignRuleChange, example = json!({
        "rule_uuid": "0198c5a2-6f0e-7c51-9d3a-2f6d6d1b2a34",
    })),
    responses(
        (status = 200, description = "The campaign's rule.", body = Envelope<CampaignRule>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND` or `RULE_NOT_FOUND`: There is no such \
            thing.", body = ErrorBody),
    ),
)]
pub(super) async fn set_rule(
    State(state): State<ApiState>,
    caller: Caller,
    Path(campaign): Path<String>,
    Json(body): Json<CampaignRuleChange>,
) -> Result<Envelope<CampaignRule>, ApiError> {
    let campaign = campaign_id(&campaign)?;
    let rule = caller.store.rule(body.rule_uuid).await;
    let rule = rule.map_err(|error| ApiError::internal("find a rule", &error))?;
    let id = body.rule_uuid;
    let set = |terms: &mut CampaignTerms| -> Result<(), ApiError> {
        terms.rule = Some(id);
        Ok(())
    };
    // Which of the two is missing is said of the campaign first.
    super::find(&caller, &campaign.to_string()).await?;
    let rule = rule.ok_or_else(unknown_rule)?;
    change(&state, &caller, campaign, set).await?;
    let answer = CampaignRule {
        campaign_uuid: campaign,
        rule: rule.into(),
    };
    Ok(ok("Rule attached successfully", answer))
}

/// Starts a campaign
///
/// It becomes `Active`, and `In Process` once its first day has come. A paused one goes on.
#[utoipa::path(
    post, path = "/campaigns/{campaign_uuid}/start", operation_id = "start_campaign",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    responses(
        (status = 200, description = "The campaign.", body = Envelope<Campaign>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`: There is no such campaign.",
            body = ErrorBody),
        (status = 409, description = "`CAMPAIGN_STATUS_CONFLICT`: It is over or running already; \
            `CAMPAIGN_NOT_READY`: It has no agent, or no template to send.", body = ErrorBody),
    ),
)]
pub(super) async fn start(
    State(state): State<ApiState>,
    caller: Caller,
    Path(campaign): Path<String>,
) -> Result<Envelope<Campaign>, ApiError> {
    let started = move_to(&state, &caller, &campaign, &["Draft", "Paused"], "Active").await?;
    Ok(ok("Campaign started successfully", started))
}

/// Pauses a campaign
///
/// Calls that are under way go on; no further one begins until it is started again.
#[utoipa::path(
    post, path = "/campaigns/{campaign_uuid}/pause", operation_id = "pause_campaign",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    responses(
        (status = 200, description = "The campaign.", body = Envelope<Campaign>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`: There is no such campaign.",
            body = ErrorBody),
        (status = 409, description = "`CAMPAIGN_STATUS_CONFLICT`: It is not running.",
            body = ErrorBody),
    ),
)]
pub(super) async fn pause(
    State(state): State<ApiState>,
    caller: Caller,
    Path(campaign): Path<String>,
) -> Result<Envelope<Campaign>, ApiError> {
    let from = &["Active", "In Process"];
    let paused = move_to(&state, &caller, &campaign, from, "Paused").await?;
    Ok(ok("Campaign paused successfully", paused))
}

/// Stops a campaign
///
/// For good: what waits is cancelled, calls that are under way go on.
#[utoipa::path(
    post, path = "/campaigns/{campaign_uuid}/stop", operation_id = "stop_campaign",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    responses(
        (status = 200, description = "The campaign.", body = Envelope<Campaign>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`: There is no such campaign.",
            body = ErrorBody),
        (status = 409, description = "`CAMPAIGN_STATUS_CONFLICT`: It is over already.",
            body = ErrorBody),
    ),
)]
pub(super) async fn stop(
    State(state): State<ApiState>,
    caller: Caller,
    Path(campaign): Path<String>,
) -> Result<Envelope<Campaign>, ApiError> {
    let from = &["Draft", "Active", "In Process", "Paused"];
    let stopped = move_to(&state, &caller, &campaign, from, "Completed").await?;
    Ok(ok("Campaign stopped successfully", stopped))
}

/// Refuses a rule that does not exist.
pub(super) async fn require_rule(
    caller: &Caller,
    rule: Uuid,
    unknown: fn() -> ApiError,
) -> Result<(), ApiError> {
    let known = caller.store.has_rule(rule).await;
    let known = known.map_err(|error| ApiError::internal("find a rule", &error))?;
    if known { Ok(()) } else { Err(unknown()) }
}

async fn move_to(
    state: &ApiState,
    caller: &Caller,
    campaign: &str,
    from: &[&str],
    to: &'static str,
) -> Result<Campaign, ApiError> {
    let campaign = campaign_id(campaign)?;
    let step = |terms: &mut CampaignTerms| {
        if !from.contains(&terms.status.as_str()) {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                "CAMPAIGN_STATUS_CONFLICT",
                "The campaign is not where this can be done.",
                format!("It is `{}`.", terms.status),
            ));
        }
        if to == "Active" && check_ready(terms).is_err() {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                "CAMPAIGN_NOT_READY",
                "The campaign lacks what it needs to run.",
                "Give it an `agent_uuid`, and a `template_uuid` if it sends messages.",
            ));
        }
        to.clone_into(&mut terms.status);
        Ok(())
    };
    change(state, caller, campaign, step).await
}

async fn change(
    state: &ApiState,
    caller: &Caller,
    campaign: Uuid,
    step: impl FnOnce(&mut CampaignTerms) -> Result<(), ApiError> + Send,
) -> Result<Campaign, ApiError> {
    let changed = caller
        .store
        .change_campaign(campaign, step, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a campaign", &error))?;
    let changed = changed.ok_or_else(unknown_campaign)??;
    state.dialling.notify_one();
    Ok(changed.into())
}
