//! `/do-not-call`: numbers that campaigns leave alone.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::DoNotCallEntry;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Nothing, Paginator, Paging, Path, Query, Text, created, done, id, ok,
};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
}

/// A number that must not be called.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "number": "+14155550123",
    "reason": "asked not to be called",
    "created_at": "2026-03-29T10:00:00Z",
}))]
struct DoNotCall {
    /// Identifies the entry.
    uuid: Uuid,
    /// E.164 number.
    number: String,
    /// Why.
    #[schema(required)]
    reason: Option<String>,
    /// Since when.
    created_at: Timestamp,
}

/// A number that must not be called any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct NewDoNotCall {
    /// E.164 number; spaces and `- ( ) . /` may stand in it.
    #[schema(max_length = 64)]
    number: String,
    /// Why.
    reason: Option<Text<0, 500>>,
}

/// All numbers that must not be called
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/do-not-call", operation_id = "list_do_not_call", tag = "campaigns",
    security(("token" = ["campaigns:read"])),
    params(
        Paging,
        ("search" = inline(Option<Text<0, 64>>), Query, description = "Digits in the number."),
    ),
    responses((status = 200, description = "A page of numbers.",
        body = Envelope<Paginator<DoNotCall>>)),
)]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<DoNotCall>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let words: Option<Text<0, 64>> = query.read("search")?;
    let words = words.map(|words| words.0);
    let (page, per_page) = (paging.page, paging.per_page);
    let found = caller
        .store
        .do_not_call(words.as_deref(), page, per_page)
        .await;
    let found = found.map_err(|error| ApiError::internal("list numbers", &error))?;
    let link = state.list_link("do-not-call", &[("search", words)]);
    let entries = found.items.into_iter().map(view).collect();
    let page = Paginator::new(paging, found.total, &link, entries);
    Ok(ok("Do-not-call list retrieved successfully", page))
}

/// Puts a number on the do-not-call list
///
/// Its tasks leave campaigns whose rule has `remove_on_opt_out`. A call that is under way goes on.
#[utoipa::path(
    post, path = "/do-not-call", operation_id = "add_do_not_call", tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    request_body(content = NewDoNotCall, example = json!({
        "number": "+1 (415) 555-0123", "reason": "asked not to be called",
    })),
    responses((status = 201, description = "It is on the list.", body = Envelope<DoNotCall>)),
)]
async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<NewDoNotCall>,
) -> Result<Created<DoNotCall>, ApiError> {
    let number = state.numbers.read("number", &body.number)?;
    let reason = body.reason.map(|reason| reason.0);
    let added = caller
        .store
        .add_do_not_call(&number, reason.as_deref(), clock::now())
        .await;
    let added = added.map_err(|error| ApiError::internal("add a number", &error))?;
    Ok(created("Number added successfully", view(added)))
}

/// Takes a number off the do-not-call list
#[utoipa::path(
    delete, path = "/do-not-call/{do_not_call_uuid}", operation_id = "remove_do_not_call",
    tag = "campaigns",
    security(("token" = ["campaigns:write"])),
    params(("do_not_call_uuid" = Uuid, Path, description = "The entry.")),
    responses(
        (status = 200, description = "It is off the list.", body = Envelope<Nothing>),
        (status = 404, description = "`DO_NOT_CALL_NOT_FOUND`: There is no such entry.",
            body = ErrorBody),
    ),
)]
async fn remove(caller: Caller, Path(entry): Path<String>) -> Result<Envelope<Nothing>, ApiError> {
    let entry = id(&entry, unknown_entry)?;
    let removed = caller.store.remove_do_not_call(entry).await;
    if removed.map_err(|error| ApiError::internal("remove a number", &error))? {
        Ok(done("Number removed successfully"))
    } else {
        Err(unknown_entry())
    }
}

fn unknown_entry() -> ApiError {
    ApiError::not_found(
        "DO_NOT_CALL_NOT_FOUND",
        "There is no such entry.",
        "GET /api/v1/do-not-call lists all of them.",
    )
}

fn view(entry: DoNotCallEntry) -> DoNotCall {
    DoNotCall {
        uuid: entry.id,
        number: entry.number,
        reason: entry.reason,
        created_at: entry.created_at,
    }
}
