//! `GET /evaluations` and `GET /evaluations/{evaluation_uuid}`.

use axum::extract::State;
use store::EvaluationFilter;

use super::view::{self, Evaluation, EvaluationSource, SentimentWord};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Moment, Paginator, Paging, Path, Query, id, ok};
use crate::state::ApiState;

/// All evaluations
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/evaluations", operation_id = "list_evaluations", tag = "evaluations",
    security(("token" = ["evaluations:read"])),
    params(
        Paging,
        ("agent_uuid" = Option<Uuid>, Query, description = "Only those of this agent's sessions."),
        ("contact_uuid" = Option<Uuid>, Query, description = "Only those of this contact's sessions."),
        ("conversation_uuid" = Option<Uuid>, Query,
            description = "Only those of this conversation's sessions."),
        ("session_uuid" = Option<Uuid>, Query, description = "Only that of this session."),
        ("source" = inline(Option<EvaluationSource>), Query, description = "Only those made by this."),
        ("sentiment" = inline(Option<SentimentWord>), Query, description = "Only those with this sentiment."),
        ("human_escalation" = Option<bool>, Query,
            description = "Only those in which a person is to take over, or is not."),
        ("success" = Option<bool>, Query, description = "Only those that reached their aim, or did not."),
        ("from" = inline(Option<Moment>), Query, description = "Only those made then or later."),
        ("to" = inline(Option<Moment>), Query, description = "Only those made before then."),
    ),
    responses(
        (status = 200, description = "A page of evaluations.", body = Envelope<Paginator<Evaluation>>),
    ),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Evaluation>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let source: Option<EvaluationSource> = query.read("source")?;
    let sentiment: Option<SentimentWord> = query.read("sentiment")?;
    let from: Option<Moment> = query.read("from")?;
    let to: Option<Moment> = query.read("to")?;
    let filter = EvaluationFilter {
        agent: query.read("agent_uuid")?,
        contact: query.read("contact_uuid")?,
        conversation: query.read("conversation_uuid")?,
        session: query.read("session_uuid")?,
        source: source.map(|word| word.as_str().to_owned()),
        sentiment: sentiment.map(|word| word.as_str().to_owned()),
        human_escalation: query.read("human_escalation")?,
        success: query.read("success")?,
        from: from.map(|from| from.0),
        before: to.map(|to| to.0),
    };
    let page = caller
        .store
        .evaluations(&filter, paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list evaluations", &error))?;
    let link = link(&state, &filter);
    let evaluations = page.items.into_iter().map(view::evaluation).collect();
    let page = Paginator::new(paging, page.total, &link, evaluations);
    Ok(ok("Evaluations retrieved successfully", page))
}

/// One evaluation
#[utoipa::path(
    get, path = "/evaluations/{evaluation_uuid}", operation_id = "show_evaluation",
    tag = "evaluations", security(("token" = ["evaluations:read"])),
    params(("evaluation_uuid" = Uuid, Path, description = "The evaluation.")),
    responses(
        (status = 200, description = "The evaluation.", body = Envelope<Evaluation>),
        (status = 404, description = "`EVALUATION_NOT_FOUND`: There is no such evaluation.",
            body = ErrorBody),
    ),
)]
pub(super) async fn show(
    caller: Caller,
    Path(evaluation): Path<String>,
) -> Result<Envelope<Evaluation>, ApiError> {
    let id = id(&evaluation, unknown_evaluation)?;
    let found = caller.store.evaluation(id).await;
    let found = found.map_err(|error| ApiError::internal("find an evaluation", &error))?;
    let found = found.ok_or_else(unknown_evaluation)?;
    Ok(ok(
        "Evaluation retrieved successfully",
        view::evaluation(found),
    ))
}

fn unknown_evaluation() -> ApiError {
    ApiError::not_found(
        "EVALUATION_NOT_FOUND",
        "There is no such evaluation.",
        "GET /api/v1/evaluations lists all of them.",
    )
}

fn link(state: &ApiState, filter: &EvaluationFilter) -> String {
    let [agent, contact, conversation, session] = [
        filter.agent,
        filter.contact,
        filter.conversation,
        filter.session,
    ]
    .map(|id| id.map(|id| id.to_string()));
    let [escalation, success] =
        [filter.human_escalation, filter.success].map(|flag| flag.map(|flag| flag.to_string()));
    let [from, before] = [filter.from, filter.before].map(|at| at.map(|at| at.to_string()));
    let filters = [
        ("agent_uuid", agent),
        ("contact_uuid", contact),
        ("conversation_uuid", conversation),
        ("session_uuid", session),
        ("source", filter.source.clone()),
        ("sentiment", filter.sentiment.clone()),
        ("human_escalation", escalation),
        ("success", success),
        ("from", from),
        ("to", before),
    ];
    state.list_link("evaluations", &filters)
}
