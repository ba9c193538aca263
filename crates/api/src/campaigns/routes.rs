//! `/campaigns` and `/campaigns/{campaign_uuid}`.

use axum::extract::State;
use store::{CampaignFilter, CampaignTerms};
use uuid::Uuid;

use super::body::{Campaign, CampaignChange, CampaignStatus, NewCampaign};
use super::{campaign_id, unknown_campaign};
use crate::agents::unknown_agent;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Change, Created, Envelope, Json, Paginator, Paging, Path, Query, Text, created, ok,
};
use crate::rules::unknown_rule;
use crate::state::ApiState;
use crate::whatsapp::require_template;

/// All campaigns
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/campaigns", operation_id = "list_campaigns", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(
        Paging,
        ("search" = inline(Option<Text<0, 255>>), Query, description = "Words in the name."),
        ("status" = inline(Option<CampaignStatus>), Query, description = "Only those with this status."),
    ),
    responses((status = 200, description = "A page of campaigns.",
        body = Envelope<Paginator<Campaign>>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Campaign>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let words: Option<Text<0, 255>> = query.read("search")?;
    let status: Option<CampaignStatus> = query.read("status")?;
    let filter = CampaignFilter {
        containing: words.map(|words| words.0),
        status: status.map(|status| status.as_str().to_owned()),
    };
    let found = caller
        .store
        .campaigns(&filter, paging.page, paging.per_page)
        .await;
    let found = found.map_err(|error| ApiError::internal("list campaigns", &error))?;
    let filters = [("search", filter.containing), ("status", filter.status)];
    let link = state.list_link("campaigns", &filters);
    let campaigns = found.items.into_iter().map(Campaign::from).collect();
    let page = Paginator::new(paging, found.total, &link, campaigns);
    Ok(ok("Campaigns retrieved successfully", page))
}

/// Makes a campaign
#[utoipa::path(
    post, path = "/campaigns", operation_id = "create_campaign", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    request_body(content = NewCampaign, example = json!({
        "name": "Spring offer",
        "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
        "start_date": "2036-04-01",
        "end_date": "2036-04-30",
    })),
    responses(
        (status = 201, description = "The campaign.", body = Envelope<Campaign>),
        (status = 404, description = "`AGENT_NOT_FOUND`, `RULE_NOT_FOUND` or \
            `TEMPLATE_NOT_FOUND`: There is no such thing.", body = ErrorBody),
    ),
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<NewCampaign>,
) -> Result<Created<Campaign>, ApiError> {
    let terms: CampaignTerms = body.terms()?;
    check_known(&state, &caller, terms.agent, terms.rule, terms.template).await?;
    let made = caller.store.create_campaign(&terms, clock::now()).await;
    let made = made.map_err(|error| ApiError::internal("make a campaign", &error))?;
    state.dialling.notify_one();
    Ok(created("Campaign created successfully", made.into()))
}

/// One campaign
#[utoipa::path(
    get, path = "/campaigns/{campaign_uuid}", operation_id = "show_campaign", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    responses(
        (status = 200, description = "The campaign.", body = Envelope<Campaign>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`: There is no such campaign.",
            body = ErrorBody),
    ),
)]
pub(super) async fn show(
    caller: Caller,
    Path(campaign): Path<String>,
) -> Result<Envelope<Campaign>, ApiError> {
    let campaign = super::find(&caller, &campaign).await?;
    Ok(ok("Campaign retrieved successfully", campaign.into()))
}

/// Changes parts of a campaign
#[utoipa::path(
    put, path = "/campaigns/{campaign_uuid}", operation_id = "update_campaign", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    request_body(content = CampaignChange, example = json!({ "end_date": "2036-05-31" })),
    responses(
        (status = 200, description = "The campaign.", body = Envelope<Campaign>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`, `AGENT_NOT_FOUND`, \
            `RULE_NOT_FOUND` or `TEMPLATE_NOT_FOUND`: There is no such thing.",
            body = ErrorBody),
    ),
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(campaign): Path<String>,
    Json(body): Json<CampaignChange>,
) -> Result<Envelope<Campaign>, ApiError> {
    let campaign = campaign_id(&campaign)?;
    let named = |change: &Change<Uuid>| match change {
        Change::Set(id) => Some(*id),
        Change::Keep | Change::Clear => None,
    };
    check_known(
        &state,
        &caller,
        named(&body.agent_uuid),
        body.named_rule()?,
        named(&body.template_uuid),
    )
    .await?;
    let changed = caller
        .store
        .change_campaign_and_rule(campaign, |terms| body.apply(terms), clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a campaign", &error))?;
    let changed = changed.ok_or_else(unknown_campaign)??;
    state.dialling.notify_one();
    Ok(ok("Campaign updated successfully", changed.into()))
}

/// Deletes a campaign
///
/// Its tasks that are not under way are cancelled.
#[utoipa::path(
    delete, path = "/campaigns/{campaign_uuid}", operation_id = "delete_campaign",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("campaign_uuid" = Uuid, Path, description = "The campaign.")),
    responses(
        (status = 200, description = "The campaign as it was.", body = Envelope<Campaign>),
        (status = 404, description = "`CAMPAIGN_NOT_FOUND`: There is no such campaign.",
            body = ErrorBody),
    ),
)]
pub(super) async fn delete(
    caller: Caller,
    Path(campaign): Path<String>,
) -> Result<Envelope<Campaign>, ApiError> {
    let campaign = campaign_id(&campaign)?;
    let deleted = caller.store.delete_campaign(campaign, clock::now()).await;
    let deleted = deleted.map_err(|error| ApiError::internal("delete a campaign", &error))?;
    let campaign = deleted.ok_or_else(unknown_campaign)?;
    Ok(ok("Campaign deleted successfully", campaign.into()))
}

async fn check_known(
    state: &ApiState,
    caller: &Caller,
    agent: Option<Uuid>,
    rule: Option<Uuid>,
    template: Option<Uuid>,
) -> Result<(), ApiError> {
    if let Some(agent) = agent {
        let known = state.directory.get(&caller.workspace, agent);
        known.ok_or_else(unknown_agent)?;
    }
    if let Some(rule) = rule {
        super::running::require_rule(caller, rule, unknown_rule).await?;
    }
    if let Some(template) = template {
        require_template(&caller.store, template).await?;
    }
    Ok(())
}
