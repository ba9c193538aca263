//! `/campaigns`: an agent that reaches the contacts of pools, by a rule.

mod body;
mod dates;
mod routes;
mod running;

use store::CampaignRecord;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use self::body::{CampaignStatus, CampaignType};
pub(crate) use self::dates::{first_moment, last_day, moment_after, shown_day};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::id;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(routes::list, routes::create))
        .routes(routes!(routes::show, routes::update, routes::delete))
        .routes(routes!(running::attach_pools))
        .routes(routes!(running::set_rule))
        .routes(routes!(running::start))
        .routes(routes!(running::pause))
        .routes(routes!(running::stop))
}

async fn find(caller: &Caller, campaign: &str) -> Result<CampaignRecord, ApiError> {
    let found = caller.store.campaign(campaign_id(campaign)?).await;
    let found = found.map_err(|error| ApiError::internal("find a campaign", &error))?;
    found.ok_or_else(unknown_campaign)
}

fn campaign_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, unknown_campaign)
}

pub(crate) fn unknown_campaign() -> ApiError {
    ApiError::not_found(
        "CAMPAIGN_NOT_FOUND",
        "There is no such campaign.",
        "GET /api/v1/campaigns lists all of them.",
    )
}
