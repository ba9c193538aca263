//! `/rules`: when and how often campaigns may call someone.

mod body;

use axum::extract::State;
use store::{DeleteRule, RuleRecord};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::body::{InlineRule, Rule, RuleType};
use self::body::{NewRule, RuleChange};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Nothing, Paginator, Paging, Path, Query, Text, created, done, id, ok,
};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
}

/// All rules
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/rules", operation_id = "list_rules", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(
        Paging,
        ("search" = inline(Option<Text<0, 255>>), Query, description = "Words in the name."),
        ("type" = inline(Option<RuleType>), Query, description = "Only those of this type."),
    ),
    responses((status = 200, description = "A page of rules.", body = Envelope<Paginator<Rule>>)),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Rule>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let kind: Option<RuleType> = query.read("type")?;
    let kind = kind.map(RuleType::as_str);
    let words: Option<Text<0, 255>> = query.read("search")?;
    let words = words.map(|words| words.0);
    let (page, per_page) = (paging.page, paging.per_page);
    let found = caller
        .store
        .rules(kind, words.as_deref(), page, per_page)
        .await;
    let found = found.map_err(|error| ApiError::internal("list rules", &error))?;
    let filters = [("search", words), ("type", kind.map(str::to_owned))];
    let link = state.list_link("rules", &filters);
    let rules = found.items.into_iter().map(Rule::from).collect();
    let page = Paginator::new(paging, found.total, &link, rules);
    Ok(ok("Rules retrieved successfully", page))
}

/// Makes a rule
#[utoipa::path(
    post, path = "/rules", operation_id = "create_rule", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    request_body(content = NewRule, example = json!({
        "name": "Office hours", "max_calls_per_day": 2, "start_time": "09:00", "end_time": "17:30",
    })),
    responses((status = 201, description = "The rule.", body = Envelope<Rule>)),
)]
async fn create(caller: Caller, Json(body): Json<NewRule>) -> Result<Created<Rule>, ApiError> {
    let terms = body.terms()?;
    let made = caller.store.create_rule(&terms, clock::now()).await;
    let made = made.map_err(|error| ApiError::internal("make a rule", &error))?;
    Ok(created("Rule created successfully", made.into()))
}

/// One rule
#[utoipa::path(
    get, path = "/rules/{rule_uuid}", operation_id = "show_rule", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(("rule_uuid" = Uuid, Path, description = "The rule.")),
    responses(
        (status = 200, description = "The rule.", body = Envelope<Rule>),
        (status = 404, description = "`RULE_NOT_FOUND`: There is no such rule.", body = ErrorBody),
    ),
)]
async fn show(caller: Caller, Path(rule): Path<String>) -> Result<Envelope<Rule>, ApiError> {
    let found = caller.store.rule(id(&rule, unknown_rule)?).await;
    let found = found.map_err(|error| ApiError::internal("find a rule", &error))?;
    let rule: RuleRecord = found.ok_or_else(unknown_rule)?;
    Ok(ok("Rule retrieved successfully", rule.into()))
}

/// Changes parts of a rule
///
/// What waits in campaigns that go by it is decided anew.
#[utoipa::path(
    put, path = "/rules/{rule_uuid}", operation_id = "update_rule", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("rule_uuid" = Uuid, Path, description = "The rule.")),
    request_body(content = RuleChange, example = json!({ "end_time": "20:00" })),
    responses(
        (status = 200, description = "The rule.", body = Envelope<Rule>),
        (status = 404, description = "`RULE_NOT_FOUND`: There is no such rule.", body = ErrorBody),
    ),
)]
async fn update(
    State(state): State<ApiState>,
    caller: Caller,
    Path(rule): Path<String>,
    Json(body): Json<RuleChange>,
) -> Result<Envelope<Rule>, ApiError> {
    let rule = id(&rule, unknown_rule)?;
    body.check()?;
    let changed = caller
        .store
        .change_rule(rule, |terms| body.apply(terms), clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a rule", &error))?;
    let rule = changed.ok_or_else(unknown_rule)?;
    state.dialling.notify_one();
    Ok(ok("Rule updated successfully", rule.into()))
}

/// Deletes a rule
#[utoipa::path(
    delete, path = "/rules/{rule_uuid}", operation_id = "delete_rule", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("rule_uuid" = Uuid, Path, description = "The rule.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`RULE_NOT_FOUND`: There is no such rule.", body = ErrorBody),
        (status = 409, description = "`RULE_IN_USE`: A campaign goes by it.", body = ErrorBody),
    ),
)]
async fn delete(caller: Caller, Path(rule): Path<String>) -> Result<Envelope<Nothing>, ApiError> {
    let rule = id(&rule, unknown_rule)?;
    let deleted = caller.store.delete_rule(rule, clock::now()).await;
    match deleted.map_err(|error| ApiError::internal("delete a rule", &error))? {
        DeleteRule::Deleted => Ok(done("Rule deleted successfully")),
        DeleteRule::Unknown => Err(unknown_rule()),
        DeleteRule::InUse => Err(ApiError::new(
            http::StatusCode::CONFLICT,
            "RULE_IN_USE",
            "A campaign goes by this rule.",
            "Give the campaign another rule, or delete it, first.",
        )),
    }
}

pub(crate) fn unknown_rule() -> ApiError {
    ApiError::not_found(
        "RULE_NOT_FOUND",
        "There is no such rule.",
        "GET /api/v1/rules lists all of them.",
    )
}
